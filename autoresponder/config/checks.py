"""What only shows when parts of rules.yaml are held against each other: errors, risks, and what can have no effect.

Every function yields problems and changes nothing. They look at the parts that were good, so that a mistake elsewhere
hides none of them. Templates are checked apart (`missing_templates`), when their names are known.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import time
from typing import Any

from autoresponder.config import times, values
from autoresponder.config.conditions import clues, covers, nested, pins_sender
from autoresponder.config.contacts import column_name
from autoresponder.config.loader import Document, Path_
from autoresponder.config.lookalikes import lookalikes
from autoresponder.config.overlap import Overlap
from autoresponder.config.problems import Parts, about
from autoresponder.config.providers import by_domain
from autoresponder.config.schema import MailboxTable, Office, RuleTable, When
from autoresponder.config.values import BadValue, nearest
from autoresponder.core.address import sender_key
from autoresponder.core.conditions import All
from autoresponder.core.contacts import Contacts
from autoresponder.core.rules import Rule
from autoresponder.errors import Problem


def check_together(
    document: Document, parts: Parts, rules: Mapping[int, Rule], own: Mapping[str, str], contacts: Contacts | None
) -> Iterator[Problem]:
    """Every problem between parts. `rules` by index in the file; `own`: sender key of each own address -> mailbox;
    `contacts`: None where there are none."""
    yield from _presence(document)
    yield from _names(document, rules)
    yield from _unreachable(document, rules)
    yield from _left_over(document, parts, rules)
    yield from _names_in_broken(document, parts)
    for index, table in parts.rules.items():
        yield from _rule(document, ("rules", index), table, rules[index], parts)
        for when, place in nested(table.when, ("rules", index, "when")):
            yield from _of_contacts(document, place, when, contacts)
    yield from _mailboxes(document, parts.mailboxes)
    yield from _never_closed(document, parts)
    yield from _staff(document, parts, own)
    yield from _limits(document, parts)
    yield from _without_effect(document)


def missing_templates(document: Document, rules: Mapping[int, Rule], names: Collection[str]) -> Iterator[Problem]:
    """Rules whose template is not there, also where something else is wrong with the rule."""
    replies = {index: rule.reply for index, rule in rules.items()}
    for index, table in _broken(document, rules):
        with suppress(BadValue):  # which is said elsewhere
            replies[index] = values.template(table.get("reply", False))
    for index, reply in replies.items():
        if reply is not None and reply not in names:
            step = nearest(reply, names) or (
                f"there are: {', '.join(sorted(names))}" if names else "the folder of templates is empty"
            )
            yield about(document, ("rules", index, "reply"), f'there is no template "{reply}"', step)


def _broken(document: Document, good: Collection[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rules, as they are written, of which no model could be made; those that are tables at least."""
    written = document.data.get("rules") if isinstance(document.data, dict) else None
    for index, table in enumerate(written if isinstance(written, list) else ()):
        if index not in good and isinstance(table, dict):
            yield index, table


def _names_in_broken(document: Document, parts: Parts) -> Iterator[Problem]:
    """Mailboxes and folders that there are not, in rules with another mistake: who mends that sees these at once."""
    for index, table in _broken(document, parts.rules):
        when = table.get("when")
        for key in ("mailbox", "folder"):
            written = when.get(key) if isinstance(when, dict) else None
            names = written if isinstance(written, list) else [written]
            yield from _names_in(
                document, ("rules", index, "when"), key, [name for name in names if isinstance(name, str)], parts
            )


def _presence(document: Document) -> Iterator[Problem]:
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        return
    examples = {"mailboxes": "such as mailboxes: {contact: {address: …, imap: {…}, smtp: {…}}}",
                "rules": "such as rules: [{name: Everything else, reply: acknowledgement}]"}  # fmt: skip
    for key, example in examples.items():
        if key not in data:
            yield about(document, (), f'the key "{key}" is missing', example)
        elif data[key] in ([], {}):
            yield about(document, (key,), "is empty", example)


# rules ----------------------------------------------------------------------------------------------------------------
def _names(document: Document, rules: Mapping[int, Rule]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, rule in rules.items():
        if rule.name in first:
            sentence = f"the name is taken by rules[{first[rule.name] + 1}]; once remembers answers by it"
            yield about(document, ("rules", index, "name"), sentence, "give each rule its own name")
        first.setdefault(rule.name, index)


PAIRS = 150
"""Rules up to this many are each held against all above them; of more, only against those with a part in common."""


def _unreachable(document: Document, rules: Mapping[int, Rule]) -> Iterator[Problem]:
    """Rules that can never match, as far as that can be proven."""
    always: list[tuple[str, All]] = []  # names and conditions of earlier rules: those without conditions
    filed: dict[object, list[tuple[str, All]]] = {}  # and the others, each by the clues of one of its parts
    above: list[tuple[str, All]] = []
    overlap = Overlap()
    for index, rule in rules.items():
        when = _parts(rule)
        path = ("rules", index)
        candidates = [*always, *(earlier for part in when.parts for earlier in filed.get(clues(part)[0], ()))]
        cover = next((name for name, wide in candidates if covers(wide, when)), "")
        if not cover and len(rules) <= PAIRS:
            cover = next((name for name, wide in above if overlap.wider(wide, when)), "")
        if cover:
            sentence = f'can never match: "{cover}" above it matches everything that it would'
            yield about(document, path, sentence, "move it up, or remove it", warning=True)
        elif overlap.impossible(when):
            yield about(document, (*path, "when"), "can never match: it contradicts itself", warning=True)
        elif not when.parts:
            always.append((rule.name, when))
        else:
            rarest = min((clues(part) for part in when.parts), key=lambda c: max(len(filed.get(x, ())) for x in c))
            for clue in rarest:
                filed.setdefault(clue, []).append((rule.name, when))
        above.append((rule.name, when))


def _left_over(document: Document, parts: Parts, rules: Mapping[int, Rule]) -> Iterator[Problem]:
    """Rules that answer, and letters that none of them fits."""
    written = document.data.get("rules") if isinstance(document.data, dict) else None
    if not isinstance(written, list) or len(written) != len(rules) or not any(r.reply for r in rules.values()):
        return
    if not Overlap().everything(map(_parts, rules.values()), frozenset(parts.mailboxes)):
        sentence = "no rule is left for letters that none of these fits: they get no answer"
        step = "end with - {name: Everything else, reply: acknowledgement}, or with reply: false if that is meant"
        yield about(document, ("rules", len(written) - 1), sentence, step, warning=True)


def _parts(rule: Rule) -> All:
    return rule.when if isinstance(rule.when, All) else All((rule.when,))


def _rule(document: Document, path: Path_, table: RuleTable, rule: Rule, parts: Parts) -> Iterator[Problem]:
    if table.answer_despite and not pins_sender(table.when):
        sentence = "answers what looks like a machine, so the rule must say from whom"
        yield about(document, (*path, "answer_despite"), sentence, "add from: to when")
    elif table.answer_despite:
        for when, place in nested(table.when, (*path, "when")):
            yield from _wide_senders(document, place, when)
    if rule.reply is None:
        acts = rule.mark or rule.move_to or rule.notify
        for key in ("promise", "once", "not_older_than", "kind", "language", "answer_despite", "shadow"):
            if key in table.model_fields_set and not (key == "shadow" and acts):
                yield about(document, (*path, key), "has no effect beside reply: false", "remove it", warning=True)
    elif rule.once.per == "every-message" and parts.config.answer.limits.per_sender is None:
        sentence = (
            "every letter is answered and limits.per_sender is off: two machines could write to each other for ever"
        )
        yield about(
            document, (*path, *(("once",) if table.once else ())), sentence, "set per_sender: 3/day", warning=True
        )
    watched = {folder for box in parts.mailboxes.values() for folder in box.folders}
    if rule.move_to in watched:
        sentence = f'"{rule.move_to}" is itself watched'
        yield about(document, (*path, "move_to"), sentence, "move letters to a folder that is not", warning=True)
    for when, place in nested(table.when, (*path, "when")):
        yield from lookalikes(document, place, when)
        yield from _names_in(document, place, "mailbox", when.mailbox or (), parts)
        yield from _names_in(document, place, "folder", when.folder or (), parts)
        if when.authenticated is not None and not any(box.authserv_id for box in parts.mailboxes.values()):
            sentence = "no mailbox says whose Authentication-Results to believe, so no letter counts as authenticated"
            yield about(document, (*place, "authenticated"), sentence, "add authserv_id: to the mailbox", warning=True)
        yield from _clock(document, place, when.model_fields_set, parts)
        for i, tag in enumerate(when.language or ()):
            if "-" in tag and not tag.lower().startswith("zh"):
                bare = tag.partition("-")[0]
                sentence = (
                    f'words do not tell the country: "{tag}" does not hold where a template or rule says "{bare}"'
                )
                yield about(document, (*place, "language", i), sentence, f"write {bare}", warning=True)
    if rule.promise and "working" in rule.promise.unit and not _any_office(parts, "hours"):
        sentence = "without office hours, working hours and days count round the clock"
        yield about(document, (*path, "promise"), sentence, "add office: {timezone: …, hours: …}", warning=True)


def _wide_senders(document: Document, path: Path_, when: When) -> Iterator[Problem]:
    """Patterns of a rule with `answer_despite` that hold for senders nobody here can know."""
    for i, pattern in enumerate(when.from_ or ()):
        local, _, domain = pattern.rpartition("@")
        anybody = not local.strip("*") and by_domain(domain) is not None
        if anybody or len([label for label in domain.split(".") if label.strip("*?")]) < 2:
            sentence = f'answer_despite holds for strangers too: "{pattern}" is very wide'
            yield about(document, (*path, "from", i), sentence, "name addresses or domains you know", warning=True)


def _of_contacts(document: Document, path: Path_, when: When, contacts: Contacts | None) -> Iterator[Problem]:
    """Columns that the contacts file has not, and conditions without such a file."""
    asked: list[tuple[Path_, str]] = [((*path, "anniversary", i), c) for i, c in enumerate(when.anniversary or ())]
    if isinstance(when.contact, dict):
        asked += [((*path, "contact", column), column) for column in when.contact]
    if contacts is None:
        for key in ("contact", "anniversary"):
            if key in when.model_fields_set and "contacts" not in document.data:
                yield about(document, (*path, key), "there is no contacts file", "add contacts: contacts.csv")
        return
    for place, column in asked:
        if column_name(column) not in contacts.columns:
            step = nearest(column_name(column), contacts.columns) or (
                f"there are: {', '.join(contacts.columns[:12])}" if contacts.columns else "it has addresses only"
            )
            yield about(document, place, f'the contacts file has no column "{column}"', step)


def _names_in(document: Document, path: Path_, key: str, names: Collection[str], parts: Parts) -> Iterator[Problem]:
    boxes = document.data.get("mailboxes")
    if not isinstance(boxes, dict) or (key == "folder" and len(boxes) != len(parts.mailboxes)):
        return  # the mailboxes themselves are wrong; that has been said
    folders = {folder for box in parts.mailboxes.values() for folder in box.folders}
    known = set(boxes) if key == "mailbox" else folders
    for i, name in enumerate(names):
        if name not in known:
            step = nearest(name, known) or f"there are: {', '.join(sorted(known))}"
            sentence = "is no mailbox" if key == "mailbox" else "is not watched by any mailbox"
            yield about(document, (*path, key, i), f'"{name}" {sentence}', step)


def _clock(document: Document, path: Path_, keys: Collection[str], parts: Parts) -> Iterator[Problem]:
    if "office" in keys and not any(_any_office(parts, key) for key in ("hours", "holidays", "special")):
        yield about(document, (*path, "office"), "no office hours are given, so the office is always open",
                    "add office: {timezone: …, hours: …}", warning=True)  # fmt: skip
    for key in ("weekday", "time", "date", "anniversary"):
        if key in keys and not _any_office(parts, "timezone"):
            yield about(document, (*path, key), "no time zone is given, so it is reckoned in UTC",
                        "add office: {timezone: Europe/Madrid}", warning=True)  # fmt: skip


def _any_office(parts: Parts, key: str) -> bool:
    offices: list[Office | None] = [parts.config.office, *(box.office for box in parts.mailboxes.values())]
    return any(office is not None and getattr(office, key) is not None for office in offices)


# mailboxes ------------------------------------------------------------------------------------------------------------
FILE_THEMSELVES = frozenset({"smtp.gmail.com", "smtp.googlemail.com", "smtp.office365.com", "smtp-mail.outlook.com"})
"""Servers that put a copy of whatever they send for a mailbox into its folder of sent letters."""


def _mailboxes(document: Document, mailboxes: Mapping[str, MailboxTable]) -> Iterator[Problem]:
    addresses: dict[str, str] = {}
    folders: dict[tuple[str, str, str], str] = {}
    for name, box in mailboxes.items():
        path = ("mailboxes", name)
        written = [(box.address, (*path, "address")), *((a, (*path, "aliases", i)) for i, a in enumerate(box.aliases))]
        for address, place in written:
            key = sender_key(address or "") or (address or "").casefold()
            if key and key in addresses:
                yield about(document, place, f'"{address}" is already an address of the mailbox "{addresses[key]}"',
                            "an address belongs to one mailbox, once")  # fmt: skip
            elif key:
                addresses[key] = name
        user = box.imap.user or box.address or ""
        for i, folder in enumerate(box.folders):
            login = (box.imap.host.casefold(), user.casefold(), folder)
            if login in folders:
                yield about(document, (*path, "folders", i),
                            f'the folder "{folder}" of {user} is already watched by the mailbox "{folders[login]}"',
                            "watch a folder once; use aliases for further addresses")  # fmt: skip
            folders.setdefault(login, name)
        if box.save_sent and box.smtp.host.casefold() in FILE_THEMSELVES:
            sentence = f"{box.smtp.host} files what it sends by itself: every answer would be there twice"
            yield about(document, (*path, "save_sent"), sentence, "save_sent: false", warning=True)
        if box.sent in box.folders:
            yield about(
                document, (*path, "folders"), f'"{box.sent}" holds our own letters', "do not watch it", warning=True
            )


def _never_closed(document: Document, parts: Parts) -> Iterator[Problem]:
    """Mailboxes that are open day and night, yet take holidays or special hours from the common office."""
    common = parts.config.office or Office()
    for name, box in parts.mailboxes.items():
        own = box.office
        if own is None or own.hours is None or any(day != ((time(0), time(0)),) for day in times.week(own.hours)):
            continue
        if common.holidays is not None and own.holidays is None:
            sentence = "is open day and night, yet closed on the holidays of the common office"
            yield about(document, ("mailboxes", name, "office"), sentence,
                        "add holidays: {}, or say them here again", warning=True)  # fmt: skip
        if common.special and own.special is None:
            sentence = "is open day and night, yet has the special hours of the common office"
            yield about(document, ("mailboxes", name, "office"), sentence,
                        "add special: [], or say them here again", warning=True)  # fmt: skip


# people and limits ----------------------------------------------------------------------------------------------------
def _staff(document: Document, parts: Parts, own: Mapping[str, str]) -> Iterator[Problem]:
    lists: list[tuple[Path_, tuple[str, ...]]] = [
        (("notify",), parts.config.notify),
        (("answer", "limits", "alert"), parts.config.answer.limits.alert),
        *((("rules", i, "notify"), rule.notify) for i, rule in parts.rules.items()),
    ]
    if follow_up := parts.config.follow_up:
        for key, who in (("remind", follow_up.remind), ("escalate", follow_up.escalate)):
            lists.append((("follow_up", key, "to"), who.to if who else ()))
    for path, addresses in lists:
        for i, address in enumerate(addresses):
            if mailbox := own.get(sender_key(address)):
                sentence = f'"{address}" is the mailbox "{mailbox}" itself: it would write to itself'
                yield about(document, (*path, i), sentence, "name a person's address")


def _limits(document: Document, parts: Parts) -> Iterator[Problem]:
    limits = parts.config.answer.limits
    for small, large in (("per_sender", "per_domain"), ("per_sender", "total"), ("per_domain", "total")):
        inner, outer = getattr(limits, small), getattr(limits, large)
        written = document.within(("answer", "limits", small)) == ("answer", "limits", small)
        if inner and outer and inner.count > outer.count and inner.window <= outer.window:
            path = ("answer", "limits", small if written else large)
            yield about(document, path, f"{small} ({inner}) is more than {large} ({outer}) lets out",
                        f"lower {small} or raise {large}", warning=True)  # fmt: skip


# what later versions do -----------------------------------------------------------------------------------------------
def _without_effect(document: Document) -> Iterator[Problem]:
    """Keys that are understood and checked, but that nothing acts on yet."""
    keys: list[tuple[Path_, str]] = [
        (("follow_up",), "promises are stated in answers but not yet watched"),
    ]
    for path, sentence in keys:
        if document.within(path) == path:
            yield about(document, path, f"has no effect in this version: {sentence}", warning=True)
