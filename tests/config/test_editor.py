"""The shipped schema in a real editor's language server: it completes keys, explains them and underlines mistakes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresponder.cli.init import named
from tests.config.editor import ROOT, Editor

SCHEMA = ROOT / "autoresponder" / "config" / "rules.schema.json"
HEAD = f"# yaml-language-server: $schema={SCHEMA}\n"
TEXT = (
    HEAD
    + """mode: shadow
mailboxes:
  contact:
    imap: {host: imap.example.com, password: {env: A}}
    smtp: {host: smtp.example.com}
rules:
  - name: Invoices
    when:
      subjet: invoice
      office: opne
    reply: invoice
    
"""  # noqa: W293 - where the cursor stands
)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with Editor(tmp_path_factory.mktemp("a folder")) as editor:
        yield editor


def test_a_mistyped_key_and_a_wrong_word_are_underlined(editor: Editor) -> None:
    found = editor.open(TEXT)
    assert any(one.startswith("10:") and "subjet" in one for one in found), found
    assert any(one.startswith("11:") and "open" in one for one in found), found
    assert len(found) == 2


def test_keys_and_words_are_completed_and_explained(editor: Editor) -> None:
    editor.open(TEXT, "complete.yaml")
    of_a_rule = editor.complete(13, 5, "complete.yaml")
    assert {"once", "promise", "kind", "answer_despite"} <= set(of_a_rule)
    assert "when" not in of_a_rule  # it is there already
    editor.open(TEXT.replace("subjet: invoice", "att"), "when.yaml")
    assert "attachment" in editor.complete(10, 10, "when.yaml")
    editor.open(TEXT.replace("mode: shadow", "mode: "), "mode.yaml")
    assert {"live", "shadow"} <= set(editor.complete(2, 7, "mode.yaml"))
    assert "decide and record, send nothing" in editor.hover(2, 2, "complete.yaml")


def test_the_shipped_rules_and_the_examples_are_not_underlined(editor: Editor) -> None:
    pages = [ROOT / "rules.yaml", *sorted((ROOT / "tests" / "businesses").glob("*/rules.yaml"))]
    for number, page in enumerate(pages):
        text = HEAD + page.read_text().replace("# yaml-language-server", "# once", 1)
        assert editor.open(text, f"good{number}.yaml") == [], page


def test_the_schema_may_be_in_a_folder_with_a_space_in_its_name(tmp_path: Path, editor: Editor) -> None:
    """As `init` names it there: the first line ends at a space."""
    path = tmp_path / "rules schema.json"
    path.write_text(SCHEMA.read_text())
    assert len(editor.open(TEXT.replace(str(SCHEMA), named(path)), "other.yaml")) == 2
