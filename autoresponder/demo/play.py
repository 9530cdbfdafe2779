"""The play: servers, daemon and letters, one after the other, each shown to an `Audience` as it happens.

Nothing sleeps: each step waits for what must happen next (the daemon's READY, a decision in its log, a letter at the
SMTP server), and each wait is bounded (`child.PATIENCE`). What must come of a letter is said in `letters`; which rule
answers is left to rules.yaml and the clock, so the demo plays the same on a holiday.
"""

import asyncio
import copy
import json
import logging
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autoresponder.answer.templates import Library
from autoresponder.config.settings import Settings
from autoresponder.demo.child import Child, running
from autoresponder.demo.letters import Letter, letters, returned
from autoresponder.demo.outcome import Outcome, faults_of
from autoresponder.demo.servers import HOST, PASSWORD, Mailboxes, Outgoing, imap_server, smtp_server
from autoresponder.store import Decided, Store, open_store


@dataclass(frozen=True, slots=True)
class Stage:
    """What it is played on: `host:port` of both servers, the daemon's process id, what it said to systemd when it was
    ready, and the seconds until then."""

    imap: str
    smtp: str
    pid: int
    status: str
    seconds: float


class Audience(Protocol):
    """Who is shown the play."""

    def opening(self, stage: Stage) -> None:
        """Once, when all is ready."""

    def letter(self, letter: Letter) -> None:
        """A letter is about to arrive."""

    def outcome(self, outcome: Outcome) -> None:
        """What became of it."""


def play(settings: Settings, library: Library, audience: Audience) -> tuple[list[Outcome], list[str]]:
    """Plays with these rules: what became of each letter, and everything that was wrong with that. Raises
    `asyncio.CancelledError` on SIGTERM, `UserError` when a server or the daemon does not come up."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a daemon that hangs up on the demo's servers is no news
    with tempfile.TemporaryDirectory(prefix="autoresponder-demo.") as folder:
        return asyncio.run(_play(settings, library, Path(folder), audience))


async def _play(
    settings: Settings, library: Library, folder: Path, audience: Audience
) -> tuple[list[Outcome], list[str]]:
    started, task = time.monotonic(), asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    accounts = settings.accounts.values()
    moved_to = [rule.move_to for rule in settings.policy.rules if rule.move_to]
    users = {account.mailbox.address: [*account.folders, account.sent, *moved_to] for account in accounts}
    async with AsyncExitStack() as stack:
        mailboxes = await stack.enter_async_context(imap_server(users))
        outgoing = await stack.enter_async_context(smtp_server())
        rules = _with_our_servers(settings, mailboxes.port, outgoing.port, folder)
        watched = sum(len(account.folders) for account in accounts)
        child = await stack.enter_async_context(running(rules, watched))
        imap, smtp = f"{HOST}:{mailboxes.port}", f"{HOST}:{outgoing.port}"
        audience.opening(Stage(imap, smtp, child.pid, child.status, time.monotonic() - started))
        store = open_store(folder / "state.db", create=False)
        stack.callback(store.close)
        cast = _Cast(settings, library, mailboxes, outgoing, child, store, audience)
        outcomes = [await cast.play(letter) for letter in letters(next(iter(users)))]
        if outgoing.letters:
            outcomes.append(await cast.play(returned(outgoing.letters[0].raw)))
        code = await child.stop()
        faults = [f"letter {n}: {fault}" for n, outcome in enumerate(outcomes, 1) for fault in outcome.faults]
        faults += _at_the_end(store, outgoing, outcomes, code)
    return outcomes, faults


def _with_our_servers(settings: Settings, imap: int, smtp: int, folder: Path) -> Path:
    """The same rules in a file of the demo's own: other servers, live, a state that is thrown away; nothing else."""
    data = copy.deepcopy(settings.document.data)
    for name, account in settings.accounts.items():
        address = account.mailbox.address
        server = {"host": HOST, "security": "none"}
        data["mailboxes"][name] |= {
            "address": address,
            "imap": server | {"port": imap, "user": address, "password": PASSWORD},
            "smtp": server | {"port": smtp, "user": ""},
        }
    data |= {"mode": "live", "state": str(folder / "state.db"), "templates": str(settings.templates.resolve())}
    if settings.contacts:
        data["contacts"] = str(settings.contacts.resolve())
    if settings.brand.logo:
        data["brand"]["logo"] = str(Path(settings.brand.logo).resolve())
    path = folder / "rules.yaml"
    path.touch(mode=0o600)
    path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")  # JSON is YAML with every text in quotes
    return path


@dataclass(frozen=True, slots=True)
class _Cast:
    """Everything a letter meets on its way."""

    settings: Settings
    library: Library
    mailboxes: Mailboxes
    outgoing: Outgoing
    child: Child
    store: Store
    audience: Audience

    async def play(self, letter: Letter) -> Outcome:
        """Delivers one letter and shows what comes of it."""
        account = next(iter(self.settings.accounts.values()))
        ours = account.mailbox.address
        self.audience.letter(letter)
        already, started = len(self.outgoing.letters), time.monotonic()
        await self.mailboxes.deliver(ours, letter.raw, account.folders[0])
        await self.child.decision()
        ended = time.monotonic()
        decided = self.store.recent(1)[0]
        if decided.action == "reply" and decided.reply_state not in ("held", "shadow"):
            await self.child.within(self.outgoing.wait(already + 1), "send the answer")
            ended = self.outgoing.letters[already].at
        answers = tuple(self.outgoing.letters[already:])
        faults = tuple(faults_of(letter, decided, answers, ours, self._language(letter, decided)))
        outcome = Outcome(letter, decided, answers, ended - started, faults)
        self.audience.outcome(outcome)
        return outcome

    def _language(self, letter: Letter, decided: Decided) -> str:
        """The language that the answer must have: the letter's, where there is a template for it."""
        rule = next((rule for rule in self.settings.policy.rules if rule.name == decided.rule), None)
        if rule is None or rule.reply is None:
            return ""
        wanted = rule.language or letter.language
        return wanted if self.library.speaks(rule.reply, wanted) else ""


def _at_the_end(store: Store, outgoing: Outgoing, outcomes: list[Outcome], code: int) -> Iterator[str]:
    """What can only be seen when the daemon has ended: something sent late, or left behind."""
    known = sum(len(outcome.answers) for outcome in outcomes)
    if len(outgoing.letters) != known:
        yield f"{len(outgoing.letters) - known} letters were sent that nobody had waited for"
    for left in store.outbox():
        yield f"the answer to {left.target} is still {left.state}"
    if code != 0:
        yield f"the daemon ended with exit code {code}"
