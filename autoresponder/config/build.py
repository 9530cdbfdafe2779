"""rules.yaml to settings: reads, checks, and makes the objects that the rest of the program works with.

Contract: `load_settings` returns `Settings`, with the warnings in it, or raises `ConfigError` with every error, in the
order of the file. It reads rules.yaml and the contacts, and asks whether other named files exist; it opens no
connection and reads no secret (`missing_secrets` does, for `check`). Two loads of the same file give equal accounts, so
that a reload restarts only what changed.
"""

import ipaddress
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

from autoresponder.answer.brand import Brand, read_logo
from autoresponder.answer.season import Season
from autoresponder.answer.worded import Worded
from autoresponder.config import schema, times
from autoresponder.config.checks import check_together, missing_templates
from autoresponder.config.conditions import condition, nested
from autoresponder.config.contacts import column_name, read_contacts
from autoresponder.config.holidays import HolidayCalendar, public
from autoresponder.config.loader import Document, Path_, read
from autoresponder.config.problems import Parts, about, check_grammar, in_order
from autoresponder.config.secrets import Kind, Secret, readable_by_others
from autoresponder.config.settings import Account, FollowUp, Settings
from autoresponder.config.special import never_applied, special_hours
from autoresponder.config.state import resolve
from autoresponder.config.values import BadValue
from autoresponder.core.address import is_answerable, sender_key
from autoresponder.core.calendar import Office
from autoresponder.core.contacts import Contacts
from autoresponder.core.history import Limits
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule
from autoresponder.errors import ConfigError, Place, Problem
from autoresponder.mail.servers import ImapServer, SmtpServer

Security = Literal["tls", "starttls", "none"]
_IMAP_PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}
_SMTP_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587, "none": 25}


def load_settings(path: Path, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in the file `path`. Raises `ConfigError` with every error; warnings are in `Settings.warnings`."""
    document = read(path)
    parts, problems = check_grammar(document)
    builder = _Builder(document, parts, path.resolve().parent, environ, problems)
    settings = builder.settings(path)
    errors = in_order([p for p in problems if p.severity == "error"])
    if errors:
        raise ConfigError(errors)
    return settings


def problems_of(settings: Settings, template_names: Collection[str]) -> list[Problem]:
    """What is wrong between the settings and the templates that there are."""
    rules = dict(enumerate(settings.policy.rules))
    return list(missing_templates(settings.document, rules, template_names))


def missing_secrets(settings: Settings) -> list[Problem]:
    """Every password or token that cannot be read now; runs the commands that give secrets."""
    found: list[Problem] = []
    for account in settings.accounts.values():
        for ask in (account.imap.password, account.smtp.password):
            try:
                if ask is not None:
                    ask()
            except ConfigError as error:
                found += error.problems
    return list(in_order(found))


@dataclass(slots=True)
class _Builder:
    """Makes what can be made of the good parts and notes the problems on the way."""

    document: Document
    parts: Parts
    folder: Path
    environ: Mapping[str, str]
    problems: list[Problem]
    calendars: dict[tuple[str, str], Mapping[Any, str]] = field(default_factory=dict)
    special: dict[Path_, list[Office]] = field(default_factory=dict)  # offices by the place of their special hours

    def settings(self, path: Path) -> Settings:
        """All of it; worth something only when `problems` holds no error afterwards."""
        config = self.parts.config
        accounts = {
            name: account for name, box in self.parts.mailboxes.items() if (account := self._account(name, box))
        }
        self.problems += never_applied(self.document, self.special)
        rules = {i: self._rule(table) for i, table in self.parts.rules.items()}
        own = {sender_key(a): name for name, account in accounts.items()
               for a in (account.mailbox.address, *account.mailbox.aliases) if not a.startswith("@")}  # fmt: skip
        templates, contacts = self.folder / config.templates, self._contacts(config.contacts)
        self.problems += check_together(self.document, self.parts, rules, own, contacts)
        if any(p.severity == "error" for p in self.problems):  # say this too at once; else `problems_of` does
            names = {file.name.partition(".")[0] for file in templates.glob("*.md")}
            self.problems += missing_templates(self.document, rules, names) if names else ()
        limits = config.answer.limits
        policy = Policy(
            mailboxes={name: account.mailbox for name, account in accounts.items()},
            rules=tuple(rules.values()),
            limits=Limits(limits.per_sender, limits.per_domain, limits.total),
            contacts=contacts or Contacts(),
            own=frozenset(own),
            authserv_ids=frozenset(i.lower() for box in self.parts.mailboxes.values() for i in box.authserv_id),
            shadow=config.mode == "shadow",
            default_age=config.answer.not_older_than,
        )
        brand, contacts_file = self._brand(config.brand), self.folder / config.contacts if config.contacts else None
        self._passwords_in_the_open(path)
        return Settings(
            path=path, accounts=accounts, policy=policy, brand=brand, templates=templates,
            state=self._state(config.state), shadow=config.mode == "shadow",
            alert=limits.alert or config.notify, notify=config.notify,
            contacts=contacts_file, seasons=tuple(map(_season, config.seasons)), quote=config.answer.quote,
            follow_up=_follow_up(config.follow_up),
            warnings=in_order([p for p in self.problems if p.severity == "warning"]),
            watch=tuple(Path(name) for name in (path, contacts_file, brand.logo) if name), document=self.document,
        )  # fmt: skip

    def _error(self, path: Path_, sentence: str, step: str = "") -> None:
        self.problems.append(about(self.document, path, sentence, step))

    def _warn(self, path: Path_, sentence: str, step: str = "") -> None:
        self.problems.append(about(self.document, path, sentence, step, warning=True))

    def _file(self, path: Path_, name: str) -> str:
        """The full path of a file that must be there; "" stays ""."""
        found = self.folder / name if name else None
        if found and not found.is_file():
            self._error(path, f"there is no file {found}", "paths are relative to rules.yaml")
        return str(found or "")

    def _logo(self, path: Path_, name: str) -> str:
        """The full path of a picture that can be shown."""
        found = self._file(path, name)
        if found and Path(found).is_file():
            try:
                read_logo(Path(found))
            except ValueError as error:
                self._error(path, f"{name} {error}")
        return found

    def _contacts(self, name: str | None) -> Contacts | None:
        """What the file says; None when there is none, or it cannot be used."""
        if not (found := self._file(("contacts",), name or "")) or not Path(found).is_file():
            return None
        tables = (when for rule in self.parts.rules.values() for when, _path in nested(rule.when, ()))
        dates = {column_name(column) for when in tables for column in when.anniversary or ()}
        contacts, problems = read_contacts(Path(found), dates)
        self.problems += problems
        return None if any(p.severity == "error" for p in problems) else contacts

    def _state(self, written: str) -> str:
        if "://" in written and not written.startswith(("postgresql://", "postgres://")):
            self._error(("state",), "is neither a file nor postgresql://…", "state: state.db")
        return resolve(written, self.folder, self.environ)

    def _brand(self, table: schema.Brand) -> Brand:
        brand = Brand(name=table.name, logo=self._logo(("brand", "logo"), table.logo),
                      signature=Worded.of(table.signature), address=table.address,
                      website=table.website or "")  # fmt: skip
        return replace(brand, colour=table.colour) if table.colour else brand

    def _rule(self, table: schema.RuleTable) -> Rule:
        answer = self.parts.config.answer
        return Rule(
            name=table.name, when=condition(table.when), reply=table.reply, once=table.once or answer.once,
            not_older_than=table.not_older_than or answer.not_older_than, promise=table.promise, kind=table.kind,
            language=table.language or "", mark=table.mark, move_to=table.move_to, notify=table.notify,
            answer_despite=frozenset(table.answer_despite), shadow=table.shadow,
        )  # fmt: skip

    # mailboxes --------------------------------------------------------------------------------------------------------
    def _account(self, name: str, box: schema.MailboxTable) -> Account | None:
        path: Path_ = ("mailboxes", name)
        user = box.imap.user or box.address or ""
        address = box.address or (user if is_answerable(user) else "")
        if not address:
            self._error(path, 'the key "address" is missing', "address: contact@example.com")
            return None
        imap = self._imap((*path, "imap"), box.imap, user or address)
        smtp = self._smtp((*path, "smtp"), box.smtp, imap)
        mailbox = Mailbox(
            name, address, box.aliases, self._office((*path, "office"), box.office), box.language, box.shadow
        )
        return Account(name, mailbox, imap, smtp, box.folders, box.sent, box.save_sent, box.envelope_from, box.poll)

    def _imap(self, path: Path_, table: schema.ImapTable, user: str) -> ImapServer:
        security: Security = table.security or ("starttls" if table.port == 143 else "tls")
        password = self._password(path, table)
        if password is None:
            self._error(path, "no password is given", "password: {file: imap-password}, or oauth2: {token: …}")
        self._no_clear_password(path, table, security)
        return ImapServer(
            host=table.host, port=table.port or _IMAP_PORTS[security], security=security, user=user,
            password=password or Secret("plain", ("",), Place("")), login="oauth2" if table.oauth2 else "password",
            ca_file=self._file((*path, "ca_file"), table.ca_file), read_timeout=table.timeout.total_seconds(),
        )  # fmt: skip

    def _smtp(self, path: Path_, table: schema.SmtpTable, imap: ImapServer) -> SmtpServer:
        security: Security = table.security or ("tls" if table.port == 465 else "starttls")
        login = "oauth2" if table.oauth2 else "password"
        password: Callable[[], str] | None = self._password(path, table)
        user = imap.user if table.user is None else table.user
        if not user and password:
            self._error((*path, "user"), "a password is given, but no user", "remove one of them")
        elif user and password is None:
            password, login = imap.password, imap.login  # the same account, unless said otherwise
            if user != imap.user:
                self._error(path, f'no password is given for the user "{user}"', "password: {file: smtp-password}")
        if user:
            self._no_clear_password(path, table, security, ', or user: "" where no password is needed')
        return SmtpServer(
            host=table.host, port=table.port or _SMTP_PORTS[security], security=security, user=user,
            password=password if user else None, login="oauth2" if login == "oauth2" else "password",
            ca_file=self._file((*path, "ca_file"), table.ca_file), timeout=table.timeout.total_seconds(),
        )  # fmt: skip

    def _no_clear_password(self, path: Path_, table: schema.Server, security: Security, other: str = "") -> None:
        if security == "none" and not is_loopback(table.host):
            self._error((*path, "security"), f"the password would go to {table.host} in clear",
                        f"use tls or starttls{other}")  # fmt: skip

    def _password(self, path: Path_, table: schema.Server) -> Secret | None:
        if table.oauth2 and table.password:
            self._error((*path, "oauth2"), "stands beside a password", "keep one of them")
        if table.oauth2:
            return self._secret((*path, "oauth2", "token"), table.oauth2.token)
        return self._secret((*path, "password"), table.password) if table.password else None

    def _secret(self, path: Path_, value: schema.SecretTable | str) -> Secret:
        place = self.document.at(path)
        if isinstance(value, str):
            return Secret("plain", (value,), place)
        kinds: tuple[Kind, ...] = ("credential", "file", "env", "command")
        given = [(kind, source) for kind in kinds if (source := getattr(value, kind)) is not None]
        if len(given) != 1:
            self._error(path, "must have one of credential, file, env or command", "such as {credential: imap}")
            return Secret("plain", ("",), place)
        kind, source = given[0]
        words = (source,) if isinstance(source, str) else tuple(source)
        secret = Secret(kind, words, place, self.folder, self.environ)
        if secret.exposed():
            self._warn(path, f"{secret.path()} can be read by others", f"chmod 600 {secret.path()}")
        return secret

    def _passwords_in_the_open(self, path: Path) -> None:
        """One warning for passwords in a rules.yaml that others can read."""
        if not readable_by_others(path):
            return
        step = f"chmod 600 {path}, or {{credential: NAME}} or {{file: FILE}} in place of the password"
        if "@" in self.parts.config.state.partition("://")[2] and ":" in self.parts.config.state.partition("://")[2]:
            self._warn(("state",), "others can read this file, and a password may stand in it", step)
        for name, box in self.parts.mailboxes.items():
            for key, server in (("imap", box.imap), ("smtp", box.smtp)):
                if isinstance(server.password, str):
                    self._warn(
                        ("mailboxes", name, key, "password"), "others can read this file, and the password in it", step
                    )
                    return

    # offices ----------------------------------------------------------------------------------------------------------
    def _office(self, path: Path_, own: schema.Office | None) -> Office:
        """The mailbox's office: what it says itself, else what the common one says."""
        common = self.parts.config.office or schema.Office()
        own = own or schema.Office()
        table, zone = own.hours or common.hours, own.timezone or common.timezone
        hours = times.week(table) if table else None
        written = common.special if own.special is None else own.special
        special = special_hours(written or ())
        if (hours or special) and zone is None:
            where = path if own.hours or own.special else ("office",)
            self._error(where, 'the key "timezone" is missing', "timezone: Europe/Madrid")
        holidays_path = (*path, "holidays") if own.holidays else ("office", "holidays")
        holidays = own.holidays or common.holidays
        if hours and not any(hours) and not any(any(one.week) for one in special):
            self._warn((*path, "hours") if own.hours else ("office", "hours"), "the office never opens")
        office = Office(
            zone=zone or UTC, week=hours or ((),) * 7, always_open=hours is None, special=special,
            holiday=self._holidays(holidays_path, holidays) if holidays else HolidayCalendar(),
        )  # fmt: skip
        if special:
            place: Path_ = ("office", "special") if own.special is None else (*path, "special")
            self.special.setdefault(place, []).append(office)
        return office

    def _holidays(self, path: Path_, table: schema.Holidays) -> HolidayCalendar:
        country, region = table.country or "", table.region or ""
        names: Mapping[Any, str] = {}
        if region and not country:
            self._error((*path, "region"), "a region needs its country", "country: ES")
        elif country:
            try:
                if (country, region) not in self.calendars:
                    self.calendars[country, region] = public(country, region)
                names = self.calendars[country, region]
            except BadValue as error:
                self._error((*path, "region" if region else "country"), error.sentence, error.step)
            except ImportError:
                sentence = "public holidays count as ordinary days: the package holidays is not installed"
                self._warn((*path, "country"), sentence, f"{sys.executable} -m pip install holidays")
        return HolidayCalendar(country, region, table.closed, names)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").casefold() == "localhost" or host.casefold().endswith(".localhost")


def _season(table: schema.Season) -> Season:
    return Season(table.name, table.date, Worded.of(table.text), table.colour or "")


def _follow_up(table: schema.FollowUp | None) -> FollowUp | None:
    if table is None:
        return None
    remind, escalate = table.remind, table.escalate
    return FollowUp(
        remind.to if remind else (),
        remind.before_due if remind else None,
        escalate.to if escalate else (),
        escalate.after_due if escalate else None,
    )
