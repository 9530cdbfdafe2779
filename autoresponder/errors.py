"""Who is to blame, in three classes; every one ends as a sentence, a place and a next step.

`ConfigError`: you can mend it (configuration, templates, arguments). `RemoteError`: a server refused or
was not there. Anything else that reaches the command line is a bug of ours. The command line prints the
first two without a traceback and turns them into exit codes (2 and 3); the daemon logs them.

No sentence, place or step may ever contain a password, a token or the text of a letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class ExitCode(IntEnum):
    """The exit codes of every command (DESIGN part 4)."""

    OK = 0
    FOUND_WRONG = 1
    CONFIG = 2
    REMOTE = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: 1-based line and column, 0 when not known."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`file`, `file:line` or `file:line:column`: the form editors and terminals make clickable."""
        tail = f":{self.line}:{self.column}" if self.column else f":{self.line}" if self.line else ""
        return self.file + tail


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (`error`) or risky (`warning`) in a configuration."""

    place: Place
    sentence: str
    step: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """`rules.yaml:14:5: rules[2] "Invoices": unknown key "subjet" (did you mean "subject"?)`."""
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.place}: {mark}{self.sentence}" + (f" ({self.step})" if self.step else "")


class UserError(Exception):
    """What a user can act on; never shown with a traceback."""

    exit_code = ExitCode.FOUND_WRONG

    def __init__(self, sentence: str, *, place: str = "", step: str = "") -> None:
        """`place` is a file position, a `mailbox/folder`, or a `host:port`; `step` says what to do next."""
        super().__init__(sentence)
        self.sentence, self.place, self.step = sentence, place, step

    def __str__(self) -> str:
        """`place: sentence (step)`, leaving out what is empty."""
        return (f"{self.place}: " if self.place else "") + self.sentence + (f" ({self.step})" if self.step else "")


class ConfigError(UserError):
    """The configuration, a template or an argument is wrong; carries every problem found, not the first."""

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: Iterable[Problem] | str, *, place: str = "", step: str = "") -> None:
        """A list of problems, or one sentence with a place for errors outside any file."""
        if isinstance(problems, str):
            self.problems: tuple[Problem, ...] = (Problem(Place(place or "autoresponder"), problems, step),)
            super().__init__(problems, place=place, step=step)
        else:
            self.problems = tuple(problems)
            super().__init__("\n".join(map(str, self.problems)))


class RemoteError(UserError):
    """A server refused, failed or could not be reached. `fatal` when trying again cannot help by itself
    (wrong password, unknown folder, bad certificate): the daemon goes on trying, but slowly and loudly."""

    exit_code = ExitCode.REMOTE

    def __init__(self, sentence: str, *, place: str = "", step: str = "", fatal: bool = False) -> None:
        """`place` is `host:port` or `mailbox/folder`."""
        super().__init__(sentence, place=place, step=step)
        self.fatal = fatal
