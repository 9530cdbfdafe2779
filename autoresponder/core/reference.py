"""The number that people quote, such as `K7P2M4QX9`: which letter they speak of, and that we gave it out.

Pure. The first six symbols stand for the letter and cannot be guessed without the key, so nobody tries his luck with
those of others; the last three prove the six, so a slip of the pen is told from a letter that is not there any more.
"""

import re

from autoresponder.core.token import Signer

SYMBOLS = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""No vowels (no words), nothing that looks like something else."""
_LETTER, _PROOF = 6, 3
_WRITTEN = re.compile(rf"\s*[\[(#]*\b[{SYMBOLS}]{{{_LETTER + _PROOF}}}\b[\])]*")
_BETWEEN = re.compile(r"[^0-9A-Za-z]+")


def reference(signer: Signer, letter_key: str) -> str:
    """The number of the letter with this key: always the same one."""
    return _proven(signer, _letter(signer, letter_key))


def is_reference(signer: Signer, text: str) -> bool:
    """Whether `text`, however it is spaced and spelt, is a number that we gave out; of 20,000 wrong ones, one
    passes, too."""
    bare = as_printed(text)
    return len(bare) == _LETTER + _PROOF and _proven(signer, bare[:_LETTER]) == bare


def stands_for(signer: Signer, number: str, letter_key: str) -> bool:
    """Whether a number of ours, as printed, is that of the letter with this key."""
    return number[:_LETTER] == _letter(signer, letter_key)


def only(signer: Signer, number: str, text: str) -> str:
    """A text that says `number` without other numbers of ours: a customer's answer has the one before."""

    def kept(found: re.Match[str]) -> str:
        return found[0] if number in found[0] or not is_reference(signer, found[0]) else ""

    return _WRITTEN.sub(kept, text).strip() if number in text else text


def as_printed(text: str) -> str:
    """A number as people write it down (`[k7p 2m4-qx9]`), as our letters have it."""
    return _BETWEEN.sub("", text[:60]).upper()


def _letter(signer: Signer, letter_key: str) -> str:
    return _symbols(signer.pseudonym(f"reference {letter_key}"), _LETTER)


def _proven(signer: Signer, letter: str) -> str:
    return letter + _symbols(signer.pseudonym(f"check {letter}"), _PROOF)


def _symbols(digest: str, count: int) -> str:
    number, out = int(digest, 16), ""
    for _ in range(count):
        number, digit = divmod(number, len(SYMBOLS))
        out += SYMBOLS[digit]
    return out
