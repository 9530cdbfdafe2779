"""Whom to answer: of all the addresses in a letter the one that its sender wants the answer at, and why that one."""

from autoresponder.core.address import Address, is_answerable
from autoresponder.core.message import Message
from autoresponder.core.text import shown


def target_of(message: Message, own: frozenset[str]) -> tuple[Address | None, str]:
    """Whom to answer, and the sentence why this address (or why nobody): Reply-To when it holds exactly one address,
    else From (RFC 5322 section 3.6.2). Of several authors in From only the one that Sender names is answered; never
    two. Never the Return-Path: a bulk service's is no person."""
    replies = _distinct(message.reply_to)
    authors = _distinct(message.from_)
    if len(replies) == 1:
        if authors and authors[0].key in own and replies[0].key not in own:
            return replies[0], "Reply-To, since From is our own address (a web form)"
        return replies[0], "Reply-To holds exactly one address"
    why = "From, since Reply-To holds several addresses" if replies else "From"
    if len(authors) == 1:
        return authors[0], why
    if authors:
        senders = {address.key for address in message.sender}
        named = [address for address in authors if address.key in senders]
        if named:
            return named[0], "From names several authors, Sender says which of them wrote"
        return None, f"From names {len(authors)} authors and nobody says which of them to answer"
    return None, f"there is no address that could be answered (From: {shown(message.headers.first('from')) or 'none'})"


def _distinct(addresses: tuple[Address, ...]) -> list[Address]:
    if len(addresses) == 1:
        return list(addresses) if is_answerable(addresses[0].email) else []
    found: dict[str, Address] = {}
    for address in addresses:
        if is_answerable(address.email):
            found.setdefault(address.key, address)
    return list(found.values())
