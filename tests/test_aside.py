"""Work beside the event loop: its result or its error comes back, and the end waits for neither."""

import asyncio
import subprocess
import sys

import pytest

from autoresponder.aside import aside


def test_the_result_comes_back() -> None:
    assert asyncio.run(aside(lambda: 6 * 7)) == 42


def test_so_does_an_error() -> None:
    def fails() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        asyncio.run(aside(fails))


ENDLESS = """
import asyncio, threading
from autoresponder.aside import aside
begun = threading.Event()

def work():
    begun.set()
    threading.Event().wait()

async def main():
    task = asyncio.create_task(aside(work))
    await asyncio.to_thread(begun.wait)

asyncio.run(main())
print("ended")
"""


def test_the_end_of_the_program_does_not_wait() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
