"""Passwords and tokens: where they are kept, and reading them at the last moment.

Contract: a `Secret` is called for its value and reads it anew each time, so a changed password needs no restart. It
never shows the value: not in repr, str, an error or a pickle. What cannot be read is a `ConfigError` that names what
was looked for; the daemon meets it in the one mailbox that needs the secret, `check` in all of them
(`config.build.missing_secrets`).
"""

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from autoresponder.errors import ConfigError, Place, Problem

COMMAND_SECONDS = 30
MAX_BYTES = 65_536
Kind = Literal["plain", "credential", "file", "env", "command"]


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """One secret of rules.yaml. `source`: a name, a path, an argument list, or (plain) the secret itself."""

    kind: Kind
    source: tuple[str, ...]
    place: Place = field(compare=False)  # a secret that moved to another line is still the same
    folder: Path = Path()  # relative paths and commands start here
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, compare=False)

    def __repr__(self) -> str:
        """Where the secret is kept, never what it is."""
        return f"Secret({self.kind}{'' if self.kind == 'plain' else ' ' + self.source[0]})"

    def __reduce__(self) -> NoReturn:
        """Secrets are not copied out of the process."""
        raise TypeError("a secret cannot be pickled")

    def __call__(self) -> str:
        """The secret. Raises `ConfigError` when it is missing, empty, or holds a line break."""
        if self.kind == "plain":
            value = self.source[0]
        elif self.kind == "env":
            value = self._variable()
        elif self.kind == "command":
            value = self._output()
        else:
            value = self._content(self.path())
        if not value:
            self._fail(f"{self._name()} is empty")
        if any(c in value for c in "\r\n\0"):
            self._fail(f"{self._name()} has more than one line")
        return value

    def path(self) -> Path:
        """The file of a `credential` or `file` secret. Credentials are in systemd's $CREDENTIALS_DIRECTORY; without
        it, as for `check` at a prompt, in the folder credentials/ beside rules.yaml, from where our unit loads them."""
        if self.kind == "file":
            return self.folder / self.source[0]
        given = self.environ.get("CREDENTIALS_DIRECTORY", "")
        return (Path(given) if given else self.folder / "credentials") / self.source[0]

    def exposed(self) -> bool:
        """Whether the secret's file can be read by others than its owner; systemd sees to that for what it gives."""
        if self.kind == "credential" and not self.environ.get("CREDENTIALS_DIRECTORY"):
            return all(map(readable_by_others, (self.path(), self.path().parent)))
        return self.kind == "file" and readable_by_others(self.path())

    def _name(self) -> str:
        what = {"plain": "the password", "env": "the environment variable", "command": "the command"}.get(
            self.kind, self.kind
        )
        return what if self.kind == "plain" else f"{what} {self.source[0]}"

    def _fail(self, sentence: str, step: str = "") -> NoReturn:
        raise ConfigError([Problem(self.place, sentence, step)]) from None

    def _variable(self) -> str:
        name = self.source[0]
        if name not in self.environ:
            self._fail(f"the environment variable {name} is not set", "set it where the daemon is started")
        return self.environ[name]

    def _content(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            given = self.kind == "credential" and self.environ.get("CREDENTIALS_DIRECTORY")
            step = f"LoadCredential={self.source[0]}:FILE in the unit" if given else "create it, mode 0600"
            if isinstance(error, PermissionError):
                step = "with sudo, or as its owner; a service gets it by LoadCredential="
            self._fail(f"{self._name()}: {path}: {reason}", step)
        return self._text(raw)

    def _output(self) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - an argument list from the owner's own configuration, no shell
                self.source, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=COMMAND_SECONDS, env=dict(self.environ), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            self._fail(f"{self._name()} took longer than {COMMAND_SECONDS} seconds", "run it by hand")
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "it cannot be run").lower()
            self._fail(f"{self._name()} could not be started: {reason}", "give the full path of the program")
        if done.returncode:
            self._fail(f"{self._name()} failed with exit code {done.returncode}", "run it by hand to see why")
        return self._text(done.stdout)

    def _text(self, raw: bytes) -> str:
        if len(raw) > MAX_BYTES:
            self._fail(f"{self._name()} gives more than {MAX_BYTES} octets")
        try:
            return raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            self._fail(f"{self._name()} is not UTF-8 text")


def readable_by_others(path: Path) -> bool:
    """Whether group or others may read the file; False for one that is not there."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False
