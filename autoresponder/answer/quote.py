"""The writer's own words, said back to them where the configuration allows it: few, and inert.

Contract: `quote` gives what somebody wrote, without what they quoted themselves or passed on, and without a signature;
wrapped, at most so many lines (and never more than `MAX_LINES`); no address, link, markup or control character is left
in it. It is made for a block quote of a template: as text its lines have `> ` between them, in a page they are escaped,
with `<br>` between them. Never fails, and takes time in proportion to the lines it gives.
"""

import re
import textwrap
from collections.abc import Iterator
from html import escape

from autoresponder.answer.clean import inert, one_line

MAX_LINES, _WIDTH = 20, 68
"""Together fewer than 1,500 characters."""
_READ = 500
"""Lines of a letter that are looked at."""
_ATTRIBUTION = 400
"""Characters that `On Monday … Ana wrote:` has at most."""
_LONG = 2_000
"""Characters of a line that are looked at."""

_END = re.compile(
    r"--\s*$|_{5,}\s*$|-{3,}\s*\S.*|={5,}\s*$"  # a signature (RFC 3676 section 4.3); what was answered or forwarded
    r"|(?i:sent from my|sent with|get outlook for|enviado desde mi|obtener outlook|enviat des d|enviado do meu"
    r"|von meinem .{1,40} gesendet|gesendet (?:mit|von)|outlook für|envoyé (?:de|depuis) mon|télécharger outlook"
    r"|inviato da|scarica outlook|verzonden (?:vanaf|met)|wysłane z|trimis de pe|nire .{1,30} bidalia)\b"
)
_HEADER = re.compile(
    r"\W{0,3}(?:from|von|de|da|van|od|de la|nork|desde|expéditeur|mittente|nadawca)\s?:\W{0,3}\s\S", re.I
)
_DATED = re.compile(
    r"\W{0,3}(?:sent|date|gesendet|datum|enviado|enviado el|fecha|envoyé|data|inviato|verzonden|wysłano|data wysłania"
    r"|trimis|to|an|para|à|a|aan|do|către|nori|asunto|subject|betreff|objet|oggetto|onderwerp|temat|subiect)\s?:",
    re.I,
)
_DIGIT = re.compile(r"\d")
_WROTE = re.compile(
    r"(?:on|am|el|le|il|op|w dniu|em|pe|a|o|dnia|[\d.,/: -]{6,30}).{3,250}"
    r"(?:wrote|escribió|schrieb|a écrit|ha scritto|schreef|napisała?|escreveu|a scris|va escriure|escribiu|idatzi zuen"
    r"|napisał\(a\)|写道|написала?)[^:]{0,60}:\s*$",
    re.I,
)


class Quote(str):
    """The quoted lines; "" where there are none. Autoescaping templates take `__html__`."""

    __slots__ = ("_page",)
    _page: str

    def __new__(cls, lines: tuple[tuple[str, ...], ...] = ()) -> "Quote":
        """`lines`: what was one line in the letter, each wrapped."""
        made = super().__new__(cls, "\n> ".join(piece for line in lines for piece in line).replace("> \n", ">\n"))
        made._page = "<br>\n".join(escape(" ".join(line)) for line in lines)
        return made

    def __html__(self) -> str:
        """As a page says it."""
        return self._page


def quote(text: str, limit: int) -> Quote:
    """The first lines of what somebody wrote in a letter with this text; `limit` lines at most, none for 0."""
    made: list[tuple[str, ...]] = []
    room = min(limit, MAX_LINES)
    for line in own_lines(text) if limit > 0 else ():
        pieces = textwrap.wrap(inert(one_line(line, _LONG)), _WIDTH, break_on_hyphens=False) or [""]
        if len(pieces) > room:
            return Quote(_cut([*made, tuple(pieces[:room])]))
        made.append(tuple(pieces))
        room -= len(pieces)
    return Quote(tuple(made))


def _cut(lines: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The same, with an ellipsis where it breaks off."""
    while lines and not any(lines[-1]):
        lines.pop()
    return (*lines[:-1], (*lines[-1][:-1], lines[-1][-1] + " …")) if lines else ()


def own_lines(text: str) -> Iterator[str]:
    """The lines that the writer wrote, without empty ones around, at most one empty line in a row."""
    lines = [line[:_LONG].strip() for line in text.split("\n", _READ)[:_READ]]
    waiting = started = False
    skip = 0
    for at, line in enumerate(lines):
        skip = skip - 1 if skip else _attribution(lines, at)
        if skip or line.startswith((">", "|")):
            continue
        if line and _ends(lines, at):
            return
        if not line:
            waiting = started
            continue
        if waiting:
            yield ""
        waiting, started = False, True
        yield line


def _attribution(lines: list[str], at: int) -> int:
    """How many lines `On Monday … Ana wrote:` takes here, where marked quotes follow: own words may stand below."""
    for count in (1, 2):
        said = " ".join(lines[at : at + count])
        if said.endswith(":") and len(said) < _ATTRIBUTION and lines[at] and _DIGIT.search(said):
            following = next((line for line in lines[at + count : at + count + 2] if line), "")
            if following.startswith(">"):
                return count
    return 0


def _ends(lines: list[str], at: int) -> bool:
    """Whether the writer's own words end before this line: a signature, or an older letter, begins."""
    line, following = lines[at], lines[at + 1 : at + 4]
    if _END.match(line) or (_HEADER.match(line) and any(map(_DATED.match, following))):
        return True
    said = line if line.endswith(":") or not following else f"{line} {following[0]}"
    return said.endswith(":") and len(said) < _ATTRIBUTION and _WROTE.match(said) is not None
