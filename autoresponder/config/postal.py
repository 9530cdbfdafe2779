"""Where mail comes from and goes to: hosts, ports, addresses, folders, keywords. The contract is that of `values`."""

import re
import unicodedata

from autoresponder.config.values import BadValue, line, shown
from autoresponder.core.address import is_answerable

HOST = re.compile(r"(?=.{1,253}\Z)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?\.?\Z")


def port(value: object) -> int:
    """A TCP port."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536:
        return value
    raise BadValue(f"{shown(value)} is not a port number", "IMAP: 993 or 143; SMTP: 465, 587 or 25")


def host(value: object) -> str:
    """A host name or an IP address (IPv6 without brackets)."""
    found = line(value, "imap.example.com")
    if "://" in found:
        raise BadValue(f"{shown(value)} must be the host name alone", "without imaps:// or the like; see security")
    if re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", found):
        return found
    if re.fullmatch(r"[^:]+:\d+", found):
        name, _, number = found.partition(":")
        raise BadValue(f"{shown(value)} has the port in it", f"write host: {name} and port: {number}")
    if "@" in found:
        raise BadValue(f"{shown(value)} is an address, not a host", "host: imap.example.com")
    if not HOST.match(found):
        raise BadValue(f"{shown(value)} is not a host name", "imap.example.com")
    return found


def address(value: object) -> str:
    """One address, without a display name."""
    found = line(value, "contact@example.com")
    if "<" in found:
        raise BadValue(f"{shown(value)} must be the address alone", "without the name and < >")
    if not is_answerable(found) or "*" in found:
        raise BadValue(f"{shown(value)} is not an address", "such as contact@example.com")
    return found


def alias(value: object) -> str:
    """One address, or every address of a domain."""
    found = line(value, "info@example.com")
    return "@" + domain_name(found[1:], value) if found.startswith("@") else address(value)


def domain_name(name: str, value: object) -> str:
    """`name` where it is the name of a domain; `value` is what was written."""
    if not HOST.match(name) or "." not in name:
        raise BadValue(f"{shown(value)} is not a domain", 'such as "@example.com"')
    return name


def envelope(value: object) -> str:
    """`auto`, "" for the null sender (also written null or <>), or an address."""
    if value is None or (isinstance(value, str) and value.strip() in ("", "<>", "null")):
        return ""
    return "auto" if value == "auto" else address(value)


def folder(value: object) -> str:
    """The name of an IMAP folder."""
    return line(value, "folders: [INBOX]")


def keyword(value: object) -> str:
    """An IMAP keyword (RFC 3501 flag-keyword), or \\Flagged."""
    found = line(value, "mark: Answered-automatically")
    if found.casefold() == "\\flagged":
        return "\\Flagged"
    if found.startswith("\\"):
        raise BadValue(f"{shown(value)} is the mail program's own mark", 'use a keyword of your own, or "\\Flagged"')
    if not re.fullmatch(r"[^\s(){%*\"\\\]\x00-\x20\x7f-\U0010ffff]{1,64}", found):
        ascii_only = unicodedata.normalize("NFKD", found).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^A-Za-z0-9$_.-]+", "-", ascii_only).strip("-")
        step = "ASCII letters, digits, $ - _ . only, no spaces" + (f': "{plain}"' if plain else "")
        raise BadValue(f"{shown(value)} cannot be an IMAP keyword", step)
    return found
