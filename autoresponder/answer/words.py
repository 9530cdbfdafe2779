"""The few phrases that answers are made of, in each language: salutation, dates, promises, the automatic notice.

Dates and times come from Babel (imported when the first one is asked for) and always name the day: a letter written
today may be read tomorrow, so "today" would not stay true. A language that is not in the table gets its own dates
and English phrases; `known` tells, and `check` warns.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language. `day`, `first`, `running` and `time` are date patterns of Unicode TR 35.

    Where a language bends the words of a date, `weekdays` (from Monday on) and `running` are those that stand in `at`
    and `by`, and a ~ asks for the case ending of the number before it."""

    locale: str  # as Babel spells it
    day: str
    at: str  # {day} and {time}: in running text, with its preposition
    by: str  # {day} and {time}: no later than
    dear: str  # {name}
    hello: str  # when there is no name
    hi: tuple[str, str]  # the informal ones: with the first name {name}, and without
    within: str  # {amount} of one of the units below
    units: tuple[tuple[str, str], ...]  # one and many of: working hour, working day, minute, hour, day, week
    notice: str
    year: str = (
        " y"  # what follows the day and month of a date with its year; ^: it stands before them, ~: with an ending
    )
    first: str = ""  # as `day`, for the first of a month
    time: str = "HH:mm"
    sharp: str = ""  # as `time`, on the hour
    running: str = ""  # as `day`
    weekdays: tuple[str, ...] = ()  # with their preposition
    at_one: tuple[str, str] = ("", "")  # what stands before any other hour, and before one o'clock
    twenty: str = ""  # stands between a number and its unit from twenty on


_UNITS = ("working hour", "working day", "minute", "hour", "day", "week")

_TABLE = {
    "en": Words(
        locale="en_GB",
        day="EEEE d MMMM",
        at="on {day} at {time}",
        by="by {day} at {time}",
        dear="Dear {name},",
        hello="Hello,",
        hi=("Hi {name},", "Hi there,"),
        within="within {amount}",
        units=(
            ("working hour", "working hours"),
            ("working day", "working days"),
            ("minute", "minutes"),
            ("hour", "hours"),
            ("day", "days"),
            ("week", "weeks"),
        ),
        notice="This reply was sent automatically; a person will read your message.",
    ),
    "es": Words(
        locale="es_ES",
        day="EEEE d 'de' MMMM",
        at="el {day} a las {time}",
        by="antes del {day} a las {time}",
        dear="Hola, {name}:",
        hello="Hola:",
        hi=("¡Hola, {name}!", "¡Hola!"),
        within="en un plazo de {amount}",
        units=(
            ("hora laborable", "horas laborables"),
            ("día laborable", "días laborables"),
            ("minuto", "minutos"),
            ("hora", "horas"),
            ("día", "días"),
            ("semana", "semanas"),
        ),
        notice="Esta respuesta se ha enviado automáticamente; una persona leerá su mensaje.",
        year=" 'de' y",
        time="H:mm",
        at_one=("a las", "a la"),
    ),
    "ca": Words(
        locale="ca_ES",
        day="EEEE d MMMM",
        at="{day} a les {time}",
        by="abans de {day} a les {time}",
        dear="Hola, {name},",
        hello="Hola,",
        hi=("Hola, {name}!", "Hola!"),
        within="en {amount} com a màxim",
        units=(
            ("hora laborable", "hores laborables"),
            ("dia laborable", "dies laborables"),
            ("minut", "minuts"),
            ("hora", "hores"),
            ("dia", "dies"),
            ("setmana", "setmanes"),
        ),
        notice="Aquesta resposta s’ha enviat automàticament; una persona llegirà el vostre missatge.",
        year=" 'del' y",
        time="H:mm",
        at_one=("a les", "a la"),
    ),
    "de": Words(
        locale="de_DE",
        day="EEEE, d. MMMM",
        at="am {day}, um {time} Uhr",
        by="bis {day}, {time} Uhr",
        dear="Guten Tag {name},",
        hello="Guten Tag,",
        hi=("Hallo {name},", "Hallo,"),
        within="innerhalb von {amount}",
        units=(
            ("Arbeitsstunde", "Arbeitsstunden"),
            ("Arbeitstag", "Arbeitstagen"),
            ("Minute", "Minuten"),
            ("Stunde", "Stunden"),
            ("Tag", "Tagen"),
            ("Woche", "Wochen"),
        ),
        notice="Diese Antwort wurde automatisch versendet; Ihre Nachricht wird persönlich gelesen.",
    ),
    "fr": Words(
        locale="fr_FR",
        day="EEEE d MMMM",
        at="le {day} à {time}",
        by="avant le {day} à {time}",
        dear="Bonjour {name},",
        hello="Bonjour,",
        hi=("Bonjour {name}\u00a0!", "Bonjour\u00a0!"),
        within="dans un délai de {amount}",
        units=(
            ("heure ouvrée", "heures ouvrées"),
            ("jour ouvré", "jours ouvrés"),
            ("minute", "minutes"),
            ("heure", "heures"),
            ("jour", "jours"),
            ("semaine", "semaines"),
        ),
        notice="Cette réponse a été envoyée automatiquement\u00a0; une personne lira votre message.",
        first="EEEE '1er' MMMM",
        time="H'\u00a0h\u00a0'mm",
        sharp="H'\u00a0h'",
    ),
    "it": Words(
        locale="it_IT",
        day="EEEE d MMMM",
        at="{day} alle ore {time}",
        by="entro {day} alle ore {time}",
        dear="Buongiorno {name},",
        hello="Buongiorno,",
        hi=("Ciao {name},", "Ciao,"),
        within="entro {amount}",
        units=(
            ("ora lavorativa", "ore lavorative"),
            ("giorno lavorativo", "giorni lavorativi"),
            ("minuto", "minuti"),
            ("ora", "ore"),
            ("giorno", "giorni"),
            ("settimana", "settimane"),
        ),
        notice="Questa risposta è stata inviata automaticamente; una persona leggerà il suo messaggio.",
        first="EEEE 1º MMMM",
    ),
    "pt": Words(
        locale="pt_PT",
        day="EEEE, d 'de' MMMM",
        at="{day}, às {time}",
        by="até {day}, às {time}",
        dear="Olá, {name},",
        hello="Olá,",
        hi=("Olá, {name}!", "Olá!"),
        within="no prazo de {amount}",
        units=(
            ("hora útil", "horas úteis"),
            ("dia útil", "dias úteis"),
            ("minuto", "minutos"),
            ("hora", "horas"),
            ("dia", "dias"),
            ("semana", "semanas"),
        ),
        notice="Esta resposta foi enviada automaticamente; uma pessoa lerá a sua mensagem.",
        year=" 'de' y",
        at_one=("às", "à"),
    ),
    "gl": Words(
        locale="gl_ES",
        day="EEEE d 'de' MMMM",
        at="o {day} ás {time}",
        by="antes do {day} ás {time}",
        dear="Ola, {name}:",
        hello="Ola:",
        hi=("Ola, {name}!", "Ola!"),
        within="nun prazo de {amount}",
        units=(
            ("hora laborable", "horas laborables"),
            ("día laborable", "días laborables"),
            ("minuto", "minutos"),
            ("hora", "horas"),
            ("día", "días"),
            ("semana", "semanas"),
        ),
        notice="Esta resposta enviouse automaticamente; unha persoa lerá a súa mensaxe.",
        year=" 'de' y",
        time="H:mm",
        at_one=("ás", "á"),
    ),
    "eu": Words(
        locale="eu_ES",
        day="EEEE, MMMM'ren' d'a'",
        at="{day}, {time}~",
        by="{day}, {time}ak baino lehen",
        dear="Kaixo, {name}:",
        hello="Kaixo:",
        hi=("Kaixo, {name}!", "Kaixo!"),
        within="{amount} epean",
        units=(
            ("lanorduko", "lanorduko"),
            ("laneguneko", "laneguneko"),
            ("minutuko", "minutuko"),
            ("orduko", "orduko"),
            ("eguneko", "eguneko"),
            ("asteko", "asteko"),
        ),
        notice="Erantzun hau automatikoki bidali da; pertsona batek irakurriko du zure mezua.",
        year="~",
        time="H:mm",
        running="EEEE, MMMM'ren' d~",
        weekdays=(
            "astelehenean",
            "asteartean",
            "asteazkenean",
            "ostegunean",
            "ostiralean",
            "larunbatean",
            "igandean",
        ),
    ),
    "he": Words(
        locale="he_IL",
        day="EEEE, d בMMMM",
        at="ב{day} בשעה {time}",
        by="עד {day} בשעה {time}",
        dear="שלום {name},",
        hello="שלום,",
        hi=("היי {name},", "היי,"),
        within="תוך {amount}",
        units=(
            ("שעת עבודה", "שעות עבודה"),
            ("יום עבודה", "ימי עבודה"),
            ("דקה", "דקות"),
            ("שעה", "שעות"),
            ("יום", "ימים"),
            ("שבוע", "שבועות"),
        ),
        notice="תשובה זו נשלחה באופן אוטומטי; הודעתך תיקרא בידי אדם.",
    ),
    "ja": Words(
        locale="ja_JP",
        day="M月d日（EEEE）",
        at="{day}{time}",
        by="{day}{time}まで",
        dear="{name} 様",
        hello="お客様",
        hi=("{name}さん、こんにちは。", "こんにちは。"),
        within="{amount}以内",
        units=(
            ("営業時間", "営業時間"),
            ("営業日", "営業日"),
            ("分", "分"),
            ("時間", "時間"),
            ("日", "日"),
            ("週間", "週間"),
        ),
        notice="このメールは自動的にお送りしています。いただいたご連絡は担当者が拝読いたします。",
        year="^y年",
    ),
    "nl": Words(
        locale="nl_NL",
        day="EEEE d MMMM",
        at="op {day} om {time} uur",
        by="uiterlijk {day} om {time} uur",
        dear="Beste {name},",
        hello="Goedendag,",
        hi=("Hoi {name},", "Hoi,"),
        within="binnen {amount}",
        units=(
            ("werkuur", "werkuren"),
            ("werkdag", "werkdagen"),
            ("minuut", "minuten"),
            ("uur", "uur"),
            ("dag", "dagen"),
            ("week", "weken"),
        ),
        notice="Dit antwoord is automatisch verzonden; uw bericht wordt persoonlijk gelezen.",
        time="H.mm",
    ),
    "pl": Words(
        locale="pl_PL",
        day="EEEE, d MMMM",
        at="{day} o godz. {time}",
        by="najpóźniej {day} do godz. {time}",
        dear="Dzień dobry,",  # a name in the nominative would be wrong, and its vocative cannot be made up
        hello="Dzień dobry,",
        hi=("Cześć!", "Cześć!"),
        within="w ciągu {amount}",
        units=(
            ("godziny roboczej", "godzin roboczych"),
            ("dnia roboczego", "dni roboczych"),
            ("minuty", "minut"),
            ("godziny", "godzin"),
            ("dnia", "dni"),
            ("tygodnia", "tygodni"),
        ),
        notice="Ta odpowiedź została wysłana automatycznie; Państwa wiadomość przeczyta nasz pracownik.",
        time="H:mm",
        running="EEEE d MMMM",
        weekdays=("w poniedziałek", "we wtorek", "w środę", "w czwartek", "w piątek", "w sobotę", "w niedzielę"),
    ),
    "ro": Words(
        locale="ro_RO",
        day="EEEE, d MMMM",
        at="{day}, la ora {time}",
        by="până {day}, la ora {time}",
        dear="Bună ziua, {name},",
        hello="Bună ziua,",
        hi=("Bună, {name}!", "Bună!"),
        within="în termen de {amount}",
        units=(
            ("oră lucrătoare", "ore lucrătoare"),
            ("zi lucrătoare", "zile lucrătoare"),
            ("minut", "minute"),
            ("oră", "ore"),
            ("zi", "zile"),
            ("săptămână", "săptămâni"),
        ),
        notice="Acest răspuns a fost trimis automat; mesajul dumneavoastră va fi citit de un coleg.",
        time="H:mm",
        twenty="de ",
    ),
}


LANGUAGES = tuple(_TABLE)
"""Those that there are phrases for."""


def known(language: str) -> bool:
    """Whether the table has phrases for this language tag."""
    return _primary(language) in _TABLE


def rtl(language: str) -> bool:
    """Whether the language is written from right to left."""
    return _primary(language) in RIGHT_TO_LEFT


@lru_cache(maxsize=64)
def words(language: str) -> Words:
    """The phrases for a BCP 47 tag: its own, its parent's, or English ones around dates of that language."""
    from babel import Locale, UnknownLocaleError

    primary = _primary(language)
    phrases = _TABLE.get(primary, _TABLE["en"])
    regional = "-" in language.replace("_", "-")
    if primary in _TABLE and not regional:
        return phrases
    try:
        locale = str(Locale.parse(language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return phrases
    return replace(phrases, locale=locale)


def salutation(language: str, name: str) -> str:
    """How a letter begins: `Dear Ana Ruiz,`, or `Hello,` when no name is known."""
    phrases = words(language)
    return phrases.dear.format(name=name) if name else phrases.hello


def greeting(language: str, first_name: str) -> str:
    """How an informal letter begins: `Hi Ana,`, or `Hi,` when the first name is not known."""
    named, bare = words(language).hi
    return named.format(name=first_name) if first_name else bare


def full_day(language: str, when: date) -> str:
    """`14 March 2019`."""
    phrases = words(language)
    when = when.date() if isinstance(when, datetime) else when
    pattern = phrases.first if when.day == 1 and phrases.first else phrases.day
    pattern = re.sub("^EEEE,? |（EEEE）", "", pattern)
    if "~" in phrases.year:
        return f"{when.year}{_basque_genitive(when.year)} {_format(language, when, pattern)}"
    before = phrases.year.startswith("^")
    return _format(language, when, phrases.year[1:] + pattern if before else pattern + phrases.year)


def day(language: str, when: date) -> str:
    """`Monday 24 November`."""
    return _day(language, when.date() if isinstance(when, datetime) else when, "")


def at(language: str, when: datetime) -> str:
    """`on Monday 24 November at 10:00`, in the zone `when` is given in."""
    return _moment(language, words(language).at, when)


def by(language: str, when: datetime) -> str:
    """`by Monday 24 November at 10:00`, in the zone `when` is given in."""
    return _moment(language, words(language).by, when)


def within(language: str, amount: int, unit: str) -> str:
    """`within 4 working hours`; unit is one of `calendar.Duration`."""
    phrases = words(language)
    one, many = phrases.units[_UNITS.index(unit)]
    between = phrases.twenty if amount % 100 not in range(1, 20) else ""
    return phrases.within.format(amount=f"{amount} {between}{one if amount == 1 else many}")


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _moment(language: str, pattern: str, when: datetime) -> str:
    phrases = words(language)
    if when.hour == 1 and phrases.at_one[0]:
        pattern = pattern.replace(f"{phrases.at_one[0]} {{time}}", f"{phrases.at_one[1]} {{time}}")
    filled = pattern.format(
        day=_day(language, when.date(), phrases.running), time=_time(language, when.hour, when.minute)
    )
    return _NUMBER.sub(lambda found: found[1] + _basque(found[1]), filled) if "~" in filled else filled


_NUMBER = re.compile(r"(\d+(?::\d\d)?)~")


def _basque(number: str) -> str:
    """The inessive of a number up to 60 as it is read: `24an`, `10:30ean`, `9:00etan` (Euskaltzaindia, Araua 37)."""
    if number.endswith(":00"):
        return "ean" if number == "1:00" else "etan"
    last = int(number.rpartition(":")[2]) % 20
    return "n" if last == 11 else "ean" if last in (1, 5, 10, 15) else "an"


def _basque_genitive(year: int) -> str:
    """The local genitive of a year as it is read: `2019ko`, `2021eko` (Euskaltzaindia, Araua 37)."""
    hundred = year % 100 == 0 and year % 1000 != 0  # …ehun
    return "eko" if year % 20 in (1, 5, 10, 15) or hundred else "ko"


@lru_cache(maxsize=512)
def _format(language: str, when: date, pattern: str) -> str:
    from babel.dates import format_date

    return str(format_date(when, pattern, locale=words(language).locale))


def _day(language: str, when: date, pattern: str) -> str:
    """A date in the pattern given, with the weekdays of running text, or ("") in that of the language."""
    phrases = words(language)
    weekdays = phrases.weekdays if pattern else ()
    pattern = pattern or (phrases.first if when.day == 1 and phrases.first else phrases.day)
    if weekdays:
        pattern = pattern.replace("EEEE", f"'{weekdays[when.weekday()]}'")
    return _format(language, when, pattern)


@lru_cache(maxsize=2048)
def _time(language: str, hour: int, minute: int) -> str:
    from datetime import time

    from babel.dates import format_time

    phrases = words(language)
    pattern = phrases.time if minute else phrases.sharp or phrases.time
    return str(format_time(time(hour, minute), pattern, locale=phrases.locale))
