"""Every wrong configuration in tests/configs gives exactly the sentences beside it: place, sentence, next step.

NAME.errors holds one problem a line as users read it; a file whose lines are all warnings must load. To look at the
sentences of a new file before keeping them: `python -m tests.config.test_wrong_configurations NAME`.
"""

import sys
from pathlib import Path

import pytest

from autoresponder.config.build import load_settings, problems_of
from autoresponder.errors import ConfigError

CONFIGS = Path(__file__).parent.parent / "configs"
TEMPLATES = ("acknowledgement", "christmas", "closed", "invoice")


def said(path: Path) -> str:
    """What a user reads about this file, without the folder it is in."""
    try:
        settings = load_settings(path, environ={})
        problems = [*settings.warnings, *problems_of(settings, TEMPLATES)]
    except ConfigError as error:
        problems = list(error.problems)
    return "".join(f"{problem}\n" for problem in problems).replace(f"{path.parent}/", "")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_says_exactly_this(path: Path) -> None:
    assert said(path) == path.with_suffix(".errors").read_text()


def test_there_are_enough_of_them() -> None:
    wrong = [path for path in CONFIGS.glob("*.errors") if "warning: " not in path.read_text()]
    assert len(wrong) >= 45
    assert not [path for path in CONFIGS.glob("*.errors") if not path.read_text().strip()]


def test_no_sentence_speaks_of_the_machinery_or_shows_a_password() -> None:
    for path in CONFIGS.glob("*.errors"):
        text = path.read_text()
        for word in ("Input should", "validation", "pydantic", "NoneType", "Traceback", "<table>", "hunter", "12345"):
            assert word not in text, (path.name, word)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(said(CONFIGS / f"{name}.yaml"), end="")
