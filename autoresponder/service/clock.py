"""The clock of the machine, which is sometimes set: what depends on it must not stand still for that.

APScheduler waits for moments of the wall clock. Set back by an hour (or after a wrong year was mended), it would run no
job for that long: no polling, no watchdog. `ClockWatch` compares the wall clock with the steady one, which nobody can
set, and tells of every step; `run_now` puts the jobs right again.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.base import BaseScheduler

LOOK = 5.0
"""Seconds between two looks."""
STEP = 2.0
"""Seconds that the two clocks may part between looks; NTP slews by a few milliseconds."""


class ClockWatch:
    """Calls `on_step` with the length of every step of the wall clock; a suspended machine's sleep is one as well."""

    def __init__(
        self,
        on_step: Callable[[timedelta], None],
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wall` and `steady` are in seconds."""
        self._on_step, self._wall, self._steady = on_step, wall, steady
        self._apart = wall() - steady()

    def look(self) -> None:
        """Compares the clocks once."""
        step = self._wall() - self._steady() - self._apart
        if abs(step) > STEP:
            self._apart += step
            self._on_step(timedelta(seconds=round(step)))

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            self.look()


def run_now(scheduler: BaseScheduler) -> None:
    """Every job runs at once, and from then on at its usual pace by the clock as it is now."""
    for job in scheduler.get_jobs():
        job.modify(next_run_time=datetime.now(UTC))
