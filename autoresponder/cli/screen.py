"""What `demo` prints: each letter as it comes, what was decided and why, what was sent; then the sum of it.

Two columns: what and how long on the left, the words of letter, daemon and answer on the right. As wide as the
terminal, `COLUMNS` where there is none; colour only on a terminal. Text from letters is shown as `paint.safe`
leaves it.
"""

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy

from autoresponder.answer.templates import Library
from autoresponder.cli.here import near, program
from autoresponder.cli.paint import cut, paint, safe, width
from autoresponder.config.settings import Settings
from autoresponder.core.message import parse
from autoresponder.demo.letters import Letter
from autoresponder.demo.outcome import Outcome
from autoresponder.demo.play import Stage

COLUMNS, LEFT = 100, 28
ACTIONS = {"reply": ("✓ answered", "good"), "silent": ("– silent", "warn"), "quarantine": ("! quarantined", "bad")}


class Screen:
    """Standard output, as a `demo.play.Audience`. Lines never wrap by themselves."""

    def __init__(self, settings: Settings, library: Library) -> None:
        """What is played; as wide as the terminal, within what is good to read."""
        self._settings, self._library = settings, library
        terminal = shutil.get_terminal_size((COLUMNS, 0)).columns if sys.stdout.isatty() else COLUMNS
        self._right = min(max(terminal, 80), 120) - LEFT
        self._number = 0
        self._spaced = True  # an empty line was printed last
        self._texts: set[tuple[str, str]] = set()  # (rule, language) of the answers whose text was shown

    def opening(self, stage: Stage) -> None:
        """What is being run, on what."""
        settings, library = self._settings, self._library
        mailbox = next(iter(settings.accounts.values())).mailbox
        now = datetime.now(mailbox.office.zone)
        languages = sorted({tag for name in library.names for tag in library.languages(name)})
        self._line(paint("The real daemon between two mail servers of its own. No letter leaves this machine.", "bold"))
        self._line()
        self._row("    mailbox", f"{mailbox.address}, IMAP on {stage.imap}, SMTP on {stage.smtp}")
        self._row("    rules", f"{near(settings.path)}: {len(settings.policy.rules)} rules, "
                  f"{len(library.names)} templates in {', '.join(languages)}")  # fmt: skip
        self._row("    office", f"{mailbox.office.state(now)} now, {now:%A %Y-%m-%d %H:%M} {now.tzname()}")
        self._row("    daemon", f"pid {stage.pid}, ready after {stage.seconds:.1f} s: {stage.status}")

    def letter(self, letter: Letter) -> None:
        """A letter that is about to arrive."""
        self._number += 1
        message = parse(letter.raw)
        sender = message.from_[0]
        if letter.target and not self._spaced:
            self._line()
        title = f"{self._number:>2}  {letter.title[0].upper()}{letter.title[1:]}"
        self._row(title, f"{sender.name} <{sender.email}>: {message.subject}", "bold")

    def outcome(self, outcome: Outcome) -> None:
        """What became of it."""
        decided = outcome.decided
        words, style = ACTIONS[decided.action]
        self._row(f"    {words} in {outcome.seconds * 1000:.0f} ms", decided.why, style)
        for sent in outcome.answers:
            self._answer(sent.raw, decided.rule)
        for fault in outcome.faults:
            self._row("    ✗ not as expected", fault, "bad", all_of_it=True)
        if outcome.answers:
            self._line()

    def _answer(self, raw: bytes, rule: str) -> None:
        """To whom, the subject, the greeting, and what follows it where that was not shown before."""
        message = message_from_bytes(raw, policy=policy.default)
        part = message.get_body(("plain",))
        greeting, *paragraphs = str(part.get_content() if part else "").replace("\r", "").split("\n\n")
        key = rule, str(message["Content-Language"])
        lines = [greeting + (" …" if key in self._texts else "")]
        if key not in self._texts:
            self._texts.add(key)
            lines += textwrap.wrap(safe(" ".join(paragraphs[:2])), self._right - 2)
        bar = " " * LEFT + paint("│ ", "blue")
        for name in ("To", "Subject"):
            self._line(bar + paint(cut(safe(f"{name}: {message[name]}"), self._right - 2), "dim"))
        for line in lines:
            self._line(bar + cut(safe(line), self._right - 2))

    def summary(self, outcomes: Sequence[Outcome], faults: Sequence[str], seconds: float) -> None:
        """Expected beside got, and what differs."""
        wanted = [outcome for outcome in outcomes if outcome.letter.target]
        answered = Counter(o.decided.rule for o in outcomes if o.decided.action == "reply")
        silent = Counter(o.decided.reason for o in outcomes if o.decided.action != "reply")
        sent = sum(len(outcome.answers) for outcome in outcomes)
        if not self._spaced:
            self._line()
        self._line(paint(f"    {'':<12}expected   got", "dim"))
        once = "" if faults else "each once, to one person, in the language of the letter"
        for what, expected, got, note in (
            ("answered", len(wanted), answered.total(), _counted(answered)),
            ("sent", len(wanted), sent, once),
            ("silent", len(outcomes) - len(wanted), silent.total(), _counted(silent)),
        ):
            mark, style = ("✓", "good") if expected == got else ("✗", "bad")
            head = f"  {mark} {what:<12}{expected:>8}{got:>6}   "
            first, *more = textwrap.wrap(note, LEFT + self._right - len(head)) or [""]
            self._line(paint(head, style) + first)
            for line in more:
                self._line(" " * len(head) + line)
        self._line()
        for fault in faults:
            self._line(paint(f"  ✗ {safe(fault)}", "bad"))
        end = f"{len(faults)} things differ from what must be" if faults else "each ended as it must"
        self._line(paint(f"{len(outcomes)} letters in {seconds:.1f} s; {end}.", "bad" if faults else "good"))

    def closing(self) -> None:
        """Where to look next."""
        settings, library = self._settings, self._library
        template = settings.policy.rules[-1].reply or library.names[0]
        steps = (
            (f"{program(settings.path)} preview {template} -o answer.html", "how an answer looks"),
            (f"{program(settings.path)} explain LETTER.eml", "why a letter is answered, or not"),
            (f"{program()} init mail", "your own mailbox, into the folder mail; sends nothing"),
        )
        room = max(len(words) for words, _what in steps)
        self._line()
        self._line("Where to look next:")
        for words, what in steps:
            self._line(f"    {words:<{room}}   {paint(what, 'dim')}")

    def _row(self, left: str, right: str, style: str = "", *, all_of_it: bool = False) -> None:
        """The left column, styled, and up to two lines (or all) of the right one."""
        lines = textwrap.wrap(safe(right), self._right, break_on_hyphens=False) or [""]
        if len(lines) > 2 and not all_of_it:
            lines = [lines[0], cut(" ".join(lines[1:]), self._right)]
        left = cut(left, LEFT - 1)
        for line in lines:
            self._line((paint(left, style) if style else left) + " " * (LEFT - width(left)) + line)
            left = ""

    def _line(self, text: str = "") -> None:
        self._spaced = not text
        print(text.rstrip(), flush=True)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
