"""The answer as the bytes that leave: one recipient, one identity, headers that cannot be forged into.

Contract: `compose` gives a complete RFC 5322 message with CRLF line ends, 7-bit clean (unless the recipient's own
address is not ASCII: RFC 6532), no line over 998 octets, multipart/alternative of text and HTML (in a multipart/mixed
with the template's attachments, where it has any), and never Cc, Bcc, Reply-To or any of the letter's text but its
subject. The same decision gives the same Message-ID. It raises ValueError for a target no letter can be sent to, and
the template's own error where a template fails, or where the answer would say an address that has no business in it
(`answer.leaks`): the caller quarantines.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path

from autoresponder.answer import language as languages
from autoresponder.answer.attachments import Attachment
from autoresponder.answer.brand import LOGO_ID, Brand, read_logo
from autoresponder.answer.headers import encoded, mailbox_header
from autoresponder.answer.leaks import Guard
from autoresponder.answer.markdown import wrap
from autoresponder.answer.names import person
from autoresponder.answer.parts import multipart, picture, text_part
from autoresponder.answer.season import Season, season_of
from autoresponder.answer.templates import Library
from autoresponder.answer.threads import thread_headers
from autoresponder.answer.values import Values
from autoresponder.answer.variant import Rendered
from autoresponder.core.address import Address, is_answerable
from autoresponder.core.decide import Decision
from autoresponder.core.message import Message
from autoresponder.core.policy import Language, Mailbox
from autoresponder.core.reference import only, reference
from autoresponder.core.token import TOKEN_HEADER, Signer


@dataclass(frozen=True, slots=True)
class Answer:
    """A composed answer. `envelope_from`: `auto`, the delivery knows what the server takes (RFC 3834 section 3.3)."""

    raw: bytes = field(repr=False)
    message_id: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
    envelope_from: str
    attachments: tuple[Attachment, ...] = ()


class Composer:
    """Decision to bytes. Holds the compiled templates and the logo; may be used from several threads."""

    def __init__(
        self,
        library: Library,
        brand: Brand,
        signer: Signer,
        language: Language,
        seasons: Sequence[Season] = (),
        ours: Iterable[str] = (),
        quote: int = 0,
    ) -> None:
        """`language` is asked only when rule and contact do not say. `ours`: the addresses of all mailboxes. `quote`:
        lines of a letter that templates may say back."""
        self._seasons, self._ours, self._quote = seasons, tuple(ours), quote
        self._guard = Guard(library.addresses, (text for season in seasons for text in season.text))
        self._library, self._brand, self._signer, self._language = library, brand, signer, language
        logo = Path(brand.logo) if library.brand.logo else None
        kind, data = read_logo(logo) if logo else ("", b"")
        self._logo = picture(kind, data, LOGO_ID) if logo else b""
        self._logo_url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"

    def compose(
        self, decision: Decision, message: Message, mailbox: Mailbox, now: datetime, *, test: bool = False
    ) -> Answer:
        """The answer to one letter; `decision` must be one that replies, `now` is aware. test: it says that it is."""
        rule, target = decision.rule, decision.target
        if rule is None or rule.reply is None or target is None:
            raise ValueError("this decision answers nobody")
        if not is_answerable(target.email):
            raise ValueError("the target is not an address a letter can be sent to")
        values = Values(
            brand=self._library.brand,
            sender_name=target.name or _name_of(message, target),
            sender_address=target.email,
            subject=message.subject,
            date=message.date,
            mailbox_address=mailbox.address,
            mailbox_name=mailbox.name,
            office=mailbox.office,
            now=now,
            reference=reference(self._signer, decision.ask.letter_key),
            promise=rule.promise,
            due=decision.due,
            contact=decision.contact,
            first_seen=decision.history.first_seen,
            messages=decision.history.messages,
            season=season_of(self._seasons, now.astimezone(mailbox.office.zone).date()),
            home=mailbox.language,
            text=message.text,
            quote=self._quote,
        )
        rendered = self._library.render(rule.reply, self._tongues(rule.reply, decision, message, mailbox), values)
        rendered = replace(rendered, subject=only(self._signer, values.reference, rendered.subject))
        ours = (target.email, mailbox.address, *mailbox.aliases, *self._ours)
        self._guard.check(rendered.seen(), ours, decision.contact, rendered.file)
        if test:
            rendered = _as_test(rendered, rule.reply)
        seed = f"{decision.ask.letter_key}\x1f{rule.name}"
        return self._finish(rendered, values, target, seed, thread_headers(message, now))

    @property
    def heaviest(self) -> int:
        """Octets that an answer may have, by its attachments alone."""
        return self._library.heaviest

    def page(self, answer: Answer) -> str:
        """The answer's HTML for a browser, which cannot look for the logo in the letter: it is in the page itself."""
        return answer.html.replace(f"cid:{LOGO_ID}", self._logo_url)

    def language(self, decision: Decision, message: Message, mailbox: Mailbox) -> str:
        """The language that the answer would be in; `decision` must be one that replies."""
        rule = decision.rule
        if rule is None or rule.reply is None:
            raise ValueError("this decision answers nobody")
        return self._library.chosen(rule.reply, self._tongues(rule.reply, decision, message, mailbox))

    def _tongues(self, name: str, decision: Decision, message: Message, mailbox: Mailbox) -> tuple[str, ...]:
        """Rule, then contact, then the letter's text where that is sure, then its headers, then the mailbox."""
        wanted, own = decision.rule.language if decision.rule else "", decision.contact.cell("language")
        if wanted:
            return wanted, mailbox.language
        if len(self._library.languages(name)) < 2:
            return (mailbox.language,)
        if own and self._library.speaks(name, own):
            return own, mailbox.language
        guess = self._language(message.subject, message.text)
        return *([guess] if guess else []), *languages.asked_for(message), mailbox.language

    def _finish(self, rendered: Rendered, values: Values, target: Address, seed: str, thread: Sequence[str]) -> Answer:
        sender = Address("", values.mailbox_address)
        message_id = self._signer.message_id(seed, sender.domain)
        token = self._signer.token(message_id)
        head = [
            f"From: {mailbox_header(rendered.from_name or self._brand.name, sender)}",
            f"To: {mailbox_header(person(target.name, target.email)[0], target)}",
            f"Subject: {encoded(rendered.subject, len('Subject: '))}",
            f"Date: {format_datetime(values.now.astimezone(values.office.zone))}",
            f"Message-ID: {message_id}",
        ]
        head += [
            *thread,
            "Auto-Submitted: auto-replied",
            "X-Auto-Response-Suppress: All",
            f"{TOKEN_HEADER}: {token}",
            *([f"Content-Language: {rendered.language}"] if languages.is_tag(rendered.language) else []),
            "MIME-Version: 1.0",
        ]
        page = text_part("html", rendered.html)
        if self._logo:
            page = multipart('related; type="text/html"', f"=_r_{token}", (page, self._logo))
        body = multipart("alternative", f"=_a_{token}", (text_part("plain", rendered.text), page))
        if rendered.attachments:
            body = multipart("mixed", f"=_m_{token}", (body, *(one.part for one in rendered.attachments)))
        raw = "\r\n".join(head).encode("utf-8") + b"\r\n" + body + b"\r\n"
        return Answer(
            raw, message_id, rendered.subject, rendered.text, rendered.html, rendered.language, "auto",
            rendered.attachments,
        )  # fmt: skip


def _as_test(rendered: Rendered, name: str) -> Rendered:
    """The same, marked as a test in subject and body."""
    mark = f"This is a test of the answer “{name}”. Nobody has written to you, and nobody waits for you."
    style = "margin: 0;padding: 12px 16px;background-color: #fff3cd;color: #1f2328;font-size: 14px;line-height: 21px;"
    banner = f'<p style="{style}">{escape(mark)}</p>'
    return replace(
        rendered,
        subject=f"[TEST] {rendered.subject}",
        text=f"*** {wrap(mark, 66)} ***\n\n{rendered.text}",
        html=re.sub("(<body[^>]*>)", lambda found: found[1] + banner, rendered.html, count=1),
    )


def _name_of(message: Message, target: Address) -> str:
    """The name that From gives to the target's address, for a Reply-To without one."""
    return next((a.name for a in message.from_ if a.name and a.email.lower() == target.email.lower()), "")
