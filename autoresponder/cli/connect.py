"""`check --connect`: a login to every server, and a look at every folder that is named.

Contract: all that is wrong at once, a line for each; nothing is changed on any server. Where there is no folder of sent
letters of the name that is taken when none is given, it is the one where the daemon files copies (`service.filing`).
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autoresponder.config.schema import MailboxTable
from autoresponder.config.settings import Account, Settings
from autoresponder.errors import RemoteError, UserError
from autoresponder.mail.imap import Session
from autoresponder.mail.smtp import Connection
from autoresponder.service.filing import sent_folder

SENT: str = MailboxTable.model_fields["sent"].default
"""The name that is taken when none is given."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one server, or one of the things that are wrong with it."""

    server: str  # imap localhost:993
    mailbox: str
    error: str = ""  # "": all is well
    note: str = ""  # what is good to know all the same


def connect(settings: Settings) -> Iterator[Found]:
    """Every IMAP and SMTP server in turn."""
    moves = [rule.move_to for rule in settings.policy.rules if rule.move_to]
    for account in settings.accounts.values():
        imap, smtp = account.imap, account.smtp
        yield from _tried(f"imap {imap.host}:{imap.port}", account, lambda a: _imap(a, moves))
        yield from _tried(f"smtp {smtp.host}:{smtp.port}", account, _smtp)


_Attempt = Callable[[Account], tuple[list[str], str]]
"""Gives the sentences about what is wrong, and a note. Raises `UserError` where there is no talking to the server."""


def _tried(server: str, account: Account, attempt: _Attempt) -> Iterator[Found]:
    try:
        wrong, note = attempt(account)
    except UserError as error:
        wrong, note = [str(error)], ""
    for sentence in wrong:
        yield Found(server, account.name, sentence)
    if not wrong:
        yield Found(server, account.name, note=note)


def _imap(account: Account, moves: list[str]) -> tuple[list[str], str]:
    """Opens every folder that is named; what is wrong with each that cannot be opened, with names that sound like
    it."""
    session, wrong, note = Session(account.imap, account.name), [], ""
    try:
        session.connect()
        for folder in dict.fromkeys((*account.folders, account.sent, *moves)):
            try:
                if folder == SENT and (marked := sent_folder(session, SENT)) != SENT:
                    note = f"sent letters are in “{marked}”"
                    continue
                session.select(folder)
            except RemoteError as error:
                if not session.alive:
                    raise
                if folder == SENT and not account.save_sent:
                    note = "no folder of sent letters"  # which nobody asked for
                else:
                    wrong.append(str(error))
    finally:
        session.close()
    return wrong, note


def _smtp(account: Account) -> tuple[list[str], str]:
    async def attempt() -> None:
        connection = Connection(account.smtp)
        try:
            await connection.open()
        finally:
            await connection.close()

    asyncio.run(attempt())
    return [], ""
