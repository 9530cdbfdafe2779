"""What a mail server's refusal means: its response code (RFC 3501, RFC 5530) or its words, as a sentence with a step.

Pure. `readable` makes server text fit for a log line: one line, printable, short.
"""

import re

from autoresponder.errors import RemoteError

_CODE = re.compile(r"\[([A-Z][A-Z-]+)[^\]]*\]\s*")
_BUSY = re.compile(r"too many|maximum number|(limit|quota) .*(exceeded|reached)|simultaneous", re.I)
_LATER = re.compile(r"temporar|try again|unavailable|internal error|later|throttl", re.I)
_LIMIT = "close other mail programs, watch fewer folders, or raise the server's limit (mail_max_userip_connections)"

CODES: dict[str, tuple[str, str, bool]] = {
    "AUTHENTICATIONFAILED": (
        "wrong user or password",
        "check user and password; many providers want an app password",
        True,
    ),
    "AUTHORIZATIONFAILED": ("this user may not open this mailbox", "ask the server's administrator", True),
    "EXPIRED": ("the password has expired", "set a new password", True),
    "PRIVACYREQUIRED": ("the server accepts passwords only over TLS", "use tls or starttls as security", True),
    "CONTACTADMIN": ("the server asks you to contact its administrator", "ask the server's administrator", True),
    "WEBALERT": ("the provider wants you to log in with a browser first", "log in with a browser and confirm", True),
    "UNAVAILABLE": ("the account is temporarily unavailable", "nothing to do: it is tried again", False),
    "LIMIT": ("too many connections", _LIMIT, False),
    "THROTTLED": ("the server slows us down", "nothing to do: it is tried again", False),
    "INUSE": ("the mailbox is locked by another program", "nothing to do: it is tried again", False),
    "OVERQUOTA": ("the mailbox is full", "delete mail or raise its quota", False),
    "NOPERM": ("this user has no permission for that", "ask the server's administrator", True),
    "CANNOT": ("the server cannot do that", "", True),
    "NONEXISTENT": ("there is no such folder", "", True),
    "TRYCREATE": ("there is no such folder", "", True),
    "SERVERBUG": ("the server reports an error of its own", "look into the server's log", False),
    "CORRUPTION": ("the server reports damaged data", "look into the server's log", False),
}
"""code -> (sentence, next step, fatal)."""

TEMPORARY = frozenset({"UNAVAILABLE", "LIMIT", "THROTTLED", "INUSE", "CONTACTADMIN"})
"""Codes that speak of the whole account, not of the one thing that was asked for."""


def readable(text: bytes | str, limit: int = 200) -> str:
    """One printable line of at most `limit` characters."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "replace")
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 4]).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def code_of(text: str) -> str:
    """The response code, upper case, "" when there is none."""
    found = _CODE.search(text)
    return found[1] if found else ""


def refusal(text: str, otherwise: str, place: str, *, step: str = "", fatal: bool = False) -> RemoteError:
    """The error for a refusal in the server's words; `otherwise`, `step` and `fatal` hold where these say nothing."""
    text = readable(text)
    code = code_of(text)
    if code not in CODES:
        code = "LIMIT" if _BUSY.search(text) else "UNAVAILABLE" if _LATER.search(text) else ""
    sentence, step, fatal = CODES.get(code, (otherwise, step, fatal))
    words = _CODE.sub("", text).strip()
    return RemoteError(sentence + (f': "{words}"' if words else ""), place=place, step=step, fatal=fatal)
