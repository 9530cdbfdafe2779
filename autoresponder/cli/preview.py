"""`preview` and `send-test`: an answer as it would look, in a file, in the browser, or in a real inbox.

Both answer a letter (`--letter`, or a made-up one) with the code that the daemon answers with, as the rule that uses
the template would; only the rule's conditions are not asked. `preview` sends nothing; `send-test` sends one letter that
says in subject and body that it is a test, and without `--yes` only to an address that rules.yaml names.
"""

import argparse
import asyncio
import json
import tempfile
import webbrowser
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from autoresponder.answer.compose import Answer
from autoresponder.cli.here import put
from autoresponder.cli.letters import letters
from autoresponder.cli.paint import paint
from autoresponder.cli.sheet import Shown, sheet
from autoresponder.config.settings import Account, Settings
from autoresponder.core.address import Address, is_answerable, is_own, matches, sender_key
from autoresponder.core.contacts import Row, invented
from autoresponder.core.decide import Decision, Reading, read
from autoresponder.core.history import History
from autoresponder.core.message import Message, parse
from autoresponder.core.outbox import Event
from autoresponder.core.policy import Mailbox
from autoresponder.core.rules import Rule
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.mail.smtp import Connection, Sent
from autoresponder.service.book import Book, load_all, make_book

SAMPLE_KEY = b"preview: signs nothing that anybody relies on"
SAMPLE = """\
From: Ana Ruiz <ana.ruiz@example.org>
To: {to}
Subject: A question about my order
Date: {date}
Message-ID: <sample@example.org>

Good morning, ...
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands' words."""
    p = commands.add_parser("preview", help="an answer as it would look")
    p.add_argument("template", metavar="TEMPLATE", nargs="?")
    p.add_argument(
        "--all", action="store_true", help="every template in every language, on one page (with -o or --open)"
    )
    p.add_argument("--letter", metavar="FILE", help="the answer to this letter (.eml, or - for standard input)")
    p.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it: .html, .txt or .eml says which form")
    p.add_argument("--open", action="store_true", help="show it in the browser")
    p.add_argument("--json", action="store_true", help="subject, language, text and html as one JSON object")
    p.set_defaults(do=do_preview)
    _common(p)
    p = commands.add_parser("send-test", help="send one answer, marked as a test")
    p.add_argument("template", metavar="TEMPLATE")
    p.add_argument("--to", required=True, metavar="ADDRESS", help="who gets it")
    p.add_argument("--yes", action="store_true", help="also to an address that rules.yaml does not name")
    p.set_defaults(do=do_send_test, letter=None)
    _common(p)


def _common(p: argparse.ArgumentParser) -> None:
    p.add_argument("--language", default="", metavar="es", help="a language tag (default: the letter's or mailbox's)")
    p.add_argument("--mailbox", default="", metavar="NAME", help="as which mailbox (default: the first)")
    p.add_argument("--now", default="", help="as if the letter arrived then, for example 2026-12-24T10:00")


def do_preview(args: argparse.Namespace) -> int:
    """Prints the text, writes the file, or opens the browser."""
    if bool(args.template) == args.all:
        raise ConfigError("name one template, or say --all", place="preview", step="autoresponder preview --help")
    desk = _previewer(args)
    if args.all:
        return _all(args, desk)
    answer = desk.answer(args.template)
    page = desk.book.composer.page(answer)
    if args.json:
        shown: dict[str, object] = {
            "subject": answer.subject,
            "language": answer.language,
            "text": answer.text,
            "html": page,
        }
        if answer.attachments:
            shown["attachments"] = [one.name for one in answer.attachments]
        print(json.dumps(shown, ensure_ascii=False))
    if args.output:
        forms = {".html": page.encode(), ".htm": page.encode(), ".eml": answer.raw, ".txt": answer.text.encode()}
        _write(args.output, forms)
    if args.open:
        _open(page)
    if not (args.json or args.output or args.open):
        print(paint(f"subject  {answer.subject}\nlanguage {answer.language}\n", "dim") + answer.text.rstrip())
        for one in answer.attachments:
            print(paint(f"attached {one}", "dim"))
        print(paint("\n-o FILE.html, FILE.eml or FILE.txt writes it to a file, --open shows it", "dim"))
    return ExitCode.OK


def do_send_test(args: argparse.Namespace) -> int:
    """0 when the server took it, 3 when not."""
    desk = _previewer(args)
    if not is_answerable(args.to):
        raise ConfigError(f"“{args.to}” is not an address a letter can be sent to", place="--to")
    if not args.yes and not _is_ours(args.to, desk.settings):
        step = "add --yes to send it there all the same"
        raise ConfigError(f"{args.to} is not an address of ours, as far as rules.yaml says", place="--to", step=step)
    answer = desk.answer(args.template, to=Address("Ana Ruiz", args.to), test=True)
    sent = asyncio.run(_send(desk.account, answer, args.to))
    place = desk.account.smtp.place
    if sent.event is not Event.ACCEPTED:
        outcome = "gave no answer; it may have arrived" if sent.event is Event.NO_ANSWER else "did not take it"
        print(paint(f"{place}: the server {outcome}: {sent.code or ''} {sent.text}".replace(":  ", ": "), "bad"))
        return ExitCode.REMOTE
    print(f"sent to {args.to} through {place}: {sent.code} {sent.text}")
    return ExitCode.OK


async def _send(account: Account, answer: Answer, target: str) -> Sent:
    """As the delivery does: the null sender first, where the configuration leaves it open (RFC 3834 section 3.3)."""

    async def now() -> None:
        """Nothing is recorded before the dot: a test is nobody's promise."""

    sender = "" if account.envelope_from == "auto" else account.envelope_from
    connection = Connection(account.smtp)
    await connection.open()
    try:
        sent = await connection.send(sender, target, answer.raw, now)
        if sent.null_sender_refused and account.envelope_from == "auto":
            sent = await connection.send(account.mailbox.address, target, answer.raw, now)
        return sent
    finally:
        await connection.close()


class Previewer:
    """What both commands answer with: the configuration, one mailbox, one letter, one moment."""

    def __init__(
        self, config: Path, *, mailbox: str = "", language: str = "", letter: Message | None = None, now: str = ""
    ) -> None:
        """mailbox: "" for the first; language: "" for the letter's or the mailbox's; letter: None for a made-up one;
        now: ISO 8601, in the office's time where it names no zone. Raises `ConfigError`."""
        self.settings, self.library = load_all(config, check=False)
        self.book: Book = make_book(self.settings, self.library, Signer(SAMPLE_KEY))
        accounts = self.settings.accounts
        if mailbox and mailbox not in accounts:
            step = f"there are: {', '.join(accounts)}"
            raise ConfigError(f"there is no mailbox “{mailbox}”", place="--mailbox", step=step)
        self.account: Account = accounts[mailbox] if mailbox else next(iter(accounts.values()))
        self._language, self._letter = language, letter
        self._now = _moment(now, self.account.mailbox) if now else datetime.now(UTC)

    def answer(self, template: str, *, language: str = "", to: Address | None = None, test: bool = False) -> Answer:
        """What the letter would get from the rule that answers with this template."""
        if template not in self.library.names:
            step = f"there are: {', '.join(self.library.names)}"
            raise ConfigError(f"there is no template “{template}”", place=str(self.settings.templates), step=step)
        mailbox = self.account.mailbox
        rule = next((r for r in self.book.policy.rules if r.reply == template), Rule(name="preview", reply=template))
        wanted = language or self._language or rule.language or ("" if self._letter else mailbox.language)
        rule = replace(rule, language=wanted)
        message = self._letter or _sample(mailbox, self._now)
        reading = read(message, self.book.policy)
        target = to or reading.target
        if target is None:
            raise ConfigError(f"this letter has nobody to answer: {reading.target_why}", place="--letter")
        due = mailbox.office.due(self._now, rule.promise) if rule.promise else None
        contact, history = self._known(reading)
        decision = Decision(
            "reply", "rule", "a preview", rule, target, reading.ask, due=due, contact=contact, history=history
        )
        return self.book.composer.compose(decision, message, mailbox, self._now, test=test)

    def _known(self, reading: Reading) -> tuple[Row, History]:
        """What is known of who wrote: their own row; for the made-up letter one that is made up too, so that nobody's
        data is shown."""
        contacts = self.book.policy.contacts
        if self._letter:
            return contacts.find(reading.ask.sender_key), History()
        return invented(contacts.columns), History(first_seen=self._now - timedelta(days=600), messages=3)


def _previewer(args: argparse.Namespace) -> Previewer:
    letter = _letter(args.letter) if args.letter else None
    return Previewer(args.config, mailbox=args.mailbox, language=args.language, letter=letter, now=args.now)


def _moment(text: str, mailbox: Mailbox) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        step = "write it like 2026-12-24T10:00 or 2026-12-24T10:00+01:00"
        raise ConfigError(f"“{text}” is not a date and time", place="--now", step=step) from None
    return at if at.tzinfo else at.replace(tzinfo=mailbox.office.zone)


def _letter(name: str) -> Message:
    found = next(letters([name]), None)
    if found is None:
        raise ConfigError("there is no letter in it", place=name)
    return parse(found[1], size=found[2])


def _sample(mailbox: Mailbox, now: datetime) -> Message:
    return parse(SAMPLE.format(to=mailbox.address, date=format_datetime(now - timedelta(minutes=2))).encode())


def _is_ours(address: str, settings: Settings) -> bool:
    """Whether rules.yaml names an address as ours: that of a mailbox, an alias, or one of our own people."""
    staff = [*settings.alert, *(address for rule in settings.policy.rules for address in rule.notify)]
    if settings.follow_up:
        staff += [*settings.follow_up.remind, *settings.follow_up.escalate]
    aliases = (alias for account in settings.accounts.values() for alias in account.mailbox.aliases)
    named = settings.policy.own.union(map(sender_key, staff))
    return is_own(address, named) or any(matches(alias, address) for alias in aliases)


def _all(args: argparse.Namespace, desk: Previewer) -> int:
    if not (args.output or args.open):
        raise ConfigError("say where the page goes", place="preview --all", step="-o sheet.html, or --open")
    page = sheet(desk.settings.brand.name, every(desk))
    if args.output:
        _write(args.output, {".html": page.encode(), ".htm": page.encode()})
    if args.open:
        _open(page)
    return ExitCode.OK


def every(desk: Previewer) -> list[Shown]:
    """Every template in every language that it is written in."""
    shown = []
    for name in desk.library.names:
        for language in desk.library.languages(name) or ("",):
            answer = desk.answer(name, language=language)
            shown.append(Shown(name, answer.language, answer.subject, desk.book.composer.page(answer)))
    return shown


def _write(path: Path, forms: dict[str, bytes]) -> None:
    content = forms.get(path.suffix.lower())
    if content is None:
        raise ConfigError("unknown kind of file", place=str(path), step=f"end it in {' or '.join(forms)}")
    put(path, content)
    print(f"wrote {path}")


def _open(page: str) -> None:
    """In the user's browser; the file stays, since the browser reads it later."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".html", prefix="preview-", delete=False) as file:
        file.write(page)
    if not webbrowser.open(Path(file.name).as_uri()):
        raise ConfigError("there is no browser here", place=file.name, step="-o FILE.html writes it to a file")
