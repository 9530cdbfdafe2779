"""The first rules.yaml of a new mailbox, as text with comments: shadow mode, two rules, everything else as it is usual.

Pure. What it is given is quoted where YAML needs it, so that whatever an address, a company or a folder is called, the
file says just that. `config.build` reads it back without an error or a warning.
"""

import json
import re
from dataclasses import dataclass

from autoresponder.config.providers import Place

_PLAIN = re.compile(r"[A-Za-zÀ-ɏ0-9][\w@./+-]*(?: [\w@./+&-]+)*\Z")
_SPECIAL = re.compile(r"(?:true|false|null|[-+0-9.]+)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of the mailbox. `secret` is the table that says where the password (or token) is kept."""

    address: str
    imap: Place
    smtp: Place
    user: str
    smtp_user: str  # "" for a server that asks for no login
    secret: dict[str, str | list[str]]
    tokens: bool  # the secret gives access tokens, not the password
    sent: str
    company: str
    language: str
    zone: str
    country: str  # "" when not known
    schema: str  # where the editor finds the grammar
    ca_file: str = ""


def scalar(value: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    plain = _PLAIN.match(value) and not _SPECIAL.match(value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def rules_yaml(start: Start) -> str:
    """The file."""
    local = start.address.partition("@")[0]
    name = local if re.fullmatch(r"[\w.-]{1,40}", local) and not _SPECIAL.match(local) else "contact"
    return _FILE.format(
        schema=start.schema,
        name=scalar(name),
        address=scalar(start.address),
        domain=start.address.rpartition("@")[2],
        imap=_server(start.imap, _PORTS["imap"], _login(start), start.ca_file),
        smtp=_server(start.smtp, _PORTS["smtp"], _smtp_user(start), start.ca_file),
        sent=scalar(start.sent),
        language=scalar(start.language),
        zone=scalar(start.zone),
        country=start.country or "ES",
        company=scalar(start.company),
    )


_PORTS = {"imap": {"tls": 993, "starttls": 143, "none": 143}, "smtp": {"tls": 465, "starttls": 587, "none": 25}}
"""What `config.build` takes for granted."""


def _login(start: Start) -> list[str]:
    (kind, source), *_ = start.secret.items()
    words = scalar(source) if isinstance(source, str) else "[" + ", ".join(map(_item, source)) + "]"
    secret = f"{{{kind}: {words}}}"
    user = [] if start.user == start.address else [f"user: {scalar(start.user)}"]
    return [*user, f"oauth2: {{token: {secret}}}" if start.tokens else f"password: {secret}"]


def _item(word: str) -> str:
    return scalar(word) if "," not in word else json.dumps(word, ensure_ascii=False)


def _smtp_user(start: Start) -> list[str]:
    return [] if start.smtp_user == start.user else [f"user: {scalar(start.smtp_user)}"]


def _server(place: Place, usual: dict[str, int], login: list[str], ca_file: str) -> str:
    """`{host: …}` with what differs from the usual."""
    by_port = {usual["tls"]: "tls", usual["none"]: "starttls"} if usual["none"] == 143 else {usual["tls"]: "tls"}
    implied = by_port.get(place.port, "tls" if usual["none"] == 143 else "starttls")
    words = [f"host: {scalar(place.host)}"]
    if place.port != usual["tls" if usual["none"] == 143 else "starttls"]:
        words.append(f"port: {place.port}")
    if place.security != implied:
        words.append(f"security: {place.security}")
    words += login + ([f"ca_file: {scalar(ca_file)}"] if ca_file else [])
    return "{" + ", ".join(words) + "}"


_FILE = """\
# yaml-language-server: $schema={schema}
#
# Written by `autoresponder init`; yours to change. docs/rules.md explains every key, `autoresponder check` finds every
# mistake. The first rule that fits a letter wins; machines, lists and other auto-replies never get an answer.

mode: shadow                     # decide and record, send nothing. `live` when you have seen enough

mailboxes:
  {name}:
    address: {address}
    # aliases: ["@{domain}"]    # further addresses that people write to; here: all of the domain
    imap: {imap}
    smtp: {smtp}
    sent: {sent}
    language: {language:<18} # of the answer when the sender's language cannot be told

office:
  timezone: {zone}
  hours: {{mon-fri: 09:00-17:00}}  # when people answer; days that are not named are closed. Please correct
  # holidays:
  #   country: {country}              # public holidays
  #   closed: [12-24..12-26]     # and days of your own, every year

brand:
  name: {company}
  # colour: "#0b5fff"
  # signature: The team
  # logo: logo.png

answer:                          # for every rule, unless the rule says otherwise
  once: 7 days                   # one answer a rule to the same sender in this time
  not_older_than: 2 days         # a late acknowledgement is worse than none

rules:
  # - name: Invoices             # a rule of your own, above the others:
  #   when: {{subject: [invoice, factura, facture, rechnung]}}
  #   reply: invoice             # templates/invoice.md, or invoice.es.md for those who write in Spanish
  #
  # - name: Newsletters we want no answers to
  #   when: {{from: "@partner.example"}}
  #   reply: false

  - name: Closed
    when: {{office: closed}}     # outside the hours above
    reply: closed
    kind: out-of-office

  - name: Everything else        # no `when`: fits every letter, so it comes last
    reply: acknowledgement
    promise: 1 working day       # the answer says until when a person will have replied
"""
