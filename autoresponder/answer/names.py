"""The name of a person out of what stands before the address in From.

Contract: `person` gives a name that can be written after `Dear`, and the first name where it is sure which word that
is; "" for everything that is not the name of one person, or may well not be: addresses, links, code, companies,
departments, devices, families, letters that are damaged or not what they seem. A wrong name is worse than none.
Never fails.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from autoresponder.answer import capitals, name_words
from autoresponder.answer.clean import one_line
from autoresponder.answer.name_words import plain
from autoresponder.answer.spelt import is_house, spells

MAX_NAME = 60
MAX_WORDS, MAX_WORD = 7, 30

_REMARK = re.compile(r"\([^()]*\)|（[^（）]*）|(?<=\s)[\"“”„«][^\"“”„«»]+[\"“”»](?=\s)|(?<=\s)['‘’][^'‘’]+['’](?=\s)")
"""What stands behind a name, and nicknames within it: Ana Ruiz (Madrid), Robert "Bob" Smith."""
_PICTURE = r"[\u203c-\u20cf\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\u200d\ufe0f\u20e3]"
_PICTURES = re.compile(rf"(?<![^\W_]){_PICTURE}+|{_PICTURE}+(?![^\W_])")
"""Emoji and stars around words; one between two letters stands for a letter, and the name is not known."""
_FANCY = re.compile(r"[\U0001d400-\U0001d7ff\uff01-\uff9f\ufb00-\ufb06\u24b6-\u24e9]+")
"""Mathematical, full-width, joined and circled letters: the same letters in another dress."""
_APOSTROPHES = str.maketrans({"`": "'", "´": "'", "ʼ": "’", "‘": "’", "‐": "-", "‑": "-"})
_HARMLESS = frozenset("\u200c\u200d\u200e\u200f\u061c\ufeff")
"""Invisible characters that scripts from right to left, and emoji, are written with."""
_SENSELESS = re.compile(
    r"[^\W\d_]{2}[.。．｡][^\W\d_]{2}"  # a host name
    r"|(.)\1\1\1|[\u0334-\u0338\u20d0-\u20ff]"  # aaaa; struck out
    r"|[.'-]{2}|(?:^|\s)[.'·-]+(?:\s|$)"
    r"|Ã[a-z]|\bÃ"  # half of a damaged letter
)
_DEGREE = re.compile(r"(?<=[^ ]),? (?:MD|DDS|MBA|CPA|CFA|PMP|RN|Ph\.?D\.?)$")
_AND = frozenset(("y", "e", "i", "eta"))
_POSSESSIVE = ("'s", "’s", "'S", "’S")
_SURNAME = re.compile(r"Mc|Mac(?=[A-Z])|Fitz(?=[A-Z])|[ODd]['’]")
_PATRONYMIC = re.compile(r"(?:вич|вна|ична|ич)$")
_SLAVIC_SURNAME = re.compile(r".{2,}(?:ов|ова|ев|ева|ин|ина|ский|ская|цкий|цкая|енко|ук|юк)$")
_FAMILY_FIRST = re.compile("[ơưƠƯ\u1ea0-\u1ef9őűŐŰ]")
"""Letters of Vietnamese and Hungarian, where the family comes first."""
_EAST = frozenset("CJK HANGUL HIRAGANA KATAKANA IDEOGRAPHIC BOPOMOFO KATAKANA-HIRAGANA".split())  # noqa: SIM905
_LATIN = frozenset(("LATIN", "FEMININE", "MASCULINE", "MODIFIER"))
_CASED = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN"))
_ORGANISATION = re.compile(r"[部店社局院會会課课室科行司団团網网館馆所处處]$")


@lru_cache(maxsize=256)
def person(display: str, email: str = "") -> tuple[str, str]:
    """(name, first name) out of a display name; "" where it is not, or may well not be, the name of a person.

    `Ruiz, Ana` is turned round, `ANA RUIZ` is calmed, titles stay in the name and are no first name. email: the address
    behind it, which tells whether `Ruiz García, Ana` is a person with two surnames or Ruiz García in a place, and
    whether `Stripe` is a person at all."""
    name = _in_order(_tidy(display), email)
    if not 2 <= len(name) <= MAX_NAME or _SENSELESS.search(name):
        return "", ""
    script = _script(name)
    if script == "EAST":
        return (name, "") if _is_eastern(name) else ("", "")
    words: Sequence[str] = name.split()
    if not script or not _is_one_person(words):
        return "", ""
    titles = next((at for at, word in enumerate(words) if plain(word) not in name_words.TITLES), len(words))
    if titles == len(words):
        return "", ""
    if len(words) == 1 and is_house(words[0], email):
        return "", ""
    if script in _CASED:
        words = capitals.calm(words, titles, script)
    return (" ".join(words), _first(words, titles)) if words else ("", "")


def _tidy(display: str) -> str:
    """On one line, in ordinary letters, without remarks, nicknames, pictures and quotes around; "" where invisible
    characters hide what it is or turn it round."""
    if len(display) > 8 * MAX_NAME:
        return ""
    text = display
    if not text.isascii():
        text = _FANCY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), _mended(text)).translate(_APOSTROPHES)
        if any(unicodedata.category(c) == "Cf" for c in text if not c.isprintable() and c not in _HARMLESS):
            return ""
    text = _REMARK.sub(" ", text)
    if not text.isascii():
        text = _PICTURES.sub(" ", text)
    return one_line(text, 2 * MAX_NAME).strip(" '\"“”«»,.-")


def _mended(text: str) -> str:
    """UTF-8 that was taken for Windows-1252, once or twice: `JosÃ©` is José."""
    for _ in range(2):
        try:
            text = b"".join(c.encode("cp1252" if c > "\xff" else "latin-1") for c in text).decode()
        except UnicodeError:
            break
    return text


def _in_order(name: str, email: str) -> str:
    """`Ruiz, Ana` turned round, degrees left out; "" where it is not sure what a comma means."""
    if name[-1:].isupper() or name.endswith("D."):
        name = _DEGREE.sub("", name)
    if "," not in name:
        return name
    before, *after = (part.strip() for part in name.split(","))
    while after and plain(after[-1]) in name_words.DEGREES:
        after.pop()
    if not after:
        return before
    surnames = [word for word in before.split() if plain(word) not in name_words.PARTICLES]
    if len(after) > 1 or not after[0]:
        return ""
    if len(surnames) > 1 and not before.isupper() and not spells(email, after[0], before):
        return ""  # Ana Ruiz, Madrid
    return f"{after[0]} {before}"


def _script(name: str) -> str:
    """The one script that all letters of a name are of (LATIN, CYRILLIC …, EAST); "" for several, and for what no name
    has: digits, signs, many marks on a letter."""
    if name.isascii():
        return "LATIN" if all(c.isalpha() or c in " '.-" for c in name) else ""
    scripts: set[str] = set()
    marks = run = 0
    for char in name:
        if char.isalpha():
            run = 0
            script = "LATIN" if char <= "z" else unicodedata.name(char, "?").partition(" ")[0]
            scripts.add("EAST" if script in _EAST else "LATIN" if script in _LATIN else script)
        elif unicodedata.category(char)[0] == "M":
            marks, run = marks + 1, run + 1
            if run > 3:
                return ""
        elif char not in " '’.-·・":
            return ""
    if len(scripts) != 1 or (scripts == {"LATIN"} and 2 * marks > len(name)):
        return ""
    return scripts.pop()


def _is_one_person(words: Sequence[str]) -> bool:
    """Whether no word says that this is a company, a department, a device, a form, or more than one person."""
    alike = all(map(str.isupper, words)) or all(map(str.islower, words))
    for word in words:
        bare = plain(word)
        if name_words.is_role(bare) or word.endswith(_POSSESSIVE):
            return False
        if not bare.isalpha() and any(map(name_words.is_role, re.split("['’-]", bare))):
            return False
        if bare in name_words.PHRASES and (alike or word.islower()):
            return False
        if bare in name_words.SHORT_FIRMS and (alike or word.isupper()) and len(word) == len(bare):
            return False
    weighty = sum(plain(word) not in name_words.PARTICLES for word in words)
    if weighty > MAX_WORDS or max(map(len, words)) > MAX_WORD:
        return False
    joined = [at for at, word in enumerate(words) if word.lower() in _AND]
    return not joined or (len(words) > 3 and joined == [len(words) - 2])  # José Ortega y Gasset


def _is_eastern(name: str) -> bool:
    """Whether this can be a Chinese, Japanese or Korean name."""
    bare = name.replace(" ", "")
    if any(part in name for part in name_words.PARTS) or _ORGANISATION.search(name):
        return False
    return 2 <= len(bare) <= (12 if any(gap in name for gap in " ·・") else 6)


def _first(words: Sequence[str], titles: int) -> str:
    """The first name, "" where it may be another word: a surname, a particle, an initial."""
    first, *rest = words[titles:]
    bare = plain(first)
    if "ª" in first and rest:  # Mª José
        return f"{first} {rest[0]}" if plain(rest[0]) not in name_words.PARTICLES else ""
    if (titles and not rest) or first.endswith(".") or capitals.is_initial(first) or _SURNAME.match(first):
        return ""
    if bare in name_words.PARTICLES or bare in name_words.COMPOUNDS or any(word in _AND for word in rest):
        return ""
    if len(rest) == 2 and _PATRONYMIC.search(rest[1]):  # Иванов Иван Иванович
        return rest[0]
    if rest and (bare in name_words.FAMILY_FIRST or _SLAVIC_SURNAME.match(first)):
        return ""
    return "" if rest and _FAMILY_FIRST.search(" ".join(words)) else first
