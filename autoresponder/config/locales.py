"""Languages and countries, by their codes and by what people call them. The contract is that of `values`."""

import difflib
import re
from functools import lru_cache

from autoresponder.config.values import BadValue, line, shown
from autoresponder.core.text import fold

SPOKEN = ("en", "es", "de", "fr", "it", "pt", "nl", "pl", "ca", "gl", "eu", "ro")
"""In which people may call a language or country by its name."""
_AUTONYMS = ("sv", "da", "nb", "no", "nn", "fi", "is", "cs", "sk", "hu", "sl", "hr", "sr", "bs", "bg", "uk", "ru", "be",
             "lt", "lv", "et", "el", "tr", "sq", "mk", "ga", "cy", "mt", "ar", "he", "fa", "hi", "ja", "zh", "ko", "th",
             "vi", "id", "ms")  # fmt: skip
"""Languages that may be called as they call themselves."""
_ALSO = {
    "castellano": "es",
    "castella": "es",
    "castelan": "es",
    "castilian": "es",
    "valenciano": "ca",
    "valencia": "ca",
}
"""What Spain calls its languages, folded."""


def language(value: object) -> str:
    """A language tag: es, pt-BR, zh-Hant."""
    found = line(value, "such as es or pt-BR")
    known = _names("languages")
    match = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?", found)
    if not match or match[1].casefold() not in known:
        raise BadValue(
            f"{shown(value)} is not a language", _by_name(found, "languages", known) or "such as es or pt-BR"
        )
    return "-".join(filter(None, (match[1].lower(), (match[2] or "").title(), (match[3] or "").upper())))


def language_or_name(value: object) -> str:
    """A language as a customer list has it: es, `Spanish`, `español`, `Español (España)`; the tag."""
    try:
        return language(value)
    except BadValue:
        found = re.fullmatch(r"([^()]+?)(?: ?\(([^()]+)\))?", line(value))
        code = found and _called(found[1], "languages")
        place = found and found[2] and _called(found[2], "territories")
        if not code or (found and found[2] and not place):
            raise
        return language(f"{code}-{place}" if place and "_" not in code else code)


def _called(word: str, kind: str) -> str:
    """The code of the language or country that is called so, with or without accents, in its own language or one of
    `SPOKEN`, or of the country that has this code; "" for none."""
    folded = fold(word)
    if kind == "languages" and folded in _ALSO:
        return _ALSO[folded]
    if kind == "territories" and word in _names(kind):
        return word
    for spoken in SPOKEN:
        if code := _by_folded_name(kind, spoken).get(folded):
            return code
    own = (code for code in _AUTONYMS if kind == "languages" and _by_folded_name(kind, code).get(folded) == code)
    return next(own, "")


@lru_cache(maxsize=64)
def _by_folded_name(kind: str, spoken: str) -> dict[str, str]:
    return {fold(name): code for code, name in _names(kind, spoken).items()}


def country(value: object) -> str:
    """An ISO 3166 country code."""
    found = line(value, "country: ES")
    known = {code: name for code, name in _names("territories").items() if len(code) == 2 and code.isalpha()}
    if found.upper() not in known:
        raise BadValue(
            f"{shown(value)} is not a country code", _by_name(found, "territories", known) or "two letters, such as ES"
        )
    return found.upper()


def _names(kind: str, spoken: str = "en") -> dict[str, str]:
    from babel import Locale  # costs a file read, and only these two kinds of key need it

    return dict(getattr(Locale(spoken), kind))


def _by_name(word: str, kind: str, known: dict[str, str]) -> str:
    """The code of the language or country that is called so, or nearly so in English."""
    folded = word.casefold()
    if kind == "territories" and folded == "uk":
        return 'did you mean "GB"?'
    for spoken in SPOKEN:
        names = {name.casefold(): code for code, name in _names(kind, spoken).items() if code in known}
        if folded in names:
            return f'did you mean "{names[folded]}"?'
    names = {name.casefold(): code for code, name in known.items()}
    found = difflib.get_close_matches(folded, names, 1, 0.8)
    return f'did you mean "{names[found[0]]}"?' if found else ""
