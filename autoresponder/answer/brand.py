"""The company's face: name, colours that can be read, and the logo as bytes that travel with the letter.

Contrast follows WCAG 2.1 (section 1.4.3): text on the brand's colour is black or white, whichever reads better, and
the brand's colour used as text is moved away from its background until it reaches 4.5 to 1.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from re import fullmatch

from autoresponder.answer.worded import Worded

MAX_LOGO = 200_000
READABLE = 4.5
LIGHT, DARK = "#ffffff", "#1c1f24"
"""The backgrounds of the sample layout by day and by night."""


@dataclass(frozen=True, slots=True)
class Brand:
    """What rules.yaml says under `brand`. `colour` is #rgb or #rrggbb; `logo` is the path of a PNG, JPEG or GIF."""

    name: str = ""
    colour: str = "#0b5fff"
    logo: str = ""
    signature: Worded = field(default_factory=Worded)
    address: str = ""
    website: str = ""

    def problems(self) -> Iterator[str]:
        """A sentence for everything that cannot be used."""
        if not fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", self.colour):
            yield f"brand colour “{self.colour}” is not a colour like #0b5fff"
        if self.website and not fullmatch(r"(?:https?://)?[^\s/:@]+\.[^\s/:@]+(?:/[^\s]*)?", self.website):
            yield f"brand website “{self.website}” is not a web address like https://example.com"
        if self.logo and Path(self.logo).is_file():
            try:
                read_logo(Path(self.logo))
            except ValueError as error:
                yield f"brand logo “{self.logo}” {error}"
        for key, text in (("name", self.name), *(("signature", text) for text in self.signature)):
            if any(ord(c) < 32 for c in text):
                yield f"brand {key} must be one line"


@dataclass(frozen=True, slots=True)
class Face:
    """The brand as templates and layouts see it (`brand.…`)."""

    name: str
    colour: str
    logo: str  # "cid:…", or "" when there is none
    signature: str
    address: str
    website: str  # as people write it
    url: str  # as a link needs it
    on_colour: str  # text on `colour`
    ink: str  # the colour as text by day
    ink_dark: str  # the colour as text by night
    _signature: Worded  # in every language; templates see no attribute that begins so


def face_of(brand: Brand) -> Face:
    """Works out the rest; `brand` must be without problems."""
    colour = _long(brand.colour)
    return Face(
        name=brand.name,
        colour=colour,
        logo=f"cid:{LOGO_ID}" if brand.logo and Path(brand.logo).is_file() else "",
        signature=brand.signature.said(()) or brand.name,
        address=brand.address,
        website=brand.website.removeprefix("https://").removeprefix("http://").rstrip("/"),
        url=brand.website if "://" in brand.website or not brand.website else f"https://{brand.website}",
        on_colour=on(colour),
        ink=_readable(colour, LIGHT),
        ink_dark=_readable(colour, DARK),
        _signature=brand.signature,
    )


def signed(face: Face, languages: Sequence[str]) -> Face:
    """The same, with the signature in the first of these languages that there is."""
    texts = face._signature
    return replace(face, signature=texts.said(languages)) if len(texts.texts) > 1 else face


LOGO_ID = "logo@autoresponder.invalid"
"""Content-ID of the logo (RFC 2392)."""


def read_logo(path: Path) -> tuple[str, bytes]:
    """The image subtype (`png`, `jpeg`, `gif`) and the bytes; ValueError with the end of a sentence otherwise."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOGO + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(data) > MAX_LOGO:
        raise ValueError(f"is larger than {MAX_LOGO // 1000} kB; every answer carries it")
    for start, kind in ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif")):
        if data.startswith(start):
            return kind, data
    if b"<svg" in data[:1000].lower():
        raise ValueError("is an SVG, which Gmail and Outlook do not show; save it as PNG")
    raise ValueError("is not a PNG, JPEG or GIF")


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two #rrggbb colours, from 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def on(colour: str) -> str:
    """Black or white, whichever can be read better on a #rrggbb colour; always at least 4.5 to 1."""
    return max((LIGHT, "#000000"), key=lambda text: contrast(text, colour))


def _readable(colour: str, background: str) -> str:
    """`colour`, mixed with black or white until it can be read on `background`."""
    towards = 0 if _luminance(background) > 0.5 else 255
    for share in range(0, 101, 5):
        mixed = "#" + "".join(f"{channel + (towards - channel) * share // 100:02x}" for channel in _channels(colour))
        if contrast(mixed, background) >= READABLE:
            return mixed
    return mixed


def _long(colour: str) -> str:
    return colour.lower() if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:].lower())


def _channels(colour: str) -> tuple[int, ...]:
    return struct.unpack("3B", bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
