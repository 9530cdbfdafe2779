"""The signing key: 32 random bytes in a file beside the state, by which the daemon knows its own letters again.

Made at the first start, readable by the owner only, never overwritten. Losing it costs the recognition of bounces and
of erased senders; whoever reads it can forge our mark. The file holds 64 hexadecimal digits and a line break.
"""

import logging
import os
import secrets
from pathlib import Path

from autoresponder.store import StoreError

log = logging.getLogger(__name__)
LENGTH = 32


def load_key(path: Path) -> bytes:
    """The key in `path`, made first when there is none. Logs a warning when others may read it; raises `StoreError`
    when it cannot be read or made, or holds anything but a key."""
    try:
        if not path.exists():
            _create(path)
        text = path.read_text("ascii")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as e:
        raise StoreError(
            f"the signing key cannot be read or made: {getattr(e, 'strerror', None) or 'not ASCII text'}",
            place=str(path),
            step="it must be readable and writable by the user of the daemon",
        ) from e
    if mode & 0o077:
        log.warning("%s: others can read the signing key (chmod 600 %s)", path, path)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != LENGTH:
        raise StoreError(
            f"this does not hold a signing key ({2 * LENGTH} hexadecimal digits)",
            place=str(path),
            step="restore it from a backup, or move it away to have a new one made",
        )
    return key


def _create(path: Path) -> None:
    """Write a new key aside and link it into place: whole or not at all, and never over another one."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(LENGTH) + "\n")
            file.flush()
            os.fsync(handle)
        try:
            os.link(aside, path)
        except FileExistsError:
            log.debug("another process made %s at the same moment", path)
    finally:
        aside.unlink()
