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


def wishes() -> list[tuple[str, str]]:
    """(wish, how it is written here) of each row of the table of what others can say."""
    table = (ROOT / "docs" / "rules.md").read_text().partition("| wish |")[2].partition("\n\n")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines()[2:]]
    assert {len(cells) for cells in rows} == {7}, "a cell for each program"
    return [(cells[0].strip(), cells[-1].split("`")[1]) for cells in rows]


@pytest.mark.parametrize(("wish", "written"), wishes(), ids=lambda value: value[:40])
def test_what_others_can_say_is_written_so(wish: str, written: str, tmp_path: Path) -> None:
    """Each snippet is one of a rule or of the whole file, and says nothing that `check` would warn of."""
    key = written.partition(":")[0]
    rules = "rules:\n  - {name: Everything else, reply: acknowledgement}\n"
    if key in schema.RuleTable.model_fields:
        reply = "" if key == "reply" else "reply: closed, "
        rest = "  - {name: Rest, reply: acknowledgement}\n" if key == "when" else ""
        rules = f"rules:\n  - {{name: Wish, {reply}{written}}}\n{rest}"
    else:
        rules += f"{written}\n"
    office = "" if key == "office" else "office: {timezone: Europe/Madrid, hours: {mon-fri: 09:00-17:00}}\n"
    assert book_of(Case(wish, office + "contacts: contacts.csv\n" + rules, (), warns=False), tmp_path)
