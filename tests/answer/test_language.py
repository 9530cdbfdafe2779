"""Which language a letter is in, and the phrases of each."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from autoresponder.answer import words
from autoresponder.answer.brand import DARK, LIGHT, Brand, contrast, face_of
from autoresponder.answer.language import asked_for, detect, own_words
from tests.answer.language_table import LANGUAGES, RIGHT, WRONG, letters, verdict
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_short_letters_is_told(language: str) -> None:
    found = [verdict(language, subject, text) for subject, text in letters(language)]
    assert len(found) == 25
    assert found.count(WRONG) == 0
    assert found.count(RIGHT) >= 22


@pytest.mark.parametrize(
    "text",
    [
        "Hej, när har ni öppet på lördag? Jag vill gärna komma förbi med min dotter.",
        "Hej, hvornår har I åbent på lørdag? Jeg vil gerne komme forbi.",
        "Hei, når har dere åpent på lørdag? Jeg vil gjerne komme innom.",
        "Dobrý den, kdy máte otevřeno v sobotu? Rád bych se zastavil.",
        "Hei, milloin olette auki lauantaina? Haluaisin tulla käymään.",
        "Jó napot, mikor vannak nyitva szombaton? Szeretnék benézni.",
        "Merhaba, cumartesi günü açık mısınız? Uğramak istiyorum.",
        "Dobar dan, kada ste otvoreni subotom? Rado bih došao.",
        "Selamat siang, apakah buka hari Sabtu? Saya mau datang.",
        "Здравствуйте, вы открыты в субботу? Хочу приехать с дочкой.",
        "土曜日は営業していますか。子供と一緒に行きたいです。",
        "مرحبا، هل أنتم مفتوحون يوم السبت؟",
    ],
)
def test_a_language_that_we_do_not_write_is_not_taken_for_another(text: str) -> None:
    assert detect("", text, LANGUAGES) == ""


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
         "Guten Tag Ana,", "Guten Tag,", "innerhalb von 2 Arbeitstagen"),
        ("fr", "le mardi 1er décembre à 10\u00a0h\u00a005", "avant le mardi 1er décembre à 10\u00a0h\u00a005",
         "Bonjour Ana,", "Bonjour,", "dans un délai de 2 jours ouvrés"),
        ("it", "martedì 1º dicembre alle ore 10:05", "entro martedì 1º dicembre alle ore 10:05",
         "Buongiorno Ana,", "Buongiorno,", "entro 2 giorni lavorativi"),
        ("ca", "dimarts 1 de desembre a les 10:05", "abans de dimarts 1 de desembre a les 10:05",
         "Hola, Ana,", "Hola,", "en 2 dies laborables com a màxim"),
        ("gl", "o martes 1 de decembro ás 10:05", "antes do martes 1 de decembro ás 10:05",
         "Ola, Ana:", "Ola:", "nun prazo de 2 días laborables"),
        ("eu", "asteartean, abenduaren 1ean, 10:05ean", "asteartean, abenduaren 1ean, 10:05ak baino lehen",
         "Kaixo, Ana:", "Kaixo:", "2 laneguneko epean"),
        ("pt", "terça-feira, 1 de dezembro, às 10:05", "até terça-feira, 1 de dezembro, às 10:05",
         "Olá, Ana,", "Olá,", "no prazo de 2 dias úteis"),
        ("nl", "op dinsdag 1 december om 10.05 uur", "uiterlijk dinsdag 1 december om 10.05 uur",
         "Beste Ana,", "Goedendag,", "binnen 2 werkdagen"),
        ("pl", "we wtorek 1 grudnia o godz. 10:05", "najpóźniej we wtorek 1 grudnia do godz. 10:05",
         "Dzień dobry,", "Dzień dobry,", "w ciągu 2 dni roboczych"),
        ("ro", "marți, 1 decembrie, la ora 10:05", "până marți, 1 decembrie, la ora 10:05",
         "Bună ziua, Ana,", "Bună ziua,", "în termen de 2 zile lucrătoare"),
        ("ja", "12月1日（火曜日）10:05", "12月1日（火曜日）10:05まで", "Ana 様", "お客様", "2 営業日以内"),
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
    ("language", "day", "hour", "minute", "at"),
    [
        ("es", 23, 1, 30, "el lunes 23 de noviembre a la 1:30"),
        ("es", 23, 11, 0, "el lunes 23 de noviembre a las 11:00"),
        ("ca", 23, 1, 0, "dilluns 23 de novembre a la 1:00"),
        ("gl", 23, 1, 0, "o luns 23 de novembro á 1:00"),
        ("pt", 23, 1, 0, "segunda-feira, 23 de novembro, à 01:00"),
        ("eu", 24, 9, 0, "asteartean, azaroaren 24an, 9:00etan"),
        ("eu", 25, 1, 0, "asteazkenean, azaroaren 25ean, 1:00ean"),
        ("eu", 11, 10, 30, "asteazkenean, azaroaren 11n, 10:30ean"),
        ("eu", 10, 16, 20, "asteartean, azaroaren 10ean, 16:20an"),
        ("eu", 30, 16, 45, "astelehenean, azaroaren 30ean, 16:45ean"),
        ("pl", 27, 9, 0, "w piątek 27 listopada o godz. 9:00"),
        ("fr", 1, 9, 0, "le dimanche 1er novembre à 9\u00a0h"),
        ("fr", 1, 9, 5, "le dimanche 1er novembre à 9\u00a0h\u00a005"),
    ],
)
def test_hours_and_days_are_bent_as_the_language_bends_them(
    language: str, day: int, hour: int, minute: int, at: str
) -> None:
    assert words.at(language, datetime(2026, 11, day, hour, minute, tzinfo=UTC)) == at


def test_japanese_begins_with_the_year() -> None:
    assert words.full_day("ja", datetime(2019, 3, 14, tzinfo=UTC)) == "2019年3月14日"


def test_romanian_counts_with_de_from_twenty_on() -> None:
    assert words.within("ro", 19, "hour") == "în termen de 19 ore"
    assert words.within("ro", 24, "hour") == "în termen de 24 de ore"
    assert words.within("ro", 1, "hour") == "în termen de 1 oră"
    assert words.within("ro", 101, "hour") == "în termen de 101 ore"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_there_in_every_language_and_its_own(language: str) -> None:
    assert words.known(language)
    phrases = words.words(language)
    assert phrases.locale.startswith(language)
    assert len(phrases.units) == 6 and all(one and many for one, many in phrases.units)
    if language != "en":
        english = words.words("en")
        for name in ("at", "by", "hello", "within", "notice"):
            assert getattr(phrases, name) != getattr(english, name)


@pytest.mark.parametrize(
    "colour", ["#ffffff", "#000000", "#ffd43b", "#0b5fff", "#777777", "#f00", "#00ff00", "#123456"]
)
def test_every_brand_colour_can_be_read(colour: str) -> None:
    face = face_of(Brand(colour=colour))
    assert contrast(face.on_colour, face.colour) >= 4.5
    assert contrast(face.ink, LIGHT) >= 4.5
    assert contrast(face.ink_dark, DARK) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
