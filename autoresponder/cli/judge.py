"""Deciding letters from the command line: rules.yaml read as the daemon reads it; nothing is sent, nothing recorded."""

from dataclasses import replace
from pathlib import Path

from autoresponder.config.settings import Settings
from autoresponder.core.policy import Policy
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, UserError
from autoresponder.service.book import Book, load_all, make_book
from autoresponder.store.key import load_key

SAMPLE_KEY = b"explain: signs nothing that is sent"


def open_book(path: Path, *, any_recipient: bool = False, signer: Signer | None = None) -> tuple[Settings, Book]:
    """The settings and what they decide by. any_recipient: a letter need not be addressed to us. signer: instead of
    the file's own. Raises `ConfigError` with every problem."""
    settings, library = load_all(path, check=False)
    book = make_book(settings, library, signer or _signer(settings))
    return settings, replace(book, policy=replace(book.policy, any_recipient=any_recipient))


def known(mailbox: str, policy: Policy, place: str = "--mailbox") -> str:
    """The name of one of the policy's mailboxes. Raises `ConfigError` for any other; "" is let through."""
    if mailbox and mailbox not in policy.mailboxes:
        names = ", ".join(policy.mailboxes)
        raise ConfigError(f"there is no mailbox “{mailbox}”", place=place, step=f"there are: {names}")
    return mailbox


def _signer(settings: Settings) -> Signer:
    """The real key where there is one, so that our own letters are recognised; it is never made here."""
    path = Path(settings.state).with_suffix(".key")
    try:
        return Signer(load_key(path)) if path.exists() else Signer(SAMPLE_KEY)
    except UserError:  # the daemon's key is for the daemon's user only; deciding works without it
        return Signer(SAMPLE_KEY)
