"""docs/security.md: every test that a row names is there, and every file of these tests is named."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROW = re.compile(r"^\|(?!-)(.+)\|(.+)\|(.+)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[str, str, str]]:
    """The rows of all tables, without their heads."""
    return [match.groups() for match in ROW.finditer(PAGE) if not match[1].strip().startswith("attack")]  # type: ignore[misc]


def functions(path: Path) -> set[str]:
    """The names of the functions of a test file."""
    return {node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_attack_has_an_answer_and_a_test_that_exists() -> None:
    assert len(rows()) >= 30
    for attack, answer, tests in rows():
        named = TEST.findall(tests)
        assert answer.strip(), attack
        assert named, attack
        for file, test in named:
            assert test in functions(ROOT / file), f"{attack}: {file}::{test}"


def test_every_security_test_stands_in_the_table() -> None:
    named = {file for _, _, tests in rows() for file, _ in TEST.findall(tests)}
    here = {str(path.relative_to(ROOT)) for path in Path(__file__).parent.glob("test_*.py")}
    assert here - named == {"tests/security/test_table.py"}
