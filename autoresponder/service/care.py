"""Care: after a daemon that died, letters are read one at a time, so that the one that kills is found and left alone.

A letter that raises is quarantined by the desk. One that ends the whole program (a fault in a C library, memory without
end, a loop that systemd's watchdog ends) leaves no trace but a state that was not closed in order. So after such an end
what waits is read with care: each letter is on disk as "in hand" before it is fetched and until it is decided, and in
the whole program there is only one. A letter found in hand for the third time is quarantined unread; not sooner, since
a kill may hit any letter. Once what waited is decided, reading goes on as fast as ever.

An attempt that ends in an error is none: the count goes back to what it was. Where the store fails meanwhile, the note
stays, and this program does not count the letter again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from autoresponder.errors import UserError
from autoresponder.mail.fetched import Fetched
from autoresponder.service.writer import Writer
from autoresponder.store import Cursor, InHand

log = logging.getLogger(__name__)
DEATHS = 3
"""Times that a letter may be in hand when the program ends."""
KILLER = (
    f"the program ended {DEATHS} times while it read this message (it crashed, had no memory left, or hung),"
    " so it was not read again"
)


class Care:
    """See the module's contract; one for all watchers of a daemon."""

    def __init__(self, writer: Writer, *, crashed: bool, now: Callable[[], datetime]) -> None:
        """`crashed`: the daemon before this one did not end in order."""
        self.turn = asyncio.Lock()  # of the one folder that may have a letter in hand
        self._writer, self._crashed, self._now = writer, crashed, now
        self._done: set[tuple[str, str]] = set()
        self._begun: dict[tuple[str, str], InHand] = {}  # what was in hand already, when this program took it

    def needed(self, mailbox: str, folder: str) -> bool:
        """Whether this folder is to be read with care."""
        return self._crashed and (mailbox, folder) not in self._done

    def done(self, mailbox: str, folder: str) -> None:
        """What waited in this folder is decided."""
        self._done.add((mailbox, folder))

    @contextmanager
    def in_hand(self, cursor: Cursor, uid: int) -> Iterator[Fetched | None]:
        """Has this message in hand for the body. Yields what stands for it where it must not be read: then it is to be
        quarantined; else None. Raises what the store raises."""
        place = cursor.mailbox, cursor.folder
        before = self._take(place, cursor.uidvalidity, uid)
        try:
            yield self._unread(uid) if before.times >= DEATHS else None
        except BaseException:
            with suppress(UserError, RuntimeError):  # the store is failing, or closed: the note stays
                self._put_back(place, before)
            raise
        self._put_back(place, replace(before, times=0))

    def _take(self, place: tuple[str, str], uidvalidity: int, uid: int) -> InHand:
        """What is known of this message from programs that died with it."""
        before = self._begun.get(place)
        if before is None or (before.uidvalidity, before.uid) != (uidvalidity, uid):
            noted = self._writer.run(lambda store: store.in_hand(*place))
            before = noted if noted and (noted.uidvalidity, noted.uid) == (uidvalidity, uid) else None
            before = before or InHand(uidvalidity, uid, 0)
        if before.times:
            log.warning("%s/%s uid %d was in hand when the program ended (%d of %d)", *place, uid, before.times, DEATHS)
        taken = replace(before, times=before.times + 1)
        self._writer.run(lambda store: store.take_in_hand(*place, taken))
        self._begun[place] = before
        return before

    def _put_back(self, place: tuple[str, str], before: InHand) -> None:
        if before.times:
            self._writer.run(lambda store: store.take_in_hand(*place, before))
        else:
            self._writer.run(lambda store: store.put_down(*place))
        self._begun.pop(place, None)

    def _unread(self, uid: int) -> Fetched:
        return Fetched(uid, b"", 0, self._now(), frozenset(), None, broken=KILLER)
