"""The shape of mail: header fields, parts, encodings, charsets; from any bytes, in linear time.

Nothing here raises for any input and nothing is unbounded: the limits below say where reading stops. What is broken is
read the way mail programs read it. No stdlib `email`: its parsers are slow, raise on mail from the wild, or both.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from encodings.aliases import aliases as _known_codecs
from urllib.parse import unquote_to_bytes

MAX_HEADER = 262_144
"""Octets of a header that are read."""
MAX_FIELDS = 5_000
MAX_PARTS = 1_000
"""Parts that are listed."""
MAX_DEPTH = 50
"""Multiparts within multiparts; deeper ones count as a leaf."""
MAX_DELIMITERS = 10_000
"""Lines beginning with -- that are looked at."""
MAX_TEXT_OCTETS = 262_144
"""Octets (as sent) of a text part that are decoded."""

_FIELD = re.compile(r"[!-9;-~]+[ \t]*:.*(?:\n[ \t].*)*(?:\n|\Z)|[ \t\r]*\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_EMPTY_LINES = re.compile(rb"[\r\n]*")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_TYPE = re.compile(r"\s*([\w.+-]+)\s*/\s*([\w.+-]+)", re.ASCII)
_PARAM = re.compile(r';\s*([\w.*%+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.ASCII)
_QUOTED_PAIR = re.compile(r"\\(.)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNUSUAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_NOT_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")

_CHARSETS = {
    "ascii": "cp1252", "us_ascii": "cp1252", "iso_8859_1": "cp1252", "iso8859_1": "cp1252", "latin_1": "cp1252",
    "latin1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "x_gbk": "gb18030", "x_sjis": "cp932",
    "shift_jis": "cp932", "windows_31j": "cp932", "ks_c_5601_1987": "cp949", "euc_kr": "cp949", "x_mac_roman":
    "mac_roman", "iso_8859_8_i": "iso8859_8", "unicode_1_1_utf_7": "utf_7", "windows_874": "cp874", "cp874": "cp874",
    "koi8_u": "koi8_u", "cp720": "cp720", "cp737": "cp737", "utf_8_sig": "utf_8_sig", "utf8mb4": "utf_8",
    "iso_2022_jp": "iso2022_jp_ext", "iso_8859_11": "iso8859_11",
}  # fmt: skip
"""Charset names that Python does not know, or that mail programs mean more widely than the standard does."""
_NOT_TEXT = {
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "quopri_codec",
    "rot_13",
    "uu_codec",
    "zlib_codec",
    "mbcs",
    "tactis",
}

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One entity of the tree: where its body lies in the raw bytes, and what its header says of it."""

    type: str  # lower case, no parameters
    params: dict[str, str]
    disposition: str  # lower case, "" when there is none
    name: str  # decoded file name
    encoding: str  # lower-case Content-Transfer-Encoding
    start: int
    end: int
    embedded: bool  # a picture within multipart/related: shown, not attached


def lines_with_lf(raw: bytes) -> bytes:
    """Mail stored with bare CR line ends, with LF; other mail unchanged. A line of mail has at most 998 octets (RFC
    5322 section 2.1.1)."""
    if raw.find(b"\n", 0, 2000) < 0 and raw.find(b"\r", 0, 2000) >= 0:
        return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw


def beginning(raw: bytes) -> int:
    """Where the header begins: after empty lines and an mbox `From ` line (RFC 4155)."""
    at = _EMPTY_LINES.match(raw).end()  # type: ignore[union-attr]  # it matches always, if only nothing
    while raw.startswith((b"From ", b">From "), at):
        end = raw.find(b"\n", at)
        at = len(raw) if end < 0 else end + 1
    return at


def split_header(raw: bytes, start: int = 0, limit: int = MAX_HEADER) -> tuple[Fields, int, str]:
    """(fields, where the body begins, what was wrong or "") of the header at `start`.

    Names in lower case, values unfolded. 8-bit octets are UTF-8 where they can be, else Windows-1252. A line that is no
    field ends the header, as in Postfix and sendmail."""
    found = _BLANK_LINE.search(raw, max(start - 1, 0), start + limit)
    if found is None and limit == MAX_HEADER:
        found = _BLANK_LINE.search(raw, start)
    stop = len(raw) if limit == MAX_HEADER else min(len(raw), start + limit)
    end, body = (found.start() + 1, found.end()) if found else (stop, stop)
    block = raw[start : min(end, start + limit)].decode("utf-8", "surrogateescape")
    clean = block.isascii() and _UNUSUAL.search(block) is None
    fields: list[tuple[str, str]] = []
    for line in _FOLD.sub(" ", block).split("\n"):
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t").lower()
        if not colon or not name.isascii() or not name.isprintable() or not name or " " in name:
            if line.strip():
                break
            continue
        if len(fields) >= MAX_FIELDS:
            return tuple(fields), body, f"only the first {MAX_FIELDS} header fields were read"
        fields.append((name, value.strip() if clean else _cleaned(value.strip())))
    else:
        return tuple(fields), body, f"only {limit} octets of the header were read" if end - start > limit else ""
    return tuple(fields), _after_fields(raw, start, block), "the header ends in a line that is no header field"


def _after_fields(raw: bytes, start: int, block: str) -> int:
    """Where the first line stands that is no header field: there the body begins."""
    at = 0
    while (match := _FIELD.match(block, at)) is not None:
        at = match.end()
    return min(start + len(block[:at].encode("utf-8", "surrogateescape")), len(raw))


def _cleaned(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value
    return _CONTROL.sub("", repair(value).replace("\t", " ").replace("\r", " "))


def repair(text: str) -> str:
    """Text in which undecodable octets stand as surrogates: those octets taken for Windows-1252."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape" if _escaped(text) else "replace").decode("cp1252", "replace")
    return text


def _escaped(text: str) -> bool:
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in text)


def one_line(text: str, limit: int) -> str:
    """Text fit to be shown or sent in a header: no control or direction characters, one line, at most `limit`
    characters."""
    text = text[: limit * 2]
    if not text.isprintable():
        text = _NOT_ONE_LINE.sub(" ", text)
    return " ".join(text.split())[:limit].rstrip()


def decode_words(text: str) -> str:
    """RFC 2047 encoded words decoded, also where they must not stand (inside quotes, without spaces around)."""
    if "=?" not in text:
        return text
    out: list[str] = []
    pending, charset, at = b"", "", 0
    for word in _ENCODED_WORD.finditer(text):
        name = word[1].partition("*")[0]  # RFC 2231 section 5: a language may follow
        between = text[at : word.start()]
        if at and (not between or between.isspace()):  # RFC 2047 section 6.2
            between = ""
        if pending and (between or name.lower() != charset.lower()):
            out.append(decode(pending, charset))
            pending = b""
        out.append(between)
        pending += _word_octets(word[2], word[3])  # joined first: some cut a character in two
        charset, at = name, word.end()
    if pending:
        out.append(decode(pending, charset))
    return "".join(out) + text[at:]


def _word_octets(encoding: str, data: str) -> bytes:
    octets = data.encode("utf-8", "surrogateescape" if _escaped(data) else "replace")
    if encoding in "bB":
        return from_base64(octets)
    return binascii.a2b_qp(octets, header=True)


def from_base64(octets: bytes) -> bytes:
    """Base64 as far as it can be read: anything foreign skipped, a broken end dropped."""
    octets = _NOT_BASE64.sub(b"", octets)
    spare = len(octets) % 4
    if spare == 1:
        octets = octets[:-1]
    return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))


def unpack(octets: bytes, encoding: str) -> bytes:
    """A body without its Content-Transfer-Encoding (RFC 2045 section 6); an unknown one is taken for 8bit."""
    if encoding == "base64":
        return from_base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    return octets


def codec_of(charset: str) -> str:
    """The Python codec for a MIME charset name, "" for one that is unknown or no charset of text. Never asks the codec
    registry about foreign names: it looks on the disk and remembers each one for ever."""
    name = charset.strip().lower().replace("-", "_")
    if name in _CHARSETS:
        return _CHARSETS[name]
    codec = _known_codecs.get(name) or (name if name in _CODECS else "")
    return "" if codec in _NOT_TEXT else _CHARSETS.get(codec, codec)


_CODECS = frozenset(_known_codecs.values())


def decode(octets: bytes, charset: str) -> str:
    """Text in a declared charset; without one, or where it is unknown or plainly wrong: UTF-8, else Windows-1252."""
    codec = codec_of(charset)
    if codec in ("", "cp1252", "utf_8"):
        try:
            return octets.decode()
        except UnicodeDecodeError as broken:
            cut_off = broken.reason == "unexpected end of data" and not octets[: broken.start].isascii()
            return octets.decode("utf-8" if codec == "utf_8" or cut_off else "cp1252", "replace")
    try:
        return octets.decode(codec, "replace")
    except (UnicodeError, LookupError, ValueError):  # UTF-16 and its kin give up on some input even so
        return octets.decode("cp1252", "replace")


def clean_text(text: str) -> str:
    """Line ends as LF; control characters but tabs and line ends out."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def strip_comments(value: str) -> str:
    """A structured field without RFC 5322 comments (nested ones too); an unclosed comment ends the field."""
    if "(" not in value:
        return value.strip()
    out: list[str] = []
    depth, quoted = 0, False
    for piece in re.findall(r'\\.|[()"]|[^()"\\]+', value[:20_000], re.DOTALL):
        if piece == '"' and not depth:
            quoted = not quoted
        elif piece == "(" and not quoted:
            depth += 1
            continue
        elif piece == ")" and depth:
            depth -= 1
            continue
        if not depth:
            out.append(piece)
    return "".join(out).strip()


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """(value, parameters) of a Content-* field: lower-case value and names, RFC 2231 continuations and charsets and
    RFC 2047 words decoded."""
    value = value[:20_000]
    if "(" in value:
        value = strip_comments(value)
    head = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for number, match in enumerate(_PARAM.finditer(value)):
        if number >= 100:
            break
        name = match[1].lower()
        text = _QUOTED_PAIR.sub(r"\1", match[2]) if match[2] is not None else match[3].strip().strip('"')
        base, star, rest = name.partition("*")
        if star:
            order = rest.rstrip("*")
            if len(order) < 4 and (not order or order.isdecimal()):
                pieces.setdefault(base, {})[int(order or 0)] = text, name.endswith("*")
        else:
            plain.setdefault(name, decode_words(text))
    for base, parts in pieces.items():
        plain[base] = _continued(parts)
    return head, plain


def _continued(parts: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 section 3 and 4.1: name*0*=charset'language'%xx; name*1=..."""
    charset, octets = "", b""
    for order in sorted(parts):
        text, extended = parts[order]
        if extended:
            if not octets and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)
            octets += unquote_to_bytes(text.encode("utf-8", "replace"))
        else:
            octets += text.encode("utf-8", "replace")
    return decode(octets, charset)


def mime_type(value: str, default: str = "text/plain") -> str:
    """`text/html` out of a Content-Type value, lower case; `default` for what cannot be read (RFC 2045 section 5.2)."""
    match = _TYPE.match(value)
    return f"{match[1]}/{match[2]}".lower() if match else default


def parts_of(raw: bytes, fields: Fields, body: int) -> Iterator[Part]:
    """Every entity of a message, top first, in the order in which they stand; attached messages are not entered.

    One pass over the lines that begin with --, comparing each with all boundaries that are open: an outer one ends
    what is inside it (RFC 2046 section 5.1.2), so missing ends and truncated mail need no care."""
    open_: list[tuple[bytes, str]] = []
    levels: dict[bytes, int] = {}
    delimiters = count = 0
    at = max(body - 1, 0)
    while count < MAX_PARTS:
        count += 1
        parent = open_[-1][1] if open_ else ""
        part = _part(fields, parent, body)
        boundary = part.params.get("boundary", "").strip().encode("utf-8", "replace")
        if part.type.startswith("multipart/") and boundary and len(open_) < MAX_DEPTH:
            yield part
            open_.append((boundary, part.type))
            levels[boundary] = len(open_) - 1
            leaf = None
        else:
            leaf = part
        while True:  # on to the next line that begins a part
            at, line, after = _delimiter(raw, at)
            delimiters += 1
            if line is None or delimiters > MAX_DELIMITERS:
                if leaf:
                    yield _ended(leaf, len(raw))
                return
            closes = line not in levels and line.endswith(b"--")
            level = levels.get(line[:-2] if closes else line, -1)
            if level < 0:
                at = after
                continue
            if leaf:
                yield _ended(leaf, max(at - (raw[at - 1 : at] == b"\r"), leaf.start))
                leaf = None
            if len(open_) > level + (not closes):
                del open_[level + (not closes) :]
                levels = {boundary: n for n, (boundary, _) in enumerate(open_)}
            at = after
            if not closes:
                break
        fields, body = _part_header(raw, at)
        at = max(body - 1, at)


def _part_header(raw: bytes, at: int) -> tuple[Fields, int]:
    """(fields, where the body begins) of the part after the delimiter line that ends at `at`; both may be missing."""
    if raw.startswith((b"\n", b"\r\n", b"--"), at + 1):
        return (), min(at + 1, len(raw))
    room = raw.find(b"\n--", at) - at
    fields, body, _ = split_header(raw, min(at + 1, len(raw)), min(room, 16_384) if room >= 0 else 16_384)
    return fields, body


def _delimiter(raw: bytes, at: int) -> tuple[int, bytes | None, int]:
    """(where the line end before it stands, the line after its --, where its own line end stands) of the next line
    beginning with -- at or after `at`; the line is None when there is no more."""
    at = raw.find(b"\n--", at)
    if at < 0:
        return len(raw), None, len(raw)
    end = raw.find(b"\n", at + 3)
    end = len(raw) if end < 0 else end
    return at, raw[at + 3 : min(end, at + 300)].rstrip(), end


def _part(fields: Fields, parent: str, start: int) -> Part:
    content_type = disposition = encoding = content_id = ""
    for name, value in reversed(fields):  # the first occurrence wins
        if name.startswith("content-"):
            if name == "content-type":
                content_type = value
            elif name == "content-disposition":
                disposition = value
            elif name == "content-transfer-encoding":
                encoding = value
            elif name == "content-id":
                content_id = value
    default = "message/rfc822" if parent == "multipart/digest" else "text/plain"
    if not content_type and not disposition:
        return Part(default, {}, "", "", strip_comments(encoding).lower(), start, start, False)
    _, params = parameters(content_type)
    how, more = parameters(disposition) if disposition else ("", {})
    kind = mime_type(strip_comments(content_type[:20_000]) if "(" in content_type else content_type, default)
    name = one_line(more.get("filename") or params.get("name", ""), 255)
    embedded = parent == "multipart/related" and bool(content_id) and kind.startswith("image/") and how != "attachment"
    return Part(kind, params, how, name, strip_comments(encoding).lower(), start, start, embedded)


def _ended(part: Part, end: int) -> Part:
    return Part(
        part.type,
        part.params,
        part.disposition,
        part.name,
        part.encoding,
        part.start,
        max(end, part.start),
        part.embedded,
    )
