"""No answer says anything of another customer's: not with many at once, not by what a template could remember."""

import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from autoresponder.answer.compose import Answer, Composer
from autoresponder.answer.names import person
from autoresponder.answer.templates import Library
from autoresponder.core.contacts import Row
from autoresponder.core.history import History
from autoresponder.errors import ConfigError
from tests.answer.house import BOX, BRAND, NOW, SHIPPED, SIGNER, composer, decision, folder_of, library, read
from tests.core.letters import letter

SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su")
SAYS_ALL = """
{{ salutation }} {{ greeting }} {{ sender.name }} {{ sender.first_name }} {{ sender.address }} {{ sender.messages }}
{{ contact.company }} {{ original.subject }} {{ reference }}

{% include "_part.md" %}

{% from "_macros.md" import hello with context %}
{{ hello(sender.name) }}
"""


def mark(number: int) -> str:
    """A name that no other letter has: Bafibafix."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:04}").title() + "x"


def answered(make: Composer, number: int, template: str = "a") -> Answer:
    """The answer to one of many customers; all that is theirs has their mark in it."""
    who = mark(number)
    message = letter(
        f"About {who}", sender=f"{who} Ruiz <{who.lower()}@example.net>", Message_ID=f"<{who}@example.net>"
    )
    known = Row(("email", "company"), (f"{who.lower()}@example.net", f"{who} SL"), f"{who.lower()}@example.net")
    made = replace(decision(message, reply=template), contact=known, history=History(messages=number))
    return make.compose(made, message, BOX, NOW)


def marks(answer: Answer) -> set[str]:
    """Whose marks there are in an answer, headers and all parts."""
    shown = answer.raw.decode("ascii") + answer.subject + answer.text + answer.html
    shown += "".join(str(part.get_content()) for part in read(answer.raw).walk() if not part.is_multipart())
    shown += "".join(
        b64decode(word).decode("utf-8", "replace") for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", shown)
    )
    pattern = f"(?:{'|'.join(SYLLABLES)}){{4}}x"
    return {found.lower() for found in re.findall(pattern, shown.replace("\u2060", ""), re.IGNORECASE)}


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A template that says all that it can."""
    folder = folder_of(
        tmp_path_factory.mktemp("telling"),
        a=f"---\nsubject: Re {{{{ original.subject }}}} {{{{ sender.name }}}}\nlanguage: en\n---\n{SAYS_ALL}",
    )
    (folder / "_part.md").write_text("{% set last = sender.name %}{{ last }}\n")
    (folder / "_macros.md").write_text("{% macro hello(name) %}{{ name }} {{ original.subject }}{% endmacro %}\n")
    return Library.load(folder, BRAND)


@pytest.mark.parametrize("template", ["a", "acknowledgement"])
def test_many_at_once_never_mix(telling: Library, template: str) -> None:
    make = composer(telling if template == "a" else library(SHIPPED))
    person.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: answered(make, number, template), [*range(60), *range(60)]))
    for number, answer in enumerate(made):
        assert marks(answer) == {mark(number % 60).lower()}
        assert answer.raw == made[(number + 60) % 120].raw
    assert len({answer.message_id for answer in made}) == 60


MEMORIES = [
    "{% set kept = namespace(x='') %}{{ kept.x }}{% set kept.x = sender.name %}",
    "{% set kept = cycler('a', 'b') %}{{ kept.next() }}",
    "{% set kept = joiner(sender.name) %}{{ kept() }}",
    "{% set kept = [] %}{{ kept.append(sender.name) }}{{ kept }}",
    "{% set kept = {} %}{{ kept.update({'x': sender.name}) }}{{ kept }}",
    "{% set kept = dict(x=sender.name) %}{{ kept }}",
    "{% import '_keep.md' as kept %}{{ kept.names.append(sender.name) }}{{ kept.names }}",
    "{% import '_keep.md' as kept %}{{ kept.remember(sender.name) }}",
    "{% import '_keep.md' as kept %}{{ kept.last }}{% set kept = sender.name %}",
    "{% import '_keep.md' as kept with context %}{{ kept.last }}",
    "{% from '_space.md' import space %}{{ space.x }}{% set space.x = sender.name %}",
    "{% from '_keep.md' import last %}{{ last }}{% set last = sender.name %}",
    "{% set sender = sender %}{% set last = sender.name %}",
    "{% if last is defined %}{{ last }}{% endif %}{% set last = sender.name %}",
    "{% for n in range(2) %}{{ loop.changed(sender.name) }}{% endfor %}",
    "{% macro once(names=[]) %}{{ names }}{{ names.append(sender.name) }}{% endmacro %}{{ once() }}",
    "{% macro once(names=[sender.name]) %}{{ names }}{% endmacro %}{{ once() }}",
    "{{ brand.__setattr__('name', sender.name) }}",
    "{{ sender.__class__.last }}",
    "{{ [sender.name]|join(', ') }}",
    "{% call(x) caller(sender.name) %}{% endcall %}",
    "{{ self.last }}",
]
"""Every way we know in which a Jinja template could keep something for the next one."""


@pytest.mark.parametrize("body", MEMORIES)
def test_a_template_remembers_nothing_of_the_letter_before(body: str, tmp_path: Path) -> None:
    (tmp_path / "_keep.md").write_text(
        "{% set names = [] %}{% set last = sender.name if sender is defined else '' %}"
        "{% macro remember(name) %}{% set last = name %}{{ last }}{% endmacro %}\n"
    )
    (tmp_path / "_space.md").write_text("{% set space = namespace(x='') %}\n")
    folder_of(tmp_path, a=f"{body}\n\nBye {{{{ sender.name }}}}\n", b="{% block x %}Bye{% endblock %}")
    try:
        make = composer(Library.load(tmp_path, BRAND))
    except ConfigError:
        return  # refused when it is loaded
    for number in (1, 2, 3):
        try:
            answer = answered(make, number)
        except Exception:  # refused when it is filled: nothing leaves
            continue
        assert marks(answer) == {mark(number).lower()}


def test_names_are_remembered_by_what_they_were_made_of() -> None:
    """All that is kept between letters (`names.person`, `name_words.plain`) is asked by the whole display name."""
    for number in range(600):
        assert person(f"{mark(number)} Ruiz") == (f"{mark(number)} Ruiz", mark(number))
    assert person(f"{mark(1)} Ruiz")[0] == f"{mark(1)} Ruiz"


def test_a_row_of_contacts_is_the_target_s_alone(telling: Library) -> None:
    make = Composer(telling, BRAND, SIGNER, lambda *_: "en")
    assert mark(7).lower() in marks(answered(make, 7))
    stranger = letter(sender="Ana Ruiz <ana@example.net>")
    made = make.compose(replace(decision(stranger, reply="a"), contact=Row(("email", "company"))), stranger, BOX, NOW)
    assert marks(made) == set() and " SL" not in made.text
