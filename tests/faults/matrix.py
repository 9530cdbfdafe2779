"""What must come of each fault, as data: the matrix of points and faults, and the faults on the wire.

`1`: Ana has her answer, and one only. `?-` and `?+`: the answer is uncertain, is shown so, and is never sent again by
itself; it had not arrived, or it had. In every cell nobody is answered twice, nothing is lost, nothing goes to anybody
else, and nobody but Ana is uncertain.
The server of the matrix does not offer PIPELINING, so that every reply is a step of its own; on the wire it does.

Why a cell is uncertain: IN_DOUBT is on disk before the dot leaves, so a daemon killed between the two cannot know that
it did not leave (`in-doubt-recorded`, SIGKILL); nor can one whose dot went into a connection that was dead already
(cut), or a black hole (timeout from `data-accepted` on). `answer-read`: the answer had come, and the daemon was gone,
or its disk, before it could be recorded.
"""

from dataclasses import dataclass, replace

from autoresponder.faults import POINTS, Point
from tests.faults.trial import ANSWER
from tests.lab.proxy import Fault

FATES = {"1": "answered", "?-": "uncertain, not arrived", "?+": "uncertain, arrived"}
COLUMNS = ("SIGKILL", "SIGTERM", "cut", "timeout", "disk full", "locked", "read-only")
TABLE = """
                    SIGKILL  SIGTERM  cut  timeout  disk-full  locked  read-only
exists-seen         1        1        1    1        1          1       1
fetched             1        1        1    1        1          1       1
decided             1        1        1    1        1          1       1
recording           1        1        1    1        1          1       1
recorded            1        1        1    1        1          1       1
claimed             1        1        1    1        1          1       1
connected           1        1        1    1        1          1       1
mail-accepted       1        1        1    1        1          1       1
rcpt-accepted       1        1        1    1        1          1       1
data-accepted       1        1        1    ?-       1          1       1
body-written        1        1        1    ?-       1          1       1
in-doubt-recorded   ?-       1        ?-   ?-       1          1       ?+
dot-written         ?+       1        ?+   ?+       1          1       ?+
answer-read         ?+       1        1    1        1          1       ?+
sent-recorded       1        1        1    1        1          1       1
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One trial of the matrix and its expected fate."""

    point: Point
    column: str
    fate: str

    def __str__(self) -> str:
        return f"{self.point}-{self.column}"


@dataclass(frozen=True, slots=True)
class Wire:
    """One trial in which a connection misbehaves at a phase of its protocol."""

    name: str
    server: str  # imap or smtp
    faults: tuple[Fault, ...]
    fate: str = "answered"

    def __str__(self) -> str:
        return f"{self.server}-{self.name}"


def cells() -> list[Cell]:
    """The matrix, row by row."""
    rows = [line.split() for line in TABLE.strip().splitlines()[1:]]
    found = {row[0]: row[1:] for row in rows}
    return [
        Cell(point, column, FATES[found[point][n]])
        for point in POINTS
        if point in found
        for n, column in enumerate(COLUMNS)
    ]


_LITERAL = rb"BODY\[\]<0> \{\d+\}\r\n.{20}"
_SLOW = (Fault("up", "slow", at=0), Fault("down", "slow", at=0))
_DOT = Fault("down", "cut", match=ANSWER, passing=False)
WIRES = (
    Wire("no greeting", "imap", (Fault("down", "cut", at=0),)),
    Wire("silence for a greeting", "imap", (Fault("down", "stall", at=0),)),
    Wire("cut in a letter", "imap", (Fault("down", "cut", match=_LITERAL),)),
    Wire("reset in a letter", "imap", (Fault("down", "reset", match=_LITERAL),)),
    Wire("stalled in a letter", "imap", (Fault("down", "stall", match=_LITERAL),)),
    Wire("end of file in a letter", "imap", (Fault("down", "half-close", match=_LITERAL),)),
    Wire("garbage before a letter", "imap", (Fault("down", "garbage", match=rb"\* 1 FETCH", passing=False),)),
    Wire("garbage instead of news", "imap", (Fault("down", "garbage", match=rb"\* 1 EXISTS", passing=False),)),
    Wire("reset at the news", "imap", (Fault("down", "reset", match=rb"\* 1 EXISTS", passing=False),)),
    Wire("half-open after IDLE", "imap", (Fault("up", "half-close", match=rb"IDLE\r\n"),)),
    Wire("black hole during IDLE", "imap", (Fault("down", "stall", match=rb"\+ idling\r\n"),)),
    Wire("our command goes nowhere", "imap", (Fault("up", "stall", match=rb"UID FETCH", passing=False),)),
    Wire("cut in our command", "imap", (Fault("up", "cut", match=rb"UID SEARCH"),)),
    Wire("garbage among our commands", "imap", (Fault("up", "garbage", match=rb"UID FETCH", passing=False),)),
    Wire("a byte at a time", "imap", _SLOW),
    Wire("no greeting", "smtp", (Fault("down", "cut", at=0),)),
    Wire("silence for a greeting", "smtp", (Fault("down", "stall", at=0),)),
    Wire("cut after MAIL", "smtp", (Fault("up", "cut", match=rb"MAIL FROM[^\n]*\n"),)),
    Wire("reset at RCPT", "smtp", (Fault("up", "reset", match=rb"RCPT TO", passing=False),)),
    Wire("garbage among our commands", "smtp", (Fault("up", "garbage", match=rb"RCPT TO", passing=False),)),
    Wire("half-open after RCPT", "smtp", (Fault("up", "half-close", match=rb"RCPT TO[^\n]*\n"),)),
    Wire("garbage among the replies", "smtp", (Fault("down", "garbage", match=rb"250 2\.1\.5", passing=False),)),
    Wire("end of file after 354", "smtp", (Fault("down", "half-close", match=rb"354[^\n]*\n"),)),
    Wire("stalled in the letter", "smtp", (Fault("up", "stall", match=rb"\nSubject:"),), FATES["?-"]),
    Wire("reset at the answer", "smtp", (replace(_DOT, action="reset"),), FATES["?+"]),
    Wire("garbage for an answer", "smtp", (replace(_DOT, action="garbage"),), FATES["?+"]),
    Wire("end of file for an answer", "smtp", (replace(_DOT, action="half-close"),), FATES["?+"]),
    Wire("a byte at a time", "smtp", _SLOW),
)
