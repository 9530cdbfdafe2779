"""Which language a letter is in, and the phrases of each."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autoresponder.answer import words
from autoresponder.answer.brand import DARK, LIGHT, Brand, Face, contrast
from autoresponder.answer.language import asked_for, detect, own_words
from tests.core.letters import letter

SPANISH = "Buenos días, quería preguntar cuánto cuesta el envío a Canarias y cuánto tarda. Gracias."
ENGLISH = "Good morning, could you please tell me how much shipping to Ireland costs? Thank you."


@pytest.mark.parametrize(
    ("subject", "text", "languages", "found"),
    [
        ("Pregunta", SPANISH, ("en", "es"), "es"),
        ("Question", ENGLISH, ("en", "es"), "en"),
        ("Question", ENGLISH, ("es", "en-GB", "pt-BR"), "en-GB"),
        ("", "\n".join(f"> {line}" for line in [SPANISH] * 5) + "\n" + ENGLISH, ("en", "es"), "en"),
        ("", ENGLISH + "\n-- \n" + SPANISH * 5, ("en", "es"), "en"),
        ("Hola", "", ("en", "es"), ""),
        ("", "ok", ("en", "es"), ""),
        ("", "12345 http://www.example.com/una/pagina/en/espanol " * 9, ("en", "es"), ""),
        ("", "Здравствуйте, сколько стоит доставка в Москву, пожалуйста?", ("en", "es"), ""),
        ("Pregunta", SPANISH, ("es",), ""),
        ("Pregunta", SPANISH, (), ""),
        ("Pregunta", SPANISH, ("xx", "es"), "es"),
    ],
)
def test_detect(subject: str, text: str, languages: tuple[str, ...], found: str) -> None:
    assert detect(subject, text, languages) == found


def test_hostile_texts_are_bounded() -> None:
    for text in ("a" * 1_000_000, ": " * 500_000, "x@" * 500_000, "\n" * 1_000_000, "é" * 1_000_000):
        assert detect(text, text, ("en", "es")) in ("", "en", "es")
        assert len(own_words(text, text)) <= 2000


@pytest.mark.parametrize(
    ("headers", "tags"),
    [
        ({"Content_Language": "es-ES, en"}, ["es-ES", "en"]),
        ({"Accept_Language": "fr;q=0.3, de, en;q=0.8, *;q=0.1"}, ["de", "en", "fr"]),
        ({"Content_Language": "es", "Accept_Language": "en"}, ["es", "en"]),
        ({"Content_Language": "{{x}}, ../en, x" * 50}, []),
        ({}, []),
    ],
)
def test_languages_of_the_headers(headers: dict[str, str], tags: list[str]) -> None:
    assert list(asked_for(letter(**headers))) == tags


WHEN = datetime(2026, 12, 1, 9, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Madrid"))


@pytest.mark.parametrize(
    ("language", "at", "by", "dear", "hello", "within"),
    [
        ("en", "on Tuesday 1 December at 10:05", "by Tuesday 1 December at 10:05",
         "Dear Ana,", "Hello,", "within 2 working days"),
        ("es", "el martes 1 de diciembre a las 10:05", "antes del martes 1 de diciembre a las 10:05",
         "Hola, Ana:", "Hola:", "en un plazo de 2 días laborables"),
        ("es-MX", "el martes 1 de diciembre a las 10:05", "antes del martes 1 de diciembre a las 10:05",
         "Hola, Ana:", "Hola:", "en un plazo de 2 días laborables"),
        ("de", "am Dienstag, 1. Dezember, um 10:05 Uhr", "bis Dienstag, 1. Dezember, 10:05 Uhr",
         "Guten Tag Ana,", "Guten Tag,", "innerhalb von 2 Werktagen"),
        ("fr", "le mardi 1er décembre à 10 h 05", "avant le mardi 1er décembre à 10 h 05",
         "Bonjour Ana,", "Bonjour,", "dans un délai de 2 jours ouvrés"),
        ("it", "martedì 1º dicembre alle ore 10:05", "entro martedì 1º dicembre alle ore 10:05",
         "Buongiorno Ana,", "Buongiorno,", "entro 2 giorni lavorativi"),
        ("ca", "dimarts 1 de desembre a les 10:05", "abans de dimarts 1 de desembre a les 10:05",
         "Hola, Ana,", "Hola,", "en un termini de 2 dies laborables"),
        ("pt", "terça-feira, 1 de dezembro, às 10:05", "até terça-feira, 1 de dezembro, às 10:05",
         "Olá, Ana,", "Olá,", "no prazo de 2 dias úteis"),
        ("fi", "on tiistaina 1 joulukuuta at 10:05", "by tiistaina 1 joulukuuta at 10:05",
         "Dear Ana,", "Hello,", "within 2 working days"),
        ("xx-nonsense", "on Tuesday 1 December at 10:05", "by Tuesday 1 December at 10:05",
         "Dear Ana,", "Hello,", "within 2 working days"),
    ],
)  # fmt: skip
def test_phrases(language: str, at: str, by: str, dear: str, hello: str, within: str) -> None:
    assert words.at(language, WHEN) == at
    assert words.by(language, WHEN) == by
    assert words.salutation(language, "Ana") == dear
    assert words.salutation(language, "") == hello
    assert words.within(language, 2, "working day") == within
    assert words.rtl("ar-EG") and not words.rtl(language)


@pytest.mark.parametrize(
    "colour", ["#ffffff", "#000000", "#ffd43b", "#0b5fff", "#777777", "#f00", "#00ff00", "#123456"]
)
def test_every_brand_colour_can_be_read(colour: str) -> None:
    face = Face.of(Brand(colour=colour))
    assert contrast(face.on_colour, face.colour) >= 4.5
    assert contrast(face.ink, LIGHT) >= 4.5
    assert contrast(face.ink_dark, DARK) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
