"""The name of a person out of what stands before the address in From.

A display name that is not a name, or may well not be one (an address, a link, a template, numbers, a company), becomes
"": a wrong name is worse than none. Never fails.
"""

import re
from functools import lru_cache

from autoresponder.answer.clean import one_line

MAX_NAME = 60

_NOT_A_NAME = re.compile(
    r"[@{}<>\[\]|\\`*_#=~^$%&+;:/!?\d]|https?|\bwww\b|[^\W\d_]{2}[.。．｡][^\W\d_]{2}", re.IGNORECASE
)
_TITLE = re.compile(
    r"(?:mrs?|ms|miss|dr|dra|profa?|sra?|srta|d|dña|don|doña|herr|frau|ing|m|mme|mlle|monsieur|madame|sig|dott)\.?",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:gmbh|ag|inc|ltd|llc|llp|plc|corp|corporation|company|s\.?l\.?u?|s\.?a\.?u?|s\.?r\.?l|s\.?p\.?a|b\.?v|"
    r"team|equipo|support|soporte|sales|ventas|info|noreply|service|services|servicios)\.?$",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def person(display: str) -> tuple[str, str]:
    """(name, first name) out of a display name; "" where it is not, or may well not be, the name of a person.

    `Ruiz, Ana` is turned round, `ANA RUIZ` is calmed, titles stay in the name and are no first name."""
    name = one_line(re.sub(r"\([^)]*\)", " ", display[:400]), 2 * MAX_NAME).strip(" '\"“”‘’,.-")
    if not 2 <= len(name) <= MAX_NAME or _NOT_A_NAME.search(name) or not any(c.isalpha() for c in name):
        return "", ""
    if _COMPANY.search(name):
        return "", ""
    if name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        name = f"{first} {last}"
    elif "," in name:
        return "", ""
    if len(name) > 3 and (name.isupper() or name.islower()):
        name = name.title()
    first, *rest = name.split()
    titled = False
    while rest and _TITLE.fullmatch(first):
        titled, (first, *rest) = True, rest
    if (titled and not rest) or len(first) < 2 or first.endswith("."):
        first = ""  # a surname after a title, or an initial
    return name, first
