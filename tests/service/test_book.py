"""Which languages a letter is told to be in: those of the templates, and those that rules ask for."""

from pathlib import Path

import pytest

from autoresponder.core.token import Signer
from autoresponder.service.book import load_all, make_book
from tests.cli.shop import Shop

LETTERS = {
    "nl": "Goedemorgen, ik wil graag weten of jullie morgen open zijn en hoeveel een stoel kost. Dank u wel.",
    "es": "Buenos días, quisiera saber si mañana están abiertos y cuánto cuesta una silla. Muchas gracias.",
    "en": "Good morning, I would like to know whether you are open tomorrow and what a chair costs. Thank you.",
}
ASKED = {
    "nothing": "",
    "directly": "{name: Dutch, when: {language: nl}, reply: false}",
    "deep inside": "{name: Dutch, when: {any: [{not: {language: nl}}, {subject: x}]}, reply: acknowledgement}",
}


@pytest.mark.parametrize("templates", [("en", "es"), ("en",)])
@pytest.mark.parametrize("asked", ASKED)
def test_a_rule_may_ask_for_a_language_without_a_template(tmp_path: Path, asked: str, templates: tuple[str]) -> None:
    shop = Shop(tmp_path)
    for path in (tmp_path / "templates").glob("*.*.md"):
        if path.suffixes[0][1:] not in templates:
            path.unlink()
    rules = f"rules:\n  - {ASKED[asked]}\n" if ASKED[asked] else "rules:\n"
    shop.write("rules.yaml", rules + "  - {name: Rest, reply: acknowledgement}\n")
    settings, library = load_all(shop.rules, check=False)
    book = make_book(settings, library, Signer(b"a key for tests only, 32 octets!"))
    told = {tag: book.language("A question", text) for tag, text in LETTERS.items()}
    assert told["nl"] == ("nl" if ASKED[asked] else "")
    assert told["es"] == ("es" if "es" in templates else "")
    assert told["en"] == ("en" if "es" in templates or ASKED[asked] else "")
