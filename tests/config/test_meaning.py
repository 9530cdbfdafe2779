"""docs/rules.md says what becomes of letters, and the program does what it says: the tables below examples are run."""

from pathlib import Path

import pytest

from autoresponder.config import schema
from tests.config.meaning import ROOT, Case, book_of, cases, outcomes

PAGES = [ROOT / "docs" / "rules.md", ROOT / "docs" / "coming-from.md"]
CASES = [case for page in PAGES if page.exists() for case in cases(page)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_letters_become_what_the_page_says(case: Case, tmp_path: Path) -> None:
    found = [(row, said) for row, said in outcomes(case, book_of(case, tmp_path))]
    wrong = [
        f"{row.when} {row.letter}: {said}, the page says {row.becomes}" for row, said in found if said != row.becomes
    ]
    assert wrong == []


@pytest.mark.parametrize("table", [schema.When, schema.RuleTable], ids=["conditions", "actions"])
def test_the_meaning_of_every_key_is_shown(table: type[schema.Table]) -> None:
    shown = "\n".join(case.example for case in CASES)
    keys = [field.alias or name for name, field in table.model_fields.items()]
    assert [key for key in keys if f"{key}:" not in shown] == []
