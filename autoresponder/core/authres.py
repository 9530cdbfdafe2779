"""Authentication-Results (RFC 8601) as real servers write them, Microsoft's included.

A field is believed only when its authserv-id is one that the operator named (`authserv_ids`); without any, none is: a
sender can write this field too. Of several believed fields the topmost that speaks of a method counts, since our own
server adds its own above what was there. Pure, never raises.
"""

import re
from collections.abc import Iterator

from autoresponder.core.address import domain_key
from autoresponder.core.message import Message
from autoresponder.core.mime import strip_comments
from autoresponder.core.policy import Policy

_RESULT = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z]+\.[a-z0-9_-]+)\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_MAX_VALUE = 20_000


def believed(message: Message, policy: Policy) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(method, result, properties), all lower case, of every result that our own servers reported, topmost field first.

    Microsoft 365 leaves the authserv-id out; such a field is believed where the operator named the empty id `""`."""
    if not policy.authserv_ids:
        return
    for value in message.headers.all("authentication-results"):
        clauses = strip_comments(value[:_MAX_VALUE]).split(";")
        head = clauses[0].split()
        nameless = not head or "=" in clauses[0]
        if ("" if nameless else head[0].strip('"').lower()) not in policy.authserv_ids:
            continue
        for clause in clauses if nameless else clauses[1:]:
            if result := _RESULT.match(clause.strip()):
                properties = {m[1].lower(): m[2].lower() for m in _PROPERTY.finditer(clause)}
                yield result[1].lower(), result[2].lower(), properties


def dmarc(message: Message, policy: Policy) -> str:
    """The topmost believed DMARC result: pass, fail, none, temperror ...; "" when our server said nothing."""
    return next((result for method, result, _ in believed(message, policy) if method == "dmarc"), "")


def authenticated(message: Message, policy: Policy) -> bool:
    """Whether our own server says that From is not forged: dmarc=pass, or without any DMARC result a DKIM signature
    that passed and is aligned with the From domain (RFC 7489 section 3.1.1, relaxed)."""
    domains = {address.domain for address in message.from_}
    if len(domains) != 1 or "" in domains:
        return False
    (domain,) = domains
    verdict = dmarc(message, policy)
    if verdict:
        return verdict == "pass"
    return any(
        method == "dkim" and result == "pass" and _aligned(domain, properties)
        for method, result, properties in believed(message, policy)
    )


def _aligned(domain: str, properties: dict[str, str]) -> bool:
    signer = domain_key(properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2])
    return "." in signer and (signer == domain or domain.endswith("." + signer))
