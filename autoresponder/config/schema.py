"""The grammar of rules.yaml as pydantic models, and the JSON schema made from them.

The models say which keys there are, what stands in them and what is required; `values` and the modules that it names
say what each value means. The docstring under each key is what an editor shows (`config.editor`). Nothing here looks at
files or at other keys' values: that is for `config.checks`. Models hold plain and small core values; `config.build`
makes the rest.
"""

from collections.abc import Callable
from datetime import time, timedelta, tzinfo
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
)  # fmt: skip
from pydantic.functional_validators import AfterValidator
from pydantic_core import CoreSchema, core_schema

from autoresponder.config import amounts, locales, patterns, postal, times, values
from autoresponder.config.values import BadValue
from autoresponder.core.calendar import DateRange, Duration
from autoresponder.core.conditions import Size
from autoresponder.core.guards import GUARDS, SOFT_GUARDS
from autoresponder.core.history import Limit
from autoresponder.core.rules import Once

T = TypeVar("T")


class PlainValidator:
    """A value is what this function makes of it. Pydantic's own of that name also works out how to write the value
    back, which nobody asks for and which costs a third of the grammar's making."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._function)


class _Many:
    """One value or a list of them; a single one is taken as a list of one. An empty list is refused."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        array = handler(schema)
        return {"anyOf": [array["items"], array | {"minItems": 1}]}

    @staticmethod
    def _list(value: object) -> object:
        if value == []:
            raise BadValue("is an empty list", "write a value or remove the line")
        return value if isinstance(value, list) else [value]


Many = Annotated[tuple[T, ...], _Many()]


def _table_or_rest(value: object) -> str:
    return "<table>" if isinstance(value, dict) else "<rest>"


def _flag_or_rest(value: object) -> str:
    return "<flag>" if isinstance(value, bool) else "<rest>"


def _schema(kind: str, *examples: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind} | ({"examples": list(examples)} if examples else {}) | more)


def _choice(*options: str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(lambda value: values.choice(value, options)), WithJsonSchema({"enum": list(options)})


def _whole_week(table: dict[tuple[int, ...], Any]) -> dict[tuple[int, ...], Any]:
    times.week(table)
    return table


def _special_hours(hours: Any) -> Any:
    times.special_week(hours)
    return hours


def _guard(value: object) -> str:
    found = values.line(value, "answer_despite: [unsubscribe]").casefold()
    if found in SOFT_GUARDS:
        return found
    if found in {guard.name for guard in GUARDS}:
        raise BadValue(
            f"{values.shown(value)} is a hard guard: no rule can overrule it", values.one_of(sorted(SOFT_GUARDS))
        )
    raise BadValue(f"{values.shown(value)} is not a guard",
                   values.nearest(found, SOFT_GUARDS) or values.one_of(sorted(SOFT_GUARDS)))  # fmt: skip


_TEXT = {"type": ["string", "integer"]}
Flag = Annotated[bool, PlainValidator(values.flag), _schema("boolean")]
Line = Annotated[str, PlainValidator(values.line), WithJsonSchema(_TEXT)]
Text = Annotated[str, PlainValidator(values.text), WithJsonSchema(_TEXT)]
Phrase = Annotated[str, PlainValidator(patterns.phrase), WithJsonSchema(_TEXT)]
Expression = Annotated[str, PlainValidator(patterns.expression), _schema("string", r"\bINV-\d+")]
Address = Annotated[str, PlainValidator(postal.address), _schema("string", "contact@example.com")]
Alias = Annotated[str, PlainValidator(postal.alias), _schema("string", "info@example.com", "@example.com")]
Who = Annotated[str, PlainValidator(patterns.address_pattern), _schema("string", "@example.com", "*.example.com")]
Host = Annotated[str, PlainValidator(postal.host), _schema("string", "imap.example.com")]
Port = Annotated[int, PlainValidator(postal.port), _schema("integer", minimum=1, maximum=65535)]
Folder = Annotated[str, PlainValidator(postal.folder), _schema("string", "INBOX")]
Keyword = Annotated[str, PlainValidator(postal.keyword), _schema("string", "$Answered-automatically")]
HeaderName = Annotated[str, PlainValidator(patterns.header_name), _schema("string", "X-Ticket")]
Glob = Annotated[str, PlainValidator(patterns.glob), _schema("string", "*.pdf")]
MediaType = Annotated[str, PlainValidator(patterns.media_type), _schema("string", "image/*")]
Template = Annotated[
    str | None, PlainValidator(values.template), WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}]})
]
Language = Annotated[str, PlainValidator(locales.language), _schema("string", "es", "pt-BR")]
Country = Annotated[str, PlainValidator(locales.country), _schema("string", "ES")]
Zone = Annotated[tzinfo, PlainValidator(times.zone), _schema("string", "Europe/Madrid")]
Span = Annotated[timedelta, PlainValidator(amounts.span), _schema("string", "7 days", "90 minutes")]
Poll = Annotated[timedelta, PlainValidator(amounts.poll), _schema("string", "5 minutes")]
Patience = Annotated[timedelta, PlainValidator(amounts.patience), _schema("string", "1 minute")]
Promise = Annotated[Duration, PlainValidator(amounts.duration), _schema("string", "4 working hours", "1 working day")]
QuotedLines = Annotated[
    int,
    PlainValidator(amounts.quoted_lines),
    WithJsonSchema({"anyOf": [{"type": ["string", "integer"], "examples": ["10 lines"]}, {"const": False}]}),
]
HowOften = Annotated[
    Once, PlainValidator(amounts.once), _schema("string", "forever", "7 days", "per-thread", "every-message")
]
Rate = Annotated[
    Limit | None,
    PlainValidator(amounts.limit),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["3/day", "60/hour"]}, {"const": False}]}),
]
Bytes = Annotated[Size, PlainValidator(amounts.size), _schema("string", "> 5 MB")]
Weekdays = Annotated[tuple[int, ...], PlainValidator(times.days), _schema("string", "mon-fri", "sat")]
Clock = Annotated[tuple[time, time], PlainValidator(times.time_range), _schema("string", "22:00-06:00")]
Period = Annotated[
    tuple[time, time] | None, PlainValidator(times.period), _schema("string", "09:00-14:00", times.CLOSED)
]
Dates = Annotated[DateRange, PlainValidator(times.dates), _schema("string", "2026-12-24", "12-20..01-06")]
Week = Annotated[dict[Weekdays, Many[Period]], AfterValidator(_whole_week)]
SpecialHours = Annotated[
    Annotated[dict[Weekdays, Many[Period]], Tag("<table>")] | Annotated[Many[Period], Tag("<rest>")],
    Discriminator(_table_or_rest),
    AfterValidator(_special_hours),
]
Colour = Annotated[str, PlainValidator(values.colour), _schema("string", "#0b5fff")]
Website = Annotated[str, PlainValidator(values.website), _schema("string", "https://www.example.com")]
Envelope = Annotated[str, PlainValidator(postal.envelope), WithJsonSchema({"type": ["string", "null"]})]
RuleName = Annotated[str, PlainValidator(values.rule_name), WithJsonSchema(_TEXT)]
Guard = Annotated[
    str, PlainValidator(_guard), WithJsonSchema({"enum": sorted(SOFT_GUARDS)} if SOFT_GUARDS else {"type": "string"})
]
MailboxName = Annotated[str, PlainValidator(values.label), _schema("string", "contact")]


class Table(BaseModel):
    """A table of known keys; its docstring and those of its keys are what an editor shows."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_by_name=False,
        validate_by_alias=True,
    )  # fmt: skip


# conditions -----------------------------------------------------------------------------------------------------------
class Pattern(Table):
    """How a text is compared; with several keys all must hold, a list means any of. Case and accents do not matter."""

    contains: Many[Phrase] | None = None
    """The text has this anywhere in it."""
    word: Many[Phrase] | None = None
    """The text has this as a word of its own."""
    equals: Many[Phrase] | None = None
    """The text is this and nothing else."""
    starts_with: Many[Phrase] | None = None
    """The text begins with this."""
    ends_with: Many[Phrase] | None = None
    """The text ends with this."""
    regex: Many[Expression] | None = None
    """A regular expression is found in the text (ignoring case; give it in single quotes)."""


_Pattern = Annotated[
    Annotated[Pattern, Tag("<table>")] | Annotated[Phrase, Tag("<rest>")], Discriminator(_table_or_rest)
]
Texts = Many[_Pattern]
HeaderTexts = Annotated[
    Annotated[Flag, Tag("<flag>")] | Annotated[Texts, Tag("<rest>")],
    Discriminator(_flag_or_rest),
]


class AttachmentTable(Table):
    """An attachment by name and type; both must hold."""

    name: Many[Glob] | None = None
    """The file name, with * and ?."""
    type: Many[MediaType] | None = None
    """The MIME type, with *."""


_Attachment = Annotated[
    Annotated[AttachmentTable, Tag("<table>")] | Annotated[Glob, Tag("<rest>")],
    Discriminator(_table_or_rest),
]
Attachments = Annotated[
    Annotated[Flag, Tag("<flag>")] | Annotated[Many[_Attachment], Tag("<rest>")],
    Discriminator(_flag_or_rest),
]
ContactColumns = Annotated[dict[Line, Many[Phrase]], Field(min_length=1)]
Contact = Annotated[
    Annotated[ContactColumns, Tag("<table>")] | Annotated[Flag, Tag("<rest>")],
    Discriminator(_table_or_rest),
]


class When(Table):
    """When a rule applies: every key must hold; a list means any of."""

    subject: Texts | None = None
    """What the subject contains."""
    body: Texts | None = None
    """What the text of the letter contains."""
    text: Texts | None = None
    """What the subject or the text of the letter contains."""
    header: Annotated[dict[HeaderName, HeaderTexts], Field(min_length=1)] | None = None
    """Header fields: what they contain, or true / false for being there at all."""
    from_: Many[Who] | None = Field(default=None, alias="from")
    """Who wrote: an address, "@domain", "*.domain"."""
    to: Many[Who] | None = None
    """An address in To."""
    cc: Many[Who] | None = None
    """An address in Cc."""
    recipient: Many[Who] | None = None
    """An address in To or Cc."""
    sender: Many[Who] | None = None
    """The address in the header field Sender."""
    reply_to: Many[Who] | None = None
    """An address in Reply-To."""
    attachment: Attachments | None = None
    """true, false, a file name with * and ?, or {name, type}."""
    size: Many[Bytes] | None = None
    """Of the whole letter: "> 5 MB"."""
    weekday: Many[Weekdays] | None = None
    """Today, in the office's time zone: mon-fri, sat."""
    time: Many[Clock] | None = None
    """Now, in the office's time zone: 22:00-06:00."""
    date: Many[Dates] | None = None
    """Today, in the office's time zone: 2026-12-24, 12-20..01-06, 02-29."""
    office: Many[Annotated[str, *_choice("open", "closed", "holiday")]] | None = None
    """Whether the office is open; a holiday is closed too."""
    first_contact: Flag | None = None
    """Whether this is the sender's first letter to us."""
    contact: Contact | None = None
    """Whether the sender is in contacts, or what the row says."""
    anniversary: Many[Line] | None = None
    """Today is the day of the year in this column of contacts, a later year."""
    authenticated: Flag | None = None
    """Whether our own server proved that From is not forged (needs authserv_id)."""
    thread: Many[Annotated[str, *_choice("new", "reply")]] | None = None
    """Whether the letter begins a conversation or answers in one."""
    mailbox: Many[Line] | None = None
    """The mailbox it came to, by its name here."""
    folder: Many[Folder] | None = None
    """The folder it was found in."""
    language: Many[Language] | None = None
    """The language it is written in."""
    all_: "Many[When] | None" = Field(default=None, alias="all")
    """Every one of these must hold."""
    any_: "Many[When] | None" = Field(default=None, alias="any")
    """At least one of these must hold."""
    not_: "Many[When] | None" = Field(default=None, alias="not")
    """None of these may hold."""


class RuleTable(Table):
    """One rule: when it applies and what happens then. The first rule that applies wins."""

    name: RuleName
    """What it is called in the log; `once` remembers answers under this name."""
    when: When = When()
    """When it applies; without it, always."""
    reply: Template
    """The template of the answer, or false to stay silent."""
    once: HowOften | None = None
    """How often one sender gets this answer: forever (once and never again), "7 days", per-thread, every-message."""
    not_older_than: Span | None = None
    """Letters older than this get no answer any more."""
    promise: Promise | None = None
    """When a person will have answered; the answer states the date."""
    kind: Annotated[Literal["acknowledgement", "out-of-office"], *_choice("acknowledgement", "out-of-office")] = (
        "acknowledgement"
    )
    """What the answer is; decides what X-Auto-Response-Suppress means."""
    language: Language | None = None
    """The language of the answer, when not the sender's."""
    mark: Many[Keyword] = ()
    """IMAP keywords put on the letter."""
    move_to: Folder = ""
    """The folder the letter is moved to."""
    notify: Many[Address] = ()
    """Colleagues who are told."""
    answer_despite: Many[Guard] = ()
    """Soft guards that do not silence this rule; only together with from."""
    shadow: Flag = False
    """Decide and record, but send nothing."""


# secrets and servers --------------------------------------------------------------------------------------------------
def _credential(value: object) -> str:
    found = values.line(value, "{credential: imap}")
    if "/" in found or found in (".", ".."):
        raise BadValue("must be a name, not a path", "LoadCredential=NAME:FILE in the unit, {credential: NAME} here")
    return found


def _arguments(value: object) -> list[str]:
    if isinstance(value, str):
        raise BadValue("must be a list of arguments, as no shell is used", "{command: [pass, show, imap]}")
    if not isinstance(value, list) or not value or not all(isinstance(v, str | int) for v in value):
        raise BadValue("must be a list of arguments", "{command: [pass, show, imap]}")
    return [str(v) for v in value]


def _password(value: object) -> str:
    """A plain secret: taken as it is, never shown."""
    if isinstance(value, str):
        if value:
            return value
        raise BadValue("must not be empty")
    raise BadValue("must be text", 'put it in quotes: "…"')


class SecretTable(Table):
    """Where a password or token is kept: exactly one of these."""

    credential: Annotated[str, PlainValidator(_credential), _schema("string", "imap")] | None = None
    """The name of a systemd credential (LoadCredential=)."""
    file: Line | None = None
    """A file that holds it, relative to rules.yaml."""
    env: Line | None = None
    """An environment variable."""
    command: Annotated[list[str], PlainValidator(_arguments), WithJsonSchema(
        {"type": "array", "items": {"type": "string"}, "minItems": 1})] | None = None  # fmt: skip
    """A program, with its arguments, that prints it; run without a shell."""


SecretValue = Annotated[
    Annotated[SecretTable, Tag("<table>")]
    | Annotated[str, PlainValidator(_password), _schema("string"), Tag("<rest>")],
    Discriminator(_table_or_rest),
]


class OAuth2(Table):
    """Login with an access token (SASL XOAUTH2) in place of a password."""

    token: SecretValue
    """Where the access token comes from; a command is asked at every login."""


class Server(Table):
    """A mail server and how to log in."""

    host: Host
    """Its name."""
    port: Port | None = None
    """Default: IMAP 993 (tls) or 143; SMTP 465 (tls), 587 (starttls) or 25 (none)."""
    security: Annotated[Literal["tls", "starttls", "none"], *_choice("tls", "starttls", "none")] | None = None
    """How the connection is protected; none only on this machine, or where no password is sent."""
    password: SecretValue | None = None
    """The password, or where it is kept."""
    oauth2: OAuth2 | None = None
    """An access token in place of the password."""
    ca_file: Line = ""
    """A PEM file of the certificate authority that the server's certificate is from."""
    timeout: Patience = timedelta(minutes=1)
    """How long the server may take for each answer; the answer to a whole letter may take ten times that."""


class ImapTable(Server):
    """Where the letters are."""

    user: Line | None = None
    """Default: the mailbox's address."""


def _line_or_nothing(value: object) -> str:
    return "" if value == "" else values.line(value)


class SmtpTable(Server):
    """Where the answers go. User and password default to those of imap."""

    user: Annotated[str, PlainValidator(_line_or_nothing), WithJsonSchema(_TEXT)] | None = None
    """"" for a server that asks for no password."""


# the rest -------------------------------------------------------------------------------------------------------------
Worded = Annotated[
    Annotated[dict[Language, Line], Field(min_length=1), Tag("<table>")] | Annotated[Line, Tag("<rest>")],
    Discriminator(_table_or_rest),
]


class Brand(Table):
    """How the answers look and who signs them."""

    name: Line = ""
    """The company's name."""
    colour: Colour | None = None
    """As "#0b5fff", in quotes."""
    logo: Line = ""
    """A PNG, JPEG or GIF file, relative to rules.yaml."""
    signature: Worded = ""
    """Under every answer; or {en: The team, es: El equipo}, where the first one is for all other languages."""
    address: Text = ""
    """The postal address in the footer."""
    website: Website | None = None
    """The web address in the footer."""


class Holidays(Table):
    """Days on which the office does not open."""

    country: Country | None = None
    """Public holidays of a country (ISO 3166: ES, FR)."""
    region: Line | None = None
    """And of a region of it (MD, CT, BY)."""
    closed: Many[Dates] = ()
    """Days of our own: 2026-12-24, 2027-08-01..2027-08-31, 12-31."""


class Special(Table):
    """Hours that are not the ordinary ones."""

    date: Many[Dates]
    """On which days: 06-15..09-15, 2026-12-20; a day that is named by itself counts on holidays, too."""
    hours: SpecialHours
    """{mon-fri: 08:00-15:00}, where days not named are as ever; or 10:00-14:00 on all of them; or closed."""


class Office(Table):
    """When people are there to answer."""

    timezone: Zone | None = None
    """Europe/Madrid; dates, times and promises are reckoned in it."""
    hours: Week | None = None
    """{mon-thu: [09:00-14:00, 16:00-19:00], fri: 09:00-15:00}; days not named are closed. Without it: always open."""
    holidays: Holidays | None = None
    """Days on which the office does not open."""
    special: tuple[Special, ...] | None = None
    """Hours that differ on some days; of several for one day, the first: [{date: 12-24, hours: 09:00-13:00}]."""


class MailboxTable(Table):
    """One mailbox that is watched and answered from."""

    address: Address | None = None
    """What the answers say in From; default: imap.user."""
    aliases: Many[Alias] = ()
    """Further addresses of this mailbox; "@example.com" for a whole domain."""
    imap: ImapTable
    """Where the letters are."""
    smtp: SmtpTable
    """Where the answers go."""
    folders: Many[Folder] = ("INBOX",)
    """The folders that are watched."""
    sent: Folder = "Sent"
    """The folder of sent letters, watched for answers by people."""
    save_sent: Flag = False
    """Whether our own answers are filed there too."""
    language: Language = "en"
    """The language of answers when the sender's cannot be told."""
    envelope_from: Envelope = "auto"
    """The envelope sender: auto (null where the server takes it), null, or an address."""
    poll: Poll = timedelta(minutes=5)
    """How often it is looked at besides IDLE."""
    authserv_id: Many[Annotated[str, PlainValidator(_line_or_nothing), WithJsonSchema(_TEXT)]] = ()
    """The name under which our own server writes Authentication-Results (RFC 8601); "" for Microsoft 365."""
    office: Office | None = None
    """Where this mailbox's office differs from the common one."""
    shadow: Flag = False
    """Decide and record, but send nothing."""


class Limits(Table):
    """How many answers may go out; what is over the last two is held for the operator, not lost."""

    per_sender: Rate = Limit(3, timedelta(days=1))
    """To one sender: 3/day."""
    per_domain: Rate = Limit(60, timedelta(hours=1))
    """To one domain: 60/hour."""
    total: Rate = Limit(500, timedelta(hours=1))
    """Altogether: 500/hour."""
    alert: Many[Address] = ()
    """Who is told when a limit holds answers back; default: notify."""


class Answer(Table):
    """Defaults of every rule."""

    once: HowOften = Once()
    """How often one sender gets the answer of one rule."""
    not_older_than: Span = timedelta(days=2)
    """Letters older than this get no answer any more."""
    limits: Limits = Limits()
    """How many answers may go out."""
    quote: QuotedLines = 0
    """How many lines of a letter its answer may quote (original.quote), 20 at most: 10 lines; false: none."""


class Remind(Table):
    """Who is reminded of a promise before it falls due."""

    to: Many[Address]
    """Their addresses."""
    before_due: Promise
    """How long before: 1h."""


class Escalate(Table):
    """Who is told of a promise that was not kept."""

    to: Many[Address]
    """Their addresses."""
    after_due: Promise
    """How long after: 1 working day."""


class FollowUp(Table):
    """What happens to promises that nobody keeps."""

    remind: Remind | None = None
    """Before it falls due."""
    escalate: Escalate | None = None
    """After it fell due."""


class Season(Table):
    """What every answer says on certain days, as a banner."""

    name: Line
    """What it is called."""
    date: Many[Dates]
    """On which days, in the office's time zone: 12-20..01-06, 2026-12-24."""
    text: Worded
    """What it says; or {en: "…", es: "…"}, where the first one is for all other languages."""
    colour: Colour | None = None
    """Behind it, as "#7a0000", in quotes; default: that of the brand."""


class Config(Table):
    """The whole of rules.yaml."""

    mode: Annotated[Literal["live", "shadow"], *_choice("live", "shadow")] = "live"
    """live, or shadow: decide and record, send nothing."""
    state: Line = ""
    """Where everything is remembered: a file, or postgresql://…; default: state.db in the state directory."""
    templates: Line = "templates"
    """The folder of the templates, relative to rules.yaml."""
    brand: Brand = Brand()
    """How the answers look and who signs them."""
    office: Office | None = None
    """When people are there to answer."""
    mailboxes: dict[MailboxName, MailboxTable] = Field(default_factory=dict)
    """The mailboxes that are watched, by a short name each."""
    answer: Answer = Answer()
    """Defaults of every rule."""
    notify: Many[Address] = ()
    """Who is told when something needs a person."""
    contacts: Line | None = None
    """A CSV file with what is known of customers: email,name,company,…"""
    seasons: tuple[Season, ...] = ()
    """What every answer says on certain days; of several, the first one."""
    follow_up: FollowUp | None = None
    """What happens to promises that nobody keeps."""
    rules: tuple[RuleTable, ...] = ()
    """The rules, in order; the first that applies wins."""
