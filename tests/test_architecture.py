"""The map of the house names every room."""

import re
from pathlib import Path

import pytest

import autoresponder

HOUSE = Path(autoresponder.__file__).parent
MAP = (HOUSE.parent / "docs" / "architecture.md").read_text("utf-8").split("```")[1]
FLOORS = dict(re.findall(r"^  (\w+)/(.*?)(?=^  \w|\Z)", MAP, re.DOTALL | re.MULTILINE))
UNNAMED = {"cli"}
"""Of which the map says that there is a module for each group of commands."""


def test_every_package_is_there() -> None:
    assert set(FLOORS) == {path.parent.name for path in HOUSE.glob("*/__init__.py")}


@pytest.mark.parametrize("package", sorted(FLOORS.keys() - UNNAMED))
def test_every_module_is_named_and_nothing_else(package: str) -> None:
    there = {path.name for path in (HOUSE / package).glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"\w+\.py", FLOORS[package])) == there
