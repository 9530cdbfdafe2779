"""The one decision: a letter, the policy, the sender's history and the time in; an answer or silence, with reasons, out.

Pure and total: for any message it returns exactly one `Decision`, whose `reason` is a stable code (for machines) and whose
`why` is a sentence (for people: the same one in log, `explain`, `history`, `status`).

Order: the guards are asked (hard before soft), then the rules, first match wins. A rule with `reply: false` wins against
everything. A hard guard, or a soft one that the rule does not name in `answer_despite`, means silence; so do
X-Auto-Response-Suppress for the rule's kind, age, `once`, and the per-sender limit. The other limits do not silence, they hold.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from autoresponder.core.address import Address
from autoresponder.core.history import Lookup
from autoresponder.core.rules import Rule


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace."""

    check: str  # "guard null-return-path", "rule Invoices", "once", "limit per-sender"
    result: Literal["pass", "silent", "match", "no match", "hold"]
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one letter."""

    action: Literal["reply", "silent", "quarantine"]
    reason: str  # a guard's name, or: rule, no-rule, suppressed, too-old, once, copy, limit, unreadable
    why: str
    rule: Rule | None = None  # the rule that won, also when something else silenced it
    target: Address | None = None  # whom an answer goes to (or would have gone to)
    ask: Lookup = Lookup("", "", "", "", "")  # the keys under which the sender and the letter are known
    scope: str | None = None  # for a reply: the `once` scope it uses up
    expires: datetime | None = None  # for a reply: too late to be sent after this
    due: datetime | None = None  # for a reply: when the promise falls due
    hold: str = ""  # for a reply: why the breaker holds it ("" when it does not)
    shadow: bool = False  # for a reply: decide and record only
    act: bool = False  # whether the rule's mark, move_to and notify are to be carried out
    trace: tuple[Step, ...] = ()
