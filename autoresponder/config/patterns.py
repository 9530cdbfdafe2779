"""What the conditions of a rule look for: addresses, headers, words, files. The contract is that of `values`."""

import re

import regex

from autoresponder.config.postal import HOST, domain_name
from autoresponder.config.values import BadValue, line, shown, text


def address_pattern(value: object) -> str:
    """`a@b.c`, `@b.c`, `*.b.c`, `*@b.c`, `info@*`."""
    found = line(value, 'such as ana@example.com or "@example.com"')
    if not found.strip("*@."):
        raise BadValue(f"{shown(value)} matches everybody", "leave the condition out")
    local, at, domain = found.rpartition("@")
    if "<" in found or "," in found or " " in found:
        raise BadValue(
            f"{shown(value)} must be one address or pattern", "write several as a list: [a@b.example, c@d.example]"
        )
    if not at:
        if not found.startswith("*."):
            hint = f'write "@{found}" for that domain, "*.{found}" for its subdomains' if "." in found else ""
            raise BadValue(f"{shown(value)} is not an address pattern", hint or 'such as "@example.com"')
        domain_name(found[2:], value)
    elif domain != "*" and not HOST.match(domain.replace("*", "x")):
        raise BadValue(f"{shown(value)} is not an address pattern", 'such as "@example.com"')
    elif local.count("@"):
        raise BadValue(f"{shown(value)} has two @", 'such as "@example.com"')
    return found


def header_name(value: object) -> str:
    """The name of a header field (RFC 5322 section 2.2)."""
    found = line(value, "header: {X-Ticket: true}").rstrip(":")
    if not re.fullmatch(r"[!-9;-~]{1,76}", found):
        raise BadValue(f"{shown(value)} is not the name of a header field", "such as X-Ticket")
    return found


def phrase(value: object) -> str:
    """What a text condition looks for."""
    return text(value, "subject: [invoice, factura]")


def expression(value: object) -> str:
    """A regular expression that compiles."""
    found = text(value, r"regex: '\bINV-\d+'")
    try:
        regex.compile(found, regex.IGNORECASE | regex.MULTILINE)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        at, said = getattr(error, "pos", None), getattr(error, "msg", "") or "it is too big"
        where = f" at character {at + 1}" if isinstance(at, int) else ""
        raise BadValue(f"{shown(found)} is not a regular expression: {said}{where}",
                       "use contains: for plain text") from None  # fmt: skip
    return found


def glob(value: object) -> str:
    """A file name with `*` and `?`."""
    found = line(value, '"*.pdf"')
    if found.casefold() in ("yes", "no", "on", "off"):
        meant = "true" if found.casefold() in ("yes", "on") else "false"
        raise BadValue(f"{shown(value)} is a text here", f"write {meant}")
    if "." not in found[1:] and not set("*?") & set(found):
        bare = found.strip(".")
        raise BadValue(f"{shown(value)} would be a file's whole name", f'write "*.{bare}" or "*{bare}*"')
    return found


def media_type(value: object) -> str:
    """A MIME type with `*`: image/*."""
    found = line(value, '"image/*"').casefold()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+", found):
        raise BadValue(f"{shown(value)} is not a MIME type", 'such as application/pdf or "image/*"')
    return found
