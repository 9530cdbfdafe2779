"""Who is silenced and who is not: one line of header for each kind of machine, and as many for people."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from autoresponder.core.authres import authenticated
from autoresponder.core.guards import GUARDS, SOFT_GUARDS, Scene, suppressed
from autoresponder.core.history import History
from autoresponder.core.message import Arrival, Message, parse
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.target import target_of
from autoresponder.core.token import TOKEN_HEADER, Signer

OWN = frozenset(("contact@ours.example", "info@ours.example", "sales@other.example"))
MAILBOX = Mailbox("contact", "contact@ours.example", aliases=("info@ours.example", "*@alias.example"))
SIGNER = Signer(b"k" * 32)
POLICY = Policy({"contact": MAILBOX}, (), own=OWN, authserv_ids=frozenset(("mx.ours.example",)), signer=SIGNER)
ARRIVAL = Arrival("contact", "INBOX", 1, 1, datetime(2026, 11, 22, tzinfo=UTC))
PERSON = {
    "Return-Path": "<ana@shop.example>",
    "From": "Ana Gil <ana@shop.example>",
    "To": "contact@ours.example",
    "Subject": "Twenty chairs",
    "Message-ID": "<1@shop.example>",
}


def letter(fields: Mapping[str, str | None], text: str = "Hello, do you have chairs?") -> Message:
    """Ana's letter with some fields changed, added or (None) left out."""
    header = "".join(f"{name}: {value}\r\n" for name, value in {**PERSON, **fields}.items() if value is not None)
    return parse(f"{header}\r\n{text}".encode("utf-8", "surrogateescape"))


def objections(
    message: Message, arrival: Arrival = ARRIVAL, policy: Policy = POLICY, history: History | None = None
) -> list[str]:
    """The names of all guards that object; each sentence must be fit to be shown."""
    target, _ = target_of(message, policy.own)
    scene = Scene(message, arrival, policy.mailboxes[arrival.mailbox], policy, target, history or History())
    said = [(guard.name, guard.check(scene)) for guard in GUARDS]
    assert all(len(why) < 300 and "\n" not in why for _, why in said)
    return [name for name, why in said if why]


MACHINES: list[tuple[str, dict[str, Any]]] = [
    ("null-return-path", {"Return-Path": "<>"}),
    ("null-return-path", {"Return-Path": "<#@[]>"}),
    ("no-sender", {"From": ""}),
    ("no-sender", {"From": "Mail System <>"}),
    ("no-sender", {"From": "ana@localhost"}),
    ("no-sender", {"From": "a@b.example, c@d.example"}),
    ("own-address", {"From": "Contact@OURS.example"}),
    ("own-address", {"From": "sales@other.example"}),
    ("own-address", {"Reply-To": "contact+x@ours.example"}),
    ("own-address", {"From": "anybody@alias.example"}),
    ("own-letter", {"Message-ID": SIGNER.message_id("seed", "ours.example")}),
    ("own-letter", {TOKEN_HEADER: "of another one like us"}),
    ("auto-submitted", {"Auto-Submitted": "auto-replied"}),
    ("auto-submitted", {"Auto-Submitted": "auto-generated (failure)"}),
    ("auto-submitted", {"Auto-Submitted": '(a comment) Auto-Notified; owner-email="x@y.example"'}),
    ("auto-submitted", {"auto-submitted": "no", "AUTO-Submitted": "auto-replied"}),
    ("precedence", {"Precedence": "bulk"}),
    ("precedence", {"Precedence": "LIST (really)"}),
    ("precedence", {"X-Precedence": "auto_reply"}),
    ("precedence", {"precedence": "first-class", "Precedence": "junk"}),
    ("list", {"List-Id": "Chairs <chairs.lists.example>"}),
    ("list", {"List-Post": "<mailto:chairs@lists.example>"}),
    ("list", {"Mailing-List": "contact chairs-help@lists.example; run by ezmlm"}),
    ("list", {"X-ML-Name": "chairs"}),
    ("list", {"X-MLServer": "fml"}),
    ("list", {"Delivered-To": "mailing list chairs@lists.example"}),
    ("robot-header", {"X-Autoreply": "yes"}),
    ("robot-header", {"X-Autorespond": ""}),
    ("robot-header", {"X-Loop": "ana@shop.example"}),
    ("robot-header", {"X-POST-MessageClass": "9; Autoresponder"}),
    ("robot-header", {"X-Ack": "No"}),
    ("robot-header", {"X-Cron-Env": "<SHELL=/bin/sh>"}),
    ("robot-header", {"X-Apple-Action": "VACATION"}),
    ("robot-header", {"X-JIRA-FingerPrint": "0123"}),
    ("robot-header", {"X-Mailer": "Zendesk Mailer"}),
    ("report", {"Content-Type": "multipart/report; report-type=delivery-status; boundary=b"}),
    ("report", {"Content-Type": "multipart/report; report-type=tlsrpt; boundary=b"}),
    ("report", {"Content-Type": "multipart/mixed; report-type=delivery-status; boundary=b"}),
    ("report", {"Content-Type": "message/disposition-notification"}),
    ("report", {"X-Failed-Recipients": "x@y.example"}),
    ("report", {"X-MS-Exchange-Inbox-Rules-Loop": "x@y.example"}),
    ("calendar", {"Content-Type": "text/calendar; method=REPLY"}),
    ("spam", {"X-Spam-Flag": "YES"}),
    ("spam", {"X-Spam-Status": "Yes, score=12.3"}),
    ("spam", {"X-Rspamd-Action": "add header"}),
    ("spam", {"X-MS-Exchange-Organization-SCL": "9"}),
    ("spam", {"X-Forefront-Antispam-Report": "CIP:192.0.2.1;CAT:SPM;SFV:SPM;SCL:5"}),
    ("spam", {"Subject": "***SPAM*** chairs"}),
    ("dmarc-fail", {"Authentication-Results": "mx.ours.example; dmarc=fail (p=none) header.from=shop.example"}),
    ("not-addressed", {"To": "somebody@shop.example"}),
    ("not-addressed", {"To": None}),
    ("unsubscribe", {"List-Unsubscribe": "<https://shop.example/u>"}),
    ("bulk-header", {"Feedback-ID": "1:2:3:esp"}),
    ("bulk-header", {"Feedback-ID": "1:user:proton:esp"}),
    ("bulk-header", {"Feedback-ID": "12:user:proton", "X-Campaign": "autumn"}),
    ("bulk-header", {"X-Report-Abuse": "Please forward a copy of this message to abuse@esp.example"}),
    ("bounce-return-path", {"Return-Path": "<bounces+1-contact=ours.example@esp.example>"}),
    ("errors-to", {"Errors-To": "owner@lists.example"}),
    ("many-recipients", {"Cc": ", ".join(f"x{n}@y.example" for n in range(70))}),
    ("many-recipients", {"To": "undisclosed-recipients:;", "Delivered-To": "contact@ours.example"}),
    *(
        ("daemon-address", {"From": f"x <{local}@shop.example>"})
        for local in (
            "MAILER-DAEMON", "postmaster", "post_master", "Mail.Delivery.System", "noreply",
            "no-reply", "no_reply-7", "donotreply",
            "do.not.reply", "shop-noreply", "gmail-noreply", "noreply+abc", "owner-chairs",
            "chairs-request", "chairs-bounces",
            "chairs-bounces+ana=x.example", "bounce", "LISTSERV", "majordomo", "autoreply",
            "auto-responder", "ndr", "nicht-antworten",
            "ne-pas-repondre", "noresponder", "no-contestar", "nao-responda", "non-rispondere",
            "niet-beantwoorden", "chairs+owner",
            "chairs-unsubscribe", "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e", "opendmarc-postmaster",
        )
    ),
    ("daemon-address", {"Reply-To": "noreply@shop.example"}),
    ("daemon-address", {"Sender": "owner-chairs@lists.example"}),
    ("daemon-address", {"From": "Ana <ana@users.noreply.shop.example>"}),
    ("daemon-return-path", {"Return-Path": "<MAILER-DAEMON>"}),
    ("daemon-return-path", {"Return-Path": "<chairs-bounces@lists.example>"}),
    ("daemon-return-path", {"Return-Path": "<owner-chairs@lists.example>"}),
    ("daemon-return-path", {"Return-Path": "<chairs-return-17-ana=shop.example@lists.example>"}),
    ("daemon-return-path", {"Return-Path": "<SRS0=ab=cd=lists.example=postmaster@forwarder.example>"}),
    ("daemon-return-path", {"Return-Path": "<prvs=0123456789=mailer-daemon@shop.example>"}),
    *(
        ("role-sender", {"From": f"x <{local}@shop.example>"})
        for local in ("root", "www-data", "notifications", "order-notification", "alerts",
        "nagios", "newsletter", "webmaster",
                      "abuse", "cron", "backup01", "scanner")
    ),
    *(
        ("machine-subject", {"Subject": subject})
        for subject in (
            "Automatic reply: Twenty chairs", "AUTO: away", "Out of Office: hi",
            "[EXT] Out of office", "Respuesta automática: sillas",
            "Respuesta automatica: sillas", "Resposta automàtica: cadires", "Resposta automática",
            "Réponse automatique : chaises",
            "Automatische Antwort: Stühle", "Abwesenheitsnotiz", "Risposta automatica: sedie",
            "Automatisch antwoord: stoelen",
            "Automatyczna odpowiedź: krzesła", "Răspuns automat: scaune", "Autosvar: stolar",
            "Automaattinen vastaus: tuolit",
            "Automatická odpověď: židle", "Automatikus válasz: székek",
            "Автоматический ответ: стулья", "Αυτόματη απάντηση: x",
            "Otomatik yanıt: x", "自動応答: 椅子", "自动回复: 椅子", "자동 회신: x", "Erantzun automatikoa: aulkiak",
            "Undeliverable: Twenty chairs", "Unzustellbar: Stühle",
            "Undelivered Mail Returned to Sender", "failure notice",
            "Returned mail: see transcript for details", "Mail delivery failed: returning message to sender",
            "[shop #12] AutoReply: chairs", "Report Domain: ours.example Submitter: x Report-ID: 1", "Read: chairs",
            "RE: Your message to chairs awaits moderator approval",
        )
    ),
    *(
        ("machine-name", {"From": f'"{name}" <ana@shop.example>'})
        for name in ("Mail Delivery System", "Mail Delivery Subsystem", "MAILER-DAEMON",
        "Postmaster", "System Administrator",
                     "Microsoft Outlook", "Cron Daemon", "Do Not Reply", "Ana via RT", "No-Reply (Shop)")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("guard", "fields"), MACHINES, ids=lambda v: v if isinstance(v, str) else repr(v)[:70])
def test_machines_are_silenced(guard: str, fields: dict[str, str]) -> None:
    assert guard in objections(letter(fields))


PEOPLE: list[dict[str, Any]] = [
    {},
    {"Auto-Submitted": "no"},
    {"Auto-Submitted": "no (a person)"},
    {"Message-ID": None},
    {"Return-Path": None},
    {"Precedence": "first-class"},
    {"X-Mailer": "PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)", "X-PHP-Originating-Script": "33:form.php"},
    {"Return-Path": "<0100018f@bounce.esp.example>"},
    {"Return-Path": "<ana@bounces.shop.example>"},
    {"Return-Path": "<return-path@shop.example>"},
    {"Return-Path": "<nobody@web1.hosting.example>"},
    {"Return-Path": "<SRS0=ab=cd=shop.example=ana@forwarder.example>"},
    {"Return-Path": "<prvs=0123456789=ana@shop.example>"},
    {"X-Auto-Response-Suppress": "DR, RN, NRN"},
    {"X-Spam-Status": "No, score=-1", "X-Spam-Flag": "NO", "X-Rspamd-Action": "no action"},
    {"X-MS-Exchange-Organization-SCL": "1", "X-Forefront-Antispam-Report": "SFV:NSPM;SCL:1;CAT:NONE"},
    {"From": "Shop form <web@ours.example>", "Reply-To": "ana@shop.example"},
    {"From": "contact@ours.example", "Reply-To": "Ana <ana@shop.example>"},
    {"From": "noreply@ours.example", "Sender": "wordpress@ours.example", "Reply-To": "ana@shop.example",
     "Return-Path": "<bounces+12-contact=ours.example@esp.example>"},
    {"From": "No-Reply <noreply@ours.example>", "Reply-To": "Ana Gil <ana@shop.example>"},
    {"From": "forms@forms.example", "Reply-To": "ana@shop.example", "Return-Path": "<bounces+12@forms.example>"},
    *({"Feedback-ID": value} for value in (
        "17485103:user:proton", "i56a14606:Fastmail", "rr080112:zu080112:rf080112:ZohoMail",
        "webmail:qq.com:bgforeign:bgforeign11", "esmtpsz:shop.example:qybglogicsvrgz:qybglogicsvrgz8a-1")),
    {"X-Report-Abuse": "Please report any abuse attempt to abuse@migadu.com and include these headers."},
    {"X-Report-Abuse": "abuse@forwardemail.net"},
    {"Authentication-Results": "mx.evil.example; dmarc=fail"},
    {"Authentication-Results": "mx.ours.example; dmarc=pass header.from=shop.example"},
    {"To": "Info <info@OURS.example>"},
    {"To": "contact+shop@ours.example"},
    {"To": "anything@alias.example"},
    {"To": "somebody@shop.example", "Cc": "contact@ours.example"},
    {"To": "somebody@shop.example", "Delivered-To": "contact@ours.example"},
    {"Reply-To": "a@b.example, c@d.example"},
    {"Content-Type": "text/calendar; method=REQUEST"},
    {"Content-Type": "multipart/signed; boundary=b"},
    *({"From": f"x <{local}@shop.example>"} for local in (
        "info", "support", "service", "admin", "sales", "peter.drucker", "norman.mailer", "tom.jenkins", "bruno.reply",
        "bounceland", "newsome", "alerton", "juan.bot", "tax-return-2024", "ownership",
        "requestor", "rootes", "daemonic")),
    *({"Subject": subject} for subject in (
        "Re: Automatic reply: chairs", "Delivery problem with my order",
        "Delivery failed, where is my parcel?", "Absence on Monday",
        "Problem: the door is broken", "Urlaub im August", "Accepted: your offer 12",
        "Zustellung fehlgeschlagen", "Entrega retrasada",
        "Automatic doors for our shop", "Autoclave", "Alert! my chair broke", "Fuera de servicio",
        "Returned goods", "Undelivered parcel",
        "No entregado", "[Shop] chairs", "", "RE: RE: Out of office")),
    *({"From": f'"{name}" <ana@shop.example>'} for name in (
        "Peter Postma", "Root Capital", "Bounce Ltd", "Sympa SARL", "Nobody Inc",
        "Daemon Smith", "Jira Novak", "Scanner Shop", "Ann Mailman")),
]  # fmt: skip


@pytest.mark.parametrize("fields", PEOPLE, ids=lambda v: repr(v)[:90])
def test_people_are_answered(fields: dict[str, str]) -> None:
    assert objections(letter(fields)) == []


FORM = {"From": "Portal <no-reply@portal.example>", "Reply-To": "Ana <ana@shop.example>"}
FORMS: list[tuple[dict[str, Any], list[str]]] = [
    # fields beside these, who objects; first what a rule may overrule
    ({}, ["form-sender"]),
    ({"Return-Path": "<no-reply@portal.example>", "Sender": "noreply@mailer.example"}, ["form-sender"]),
    ({"Return-Path": "<SRS0=ab=cd=portal.example=noreply@forwarder.example>"}, ["form-sender"]),
    ({"Return-Path": "<bounces+5512@em.portal.example>"}, ["form-sender"]),
    *(({"From": f"{local}@portal.example"}, ["form-sender"]) for local in (
        "noreply", "noreply+17", "do_not_reply", "portal-noreply", "nao-responda", "no-reply.leads")),
    ({"From": "noreply@noreply.portal.example"}, ["form-sender"]),
    ({"From": "noreply@myshop.example"}, ["form-sender"]),  # ends alike, is another
    ({"From": "No Reply <noreply@portal.example>"}, ["form-sender", "machine-name"]),
    ({"From": "noreply-notifications@portal.example"}, ["form-sender", "role-sender"]),
    ({"Reply-To": "ana@shop.example, Ana <ANA@shop.example>"}, ["form-sender"]),
    # whatever else speaks for a machine stays hard
    ({"Reply-To": None}, ["daemon-address"]),
    ({"Reply-To": "help@portal.example"}, ["daemon-address"]),
    ({"Reply-To": "help@desk.portal.example"}, ["daemon-address"]),
    ({"From": "noreply@mail.portal.example", "Reply-To": "help@portal.example"}, ["daemon-address"]),
    ({"Reply-To": "noreply@shop.example"}, ["daemon-address"]),
    ({"Reply-To": "chairs-request@shop.example"}, ["daemon-address"]),
    ({"Reply-To": "ana@shop.example, eva@shop.example"}, ["daemon-address"]),
    ({"Reply-To": "ana@shop.example, eva"}, ["daemon-address"]),
    ({"Reply-To": "eva"}, ["daemon-address"]),
    ({"From": "noreply@portal.example, eva@x.example"}, ["daemon-address"]),
    *(({"From": f"{local}@portal.example"}, ["daemon-address"]) for local in (
        "mailer-daemon", "postmaster", "postmaster-noreply", "noreply-bounces", "owner-noreply", "bounce-noreply",
        "autoreply", "noreply-request", "unmonitored")),
    ({"From": "ana@users.noreply.portal.example"}, ["daemon-address"]),
    ({"Sender": "owner-chairs@lists.example"}, ["daemon-address", "form-sender"]),
    ({"Return-Path": "<mailer-daemon@portal.example>"}, ["daemon-return-path", "form-sender"]),
    ({"Return-Path": "<>"}, ["null-return-path", "form-sender"]),
    ({"Auto-Submitted": "auto-generated"}, ["auto-submitted", "form-sender"]),
    ({"Precedence": "bulk"}, ["precedence", "form-sender"]),
    ({"Reply-To": "info@ours.example"}, ["own-address", "form-sender"]),
    ({"From": "noreply@ours.example"}, []),  # our own web form
]  # fmt: skip


@pytest.mark.parametrize(("fields", "guards"), FORMS, ids=lambda v: repr(v)[:90])
def test_a_form_s_no_reply_address_is_a_hint_and_nothing_more(fields: dict[str, Any], guards: list[str]) -> None:
    assert objections(letter({**FORM, **fields})) == guards


TEXTS = [
    ("This is the mail system at host mx.shop.example.\n\nI'm sorry to have to inform you", ["machine-text"]),
    ("*** This is an automatically generated message", ["machine-text"]),
    ("Este es un mensaje automático, por favor no responda", ["machine-text"]),
    ("hi\n\n" + "_" * 47 + "\nChairs mailing list\nChairs@lists.example", ["machine-text"]),
    ("hi\n\n> " + "_" * 47 + "\n> Chairs mailing list\n", []),
    ("Your courier was not able to deliver my chairs", []),
    ("When I wrote to you I got: this is the mail system at host", []),
]


@pytest.mark.parametrize(("text", "guards"), TEXTS)
def test_how_a_text_begins(text: str, guards: list[str]) -> None:
    assert objections(letter({}, text)) == guards


def test_delivery_failed_is_a_bounce_where_the_text_speaks_of_mail() -> None:
    assert objections(letter({"Subject": "Delivery Failure"}, "550 5.1.1 no such user")) == ["machine-subject"]


def test_what_surrounds_the_letter() -> None:
    message = letter({})
    assert objections(message, replace(ARRIVAL, folder="INBOX/Junk")) == ["spam"]
    assert objections(message, replace(ARRIVAL, flags=frozenset(("$Junk",)))) == ["spam"]
    assert objections(message, replace(ARRIVAL, flags=frozenset(("$NotJunk", "\\Seen")))) == []
    assert objections(message, history=History(bounced=ARRIVAL.arrived)) == ["bounced"]
    elsewhere = letter({"To": "somebody@shop.example"})
    assert objections(elsewhere, policy=replace(POLICY, any_recipient=True)) == []
    hops = parse(b"Received: x\r\n" * 26 + b"From: ana@shop.example\r\nTo: contact@ours.example\r\n\r\nhi")
    assert objections(hops) == ["hops"]


def test_dmarc_is_believed_only_from_our_own_server() -> None:
    forged = {"Authentication-Results": "mx.ours.example; dmarc=fail"}
    nobody = replace(POLICY, authserv_ids=frozenset())
    assert objections(letter(forged), policy=nobody) == []
    assert not authenticated(letter({"Authentication-Results": "mx.ours.example; dmarc=pass"}), nobody)
    on_top = parse(
        b"Authentication-Results: mx.ours.example; dmarc=fail\r\n"
        b"Authentication-Results: mx.ours.example; dmarc=pass\r\n"
        b"From: ana@shop.example\r\nTo: contact@ours.example\r\n\r\nhi"
    )
    assert objections(on_top) == ["dmarc-fail"]
    assert not authenticated(on_top, POLICY)


AUTHENTICATED = [
    ("mx.ours.example; dmarc=pass (p=REJECT) header.from=shop.example; spf=pass", True),
    ("mx.ours.example 1; spf=pass smtp.mailfrom=x; dkim=pass header.d=shop.example", True),
    ("mx.ours.example; dkim=pass header.i=@mail.shop.example", False),
    ("mx.ours.example; dkim=pass header.d=other.example", False),
    ("mx.ours.example; dkim=pass header.d=example", False),
    ("mx.ours.example; dmarc=none; dkim=pass header.d=shop.example", False),
    ("mx.ours.example; none", False),
    ("mx.evil.example; dmarc=pass", False),
    ("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=shop.example; dmarc=pass action=none", False),
    ("", False),
    (";;;=;(((", False),
]


@pytest.mark.parametrize(("value", "yes"), AUTHENTICATED)
def test_authenticated(value: str, yes: bool) -> None:
    assert authenticated(letter({"Authentication-Results": value}), POLICY) is yes


def test_microsoft_leaves_its_name_out() -> None:
    message = letter(
        {"Authentication-Results": "spf=pass smtp.mailfrom=x;dmarc=pass action=none header.from=shop.example"}
    )
    assert authenticated(message, replace(POLICY, authserv_ids=frozenset(("",))))


TARGETS: list[tuple[dict[str, str], str | None]] = [
    ({}, "ana@shop.example"),
    ({"Reply-To": "b@c.example"}, "b@c.example"),
    ({"Reply-To": "b@c.example, B <B@C.example>"}, "b@c.example"),
    ({"Reply-To": "b@c.example, d@e.example"}, "ana@shop.example"),
    ({"Reply-To": "not an address"}, "ana@shop.example"),
    ({"From": "contact@ours.example", "Reply-To": "b@c.example"}, "b@c.example"),
    ({"From": "a@b.example, c@d.example", "Sender": "c@d.example"}, "c@d.example"),
    ({"From": "a@b.example, c@d.example", "Sender": "x@d.example"}, None),
    ({"From": "Eve <eve@x.example\r\n\tBcc: y@z.example>"}, None),
    ({"From": "eve@x.example%0d%0aBcc@"}, None),
    ({"From": ""}, None),
]


@pytest.mark.parametrize(("fields", "email"), TARGETS)
def test_whom_to_answer(fields: dict[str, str], email: str | None) -> None:
    target, why = target_of(letter(fields), OWN)
    assert (target.email if target else None) == email
    assert why


SUPPRESSED = [
    ("All", "acknowledgement", True),
    ("all", "out-of-office", True),
    ("DR, OOF, AutoReply", "acknowledgement", True),
    ("DR, OOF", "acknowledgement", False),
    ("OOF", "out-of-office", True),
    ("AutoReply", "out-of-office", False),
    ("DR, RN, NRN, NDR", "acknowledgement", False),
    ("None", "out-of-office", False),
]


@pytest.mark.parametrize(("value", "kind", "yes"), SUPPRESSED)
def test_the_wish_not_to_be_answered(value: str, kind: str, yes: bool) -> None:
    assert bool(suppressed(letter({"X-Auto-Response-Suppress": value}), kind)) is yes


def test_the_table() -> None:
    names = [guard.name for guard in GUARDS]
    assert len(set(names)) == len(names)
    assert {guard.name for guard in GUARDS if not guard.hard} == SOFT_GUARDS
    assert all(guard.check.__doc__ for guard in GUARDS)
