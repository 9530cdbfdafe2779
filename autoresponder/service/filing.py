"""Copies of our answers in the folder of sent letters (`save_sent`), so that people see there what was sent.

Contract: an answer that the server has accepted is filed by APPEND with \\Seen, by the thread and over the connection
of a watcher, when that has nothing better to do; its failing never touches an answer or the watching. What is to be
filed is in the store, recorded with the answer itself, so that a restart forgets none. No answer is filed twice by us:
that an APPEND is about to begin is on disk before it does, and what was begun before is first looked for in the folder
by its Message-ID. (A server whose SEARCH does not find what it holds could make us file again; none is known.)

The folder is the configured one, or where that does not exist the one that the server marks as \\Sent (RFC 6154). A
server that refuses is left alone for a while, longer each time; after `KEEP` a copy is given up. Copies are the letters
as they went out: our token and signed Message-ID tell that no person wrote them.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from autoresponder.config.settings import Account
from autoresponder.errors import RemoteError
from autoresponder.faults import point
from autoresponder.mail.imap import Session
from autoresponder.service.writer import Writer
from autoresponder.store import Copy

log = logging.getLogger(__name__)
REST = (60, 300, 900, 3600)
"""Seconds for which a server that refused is left alone."""
KEEP = timedelta(days=30)
"""How long after the answer its copy is still tried."""


class Filing:
    """The copies of one mailbox. `more` may be called from any thread, `step` from one at a time."""

    def __init__(self, account: Account, writer: Writer, now: Callable[[], datetime]) -> None:
        """Assumes that something was left by an earlier run."""
        self.account = account  # may be replaced by another one of the same name
        self._writer, self._now = writer, now
        self._turn = threading.Lock()
        self._maybe = True  # something may be waiting
        self._folders: dict[str, str] = {}  # where to, once known, instead of the configured one
        self._failures, self._rest_until = 0, 0.0
        self.trouble = ""  # why copies wait, as the log said it
        self._other: Session | None = None  # the connection on which copies are looked for

    def more(self) -> None:
        """An answer was sent."""
        self._maybe = True

    def step(self, session: Session) -> bool:
        """Files one copy; False when there is none, or the server is left alone. Raises `RemoteError` only where the
        session is dead, and what the store raises."""
        if not self._maybe or time.monotonic() < self._rest_until or not self._turn.acquire(blocking=False):
            return False
        try:
            return self._step(session)
        finally:
            self._turn.release()

    def all(self) -> None:
        """Files what there is, over a connection of its own (`run --once`); what goes wrong is logged."""
        if self._writer.run(lambda store: store.next_copy(self.account.name)) is None:
            return
        session = Session(self.account.imap, self.account.name)
        try:
            session.connect()
            while self.step(session):
                continue
        except RemoteError as error:
            self._failed(error)
        finally:
            session.close()

    def _step(self, session: Session) -> bool:
        self._maybe = False  # before the look, so that no `more` is lost
        copy = self._writer.run(lambda store: store.next_copy(self.account.name))
        if copy is None:
            return False
        self._maybe = True
        if copy.sent + KEEP < self._now():
            self._done(copy, logging.WARNING, f"is given up: it could not be filed for {KEEP.days} days")
            return True
        try:
            self._file(session, copy)
        except RemoteError as error:
            self._failed(error)
            if not session.alive:
                raise
            return False
        self._well()
        return True

    def _file(self, session: Session, copy: Copy) -> None:
        wanted = self.account.sent
        folder = self._folders[wanted] = self._folders.get(wanted) or sent_folder(session, wanted)
        if copy.tried and self._is_there(folder, copy.message_id):
            return self._done(copy, logging.INFO, f"was filed in {folder} already")
        self._writer.run(lambda store: store.copy_begun(copy.reply_id))
        session.append(folder, copy.raw, ["\\Seen"], copy.sent)
        point("copy-filed")
        return self._done(copy, logging.DEBUG, f"filed in {folder}")

    def _is_there(self, folder: str, message_id: str) -> bool:
        """Asked over another connection: this one's folder stays open, and what is reported of it stays heard."""
        other = self._other = Session(self.account.imap, self.account.name)
        try:
            other.connect()
            other.select(folder)
            return bool(other.uids_of(message_id))
        finally:
            self._other = None
            other.close()

    def abort(self) -> None:
        """From any thread: nobody waits any longer for what is being looked for."""
        if (other := self._other) is not None:
            other.abort()

    def _done(self, copy: Copy, level: int, what: str) -> None:
        self._writer.run(lambda store: store.copy_done(copy.reply_id))
        log.log(
            level,
            "the copy of reply %d %s",
            copy.reply_id,
            what,
            extra={"mailbox": self.account.name, "reply_id": copy.reply_id, "message_id": copy.message_id},
        )

    def _failed(self, error: RemoteError) -> None:
        """Said once for each reason."""
        rest = REST[min(self._failures, len(REST) - 1)]
        self._failures, self._rest_until = self._failures + 1, time.monotonic() + rest
        self._folders.clear()
        if str(error) != self.trouble:
            self.trouble = str(error)
            log.warning(
                "%s: copies of sent answers cannot be filed, and wait: %s",
                self.account.name,
                error,
                extra={"mailbox": self.account.name},
            )

    def _well(self) -> None:
        if self._failures:
            log.info("%s: copies of sent answers are filed again", self.account.name,
                     extra={"mailbox": self.account.name})  # fmt: skip
        self._failures, self._rest_until, self.trouble = 0, 0.0, ""

    def try_now(self) -> None:
        """The server is asked again, whatever it said before."""
        self._maybe, self._rest_until = True, 0.0


def sent_folder(session: Session, wanted: str) -> str:
    """The folder of sent letters: `wanted`, or where there is none the one marked as \\Sent. Raises `RemoteError`."""
    folders = {name: flags for name, flags in session.folders() if not flags & {"\\noselect", "\\nonexistent"}}
    marked = [name for name, flags in folders.items() if "\\sent" in flags]
    if wanted in folders:
        return wanted
    if marked:
        return marked[0]
    raise RemoteError(
        "there is no such folder, and the server marks none as the one of sent letters",
        place=f"{session.name}/{wanted}",
        step="create it, say `sent: NAME`, or save_sent: false",
        fatal=True,
    )
