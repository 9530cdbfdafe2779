"""How well the language of a letter is told: 300 short letters of our own, 25 in each of 12 languages (`languages/`).

`make languages` prints the table. A letter is a subject line and a text; letters stand apart by a line `%%%`. They have
names, order numbers, quoted answers in another language, signatures, missing accents, shouting, and English in between.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from autoresponder.answer.language import detect

LETTERS = Path(__file__).parent / "languages"
LANGUAGES = ("en", "es", "ca", "gl", "eu", "pt", "fr", "de", "it", "nl", "pl", "ro")
RIGHT, NOT_SURE, WRONG = "right", "not sure", "wrong"


def letters(language: str) -> Iterator[tuple[str, str]]:
    """(subject, text) of each letter of a language."""
    for letter in (LETTERS / f"{language}.txt").read_text("utf-8").rstrip("\n").split("\n%%%\n"):
        subject, _, text = letter.partition("\n")
        yield subject, text


def verdict(language: str, subject: str, text: str) -> str:
    """What came of asking for the language of one letter."""
    found = detect(subject, text, LANGUAGES)
    return RIGHT if found == language else WRONG if found else NOT_SURE


def main() -> None:
    """Prints the table, and the letters that were not told right."""
    total: Counter[str] = Counter()
    print(f"{'':4}{RIGHT:>10}{NOT_SURE:>10}{WRONG:>10}{'µs a letter':>14}")
    others = []
    for language in LANGUAGES:
        found: Counter[str] = Counter()
        began = perf_counter()
        for subject, text in letters(language):
            found[said := verdict(language, subject, text)] += 1
            if said != RIGHT:
                others.append(f"{language}, {said}: {subject} | {' '.join(text.split())}")
        each = (perf_counter() - began) / found.total() * 1e6
        print(f"{language:4}{found[RIGHT]:10}{found[NOT_SURE]:10}{found[WRONG]:10}{each:14.0f}")
        total += found
    share = {said: 100 * count / total.total() for said, count in total.items()}
    print(f"{'all':4}" + "".join(f"{share.get(said, 0):9.1f}%" for said in (RIGHT, NOT_SURE, WRONG)))
    print("\n".join(["", *others]))


if __name__ == "__main__":
    sys.exit(main())
