"""What rules.yaml comes to: the settings that the rest of the program is started with. Plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from autoresponder.answer.brand import Brand
from autoresponder.answer.season import Season
from autoresponder.config.loader import Document, Node
from autoresponder.core.calendar import Duration
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.errors import Problem
from autoresponder.mail.servers import ImapServer, SmtpServer


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox with its servers."""

    name: str
    mailbox: Mailbox
    imap: ImapServer
    smtp: SmtpServer
    folders: tuple[str, ...] = ("INBOX",)
    sent: str = "Sent"
    save_sent: bool = False
    envelope_from: str = "auto"  # "auto", "" (the null sender) or an address
    poll: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Who is told of promises: before they fall due, and when they were not kept; None for nobody."""

    remind: tuple[str, ...] = ()
    before_due: Duration | None = None
    escalate: tuple[str, ...] = ()
    after_due: Duration | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `state` and `document` may hold passwords and are not in the repr."""

    path: Path  # of rules.yaml
    accounts: Mapping[str, Account]
    policy: Policy
    brand: Brand
    templates: Path
    state: str = field(repr=False)  # a path, or postgresql://…
    shadow: bool = False
    alert: tuple[str, ...] = ()  # who is told when limits hold answers back
    notify: tuple[str, ...] = ()  # who is told when something else needs a person
    contacts: Path | None = None
    seasons: tuple[Season, ...] = ()
    quote: int = 0  # lines of a letter that its answer may quote
    follow_up: FollowUp | None = None
    warnings: tuple[Problem, ...] = ()
    watch: tuple[Path, ...] = ()  # files whose change means a reload
    document: Document = field(default=Document("", Node(1, 1)), repr=False, compare=False)  # to place later problems
