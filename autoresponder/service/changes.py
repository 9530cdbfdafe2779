"""What a reload changed, as lines for the log: rules key by key, everything else by name.

Contract: no secret is ever in a line, so of mailboxes and of the other parts of the file only the names are told. Rules
are compared as they are written; one that stays as it is and still does something else (another default under
`answer`, say) is told by what changed there.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from autoresponder.config.settings import Settings

SHOWN = 100
"""Characters of a value that a line shows."""
_OTHERS = ("answer", "office", "brand", "templates", "notify", "follow_up")
"""Parts of the file of which is only said that they changed."""


def differences(old: Settings, new: Settings) -> Iterator[str]:
    """The lines, none when everything stayed as it was."""
    yield from _rules(*(_written(settings) for settings in (old, new)))
    for name in new.accounts:
        if name not in old.accounts:
            yield f"mailbox {name} added"
        elif new.accounts[name] != old.accounts[name]:
            yield f"mailbox {name} changed"
    yield from (f"mailbox {name} removed" for name in old.accounts if name not in new.accounts)
    before, after = _data(old), _data(new)
    yield from (f"{key} changed" for key in _OTHERS if before.get(key) != after.get(key))
    if old.policy.contacts != new.policy.contacts:
        yield f"{len(new.policy.contacts.rows)} contacts, {len(old.policy.contacts.rows)} before"
    if old.seasons != new.seasons:
        yield "the seasons changed"
    if old.shadow != new.shadow:
        yield "shadow mode on: nothing is sent" if new.shadow else "live: answers are sent from now on"


def _rules(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    removed, added = [name for name in before if name not in after], [name for name in after if name not in before]
    for old in list(removed):
        bare = _nameless(before[old])
        if new := next((name for name in added if _nameless(after[name]) == bare), None):
            removed.remove(old)
            added.remove(new)
            anew = (
                ": to `once` it is a new rule, whose answer everybody may have anew" if after[new].get("reply") else ""
            )
            yield f"rule “{old}” is called “{new}” now{anew}"
    yield from (f"rule “{name}” added" for name in added)
    yield from (f"rule “{name}” removed" for name in removed)
    stayed = [name for name in after if name in before]
    for name in stayed:
        if changes := [*_keys(before[name], after[name])]:
            yield f"rule “{name}” changed: {'; '.join(changes)}"
    if stayed != [name for name in before if name in after]:
        yield "the order of the rules changed: " + ", ".join(f"“{name}”" for name in after)


def _nameless(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "name"}


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if key not in before:
            yield f"{key} added: {_show(new)}"
        elif key not in after:
            yield f"{key} removed, was {_show(old)}"
        else:
            yield f"{key}: {_show(old)} -> {_show(new)}"


def _show(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _data(settings: Settings) -> Mapping[str, Any]:
    data = settings.document.data
    return data if isinstance(data, dict) else {}


def _written(settings: Settings) -> dict[str, Mapping[str, Any]]:
    """The rules as rules.yaml has them, by name."""
    return {str(rule.get("name")): rule for rule in _data(settings).get("rules") or () if isinstance(rule, dict)}
