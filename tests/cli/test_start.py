"""Every command starts with what it needs, and with nothing else."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "asyncio", "imapclient", "aiosmtplib", "jinja2", "markdown_it", "babel", "multiprocessing")
ASKED = "import sys; from autoresponder.cli import parser; parser({names}); print(*(set({heavy}) & set(sys.modules)))"


@pytest.mark.parametrize(
    ("names", "loaded"),
    [
        ([], set()),  # --version
        (["status"], set()),
        (["outbox"], set()),
        (["check"], {"pydantic", "jinja2", "markdown_it", "babel"}),
        (["explain"], {"pydantic", "jinja2", "markdown_it", "babel"}),
        (["backtest"], {"pydantic", "jinja2", "markdown_it", "babel"}),
    ],
)
def test_what_a_command_loads(names: list[str], loaded: set[str]) -> None:
    code = ASKED.format(names=names, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= loaded
