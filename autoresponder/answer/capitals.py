"""The capitals of a name: as its owner wrote them, or calmed where all of it is shouted or whispered.

Contract: `calm` gives the words as they can be written after `Dear`, or none where the capitals say that it may well be
no name: one word alone that is shouted or whispered (a brand? a login?), `PayPal`, `DHL Express`, `van der Berg`.
"""

import re
from collections.abc import Sequence

from autoresponder.answer.name_words import PARTICLES, QUIET, plain

_LETTERS = re.compile(r"[^\W\d_]+")
_ROMAN = re.compile(r"[IVX]{2,4}")
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_])*\.?")
_VOWEL = re.compile("[aeiouyw]")
_TWO_CAPITALS = re.compile(r"(?:Mc|Mac|Fitz|D[aeiu]|L[aeo]|V[ao]n)(?=[^\W\d_a-z])")
_ELIDED = ("d'", "d’", "l'", "l’")
_TURKISH = frozenset("İĞığ")


def calm(words: Sequence[str], titles: int, script: str) -> list[str]:
    """The words of a name in `script`, the first `titles` of which are titles; [] for what may be no name."""
    letters = "".join(words).replace("ª", "").replace("º", "")
    if letters.isupper() or letters.islower():
        return _quiet(words, titles, script, letters)
    if words[0].islower() and plain(words[0]) in PARTICLES:
        return []  # half a name: van der Berg
    return _mixed(words, titles)


def _quiet(words: Sequence[str], titles: int, script: str, letters: str) -> list[str]:
    """Words that are all shouted or all whispered."""
    if (len(words) == 1 and not titles) or not all(map(_sounds, words[titles:])):
        return []
    if script == "GREEK" and letters.isupper():  # capitals have lost their accents
        return []
    turkish = not _TURKISH.isdisjoint(letters)
    if "Ş" in letters and "I" in letters and not turkish:  # ı where it is Turkish, i where it is Romanian
        return []
    made = [word if at and _ROMAN.fullmatch(word) else _titled(word, turkish) for at, word in enumerate(words)]
    for at, word in enumerate(made[1:], 1):
        if plain(word) in QUIET or (word in ("La", "Las", "Los", "Lo") and plain(made[at - 1]) == "de"):
            made[at] = word.lower()
    return made


def _mixed(words: Sequence[str], titles: int) -> list[str]:
    """Words as somebody wrote them, `Ana ruiz` and `Marie DUPONT` too."""
    made: list[str] = []
    for at, word in enumerate(words):
        if _ROMAN.fullmatch(word) or _INITIALS.fullmatch(word):
            pass
        elif at >= titles and word.islower() and plain(word) not in PARTICLES and not word.startswith(_ELIDED):
            if len(words) > titles + 2:
                return []  # a sentence
            word = word[0].title() + word[1:]
        elif at >= titles and word.isupper():
            if at == titles or len(word) < 4:
                return []  # a brand
        elif not word.istitle() and any(map(_camel, re.split("['’·-]", word))):
            return []
        made.append(word)
    return made


def _titled(word: str, turkish: bool) -> str:
    """`O'BRIEN` is O'Brien, `MCDONALD` McDonald, `JEAN-LUC` Jean-Luc; `YILMAZ` Yılmaz where the name is Turkish."""

    def one(found: re.Match[str]) -> str:
        first, rest = found[0][0], found[0][1:]
        if turkish:
            first, rest = first.replace("i", "İ"), rest.replace("I", "ı").replace("İ", "i")
        return first.title() + rest.lower()

    return re.sub("^Mc([a-z])(?=[a-z]{2})", lambda found: "Mc" + found[1].upper(), _LETTERS.sub(one, word))


def _sounds(word: str) -> bool:
    """Whether a word can be said: it has a vowel, or is a numeral or an initial; not XKCD."""
    bare = plain(word)
    return not bare.isascii() or bool(_VOWEL.search(bare) or _ROMAN.fullmatch(word) or _INITIALS.fullmatch(word))


def _camel(part: str) -> bool:
    """Whether there is a capital within a word where no name has one: PayPal, but not McDonald, LeBron."""
    return any(c.isupper() for c in _TWO_CAPITALS.sub("", part, count=1)[1:])


def is_initial(word: str) -> bool:
    """`J.`, `J.R.`, `J`."""
    return _INITIALS.fullmatch(word) is not None
