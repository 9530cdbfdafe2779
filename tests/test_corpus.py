"""Other people's real mail: no machine is answered, at least 99 % of the people are, nothing crashes.

Where the corpus is absent (see `tests.corpus`) the test is skipped, and says so; what the report makes of right and
wrong decisions is tested with a corpus of three letters.
"""

import os
from pathlib import Path

import pytest

from tests import corpus
from tests.core.letters import raw

PERSON, MACHINE = raw(), raw("Out of office", Auto_Submitted="auto-replied")


def test_real_mail(capsys: pytest.CaptureFixture[str]) -> None:
    folder = corpus.place()
    if not (folder / "manifest.tsv").is_file():
        pytest.skip(f"no corpus of real mail at {folder} (AUTORESPONDER_CORPUS names another place)")
    report = corpus.judge(folder)
    with capsys.disabled():
        print("\ncorpus: " + corpus.figures(report))
    assert report.good, [one.name for one in report.wrong]
    assert len(report.judged) > 1000


def folder_of(path: Path, *expected: str) -> Path:
    """A corpus of a person's letter, an automatic reply and a broken one, with these expectations of them."""
    for name, letter in (("person", PERSON), ("machine", MACHINE), ("broken", b"\xff\n")):
        (path / name).write_bytes(letter)
    rows = [f"{name}\ta class\t{word}" for name, word in zip(("person", "machine", "broken"), expected, strict=False)]
    if rows:
        (path / "manifest.tsv").write_text("\n".join(["path\tclass\texpect", *rows]) + "\n")
    return path


REPORTS = [
    # expected of the person, the machine, the broken one; exit code, what the report says
    (("reply", "no-reply", "no-crash"), 0, ("machines answered: 0 of 1", "people answered: 1 of 1", "recall 100.0%")),
    (
        ("no-reply", "no-reply", "no-crash"),
        1,
        ("a machine is answered: person", "to ana@example.net", "precision 0.0%"),
    ),
    (("reply", "reply", "no-crash"), 1, ("a person is left in silence: machine", "auto-submitted:", "recall 50.0%")),
    ((), 0, ("3 messages in", "1 answered, 2 silent", "auto-submitted", "no-sender")),
]


@pytest.mark.parametrize(("expected", "code", "words"), REPORTS, ids=["right", "machine", "person", "no manifest"])
def test_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    assert corpus.main([str(folder_of(tmp_path, *expected))]) == code
    said = capsys.readouterr().out
    assert [word for word in words if word not in said] == []
    assert "\x1b" not in said  # plain when piped


def test_one_of_a_hundred_people_may_be_missed(tmp_path: Path) -> None:
    judged = corpus.judge(folder_of(tmp_path, "reply", "reply")).judged
    assert corpus.Report(tmp_path, (judged[0],) * 99 + judged[1:2]).good
    assert not corpus.Report(tmp_path, (judged[0],) * 98 + judged[1:2]).good


def test_an_absent_corpus_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "AUTORESPONDER_CORPUS", str(tmp_path / "nowhere"))
    assert corpus.main([]) == 2
    assert "There is no corpus of real mail at" in capsys.readouterr().err
