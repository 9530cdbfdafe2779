"""What can go wrong in a template: `check` names the file and the line, for every variant, language and missing value;
and of the variants the right one is taken.
"""

from pathlib import Path

import pytest

from autoresponder.answer.loader import LAYOUTS
from autoresponder.answer.samples import samples
from autoresponder.answer.templates import Library
from autoresponder.errors import ConfigError
from tests.answer.house import BOX, BRAND, NOW, composer, decision, read
from tests.core.letters import letter

HEAD = "---\nsubject: S\nlanguage: en\n---\n"
PAGE, LETTER = ((LAYOUTS / name).read_text() for name in ("layout.html", "layout.txt"))
LINES = {name: text[: text.index("{{ notice }}")].count("\n") + 1 for name, text in (("html", PAGE), ("txt", LETTER))}


def checked(folder: Path, files: dict[str, str]) -> list[str]:
    """What `check` says of a folder of templates, paths left out."""
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    try:
        found = Library.load(folder, BRAND, lazy=True).check()
    except ConfigError as error:
        found = list(error.problems)
    return [str(one).replace(f"{folder}/", "") for one in found]


FAULTS = {
    # files (a.md where only a text is given), what is said
    "a value that is not there": (HEAD + "Hi\n\n{{ sender.nam }}\n",
        "a.md:7: there is no value “sender.nam” (did you mean “name”?)"),
    "with the line ends of Windows": ((HEAD + "Hi\n\n{{ sender.nam }}\n").replace("\n", "\r\n"),
        "a.md:7: there is no value “sender.nam” (did you mean “name”?)"),
    "a filter that is not there": (HEAD + "Hi\n\n{{ sender.name|uper }}\n", "a.md:7: No filter named 'uper'."),
    "only where a value is missing": (HEAD + "Hi\n\n{{ promise.due }}\n",
        "a.md:7: there is no “promise.due” when the rule promises nothing "
        "(put {% if promise %} … {% endif %} around it)"),
    "in a loop": (HEAD + "{% for x in range(3) %}\n- {{ y }}\n{% endfor %}\n", "a.md:6: there is no value “y”"),
    "in the subject": ("---\nlanguage: en\nsubject: {{ original.subjct }}\n---\nHi\n",
        "a.md:3: subject: there is no value “original.subjct” (did you mean “subject”?)"),
    "a subject that may come out empty": ("---\nlanguage: en\n\nsubject: {{ sender.name }}\n---\nHi\n",
        "a.md:4: the subject comes out empty"),
    "in from_name": ("---\nsubject: x\nfrom_name: {{ brandname }}\nlanguage: en\n---\nHi\n",
        "a.md:3: from_name: there is no value “brandname” (did you mean “brand”?)"),
    "a filter in from_name": ("---\nsubject: x\nlanguage: en\nfrom_name: {{ brand.name|up }}\n---\nHi\n",
        "a.md:4: No filter named 'up'."),
    "a key that is none": ("---\nsubject: x\nform_name: We\n---\nHi\n",
        "a.md:3: unknown key “form_name” (did you mean “from_name”?)"),
    "in one language only": ({"a.md": HEAD + "Hi\n", "a.es.md": "---\nsubject: S\n---\nHola\n\n{{ sender.nam }}\n"},
        "a.es.md:6: there is no value “sender.nam” (did you mean “name”?)"),
    "for one language only": ("---\nsubject: S\n---\nHi\n\n{% if language == 'pl' %}\n{{ nada }}\n{% endif %}\n",
        "a.md:7: there is no value “nada”"),
    "an include that is not there": (HEAD + "Hi\n\n{% include \"_foo.md\" %}\n",
        "a.md:7: there is no file “_foo.md” to include"),
    "in a part": ({"a.md": HEAD + "{% include \"_foot.md\" %}\n", "_foot.md": "One\n\n{{ sender.nam }}\n"},
        "_foot.md:3: there is no value “sender.nam” (did you mean “name”?)"),
    "a filter in a part": ({"a.md": HEAD + "{% include \"_foot.md\" %}\n", "_foot.md": "One\n\n{{ sender.name|up }}\n"},
        "_foot.md:3: No filter named 'up'."),
    "a part that includes itself": ({"a.md": HEAD + "Hi\n\n{% include \"a.md\" %}\n"},
        "a.md:7: this includes or calls itself, without an end"),
    "in a macro": (HEAD + "{% macro hi() %}\nHello {{ sender.nam }}\n{% endmacro %}\n\n{{ hi() }}\n",
        "a.md:6: there is no value “sender.nam” (did you mean “name”?)"),
    "in a macro from elsewhere": ({"a.md": HEAD + "{% from \"_m.md\" import hi with context %}\n\n{{ hi() }}\n",
                                   "_m.md": "{% macro hi() %}\n\nHello {{ sender.nam }}\n{% endmacro %}\n"},
        "_m.md:3: there is no value “sender.nam” (did you mean “name”?)"),
    "a macro that is not given what it says": ({"a.md": HEAD + "{% from \"_m.md\" import hi %}\n\n{{ hi() }}\n",
                                                "_m.md": "{% macro hi() %}\nHello {{ sender.name }}\n{% endmacro %}\n"},
        "_m.md:2: a macro from another file knows only what it is given: there is no “sender” in it "
        "(give it “sender”, or import it `with context`)"),
    "a macro that is not there": ({"a.md": HEAD + "{% from \"_m.md\" import ho %}\n\n{{ ho() }}\n",
                                   "_m.md": "{% macro hi() %}\nHello\n{% endmacro %}\n"},
        "a.md:7: the template '_m.md' (imported on line 5 in 'a.md') does not export the requested name 'ho'"),
    "in a block": ({"base.md": HEAD + "Top\n\n{% block inner %}\n{% endblock %}\n",
                    "a.md": HEAD + "{% extends 'base.md' %}\n\n{% block inner %}\n\n{{ sender.nam }}{% endblock %}\n"},
        "a.md:9: there is no value “sender.nam” (did you mean “name”?)"),
    "in what is extended": ({"base.md": HEAD + "Top\n\n{{ sender.nam }}\n\n{% block inner %}\n{% endblock %}\n",
                             "a.md": HEAD + "{% extends \"base.md\" %}\n\n{% block inner %}\nx\n{% endblock %}\n"},
        "base.md:7: there is no value “sender.nam” (did you mean “name”?)"),
    "what is extended is not there": (HEAD + "{% extends \"frame.md\" %}\n\n{% block inner %}\nx\n{% endblock %}\n",
        "a.md:5: there is no file “frame.md” to include (did you mean “a.md”?)"),
    "a tag that is none": (HEAD + "Hi\n\n{% fi %}\n", "a.md:7: Encountered unknown tag 'fi'."),
    "in the page": ({"a.md": HEAD + "Hi\n", "layout.html": PAGE.replace("{{ notice }}", "{{ notize }}")},
        f"layout.html:{LINES['html']}: there is no value “notize” (did you mean “notice”?)"),
    "in the letter around it": ({"a.md": HEAD + "Hi\n", "layout.txt": LETTER.replace("{{ notice }}", "{{ brand.x }}")},
        f"layout.txt:{LINES['txt']}: there is no value “brand.x”"),
    "a filter in the page": ({"a.md": HEAD + "Hi\n", "layout.html": PAGE.replace("{{ notice }}", "{{ notice|up }}")},
        f"layout.html:{LINES['html']}: No filter named 'up'."),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_file_and_line_of_a_fault(tmp_path: Path, name: str) -> None:
    files, sentence = FAULTS[name]
    found = checked(tmp_path, files if isinstance(files, dict) else {"a.md": files})
    assert found == [sentence]


def test_one_fault_hides_no_other_file(tmp_path: Path) -> None:
    bad = "---\nsubject: S\nlanguage: {}\n---\n{{{{ sender.nam }}}}\n"
    files = {
        "a.md": bad.format("en"),
        "a.es.md": bad.format("es"),
        "b.md": HEAD + "{{ x|up }}\n",
        "c.md": HEAD + "Hi\n",
    }
    assert sorted(line.partition(": ")[0] for line in checked(tmp_path, files)) == ["a.es.md:5", "a.md:5", "b.md:5"]


WORKS = {
    "_sign.md": "Kind regards, *{{ mailbox.address }}*\n",
    "_macros.md": "{% macro greet(who) %}\nDear {{ who }}, **welcome**.\n{% endmacro %}\n",
    "base.md": HEAD + "{{ salutation }}\n\n{% block inner %}\nNothing.\n{% endblock %}\n\n{% include \"_sign.md\" %}\n",
    "a.md": "---\nsubject: Hello {{ sender.first_name or 'you' }}\nfrom_name: {{ brand.name }} desk\n"
    "language: en\n---\n"
            "{% extends \"base.md\" %}\n{% block inner %}\n"
            "{% from \"_macros.md\" import greet %}\n\n{{ greet(sender.name or 'friend') }}\n{% endblock %}\n",
}  # fmt: skip


def test_includes_macros_and_inheritance_work_together(tmp_path: Path) -> None:
    assert checked(tmp_path, WORKS) == []
    message = letter()
    made = composer(Library.load(tmp_path, BRAND)).compose(decision(message, reply="a"), message, BOX, NOW)
    text = " ".join(made.text.split())
    assert text.startswith("Dear Ana Ruiz, Dear Ana Ruiz, welcome. Kind regards, contact@example.com")
    assert "<strong>welcome</strong>" in made.html and "<em>contact@example.com</em>" in made.html
    assert made.subject == "Hello Ana"
    assert str(read(made.raw)["from"]) == "Example Ltd desk <contact@example.com>"


VARIANTS = [
    # files, asked for, the mailbox's language, the one that is taken
    (("", "es", "pt", "pt-BR"), "pt-BR", "es", "pt-BR"),
    (("", "es", "pt"), "pt-BR", "es", "pt"),
    (("", "es"), "pt-BR", "es", "es"),
    (("", "de"), "pt-BR", "es", ""),
    (("",), "pt-BR", "es", ""),
    (("", "pt-BR"), "pt", "es", "pt-BR"),
    (("", "pt-BR"), "pt-PT", "es", "pt-BR"),
    (("", "pt", "pt-BR"), "pt-PT", "es", "pt"),
    (("", "zh-Hant", "zh"), "zh-Hant-TW", "es", "zh-Hant"),
    (("", "es"), "PT-br", "ES", "es"),
    (("", "es", "en"), "", "en", "en"),
    (("", "es-MX"), "fr", "es-ES", "es-MX"),
]


@pytest.mark.parametrize(("files", "asked", "mailbox", "taken"), VARIANTS)
def test_the_variant_that_fits_best(
    tmp_path: Path, files: tuple[str, ...], asked: str, mailbox: str, taken: str
) -> None:
    for tag in files:
        name = f"a.{tag}.md" if tag else "a.md"
        (tmp_path / name).write_text(f"---\nsubject: S\nfrom_name: from {name}\n---\nThis is {name}.\n")
    lib = Library.load(tmp_path, BRAND)
    wanted = [asked, mailbox] if asked else [mailbox]
    rendered = lib.render("a", wanted, next(samples(lib.brand)))
    assert rendered.from_name == (f"from a.{taken}.md" if taken else "from a.md")
    assert rendered.language == (taken or mailbox)
