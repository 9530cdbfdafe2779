"""Our own mark: Message-IDs, signed so that they can be recognised and cannot be forged, and the token header, whose
mere presence is enough for silence.

Pure: the key comes from outside (created at first start, beside the state, mode 0600). A signed Message-ID lets a
bounce name the letter it bounced (RFC 3464) and lets us know our own letters even when a hop strips every other
header; it is deterministic, so the same answer composed twice has the same Message-ID.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

TOKEN_HEADER = "X-Autoresponder-Token"  # noqa: S105 - a header's name, not a secret
_ID = re.compile(r"<?ar\.([0-9a-f]{20})\.([0-9a-f]{20})@[^\s<>@]{1,255}>?\Z")


def digest(*parts: str) -> str:
    """A stable 128-bit hex digest of texts, each kept apart from its neighbours."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(data) + data)
    return state.hexdigest()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one secret key (bytes, at least 16)."""

    key: bytes = field(repr=False)

    def _mac(self, text: str) -> str:
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:20]

    def message_id(self, seed: str, domain: str) -> str:
        """`<ar.SEED.MAC@domain>` for one answer; `seed` is what makes it unique (letter key and rule)."""
        short = digest(seed)[:20]
        return f"<ar.{short}.{self._mac('id:' + short)}@{domain}>"

    def is_ours(self, message_id: str) -> bool:
        """Whether this Message-ID (with or without angle brackets) was made by `message_id` with our key."""
        found = _ID.match(message_id.strip())
        return found is not None and hmac.compare_digest(self._mac("id:" + found[1]), found[2])

    def token(self, message_id: str) -> str:
        """The value of the token header of the answer with this Message-ID."""
        return self._mac("token:" + message_id.strip().strip("<>"))

    def pseudonym(self, text: str) -> str:
        """A keyed hash that stands for an erased address (`forget`): the same text always gives the same one."""
        return hmac.digest(self.key, b"forget:" + text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]
