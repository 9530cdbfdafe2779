"""Whether an address spells a name, and so confirms which of its words is the given name: `jgutierrez@…` for Julián
Gutiérrez Mora.

Contract: `spells` is True only where the whole local part (but for signs and digits) is made of the given name or its
initials and of a surname, in either order, and could not be read the other way round. Never fails.
"""

import re
from collections.abc import Sequence

from autoresponder.answer.name_words import PARTICLES, TITLES, plain

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
