"""What a value of rules.yaml means: plain ones here (words, names, switches), the others in the modules beside.

Contract: each function takes one plain value (text, whole number, true/false, list or table, as `config.loader` gives
them) and returns its meaning, or raises `BadValue` with a sentence that names the value and shows a good example. No
function looks at anything but its argument. So do those of `amounts` (of time, of letters, of octets), `times` (days,
times, dates, zones), `locales` (languages, countries), `patterns` (what conditions look for) and `postal` (addresses,
hosts, folders).
"""

import difflib
import re
from collections.abc import Iterable

MAX_TEXT = 2000


class BadValue(ValueError):
    """One value that means nothing: the sentence (to stand after the key's name) and the next step."""

    def __init__(self, sentence: str, step: str = "") -> None:
        """`sentence` goes on after "key: ", so it begins in lower case."""
        super().__init__(sentence)
        self.sentence, self.step = sentence, step


def shown(value: object) -> str:
    """A value as a sentence shows it: quoted, on one line, cut; lists and tables only by kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = " ".join(str(value).split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def nearest(word: str, options: Iterable[str]) -> str:
    """`did you mean "x"?` for the option most like `word`, "" when none is."""
    folded = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(word.casefold(), folded, 1, 0.6)
    return f'did you mean "{folded[found[0]]}"?' if found else ""


def one_of(options: Iterable[str]) -> str:
    """`use one of a, b, c`."""
    return f"use one of {', '.join(options)}"


def text(value: object, example: str = "") -> str:
    """Text that is not empty; a whole number is taken as it was written."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        quoted = f'put it in quotes: "{"true" if value else "false"}"' if isinstance(value, bool) else ""
        raise BadValue(f"must be text, not {shown(value)}", quoted or example)
    if not value.strip():
        raise BadValue("must not be empty", example)
    if len(value) > MAX_TEXT:
        raise BadValue(f"is longer than {MAX_TEXT} characters")
    return value


def line(value: object, example: str = "") -> str:
    """Text on one line without control characters, trimmed."""
    found = text(value, example).strip()
    if not all(c.isprintable() for c in found):
        raise BadValue("must be one line without control characters", example)
    return found


def flag(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    said = str(value).casefold()
    meant = "true" if said in ("yes", "on", "1", "y") else "false" if said in ("no", "off", "0", "n") else ""
    raise BadValue(f"must be true or false, not {shown(value)}", f"write {meant}" if meant else "")


def choice(value: object, options: tuple[str, ...]) -> str:
    """One of a few words."""
    found = line(value, one_of(options)).casefold()
    if found not in options:
        raise BadValue(f"{shown(value)} is not known here", nearest(found, options) or one_of(options))
    return found


def rule_name(value: object) -> str:
    """What a rule is called; also the name under which `once` remembers its answers."""
    found = line(value, "name: Invoices")
    if len(found) > 100:
        raise BadValue("is longer than 100 characters", "a short name reads better in the log")
    return found


def label(value: object) -> str:
    """The name of a mailbox: a short word."""
    found = line(value)
    if not re.fullmatch(r"[\w.-]{1,40}", found):
        raise BadValue(f"{shown(value)} cannot name a mailbox", "letters, digits, . _ - only, such as contact")
    return found


def template(value: object) -> str | None:
    """The name of a template; None (stay silent) for false."""
    if value is False:
        return None
    if value is True:
        raise BadValue("true does not say which template", "reply: acknowledgement")
    found = line(value, "reply: acknowledgement, or reply: false to stay silent")
    if found.casefold() in ("no", "off", "none", "never", "nothing"):
        raise BadValue(f"{shown(value)} names no template", "to stay silent write reply: false")
    if found.endswith(".md"):
        raise BadValue(f"{shown(value)} must be the name alone", f"reply: {found[:-3].partition('.')[0]}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", found):
        raise BadValue(f"{shown(value)} cannot name a template",
                       "letters, digits, - and _ only; reply: invoice means templates/invoice.md")  # fmt: skip
    return found


def colour(value: object) -> str:
    """`#rgb` or `#rrggbb`, lower case, as `#rrggbb`."""
    found = line(value, 'colour: "#0b5fff"').casefold()
    if not re.fullmatch(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", found):
        raise BadValue(f"{shown(value)} is not a colour", 'write it as "#0b5fff", in quotes')
    return found if len(found) == 7 else "#" + "".join(c * 2 for c in found[1:])


def website(value: object) -> str:
    """A web address, with or without https://."""
    found = line(value, "https://www.example.com")
    if not re.fullmatch(r"(?:https?://)?[^\s/:@<>\"']+\.[^\s/:@<>\"']+(?:/[^\s<>\"']*)?", found):
        raise BadValue(f"{shown(value)} is not a web address", "https://www.example.com")
    return found
