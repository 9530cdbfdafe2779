"""The subject of a letter without what mail programs put before it when one answers or forwards.

Never fails.
"""

import re

_PREFIX = re.compile(
    r"(?:(?:re|aw|antw|antwort|sv|vs|rv|tr|fw|fwd|wg|odp|ynt|ref?s|res|enc|r|i|vl|vb|doorst|bls|trs|ans|fs|atb|"
    r"回复|答复|回覆|转发|轉寄|رد)(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,2})?\s*[:：]\s*)+",
    re.IGNORECASE,
)


def bare_subject(subject: str) -> str:
    """A subject without the `Re:`, `AW:`, `SV:`, `RV:`, `TR:` … that mail programs put before it."""
    return _PREFIX.sub("", subject, count=1) if _PREFIX.match(subject) else subject
