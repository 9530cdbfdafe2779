"""What each guard looked at in a letter, for people: shown beside a guard that let the letter pass.

A table beside `core.guards.GUARDS`: guard -> what it reads. A header field that the letter has not is called absent,
which is why most guards pass.
"""

from collections.abc import Callable

from autoresponder.core.guards import Scene

SHOWN = 70
"""Characters of a value that are shown."""
ABSENT = 3
"""Absent fields that are named."""


def looked_at(guard: str, scene: Scene) -> str:
    """`Auto-Submitted: no`, `no List-Id, Mailing-List … field`: what the guard of this name looked at."""
    reads = LOOKED[guard]
    return reads(scene) if callable(reads) else _fields(scene, reads)


def _fields(scene: Scene, names: tuple[str, ...]) -> str:
    headers = scene.message.headers
    there = [f"{name}: {_cut(headers.first(name))}" for name in names if headers.has(name)]
    if there:
        return "; ".join(there[:ABSENT])
    return f"no {', '.join(names[:ABSENT])}{' …' if len(names) > ABSENT else ''} field"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _target(scene: Scene) -> str:
    return f"the answer goes to {scene.target.email}" if scene.target else "nobody"


def _addresses(scene: Scene) -> str:
    message = scene.message
    fields = (("From", message.from_), ("Sender", message.sender), ("Reply-To", message.reply_to))
    found = [f"{name} {address.email or address.name}" for name, some in fields for address in some[:2]]
    return "; ".join(found) or "no address"


def _names(scene: Scene) -> str:
    return ", ".join(f"“{a.name}”" for a in scene.message.from_[:3] if a.name) or "From gives no name"


def _return_paths(scene: Scene) -> str:
    return ", ".join(f"Return-Path <{path}>" for path in scene.message.return_paths[:3]) or "no Return-Path field"


def _recipients(scene: Scene) -> str:
    if scene.policy.any_recipient:
        return "not asked (--any-recipient)"
    everybody = (*scene.message.to, *scene.message.cc)
    return "written to " + (", ".join(a.email for a in everybody[:4]) or "nobody that To or Cc name")


def _types(scene: Scene) -> str:
    return ", ".join(dict.fromkeys(scene.message.types[:5]))


def _spam(scene: Scene) -> str:
    flags = ", ".join(sorted(scene.arrival.flags)) or "no flags"
    return f"folder {scene.arrival.folder}, {flags}; {_fields(scene, ('X-Spam-Flag', 'X-Spam-Status', 'X-Spam'))}"


def _text(scene: Scene) -> str:
    first = next((line.strip() for line in scene.message.text.splitlines() if line.strip()), "")
    return f"its text begins “{_cut(first)}”" if first else "it has no text"


LOOKED: dict[str, tuple[str, ...] | Callable[[Scene], str]] = {
    "null-return-path": _return_paths,
    "no-sender": _target,
    "own-letter": ("Message-ID",),
    "own-address": _target,
    "auto-submitted": ("Auto-Submitted",),
    "report": _types,
    "daemon-address": _addresses,
    "daemon-return-path": _return_paths,
    "list": ("List-Id", "List-Post", "Mailing-List", "X-Mailing-List", "X-BeenThere"),
    "precedence": ("Precedence", "X-Precedence"),
    "robot-header": ("X-Autoreply", "X-Autorespond", "X-Loop", "X-Mailer", "User-Agent"),
    "calendar": lambda scene: f"method {scene.message.calendar}" if scene.message.calendar else "no text/calendar part",
    "spam": _spam,
    "dmarc-fail": ("Authentication-Results",),
    "hops": lambda scene: (
        f"{len(scene.message.headers.all('received'))} of {scene.policy.max_received} Received fields"
    ),
    "bounced": lambda scene: f"nothing bounced in the last {scene.policy.bounce_days} days",
    "not-addressed": _recipients,
    "form-sender": _addresses,
    "unsubscribe": ("List-Unsubscribe", "List-Unsubscribe-Post"),
    "bounce-return-path": _return_paths,
    "bulk-header": ("Feedback-ID", "X-Campaign", "X-Mailing-ID", "X-Newsletter"),
    "errors-to": ("Errors-To",),
    "many-recipients": lambda scene: f"To and Cc name {len(scene.message.to) + len(scene.message.cc)}",
    "role-sender": _addresses,
    "machine-subject": lambda scene: f"Subject “{_cut(scene.message.subject)}”",
    "machine-name": _names,
    "machine-text": _text,
}
