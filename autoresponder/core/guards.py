"""The guards: who never gets an answer, as a table of (name, hard or soft, function).

A guard function looks at a `Scene` and returns "" or the sentence why there must be silence. Hard guards cannot be
overruled; a soft guard can, by a rule's `answer_despite`. Order matters only for which reason is shown. Pure, never
raises; the whole table costs some tens of microseconds for an ordinary letter.

A wrong silence is a fault too: what is *not* here was left out on purpose (`Auto-Submitted: no`, no Message-ID, no
Return-Path, X-Mailer of a web form, `bounce.*` domains, X-Auto-Response-Suppress: DR).
"""

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from autoresponder.core import fields
from autoresponder.core.address import Address, is_own, matches, parse_addresses
from autoresponder.core.authres import dmarc
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Headers, Message
from autoresponder.core.mime import strip_comments
from autoresponder.core.phrases import (
    ABOUT_MAIL,
    AUTO,
    BY_PEOPLE,
    DELIVERY_SUBJECTS,
    GOES_ON,
    NAME_ENDS,
    NAMES,
    NOTES,
    OPENINGS,
    PUPIL,
    RECEIVED,
    SUBJECT_PARTS,
    SUBJECTS,
    TEXTS,
    WHOLE_NAMES,
)
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.robots import is_bounce_box, is_role, machine, only_no_reply, unwrapped
from autoresponder.core.target import target_of
from autoresponder.core.text import fold, shown
from autoresponder.core.token import TOKEN_HEADER


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a guard may look at. `target` is whom an answer would go to (None: nobody usable)."""

    message: Message
    arrival: Arrival
    mailbox: Mailbox
    policy: Policy
    target: Address | None
    history: History


@dataclass(frozen=True, slots=True)
class Guard:
    """One row of the table. `name` is what trace, log and `answer_despite` call it (lower-case, with hyphens)."""

    name: str
    hard: bool
    check: Callable[[Scene], str]


def suppressed(message: Message, kind: str) -> str:
    """ "" or the sentence why X-Auto-Response-Suppress asks an answer of this kind (acknowledgement | out-of-office)
    to be left unsent ([MS-OXCMAIL] section 2.1.3.2.20). DR, RN, NRN and NDR ask about other things."""
    wishes = {"all", "oof" if kind == "out-of-office" else "autoreply"}
    for value in message.headers.all("x-auto-response-suppress"):
        if not wishes.isdisjoint(strip_comments(value).lower().replace(",", " ").replace(";", " ").split()):
            return f"the sender wants no automatic answer (X-Auto-Response-Suppress: {shown(value)})"
    return ""


def _said(name: str, value: str) -> str:
    return f"{name}: {shown(value)}" if value else name


def _among(wanted: Set[str], headers: Headers) -> list[str]:
    """Which of the wanted fields a letter has, in its order."""
    return [] if wanted.isdisjoint(headers.names) else [name for name in headers.names if name in wanted]


# -- whom -------------------------------------------------------------------------------------------------------------


def _no_sender(scene: Scene) -> str:
    """RFC 3834 section 2: an answer needs one address to go to."""
    return "" if scene.target else target_of(scene.message, scene.policy.own)[1]


def _own_letter(scene: Scene) -> str:
    """RFC 3834 section 2: never answer our own answers, nor those of another one of our kind."""
    message, signer = scene.message, scene.policy.signer
    if signer and message.message_id and signer.is_ours(message.message_id):
        return f"we sent it ourselves (Message-ID: {shown(message.message_id)})"
    if message.headers.has(TOKEN_HEADER):
        return f"an autoresponder like this one sent it ({TOKEN_HEADER})"
    return ""


def _own_address(scene: Scene) -> str:
    """RFC 5230 section 4.5: never answer ourselves, an alias of ours or another mailbox of ours."""
    if scene.target and _is_ours(scene.target.email, scene):
        return f"the answer would go to our own address {shown(scene.target.email)}"
    return ""


def _is_ours(email: str, scene: Scene) -> bool:
    patterns = (alias for alias in scene.mailbox.aliases if "*" in alias or alias.startswith("@"))
    return is_own(email, scene.policy.own) or any(matches(alias, email) for alias in patterns)


def _bounced(scene: Scene) -> str:
    """RFC 3834 section 2: an address that was proven undeliverable gets nothing more for a while."""
    if scene.history.bounced is None:
        return ""
    return f"mail to this address bounced on {scene.history.bounced:%Y-%m-%d}"


# -- what the header says ---------------------------------------------------------------------------------------------


def _null_return_path(scene: Scene) -> str:
    """RFC 3834 section 2, RFC 5321 section 4.5.5: the null reverse-path is for what must not be answered."""
    for path in scene.message.return_paths:
        if path in ("", "#@[]"):
            return "the envelope sender is null (Return-Path: <>)"
    return ""


def _auto_submitted(scene: Scene) -> str:
    """RFC 3834 section 5: anything but `no`, in any occurrence, without comments and parameters."""
    for value in scene.message.headers.all("auto-submitted"):
        word = strip_comments(value).partition(";")[0].strip().lower()
        if word not in ("no", ""):
            return f"a program sent it (Auto-Submitted: {shown(value)})"
    return ""


def _precedence(scene: Scene) -> str:
    """RFC 3834 section 2 and 3.1.8, RFC 2076 section 3.9."""
    for name in ("precedence", "x-precedence"):
        for value in scene.message.headers.all(name):
            if strip_comments(value).strip("\"' ").lower() in fields.BULK:
                return f"it is bulk mail ({name.title()}: {shown(value)})"
    return ""


def _list(scene: Scene) -> str:
    """RFC 2369, RFC 2919, RFC 5230 section 4.5 (List-Unsubscribe alone is only a hint), and lists older than these."""
    headers = scene.message.headers
    for name in _among(fields.LIST, headers):
        return f"it came through a mailing list ({_said(name.title(), headers.first(name))})"
    for value in headers.all("delivered-to"):
        if value.lower().startswith("mailing list "):
            return f"it came through a mailing list (Delivered-To: {shown(value)})"
    return ""


def _robot_header(scene: Scene) -> str:
    """RFC 3834 section 3.1.8 and what autoresponders, ticket systems and monitors write into headers of their own."""
    headers = scene.message.headers
    for name in _among(fields.ROBOT, headers):
        value = headers.first(name)
        if value.strip().lower() not in ("no", "false", "0"):
            return f"a program sent it ({_said(name.title(), value)})"
    for name, pattern in fields.ROBOT_VALUES:
        for value in headers.all(name):
            if pattern.search(value):
                return f"a program sent it ({_said(name.title(), value)})"
    return ""


def _report(scene: Scene) -> str:
    """RFC 3462, 3464, 8098, 5965, 8460: delivery, disposition, feedback and TLS reports, and DSNs from before these."""
    message = scene.message
    for kind in message.types:
        if kind in fields.REPORT_TYPES:
            return f"it is a report of a mail system ({kind})"
    for name in _among(fields.REPORT, message.headers):
        return f"it is a report of a mail system ({_said(name.title(), message.headers.first(name))})"
    if "report-type=" in message.headers.first("content-type").lower():
        return f"it is a report of a mail system (Content-Type: {shown(message.headers.first('content-type'))})"
    return ""


def _calendar(scene: Scene) -> str:
    """RFC 5546 section 1.4: answers to invitations and cancellations; an invitation itself is a person's letter."""
    if scene.message.calendar in ("reply", "cancel", "counter", "declinecounter", "refresh"):
        return f"a calendar program sent it (text/calendar; method={scene.message.calendar})"
    return ""


def _spam(scene: Scene) -> str:
    """The spam filter's verdict, wherever it wrote it: an answer to spam goes to an innocent person (RFC 3834 section
    2)."""
    arrival, headers = scene.arrival, scene.message.headers
    for flag in arrival.flags:
        if flag.lower() in fields.JUNK_FLAGS:
            return f"it is marked as spam (keyword {flag})"
    if re.split(r"[./\\]", arrival.folder)[-1].lower() in fields.JUNK_FOLDERS:
        return f"it lies among the spam (folder {shown(arrival.folder)})"
    for name in _among(fields.SPAM.keys(), headers):
        for value in headers.all(name):
            if fields.SPAM[name].search(value):
                return f"a filter took it for spam ({_said(name.title(), value)})"
    if fields.SPAM_SUBJECT.match(scene.message.subject):
        return f"a filter took it for spam (Subject: {shown(scene.message.subject)})"
    return ""


def _dmarc_fail(scene: Scene) -> str:
    """RFC 7489 section 6.6.2, RFC 3834 section 4: From was forged; the answer would be backscatter."""
    if dmarc(scene.message, scene.policy) == "fail":
        return "our server says that From is forged (Authentication-Results: dmarc=fail)"
    return ""


# -- who it comes from, and to whom -----------------------------------------------------------------------------------


def _is_form(scene: Scene) -> bool:
    """Whether a form or portal of others sent it for the one person in Reply-To: From is a no-reply address, Reply-To
    (the target) is a person's elsewhere. What is below the other's domain is no elsewhere: a company's own desk."""
    message, target = scene.message, scene.target
    if not message.reply_to or target is None or len(message.from_) != 1:
        return False
    author = message.from_[0]
    if any(address.key != target.key for address in message.reply_to) or not only_no_reply(author.local):
        return False
    here, there = f".{author.domain}", f".{target.domain}"
    return not (here.endswith(there) or there.endswith(here) or machine(target.local, target.domain))


def _senders(scene: Scene) -> Iterator[tuple[str, Address]]:
    """The addresses that stand for the sender, with the name of their field. Our own web form's From and Return-Path
    (no-reply@ our domain, bounces+…@ its mail service) say nothing about the customer in Reply-To."""
    message, target = scene.message, scene.target
    form = target is not None and _is_own_form(scene, target)
    for address in message.reply_to:
        yield "Reply-To", address
    if form:
        return
    for address in message.from_:
        yield "From", address
    for address in message.sender:
        yield "Sender", address


def _is_own_form(scene: Scene, target: Address) -> bool:
    """Whether one of our own web forms sent it: From at a domain of ours, Reply-To (the target) elsewhere."""
    if not scene.message.reply_to or not scene.message.from_:
        return False
    domains = {key.rpartition("@")[2] for key in scene.policy.own}
    return scene.message.from_[0].domain in domains and target.domain not in domains


def _daemon_address(scene: Scene) -> str:
    """RFC 3834 section 2, RFC 5230 section 4.5: daemons, lists, no-reply addresses, also as part of a longer local
    part. Those of a form or portal are left to `form-sender`."""
    form = _is_form(scene)
    for name, address in _senders(scene):
        local = address.local or (address.name.lower() if not address.email else "")
        if form and only_no_reply(local):
            continue
        if kind := machine(local, address.email.rpartition("@")[2].lower()):
            return f"{name} is {kind} ({shown(address.email or address.name)})"
    return ""


def _daemon_return_path(scene: Scene) -> str:
    """The same for the envelope sender (RFC 3834 section 2), which may be wrapped (SRS, BATV)."""
    form = _is_form(scene)
    for path in scene.message.return_paths:
        local, at, domain = path.lower().rpartition("@")
        local = unwrapped(local if at else domain)
        kind = "" if is_bounce_box(local) else machine(local, domain if at else "")
        if kind and not (scene.target and _is_own_form(scene, scene.target)) and not (form and only_no_reply(local)):
            return f"the envelope sender is {kind} (Return-Path: {shown(path)})"
    return ""


def _not_addressed(scene: Scene) -> str:
    """RFC 5230 section 4.5: only a letter that names us as its recipient; a list or an alias elsewhere is not ours."""
    if scene.policy.any_recipient:
        return ""
    message = scene.message
    if any(_is_ours(a.email, scene) for a in (*message.to, *message.cc)):
        return ""
    values = [value for name in fields.RECIPIENT for value in message.headers.all(name)]
    if any(_is_ours(address.email, scene) for address in parse_addresses(values)):
        return ""
    to = message.headers.first("to")
    return f"it is not addressed to us ({_said('To', to) if to else 'no To field'})"


def _hops(scene: Scene) -> str:
    """RFC 5321 section 6.3: many Received lines are a loop."""
    count = len(scene.message.headers.all("received"))
    if count > scene.policy.max_received:
        return f"it passed {count} servers, which looks like a loop (Received)"
    return ""


# -- hints that a rule may overrule -----------------------------------------------------------------------------------


def _form_sender(scene: Scene) -> str:
    """RFC 3834 section 2: nobody reads a no-reply address. But forms and portals of others write from one and put the
    customer, whose answer this would be, into Reply-To."""
    target = scene.target
    if target is None or not _is_form(scene) or _is_own_form(scene, target):
        return ""
    sender = scene.message.from_[0].email
    return f"From is a no-reply address ({shown(sender)}), Reply-To is elsewhere, as forms and portals write"


def _unsubscribe(scene: Scene) -> str:
    """RFC 2369 section 3.2, RFC 8058: newsletters have it; so do some services' letters from one person to one."""
    headers = scene.message.headers
    for name in ("list-unsubscribe", "list-unsubscribe-post"):
        if headers.has(name):
            return f"it looks like a newsletter ({_said(name.title(), headers.first(name))})"
    return ""


def _bounce_return_path(scene: Scene) -> str:
    """Mailing services send from bounce+…@ (VERP). So do the services behind web forms: there Reply-To is elsewhere."""
    message, target = scene.message, scene.target
    if message.reply_to and message.from_ and target and target.domain != message.from_[0].domain:
        return ""
    for path in message.return_paths:
        if is_bounce_box(path.lower()):
            return f"a mailing service sent it (Return-Path: {shown(path)})"
    return ""


def _bulk_header(scene: Scene) -> str:
    """Feedback-ID and the campaign numbers of mailing services; not those of people's mailboxes."""
    headers = scene.message.headers
    for name in _among(fields.CAMPAIGN, headers):
        personal = fields.PERSONAL.get(name)
        if personal is None or not all(map(personal.search, headers.all(name))):
            return f"a mailing service sent it ({_said(name.title(), headers.first(name))})"
    return ""


def _errors_to(scene: Scene) -> str:
    """RFC 2076 section 3.5: where old list servers want their errors."""
    value = scene.message.headers.first("errors-to")
    return f"it looks like a list's letter (Errors-To: {shown(value)})" if value else ""


def _many_recipients(scene: Scene) -> str:
    """A letter to very many, or to recipients that are not told, is not written to us."""
    message = scene.message
    count = len(message.to) + len(message.cc)
    if count > scene.policy.max_recipients:
        return f"it went to {count} recipients"
    to = message.headers.first("to")
    hidden = "undisclosed" in to.lower() or "unlisted-recipients" in to.lower()
    return f"its recipients are not told (To: {shown(to)})" if hidden else ""


def _role_sender(scene: Scene) -> str:
    """RFC 2142 and the names under which monitors, scanners and programs send."""
    for name, address in _senders(scene):
        if is_role(address.local):
            return f"{name} is not a person's address ({shown(address.email)})"
    return ""


_LIST_FOOTER = re.compile(
    r"^(?:_{40,}|-{2,})\s*\n([^\n>]{1,80} mailing list|To unsubscribe from this list)\b", re.MULTILINE
)
_TAGS = re.compile(r"(?:\[[^\]]{1,80}\]\s*){1,3}|(?:ext|extern|external|externe)\s?:\s*")
_SPACED_COLON = re.compile(r"\s+:")


def _machine_subject(scene: Scene) -> str:
    """The subjects of automatic replies, bounces, receipts and reports, in the languages seen in real mail."""
    raw = scene.message.subject[:300]
    subject = _SPACED_COLON.sub(":", fold(raw))
    tag = _TAGS.match(subject)
    bare = subject[tag.end() :] if tag else subject
    if (
        _begins(bare)
        or (tag and _begins(subject))
        or any(part in subject for part in SUBJECT_PARTS)
        or AUTO.match(raw)
        or NOTES.match(bare)
        or (DELIVERY_SUBJECTS.begin(bare) and ABOUT_MAIL.search(fold(scene.message.text[:2000])))
    ):
        return f"its subject is that of an automatic letter (Subject: {shown(scene.message.subject)})"
    return ""


def _begins(subject: str) -> bool:
    """Whether a (folded) subject begins as only programs do. Who *asks* about an automatic reply is a person."""
    if PUPIL.match(subject):
        return False
    if phrase := SUBJECTS.begin(subject):
        return phrase.endswith(":") or subject.startswith(":", len(phrase)) or _is_over(subject, len(phrase))
    if received := RECEIVED.match(subject):
        return _is_over(subject, received.end())
    phrase = OPENINGS.begin(subject)
    return bool(phrase and GOES_ON.match(subject[len(phrase) :].lstrip()))


def _is_over(subject: str, end: int) -> bool:
    """Whether behind what programs say no person goes on, and nobody asks."""
    return not subject.endswith("?") and not BY_PEOPLE.match(subject, end)


def _machine_name(scene: Scene) -> str:
    """Display names of mail systems and robots."""
    for field, address in _senders(scene):
        if not address.name:
            continue
        name = fold(address.name)
        known = NAMES.begin(name)
        if (
            name in WHOLE_NAMES
            or name.endswith(NAME_ENDS)
            or (known and not name[len(known) : len(known) + 1].isalpha())
        ):
            return f"the sender's name is a machine's ({field}: {shown(address.name)})"
    return ""


def _machine_text(scene: Scene) -> str:
    """How mail systems and robots begin their text, and list servers end it; people who forward such a thing begin
    otherwise, and quote the rest. Our own web form may say of itself what it likes."""
    text = scene.message.text
    if scene.target and _is_own_form(scene, scene.target):
        return ""
    for line in text[:600].split("\n", 9)[:9]:
        if line and TEXTS.begin(fold(line[:100]).lstrip("*#=~[(<| ")):
            return f"its text begins like an automatic letter (“{shown(line.strip())}”)"
    if footer := _LIST_FOOTER.search(text, max(len(text) - 800, 0)):
        return f"its text ends like a mailing list's (“{shown(footer[1])}”)"
    return ""


GUARDS: tuple[Guard, ...] = (
    Guard("null-return-path", True, _null_return_path),
    Guard("no-sender", True, _no_sender),
    Guard("own-letter", True, _own_letter),
    Guard("own-address", True, _own_address),
    Guard("auto-submitted", True, _auto_submitted),
    Guard("report", True, _report),
    Guard("daemon-address", True, _daemon_address),
    Guard("daemon-return-path", True, _daemon_return_path),
    Guard("list", True, _list),
    Guard("precedence", True, _precedence),
    Guard("robot-header", True, _robot_header),
    Guard("calendar", True, _calendar),
    Guard("spam", True, _spam),
    Guard("dmarc-fail", True, _dmarc_fail),
    Guard("hops", True, _hops),
    Guard("bounced", True, _bounced),
    Guard("not-addressed", True, _not_addressed),
    Guard("form-sender", False, _form_sender),
    Guard("unsubscribe", False, _unsubscribe),
    Guard("bounce-return-path", False, _bounce_return_path),
    Guard("bulk-header", False, _bulk_header),
    Guard("errors-to", False, _errors_to),
    Guard("many-recipients", False, _many_recipients),
    Guard("role-sender", False, _role_sender),
    Guard("machine-subject", False, _machine_subject),
    Guard("machine-name", False, _machine_name),
    Guard("machine-text", False, _machine_text),
)
SOFT_GUARDS: frozenset[str] = frozenset(g.name for g in GUARDS if not g.hard)
