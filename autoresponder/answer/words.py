"""The few phrases that answers are made of, in each language: salutation, dates, promises, the automatic notice.

Dates and times come from Babel (imported when the first one is asked for) and always name the day: a letter written
today may be read tomorrow, so "today" would not stay true. A language that is not in the table gets its own dates
and English phrases; `known` tells, and `check` warns.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language. `day`, `first` (of a month) and `time` are date patterns of Unicode TR 35."""

    locale: str  # as Babel spells it
    day: str
    at: str  # {day} and {time}: in running text, with its preposition
    by: str  # {day} and {time}: no later than
    dear: str  # {name}
    hello: str  # when there is no name
    within: str  # {amount} of one of the units below
    units: tuple[tuple[str, str], ...]  # one and many of: working hour, working day, minute, hour, day, week
    notice: str
    first: str = ""  # as `day`, for the first of a month
    time: str = "HH:mm"


_UNITS = ("working hour", "working day", "minute", "hour", "day", "week")

_TABLE = {
    "en": Words(
        locale="en_GB",
        day="EEEE d MMMM",
        at="on {day} at {time}",
        by="by {day} at {time}",
        dear="Dear {name},",
        hello="Hello,",
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
        time="H:mm",
    ),
    "ca": Words(
        locale="ca_ES",
        day="EEEE d MMMM",
        at="{day} a les {time}",
        by="abans de {day} a les {time}",
        dear="Hola, {name},",
        hello="Hola,",
        within="en un termini de {amount}",
        units=(
            ("hora laborable", "hores laborables"),
            ("dia laborable", "dies laborables"),
            ("minut", "minuts"),
            ("hora", "hores"),
            ("dia", "dies"),
            ("setmana", "setmanes"),
        ),
        notice="Aquesta resposta s’ha enviat automàticament; una persona llegirà el vostre missatge.",
        time="H:mm",
    ),
    "de": Words(
        locale="de_DE",
        day="EEEE, d. MMMM",
        at="am {day}, um {time} Uhr",
        by="bis {day}, {time} Uhr",
        dear="Guten Tag {name},",
        hello="Guten Tag,",
        within="innerhalb von {amount}",
        units=(
            ("Arbeitsstunde", "Arbeitsstunden"),
            ("Werktag", "Werktagen"),
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
        within="dans un délai de {amount}",
        units=(
            ("heure ouvrée", "heures ouvrées"),
            ("jour ouvré", "jours ouvrés"),
            ("minute", "minutes"),
            ("heure", "heures"),
            ("jour", "jours"),
            ("semaine", "semaines"),
        ),
        notice="Cette réponse a été envoyée automatiquement ; une personne lira votre message.",
        first="EEEE '1er' MMMM",
        time="H 'h' mm",
    ),
    "it": Words(
        locale="it_IT",
        day="EEEE d MMMM",
        at="{day} alle ore {time}",
        by="entro {day} alle ore {time}",
        dear="Buongiorno {name},",
        hello="Buongiorno,",
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
    ),
}


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


def day(language: str, when: date) -> str:
    """`Monday 24 November`."""
    return _day(language, when.date() if isinstance(when, datetime) else when)


def at(language: str, when: datetime) -> str:
    """`on Monday 24 November at 10:00`, in the zone `when` is given in."""
    return words(language).at.format(day=day(language, when), time=_time(language, when.hour, when.minute))


def by(language: str, when: datetime) -> str:
    """`by Monday 24 November at 10:00`, in the zone `when` is given in."""
    return words(language).by.format(day=day(language, when), time=_time(language, when.hour, when.minute))


def within(language: str, amount: int, unit: str) -> str:
    """`within 4 working hours`; unit is one of `calendar.Duration`."""
    phrases = words(language)
    one, many = phrases.units[_UNITS.index(unit)]
    return phrases.within.format(amount=f"{amount} {one if amount == 1 else many}")


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


@lru_cache(maxsize=512)
def _day(language: str, when: date) -> str:
    from babel.dates import format_date

    phrases = words(language)
    pattern = phrases.first if when.day == 1 and phrases.first else phrases.day
    return str(format_date(when, pattern, locale=phrases.locale))


@lru_cache(maxsize=2048)
def _time(language: str, hour: int, minute: int) -> str:
    from datetime import time

    from babel.dates import format_time

    phrases = words(language)
    return str(format_time(time(hour, minute), phrases.time, locale=phrases.locale))
