"""From a document to models, and from what pydantic says to what a person reads.

Contract: `check_grammar` reads every rule, mailbox and other top-level key by itself, so that one mistake hides no
other, and returns what is good together with a `Problem` for everything else: place, sentence in plain words, next
step. No sentence shows the value of a password, not even one that stands where a key should be.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from autoresponder.config import schema
from autoresponder.config.loader import Document, Path_
from autoresponder.config.schema import Config, MailboxTable, RuleTable, Table, When
from autoresponder.config.values import BadValue, nearest
from autoresponder.errors import Problem


@dataclass(frozen=True, slots=True)
class Parts:
    """What was good. `rules` by their index in the file; `config` holds neither rules nor mailboxes."""

    config: Config
    mailboxes: Mapping[str, MailboxTable]
    rules: Mapping[int, RuleTable]


def check_grammar(document: Document) -> tuple[Parts, list[Problem]]:
    """The good parts of a document and what is wrong with the others, in the order of the file."""
    problems = list(document.problems)
    if not isinstance(document.data, dict):
        if document.data is not None:
            problems.append(_problem(document, (), "the file must be a table of keys", "such as mailboxes: and rules:"))
        return Parts(Config(), {}, {}), problems
    empty = list(_empty(document.data))
    problems += [_no_value(document, path) for path in empty]
    values: dict[str, Any] = {}
    mailboxes: dict[str, MailboxTable] = {}
    rules: dict[int, RuleTable] = {}
    for path, data in _pieces(document.data):
        try:
            read = Config.model_validate(data)
        except ValidationError as error:
            found = [_translate(document, _path(details["loc"], path), details) for details in error.errors()]
            meant = {(*at[:-1], p.step) for at, p in found}
            problems += [
                p
                for at, p in found
                if not any(at[: len(e)] == e for e in empty)  # said already: it has no value
                and (*at[:-1], f'did you mean "{at[-1] if at else ""}"?') not in meant  # missing, as it is misspelt
            ]
            continue
        if path[0] == "rules" and len(path) > 1:
            rules[int(path[1])] = read.rules[0]
        elif path[0] == "mailboxes" and len(path) > 1:
            mailboxes[str(path[1])] = read.mailboxes[str(path[1])]
        else:
            values |= {key: getattr(read, key) for key in read.model_fields_set}
    return Parts(Config.model_construct(**values), mailboxes, rules), problems


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Problems as they stand in the file, each once."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.place.file, p.place.line, p.place.column)))


def where(document: Document, path: Path_) -> str:
    """A path as people read it: `rules[2] "Invoices": when.subject`; the first rule is rules[1]."""
    head, rest = "", path
    if len(path) > 1 and path[0] == "rules" and isinstance(path[1], int):
        head, rest = f"rules[{path[1] + 1}]", path[2:]
        rule = document.data["rules"][path[1]]
        name = rule.get("name") if isinstance(rule, dict) else None
        if isinstance(name, str) and name.isprintable():
            head += f' "{name[:40]}"'
    dotted = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step[:40]}" for step in rest).lstrip(".")
    return ": ".join(filter(None, (head, dotted)))


def about(document: Document, path: Path_, sentence: str, step: str = "", *, warning: bool = False) -> Problem:
    """A problem with the value at `path`."""
    return _problem(document, path, sentence, step, warning=warning)


def _problem(
    document: Document, path: Path_, sentence: str, step: str, *, key: bool = False, warning: bool = False
) -> Problem:
    place = document.key(path) if key else document.at(path)
    subject = where(document, document.within(path))
    text = f"{subject}: {sentence}" if subject else sentence
    return Problem(place, text, step, "warning" if warning else "error")


# reading piece by piece -----------------------------------------------------------------------------------------------
def _pieces(data: dict[str, Any]) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Every rule, mailbox and other key as a small configuration of its own, with its place in the large one."""
    for key, value in data.items():
        if key == "rules" and isinstance(value, list):
            yield from ((("rules", i), {"rules": [rule]}) for i, rule in enumerate(value))
        elif key == "mailboxes" and isinstance(value, dict):
            yield from ((("mailboxes", name), {"mailboxes": {name: box}}) for name, box in value.items())
        else:
            yield (key,), {key: value}


def _path(loc: tuple[str | int, ...], piece: Path_) -> Path_:
    """The place in the whole document of an error in a piece; the tags of unions are left out."""
    path = [step for step in loc if not (isinstance(step, str) and step.startswith("<") and step.endswith(">"))]
    if piece[0] == "rules" and len(piece) > 1:
        path[1] = piece[1]
    return tuple(path)


_MAY_BE_EMPTY = ("envelope_from",)


def _empty(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Paths of keys and list entries without a value."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in parts:
        if value is None and step not in _MAY_BE_EMPTY:
            yield (*path, step)
        else:
            yield from _empty(value, (*path, step))


_SECRET_KEYS = ("password", "token", "oauth2")


def _no_value(document: Document, path: Path_) -> Problem:
    key = path[-1]
    if isinstance(key, int):
        return _problem(document, path, "this list entry is empty", "write a value or remove the line")
    if any(step in _SECRET_KEYS for step in path[:-1]) and path[-2:] != ("oauth2", "token"):
        return _unknown_secret_key(document, path)
    step = "write a value or remove the line"
    if key == "colour":
        step = 'a colour must be in quotes, as # begins a comment: "#0b5fff"'
    elif ":" in key:
        step = "write a space after the colon"
    return _at_key(document, path, f'the key "{key[:40]}" has no value', step)


def _at_key(document: Document, path: Path_, sentence: str, step: str) -> Problem:
    """A problem that stands at a key and speaks of what is around it."""
    subject = where(document, path[:-1])
    return Problem(document.key(path), f"{subject}: {sentence}" if subject else sentence, step)


# translating ----------------------------------------------------------------------------------------------------------
_EXAMPLES = {
    "imap": "imap: {host: imap.example.com, password: {credential: imap}}",
    "smtp": "smtp: {host: smtp.example.com}",
    "host": "host: mail.example.com",
    "name": "name: Invoices",
    "reply": "reply: acknowledgement, or reply: false to stay silent",
    "token": "token: {command: [get-token, contact@example.com]}",
    "to": "to: [team@example.com]",
    "before_due": "before_due: 1h",
    "after_due": "after_due: 1 working day",
    "mailboxes": "mailboxes: {contact: {address: contact@example.com, imap: {…}, smtp: {…}}}",
    "rules": "rules: [{name: Everything else, reply: acknowledgement}]",
    "when": "when: {subject: invoice}",
    "office": "office: {timezone: Europe/Madrid, hours: {mon-fri: 09:00-17:00}}",
    "hours": "hours: {mon-fri: 09:00-17:00}",
    "holidays": "holidays: {country: ES, closed: [2026-12-24]}",
    "brand": 'brand: {name: Example Ltd, colour: "#0b5fff"}',
    "answer": "answer: {once: forever}",
    "limits": "limits: {per_sender: 3/day}",
    "header": "header: {X-Ticket: true}",
    "seasons": 'seasons: [{name: Christmas, date: 12-20..01-06, text: "Merry Christmas!"}]',
    "oauth2": "oauth2: {token: {command: [get-token]}}",
    "special": "special: [{date: 12-24, hours: 09:00-13:00}]",
}
_MEANT = {
    "template": "reply", "answer": "reply", "respond": "reply", "response": "reply", "match": "when", "if": "when",
    "condition": "when", "conditions": "when", "username": "user", "login": "user", "server": "host",
    "hostname": "host", "ssl": "security", "tls": "security", "starttls": "security", "encryption": "security",
    "email": "address", "mail": "address", "color": "colour", "tz": "timezone", "pass": "password", "and": "all",
    "or": "any", "content": "body", "domain": "from", "sla": "promise", "title": "name", "accounts": "mailboxes",
    "mailbox": "mailboxes", "folder": "folders", "label": "mark", "flag": "mark", "move": "move_to",
    "exceptions": "special",
}  # fmt: skip


def _translate(document: Document, path: Path_, details: Any) -> tuple[Path_, Problem]:
    """One error of pydantic as (path, problem)."""
    kind, bad = details["type"], details.get("ctx", {}).get("error")
    if path and path[-1] == "[key]":
        subject = where(document, path[:-2])
        sentence, step = (bad.sentence, bad.step) if isinstance(bad, BadValue) else ("this key is not allowed here", "")
        return path[:-1], Problem(document.key(path[:-1]), f"{subject}: {sentence}", step)
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    if isinstance(bad, BadValue):
        return path, _problem(document, path, bad.sentence, bad.step)
    if kind == "extra_forbidden":
        return path, _unknown_key(document, path)
    if kind == "missing":
        sentence = f'the key "{key}" is missing'
        return path, _problem(document, path[:-1], sentence, _EXAMPLES.get(key, ""), key=True)
    if kind in ("list_type", "tuple_type"):
        return path, _problem(document, path, "must be a list", _EXAMPLES.get(key, "begin each entry with -"))
    if kind == "too_short":
        return path, _problem(document, path, "is empty", "write a value or remove the line")
    known = _model(path)
    example = _EXAMPLES.get(key, f"with keys such as {', '.join(list(_names(known))[:4])}" if known else "")
    if path[:1] == ("rules",) and len(path) == 2:
        example = "- name: Invoices, with reply: below it"
    return path, _problem(document, path, "must be a table of keys", example)


def _unknown_key(document: Document, path: Path_) -> Problem:
    key, container = str(path[-1]), path[:-1]
    if any(step in _SECRET_KEYS for step in container):
        return _unknown_secret_key(document, path)
    shown = f'"{key[:40]}"' if key.isprintable() else "of this name"
    return _at_key(document, path, f"unknown key {shown}", _hint(key, container, _keys(document, container)))


def _unknown_secret_key(document: Document, path: Path_) -> Problem:
    """Never shows the key: it may be the password itself."""
    known = tuple(_names(_model(path[:-1]) or schema.SecretTable))
    close = difflib.get_close_matches(str(path[-1]), known, 1, 0.7)
    if close:
        step = f'did you mean "{close[0]}"?'
    elif known == ("token",):
        step = "write token: and where it comes from"
    else:
        step = 'use credential, file, env or command; or "the password" in quotes'
    return _at_key(document, path, "this table says where the password is kept, and has a key that is not known", step)


def _hint(key: str, container: Path_, known: tuple[str, ...]) -> str:
    model, folded = _model(container), key.casefold().replace("-", "_")
    if folded in known:
        return f'did you mean "{folded}"?'
    if _MEANT.get(folded) in known:
        return f'did you mean "{_MEANT[folded]}"?'
    if model is RuleTable and folded in _names(When):
        return f"put it under when: when: {{{folded}: …}}"
    if model is When and folded in _names(RuleTable):
        return "it belongs beside when, not in it"
    for name, other in (("answer", schema.Answer), ("answer.limits", schema.Limits), ("office", schema.Office),
                        ("brand", schema.Brand), ("a mailbox", MailboxTable), ("imap and smtp", schema.ImapTable),
                        ("a rule", RuleTable), ("the top level", Config)):  # fmt: skip
        if other is not model and folded in _names(other):
            return f"it belongs under {name}" if name != "the top level" else "it belongs at the top level"
    if close := nearest(key, known):
        return close
    if model is RuleTable and (close := nearest(key, _names(When))):
        return close.replace("?", ", under when?")
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 12 else "see docs/rules.md"


_MODELS: dict[str, type[Table]] = {
    "brand": schema.Brand, "office": schema.Office, "holidays": schema.Holidays, "answer": schema.Answer,
    "limits": schema.Limits, "follow_up": schema.FollowUp, "remind": schema.Remind, "escalate": schema.Escalate,
    "imap": schema.ImapTable, "smtp": schema.SmtpTable, "password": schema.SecretTable, "token": schema.SecretTable,
    "oauth2": schema.OAuth2, "seasons": schema.Season, "special": schema.Special, "when": When, "all": When,
    "any": When, "not": When,
    "attachment": schema.AttachmentTable, "subject": schema.Pattern, "body": schema.Pattern, "text": schema.Pattern,
}  # fmt: skip


def _model(container: Path_) -> type[Table] | None:
    """The model of the table at this path."""
    if not container:
        return Config
    if len(container) == 2 and container[0] in ("rules", "mailboxes"):
        return RuleTable if container[0] == "rules" else MailboxTable
    words = [step for step in container if isinstance(step, str)]
    if len(words) > 1 and words[-2] == "header":
        return schema.Pattern
    return _MODELS.get(words[-1])


def _names(model: type[Table]) -> tuple[str, ...]:
    """The keys of a model as rules.yaml writes them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _keys(document: Document, container: Path_) -> tuple[str, ...]:
    model = _model(container)
    return _names(model) if model else ()
