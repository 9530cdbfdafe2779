"""What became of one letter, and what is wrong with that. Pure: the promises of an answer, read off its bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from autoresponder.demo.letters import Letter
from autoresponder.demo.servers import Sent
from autoresponder.store import Decided


@dataclass(frozen=True, slots=True)
class Outcome:
    """One letter, the daemon's decision, and all that was sent because of it."""

    letter: Letter
    decided: Decided
    answers: tuple[Sent, ...]
    seconds: float  # from its delivery to the answer (or to the decision to be silent)
    faults: tuple[str, ...] = ()


def faults_of(letter: Letter, decided: Decided, answers: tuple[Sent, ...], ours: str, language: str) -> Iterator[str]:
    """A sentence for everything that differs from what must be. `ours`: the address that answers; `language`: of the
    answer, "" when rules.yaml and templates leave it open."""
    if not letter.target:
        if decided.action != "silent":
            yield f"there should have been silence, not “{decided.action}”"
        elif decided.reason not in letter.reasons:
            yield f"the reason should have been {' or '.join(sorted(letter.reasons))}, not {decided.reason}"
        if answers:
            yield f"{len(answers)} answers were sent, to {', '.join(r for a in answers for r in a.recipients)}"
    elif decided.action != "reply":
        yield f"it should have been answered; the reason for “{decided.action}” was {decided.reason}"
    elif len(answers) != 1:
        yield f"{len(answers)} answers were sent, not one ({decided.reply_state})"
    else:
        yield from _promises(letter, answers[0], ours, language)


def _promises(letter: Letter, sent: Sent, ours: str, language: str) -> Iterator[str]:
    message, original = message_from_bytes(sent.raw, policy=policy.default), message_from_bytes(letter.raw)
    body = message.get_body(("html",))
    html = str(body.get_content()) if body else ""
    for kept, sentence in (
        (sent.recipients == (letter.target,), f"it went to {', '.join(sent.recipients)}, not to {letter.target}"),
        (sent.sender == "", f"its envelope sender is {sent.sender}, not null (RFC 3834 section 3.3)"),
        (_addresses(message, "To") == [letter.target], "To names somebody else"),
        (_addresses(message, "From") == [ours], f"From is not {ours}"),
        (not (message["Cc"] or message["Bcc"]), "it has a Cc or Bcc"),
        (str(message["Auto-Submitted"]) == "auto-replied", "Auto-Submitted is not auto-replied (RFC 3834 section 5)"),
        (message["In-Reply-To"] == original["Message-ID"], "In-Reply-To does not name the letter"),
        (not language or str(message["Content-Language"]) == language, f"its language is not {language}"),
        (bool(html), "it has no HTML part"),
        ("<script" not in html.lower() and "onerror" not in html.lower(), "markup of the sender got into the HTML"),
    ):
        if not kept:
            yield sentence


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [address.addr_spec for header in message.get_all(name, []) for address in header.addresses]
