"""Everything `decide` needs to know that does not come with the letter: whose mailboxes, which rules, what limits.

Plain frozen values, made by `config.build` from rules.yaml; a reload makes a new one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from autoresponder.core.calendar import Office
from autoresponder.core.contacts import Contacts
from autoresponder.core.history import Limits
from autoresponder.core.rules import Rule
from autoresponder.core.token import Signer


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of ours, as far as deciding goes."""

    name: str
    address: str  # as configured: what an answer says in From
    aliases: tuple[str, ...] = ()  # further addresses (or `@domain` patterns) that count as "addressed to me"
    office: Office = field(default_factory=Office)
    language: str = "en"
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole of it."""

    mailboxes: Mapping[str, Mailbox]
    rules: tuple[Rule, ...]
    limits: Limits = field(default_factory=Limits)
    own: frozenset[str] = frozenset()  # sender keys of every address and alias of every mailbox
    authserv_ids: frozenset[str] = frozenset()  # whose Authentication-Results (RFC 8601) are believed; lower case
    bounce_days: int = 60  # how long an undeliverable address stays silent
    signer: Signer | None = None  # recognises our own Message-IDs and tokens
    any_recipient: bool = False  # `explain --any-recipient`: skip "addressed to me"
    shadow: bool = False
    max_received: int = 25
    max_recipients: int = 64
    default_age: timedelta = timedelta(days=2)
    contacts: Contacts = field(default_factory=Contacts)


Language = Callable[[str, str], str]
"""(subject, text) -> a language tag, "" when it cannot be told. Lives in answer/language.py; called when asked for."""
