"""Text as conditions compare it, and as sentences show it. Pure, linear, for any text."""

import unicodedata

SHOWN = 80
"""Characters of a header value that a sentence shows."""
QUOTED = 60
"""Characters of any other value."""


def fold(text: str) -> str:
    """Text as conditions compare it: no case, no accents, white space folded, apostrophes, quotes and dashes as a
    keyboard has them (`Facturación` -> `facturacion`, `plus d’eau` -> `plus d'eau`, `przedłuż` -> `przedluz`)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("´", "'")).translate(_PLAIN)
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().split())


class _Plain(dict[int, int | str | None]):
    """For `str.translate`, filled as characters come: combining marks go, what phones and word processors make of plain
    signs becomes plain, and so do letters whose stroke is no accent to Unicode."""

    def __missing__(self, code: int) -> int | None:
        # the marks that make another letter of a Japanese one are no accents
        plain = None if unicodedata.combining(chr(code)) and code not in (0x3099, 0x309A) else code
        if code < 0x3000:  # what is remembered stays small, whatever is written
            self[code] = plain
        return plain


_PLAIN = _Plain(
    dict.fromkeys(map(ord, "‘’‚‛ʼ′"), "'") | dict.fromkeys(map(ord, "“”„‟«»″"), '"')
    | dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
    | dict(zip(map(ord, "łŁđĐøØħĦıŧŦ"), "lLdDoOhHitT", strict=True))
    | {ord("œ"): "oe", ord("Œ"): "OE", ord("æ"): "ae", ord("Æ"): "AE"}
)  # fmt: skip


def quoted(text: str) -> str:
    """A value as a sentence shows it: quoted, on one line, cut."""
    text = " ".join(text.split())
    return f"“{text[:QUOTED]}…”" if len(text) > QUOTED else f"“{text}”"


def shown(value: str) -> str:
    """A header value as a sentence shows it: cut."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
