"""A progress bar on standard error, on a terminal only; elsewhere nothing is written."""

import sys
import time
from types import TracebackType
from typing import Self

EVERY = 0.1
"""Seconds between two drawings."""
WIDTH = 30


class Progress:
    """Counts up to a total that is known. A context manager: the bar is wiped at the end."""

    def __init__(self, total: int) -> None:
        """`total` steps."""
        self.done = 0
        self._total, self._shown = total, sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = self._began + EVERY

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        if self._shown and (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            self._draw(now)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def _draw(self, now: float) -> None:
        speed = self.done / max(now - self._began, 0.001)
        full = WIDTH * self.done // max(self._total, 1)
        left = (self._total - self.done) / max(speed, 0.001)
        bar = "━" * full + "╌" * (WIDTH - full)
        sys.stderr.write(f"\r\x1b[K{bar} {self.done:,} of {self._total:,}, {speed:,.0f}/s, {left:.0f} s left")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
