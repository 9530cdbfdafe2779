"""Addresses: reading them out of anything, comparing them, and the keys under which a sender is known.

Pure and total: no function here raises for any text, and each is linear in its (capped) input.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from autoresponder.core.mime import decode_words, one_line

MAX_ADDRESSES = 1_000
MAX_NAME = 200
"""Characters of a display name that are kept."""
_MAX_VALUES = 32_768
"""Characters of one header's values that are read, all occurrences together."""

_PLAIN = re.compile(r"""(?:"([^"<>@,;:()\\=]*)"\s*|([^"<>@,;:()\\=]*))<([^<>@,;:()"\\\s]+@[^<>@,;:()"\\\s\[\]]+)>\Z""")
_BARE = re.compile(r"[^<>@,;:()\"\\\s]+@[^<>@,;:()\"\\\s\[\]]+\Z")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[(),:;<>"]|[^(),:;<>"\\]+|\\', re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.)*)"\Z', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ATOMS = re.compile(r'[^\x00-\x20"(),:;<>@\[\\\]\x7f-\x9f]+\Z')
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!\d+\Z)(?!-)[a-z0-9-]{2,63}(?<!-)\Z")

_SRS = re.compile(r"srs0[=+-][^=]+=[^=]+=([^=]+)=(.+)\Z")
_BATV = re.compile(r"prvs=(?:[0-9a-f]{6,12}=(.+)|(.+)/[0-9a-f]{6,12})\Z")
_VERP = re.compile(r"[-+.][^-+.=]*=.*\Z")
_HEX = re.compile(r"(?<![a-z0-9])(?=[a-z]*\d)[0-9a-f]{6,}(?![a-z0-9])")
_COUNTED = re.compile(r"(?<=[-_=.])\d+(?![a-z0-9])|(?<=[-_=])[a-z]$")
_GOOGLE = frozenset(("gmail.com", "googlemail.com"))
_FREEMAIL = _GOOGLE | frozenset(
    ("outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "yahoo.es", "yahoo.fr", "yahoo.co.uk",
     "yahoo.co.jp", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de",
     "orange.fr", "free.fr", "laposte.net", "libero.it", "hotmail.es", "hotmail.fr", "hotmail.it", "mail.ru",
     "yandex.ru", "qq.com", "163.com", "126.com", "proton.me", "protonmail.com", "telefonica.net", "docomo.ne.jp",
     "naver.com", "wp.pl", "o2.pl", "seznam.cz")
)  # fmt: skip
"""Where a number is what tells two people apart."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of RFC 5322 section 3.4: decoded display name ("" when none) and the address as written
    (angle brackets, comments and folding out; "" when nothing usable stood there)."""

    name: str
    email: str

    @property
    def key(self) -> str:
        """`sender_key(self.email)`."""
        return sender_key(self.email)

    @property
    def local(self) -> str:
        """Lower-case part before the last @."""
        return self.email.rpartition("@")[0].lower()

    @property
    def domain(self) -> str:
        """Lower-case, IDNA-normalised (A-label) part after the last @; "" when there is none."""
        return domain_key(self.email.rpartition("@")[2]) if "@" in self.email else ""

    @property
    def routable(self) -> str:
        """As commands and headers must spell it (RFC 5321 section 4.1.2): in A-labels where it is not ASCII;
        the local part in quotes where dots stand side by side or at its ends."""
        local, at, domain = self.email.rpartition("@")
        if not self.email.isascii():
            domain = self.domain
        return f'"{local}"{at}{domain}' if at and "" in local.split(".") else f"{local}{at}{domain}"


def parse_addresses(values: Iterable[str]) -> tuple[Address, ...]:
    """Every address in all occurrences of an address header; groups flattened; never raises; at most 1,000.

    A mailbox with nothing usable in it (`Postmaster <>`, a bare word) is kept with an empty `email`: its name tells
    much."""
    found: list[Address] = []
    left = _MAX_VALUES
    for value in values:
        value = value[:left].strip()
        left -= len(value) + 1
        if match := _PLAIN.match(value):
            found.append(Address(one_line(match[1] or match[2] or "", MAX_NAME), match[3]))
        elif _BARE.match(value):
            found.append(Address("", value))
        else:
            found.extend(_scan(value, MAX_ADDRESSES - len(found)))
        if len(found) >= MAX_ADDRESSES or left <= 0:
            break
    return tuple(found)


@dataclass(slots=True)
class _Mailbox:
    """What has been read of one mailbox of an address list."""

    phrase: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: list[str] | None = None

    def address(self, again: bool) -> Address | None:
        phrase = "".join(self.phrase).strip()
        comment = "".join(self.comment).strip()
        if self.angle is not None:
            return Address(_name(phrase or comment), _email("".join(self.angle)))
        if "@" in phrase:
            before, _, last = phrase.rpartition(" ") if '"' not in phrase else ("", "", phrase)
            if "@" not in last:
                before, _, last = phrase.partition(" ")
                before, last = last, before
            return Address(_name(before or comment), _email(last))
        if again and "=?" in phrase:  # the whole mailbox was encoded, against RFC 2047 section 5
            inner = list(_scan(decode_words(phrase)[:1000], 1, again=False))
            if inner:
                return inner[0]
        return Address(_name(phrase or comment), "") if phrase or comment else None


def _scan(value: str, limit: int, *, again: bool = True) -> Iterator[Address]:
    """The mailboxes of one header value, token by token."""
    box, depth, inside = _Mailbox(), 0, False
    for match in _PIECE.finditer(value):
        piece = match[0]
        if piece == "(":
            depth += 1
        elif depth:
            depth -= piece == ")"
            if depth:
                box.comment.append(piece)
        elif inside:
            if piece == ">":
                inside = False
            elif piece == "," and box.angle and not box.angle[0].lstrip().startswith("@"):  # the > was forgotten
                yield from filter(None, (box.address(again),))
                box, inside, limit = _Mailbox(), False, limit - 1
            elif box.angle is not None:
                box.angle.append(piece)
        elif piece == "<":
            if not box.angle:
                box.angle = []
            inside = True
        elif piece in ",;":
            if address := box.address(again):
                yield address
                limit -= 1
            box = _Mailbox()
        elif piece == ":":  # the name of a group ends
            box = _Mailbox()
        elif piece != ">":
            box.phrase.append(piece)
        if limit <= 0:
            return
    if address := box.address(again):
        yield address


def _name(text: str) -> str:
    text = text[: MAX_NAME * 10]
    if '"' in text or "\\" in text:
        text = _QUOTED_PAIR.sub(r"\1", text.replace('\\"', "\x00").replace('"', "").replace("\x00", '"'))
    return one_line(decode_words(text), MAX_NAME).strip("'\" ")


def _email(text: str) -> str:
    """The address as written, without a source route (RFC 5322 section 4.4) and needless quotes; "" where it is
    none."""
    text = text.strip()
    if text.startswith("@"):
        text = text.partition(":")[2]
    if text.lower().startswith("mailto:"):
        text = text[7:]
    local, at, domain = text.rpartition("@")
    if quoted := _QUOTED_LOCAL.match(local):
        bare = _QUOTED_PAIR.sub(r"\1", quoted[1])
        local = bare if _ATOMS.match(bare) else local
    elif not at or any(c.isspace() for c in local):
        return ""
    domain = domain.strip()
    return f"{local}@{domain}" if local and domain and len(text) <= 400 and not any(map(str.isspace, domain)) else ""


def domain_key(domain: str) -> str:
    """A domain as A-labels in lower case, without a trailing dot; "" for what cannot be one. Non-transitional (UTS
    46): ß stays ß."""
    domain = domain.strip()[:400]
    if not domain.isascii():
        domain = unicodedata.normalize("NFKC", domain.lower()).lower()
        if not domain.isprintable():
            return ""
        domain = ".".join(_a_label(label) for label in domain.replace("\u3002", ".").split("."))
    domain = domain.lower().rstrip(".")
    if len(domain) > 253 or not domain:
        return ""
    if domain[0] == "[" and domain[-1] == "]":  # an address literal, RFC 5321 section 4.1.3
        return domain if all(c in "0123456789abcdefipv.:-" for c in domain[1:-1]) else ""
    return domain if all(map(_LABEL.match, domain.split("."))) else ""


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return "xn--" + label[:63].encode("punycode").decode("ascii")
    except UnicodeError:
        return "?"


def sender_key(email: str) -> str:
    """Under which `once` knows a sender: whole address lower-cased (Unicode casefold + NFC local part), domain IDNA
    A-labels, no trailing dot, quoted local part unquoted where that changes nothing. "" for an unusable address."""
    local, _, domain = email.strip().rpartition("@")
    if quoted := _QUOTED_LOCAL.match(local):
        bare = _QUOTED_PAIR.sub(r"\1", quoted[1])
        local = bare if _ATOMS.match(bare) else local
    host = domain_key(domain)
    if not local or not host or len(local) > 320:
        return ""
    if not local.isascii():
        local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())
    if not local.isprintable():
        return ""
    return f"{local.lower()}@{host}"


def limit_key(email: str) -> str:
    """Under which the limits count a sender: as `sender_key`, but plus-extensions, VERP, BATV and SRS wrappings
    folded, and what machines count up when it stands apart (`bot-17`, `reply-0a1b2c3d4e`, `bot_a`), so that a responder
    that changes its address each time is still one. Digits that belong to a word stay (`student4711`, telephone
    numbers), and at public mail providers all do: there they tell people apart, and silence towards a person is a
    fault too. What varies those is stopped by the limit per domain."""
    key = sender_key(email)
    local, _, domain = key.rpartition("@")
    if srs := _SRS.match(local):
        domain, local = srs[1], srs[2]
    if batv := _BATV.match(local):
        local = batv[1] or batv[2]
    local = _VERP.sub("", local) or local
    local = local.partition("+")[0] or local
    if domain in _GOOGLE:
        return f"{local.replace('.', '')}@gmail.com"
    if domain not in _FREEMAIL and not local.isdecimal():
        local = _COUNTED.sub("#", _HEX.sub("#", local))
    return f"{local}@{domain}" if key else ""


def is_answerable(email: str) -> bool:
    """Whether an RFC 5321 server could take RCPT TO for this and nothing else could be smuggled in with it:
    one @, no control characters, spaces, angle brackets or commas, local <= 64 octets, domain a valid host name.

    Address literals, single-label and numeric hosts are refused as well. Dots anywhere in the local part are not:
    Japanese telephone companies gave out such addresses."""
    local, at, domain = email.rpartition("@")
    if not at or not _ATOMS.match(local) or not local.isprintable() or len(local.encode("utf-8", "replace")) > 64:
        return False
    return domain.isprintable() and " " not in domain and bool(_HOST.match(domain_key(domain)))


def matches(pattern: str, email: str) -> bool:
    """Address patterns of rules.yaml: `a@b.c`, `@b.c` (that domain), `*.b.c` (its subdomains), `*@b.c`, `info@*`."""
    local, _, domain = sender_key(email).rpartition("@")
    wanted_local, at, wanted_domain = pattern.strip().rpartition("@")
    if not domain:
        return False
    if not at and not wanted_domain:
        return False
    wanted_domain = wanted_domain.lower().rstrip(".")
    if not wanted_domain.isascii():
        wanted_domain = ".".join(_a_label(label) for label in unicodedata.normalize("NFKC", wanted_domain).split("."))
    if not fnmatchcase(domain, wanted_domain):
        return False
    return not wanted_local or fnmatchcase(local, unicodedata.normalize("NFC", wanted_local).casefold())


def is_own(email: str, own: frozenset[str]) -> bool:
    """Whether `email` is one of the addresses with the keys `own`, also with a plus-extension."""
    key = Address("", email).key
    local, plus, rest = key.partition("+")
    return key in own or (bool(plus) and f"{local}@{rest.rpartition('@')[2]}" in own)
