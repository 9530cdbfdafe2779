"""A clock that is set: noticed, and nothing stands still for it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from autoresponder.service.clock import ClockWatch, run_now

HOUR, YEAR = 3600.0, 365 * 86400.0


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([0, 0.001, -0.5], []),  # NTP at work
        ([-HOUR], [-HOUR]),
        ([YEAR, -YEAR], [YEAR, -YEAR]),
        ([0, -HOUR, 0, 0], [-HOUR]),  # told once
    ],
)
def test_a_step_is_told_once(steps: list[float], told: list[float]) -> None:
    now = {"wall": 1_800_000_000.0, "steady": 50.0}
    heard: list[timedelta] = []
    watch = ClockWatch(heard.append, wall=lambda: now["wall"], steady=lambda: now["steady"])
    for step in steps:
        now["wall"] += 5 + step
        now["steady"] += 5
        watch.look()
    assert [one.total_seconds() for one in heard] == told


@pytest.mark.parametrize("step", [-timedelta(hours=1), -timedelta(days=365), timedelta(days=365)])
def test_jobs_go_on_after_a_step(step: timedelta) -> None:
    async def body() -> None:
        ran = asyncio.Event()
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True})
        scheduler.add_job(ran.set, "interval", seconds=0.05)
        scheduler.start()
        await asyncio.wait_for(ran.wait(), 5)
        with time_machine.travel(datetime.now(UTC) + step, tick=True):
            run_now(scheduler)
            for _ in range(3):  # at once, and at its usual pace afterwards
                ran.clear()
                await asyncio.wait_for(ran.wait(), 5)
            scheduler.shutdown(wait=False)

    asyncio.run(body())
