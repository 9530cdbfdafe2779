"""The files that an answer carries: read, judged and encoded once, when the templates are loaded.

Contract: `attachment` gives a complete MIME part (base64, CRLF, ASCII) of a file inside the templates folder. The type
comes from the content and the name, which must agree; what neither tells is `application/octet-stream`. A file name
that is not ASCII is said by RFC 2231 (`filename*`), with a plain one as `name` for programs that do not know it.
Nothing outside the folder is ever read, whatever a name or a symbolic link says; no program is ever sent.
Fails with `ValueError`: the end of a sentence that begins with the file's name.
"""

import base64
import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from autoresponder.errors import Place, Problem

MAX_TOGETHER = 5_000_000
"""Octets of all attachments of one answer; in the letter they take a third more."""
HEAVY = 1_000_000
"""Octets above which `check` warns: every answer carries them, and every answer is kept."""
MAX_NAME = 150
"""Characters of a file name."""
_LINE = 60
"""Characters of one piece of an encoded file name (RFC 2231 section 3)."""
UNKNOWN = "application/octet-stream"

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_NAMES = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "ics": "text/calendar", "vcf": "text/vcard", "csv": "text/csv", "txt": "text/plain", "zip": "application/zip",
    "docx": _OFFICE + "wordprocessingml.document", "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "odt": _OPEN + "text", "ods": _OPEN + "spreadsheet", "odp": _OPEN + "presentation",
}  # fmt: skip
_ZIPPED = frozenset({"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"})
_PROGRAMS = frozenset((
    "ade", "adp", "apk", "app", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg",
    "docm", "dotm", "ex", "ex_", "exe", "hta", "ins", "iso", "isp", "jar", "jnlp", "js", "jse", "lib", "lnk", "mde",
    "mjs", "msc", "msi", "msix", "msixbundle", "msp", "mst", "nsh", "pif", "potm", "ppam", "ppsm", "pptm", "ps1",
    "psm1", "py", "reg", "scr", "sct", "sh", "shb", "sys", "url", "vb", "vbe", "vbs", "vhd", "vxd", "wsc", "wsf",
    "wsh", "xlam", "xll", "xlsm", "xltm",
))  # fmt: skip
"""Endings that Gmail and Outlook block, and those of documents with macros: such a letter would not arrive."""
_RUNS = (b"MZ", b"\x7fELF", b"#!", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_METHOD = re.compile(rb"^METHOD:([A-Za-z-]{1,20})\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file, ready to stand between two boundaries of a multipart/mixed."""

    name: str  # as the reader will see it
    type: str
    size: int  # octets of the file
    part: bytes = field(repr=False)  # header, empty line and base64

    def __str__(self) -> str:
        """`hours.pdf (application/pdf, 12 kB)`."""
        return f"{self.name} ({self.type}, {max(1, round(self.size / 1000))} kB)"


class Shelf:
    """The files that the templates of a folder name, each read once however many name it."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.files: list[Path] = []  # those that were named, whether they are there or not
        self._folder = folder
        self._read: dict[str, Attachment] = {}

    def take(self, template: Path, value: str, line: int) -> tuple[tuple[Attachment, ...], list[Problem]]:
        """What stands after `attachments:`: one name, or a list in brackets; on further lines (of the template, too),
        one name each. The files, and a problem for each that cannot be sent."""
        found: dict[str, Attachment] = {}
        problems: list[Problem] = []
        place = Place(str(template), line)
        for at, name in ((line + n, name) for n, row in enumerate(value.split("\n")) for name in _listed(row)):
            self.files.append(self._folder / name)
            try:
                one = self._read[name] = self._read.get(name) or attachment(self._folder, name)
            except ValueError as error:
                problems.append(Problem(Place(str(template), at), f"attachments: “{name}” {error}"))
                continue
            if one.name in found:
                problems.append(Problem(Place(str(template), at), f"attachments: there are two files “{one.name}”"))
            found[one.name] = one
        if not found and not problems:
            problems.append(
                Problem(place, "attachments: names no file", "such as hours.pdf, or [hours.pdf, route.pdf]")
            )
        if (size := _together(found.values())) > MAX_TOGETHER:
            sentence = f"attachments: {size / 1e6:.1f} MB, more than the {MAX_TOGETHER // 1_000_000} MB of one answer"
            problems.append(Problem(place, sentence, "link to the files instead"))
        return tuple(found.values()), problems


def heavy(attachments: Iterable[Attachment]) -> str:
    """A sentence for attachments that are allowed and yet a burden; "" for others."""
    size = _together(attachments)
    return f"every answer carries {size / 1e6:.1f} MB of attachments" if size > HEAVY else ""


def heft(attachments: Iterable[Attachment]) -> int:
    """Octets that these take in a letter."""
    return sum(len(one.part) for one in attachments)


def _together(attachments: Iterable[Attachment]) -> int:
    return sum(one.size for one in attachments)


def _listed(row: str) -> Iterator[str]:
    """`a.pdf`, or `[a.pdf, "b, c.pdf"]`."""
    row = row.strip()
    listed = row.startswith("[") and row.endswith("]")
    for name in next(csv.reader([row[1:-1]], skipinitialspace=True), []) if listed else [row]:
        bare = name.strip()
        quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\""
        if bare := bare[1:-1] if quoted else bare:
            yield bare


def attachment(folder: Path, written: str) -> Attachment:
    """The file that a template of `folder` calls so. Raises `ValueError`."""
    path = inside(folder, written)
    if not path.is_file():
        raise ValueError(f"is not in {folder}" if not path.exists() else "is not a file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOGETHER + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    name = Path(written).name
    if len(data) > MAX_TOGETHER:
        raise ValueError(f"has more than {MAX_TOGETHER // 1_000_000} MB, the most that one answer may carry")
    if not data:
        raise ValueError("is empty")
    kind = _kind(name, data)
    return Attachment(name, kind, len(data), _part(name, kind, data))


def inside(folder: Path, written: str) -> Path:
    """Where the file really is; ValueError when that is not in the folder, or its name could deceive a reader."""
    if not written.isprintable() or len(Path(written).name) > MAX_NAME:
        raise ValueError(f"has a name with characters that are not seen, or with more than {MAX_NAME} of them")
    path = Path(written)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("is not a path inside the templates folder")
    try:
        real = (folder / path).resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        raise ValueError("is not in the templates folder") from None
    if not real.is_relative_to(folder.resolve()):
        raise ValueError("leads out of the templates folder")
    return real


def _kind(name: str, data: bytes) -> str:
    """The media type; ValueError for programs, and where name and content say different things."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _PROGRAMS or data.startswith(_RUNS):
        raise ValueError("is a program, or can hold one; mail servers would not let the answer through")
    named = _NAMES.get(ending, "")
    bare = data.removeprefix(b"\xef\xbb\xbf")
    found = next((kind for start, kind in _MAGIC if bare.startswith(start)), "")
    if found == "application/zip" and ending in _ZIPPED:
        return named
    if named in ("text/csv", "text/plain") and not found:
        _insist_on_text(data)
        return named
    if named != found and named:
        raise ValueError(f"ends in .{ending}, but its content is {found or 'something else'}")
    if found.startswith("text/"):
        _insist_on_text(data)
    return found or UNKNOWN


def _insist_on_text(data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save it as UTF-8") from None
    if "\0" in text:
        raise ValueError("is not a text")


def _part(name: str, kind: str, data: bytes) -> bytes:
    if kind.startswith("text/"):
        method = _METHOD.search(data) if kind == "text/calendar" else None
        data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)  # RFC 2045 section 6.8: the line ends of texts are CRLF
        kind += "; charset=utf-8" + (f"; method={method[1].decode().upper()}" if method else "")  # RFC 6047 section 2.4
    head = [f"Content-Type: {kind};", f" name={_quoted(_plain(name))}", "Content-Transfer-Encoding: base64"]
    head += ["Content-Disposition: attachment;", *_file_name(name)]
    return ("\r\n".join(head) + "\r\n\r\n").encode("ascii") + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _file_name(name: str) -> list[str]:
    """The parameter of RFC 2183 section 2.3, in as many pieces as it needs (RFC 2231 section 4.1)."""
    if _is_plain(name):
        return [f" filename={_quoted(name)}"]
    pieces = [""]
    for char in name:
        encoded = quote(char, safe="!#$&+-.^_`{}~" if char.isascii() else "")  # attribute-char of RFC 2231 section 7
        if len(pieces[-1]) + len(encoded) > _LINE:
            pieces.append("")
        pieces[-1] += encoded
    if len(pieces) == 1:
        return [f" filename*=utf-8''{pieces[0]}"]
    pieces[0] = "utf-8''" + pieces[0]
    lines = [f" filename*{n}*={piece}" for n, piece in enumerate(pieces)]
    return [f"{line};" for line in lines[:-1]] + lines[-1:]


def _is_plain(name: str) -> bool:
    """Whether every program reads the name as it is (and none takes it for encoded, RFC 2047)."""
    return name.isascii() and "=?" not in name and len(name) <= _LINE


def _plain(name: str) -> str:
    """An ASCII name for programs that do not read RFC 2231: accents off, the rest as `_`, the ending kept."""
    if _is_plain(name):
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    bare = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().strip()
    bare = " ".join(re.sub(r"[^A-Za-z0-9 ._()-]+", "_", bare).split())[:_LINE].strip(" ._") or "attachment"
    ending = re.sub("[^A-Za-z0-9]", "", ending)[:10]
    return f"{bare}.{ending}" if dot and ending else bare


def _quoted(text: str) -> str:
    """A quoted-string (RFC 2045 section 5.1)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
