"""What an address says of the name before it: that it is a person's, in this order, or that of a house.

Contract: `spells` is True only where the whole local part (but for signs and digits) is made of the given name or its
initials and of a surname, in either order, and could not be read the other way round: `jgutierrez@…` for Julián
Gutiérrez Mora. `is_house` is about names of one word, which brands have, too: `Stripe` <receipts@stripe.com>. Neither
fails.
"""

import re
from collections.abc import Sequence

from autoresponder.answer.name_words import PARTICLES, TITLES, is_role, plain

_LEAST = 3
"""Letters of a surname that are no accident."""
_PART_OF_DOMAIN = 4
"""Letters of a word that, found in the domain, make the name that of a house rather than of a person."""
_WITHIN = re.compile(r"[\s'’·-]+")
_NO_LETTERS = re.compile(r"[^a-z]+")


def spells(email: str, given: str, family: str) -> bool:
    """Whether `email` is the address of a person with this given name and these surnames; False where `family` may as
    well hold both and `given` be something else: “Ana Ruiz, Alicante” <aruiz@…>."""
    local, _, domain = email.rpartition("@")
    letters = _NO_LETTERS.sub("", plain(local.partition("+")[0]))
    first, last = _words(given), _words(family)
    if not letters or not first or not last:
        return False
    if any(len(word) >= _PART_OF_DOMAIN and word in domain.lower() for word in (*first, *last)):
        return False
    return letters in _spellings(first, last) and letters not in _spellings(last[:1], last[1:])


def is_house(word: str, email: str) -> bool:
    """Whether a name of one word is rather that of the house that writes: its domain is called so, or the address is a
    department's; not `Maria` <maria@mariascakes.example>. False without an address."""
    local, _, domain = email.rpartition("@")
    bare, user = (_NO_LETTERS.sub("", plain(text)) for text in (word, local.partition("+")[0]))
    labels = plain(domain).split(".")[:-1]
    if not bare or bare in labels:
        return bool(bare)
    within = len(bare) >= _PART_OF_DOMAIN and any(bare in label.replace("-", "") for label in labels)
    return (within and user != bare) or is_role(plain(local))


def _words(text: str) -> list[str]:
    """The words of a name, without titles and particles."""
    words = map(plain, _WITHIN.split(text))
    return [word for word in words if word and word not in PARTICLES and word not in TITLES]


def _spellings(given: Sequence[str], family: Sequence[str]) -> set[str]:
    if not family:
        return set()
    firsts = {given[0], "".join(given), given[0][0], "".join(word[0] for word in given)}
    lasts = {family[0], family[-1], "".join(family), family[0] + family[-1][0]}
    return {part for f in firsts for s in lasts if len(s) >= _LEAST for part in (f + s, s + f)}
