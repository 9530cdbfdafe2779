"""Why there was silence, in the words of somebody who has never seen a mail header; for what people read."""

from collections import Counter
from collections.abc import Mapping

WORDS = {
    "null-return-path": "a bounce",
    "no-sender": "nobody to answer",
    "own-letter": "one of our own answers",
    "own-address": "from ourselves",
    "auto-submitted": "sent by a program",
    "report": "a delivery report",
    "daemon-address": "a no-reply address",
    "daemon-return-path": "a mail system",
    "list": "a mailing list",
    "precedence": "bulk mail",
    "robot-header": "sent by a program",
    "calendar": "a calendar program",
    "spam": "spam",
    "dmarc-fail": "a forged sender",
    "hops": "a mail loop",
    "bounced": "an address that bounces",
    "not-addressed": "not written to us",
    "form-sender": "a form or portal",
    "unsubscribe": "a newsletter",
    "bounce-return-path": "a mailing service",
    "bulk-header": "a mailing service",
    "errors-to": "a mailing list",
    "many-recipients": "written to very many",
    "role-sender": "not a person's address",
    "machine-subject": "an automatic reply",
    "machine-name": "a robot's name",
    "machine-text": "an automatic letter",
    "rule": "a rule says so",
    "no-rule": "no rule fits",
    "suppressed": "asked not to be answered",
    "too-old": "too old",
    "before-start": "there before the start",
    "seen": "seen before",
    "copy": "answered already",
    "once": "had the answer already",
    "limit": "writes too often",
    "unreadable": "could not be read",
    "leak": "the answer would have said somebody else's address",
}
"""Reason -> words. Two reasons may have the same words."""


def words(reason: str) -> str:
    """The words for a reason; the reason itself when there are none."""
    return WORDS.get(reason, reason)


def in_words(reasons: Mapping[str, int]) -> Counter[str]:
    """How often for which words."""
    told: Counter[str] = Counter()
    for reason, count in reasons.items():
        told[words(reason)] += count
    return told
