"""Addresses: reading them out of anything, comparing them, and the keys under which a sender is known."""

from collections.abc import Iterable
from dataclasses import dataclass


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
        raise NotImplementedError

    @property
    def domain(self) -> str:
        """Lower-case, IDNA-normalised (A-label) part after the last @; "" when there is none."""
        raise NotImplementedError


def parse_addresses(values: Iterable[str]) -> tuple[Address, ...]:
    """Every address in all occurrences of an address header; groups flattened; never raises; at most 1,000."""
    raise NotImplementedError


def sender_key(email: str) -> str:
    """Under which `once` knows a sender: whole address lower-cased (Unicode casefold + NFC local part), domain IDNA
    A-labels, no trailing dot, quoted local part unquoted where that changes nothing. "" for an unusable address."""
    raise NotImplementedError


def limit_key(email: str) -> str:
    """Under which the limits count a sender: as `sender_key`, but plus-extensions, VERP/BATV/SRS and digit runs folded,
    so that a responder that changes its address each time is still one."""
    raise NotImplementedError


def is_answerable(email: str) -> bool:
    """Whether an RFC 5321 server could take RCPT TO for this and nothing else could be smuggled in with it:
    one @, no control characters, spaces, angle brackets or commas, local <= 64 octets, domain a valid host name."""
    raise NotImplementedError


def matches(pattern: str, email: str) -> bool:
    """Address patterns of rules.yaml: `a@b.c`, `@b.c` (that domain), `*.b.c` (its subdomains), `*@b.c`, `info@*`."""
    raise NotImplementedError
