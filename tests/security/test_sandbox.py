"""Templates speak in our name and can do nothing else: the escapes from Jinja2's sandbox that are known, tried."""

from pathlib import Path

import pytest

from autoresponder.answer.templates import Library
from autoresponder.errors import ConfigError
from tests.answer.house import BRAND, folder_of

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",  # CVE-2025-27516
    "{{ '{0.__class__}'.format('') }}",  # CVE-2016-10745
    "{{ '{0.__class__.__init__.__globals__}'.format(sender) }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",  # CVE-2019-10906
    "{% set f = '{0.__class__}'.format %}{{ f('') }}",  # CVE-2024-56326
    "{{ ['{0.__class__}']|map('format', '')|list }}",
    "{{ '%s'|format(sender) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ dict.__base__ }}",
    "{{ range.__class__ }}",
    "{{ sender.__class__ }}",
    "{{ sender.__init__.__globals__ }}",
    "{{ office._office }}",
    "{{ promise._due.__class__ }}",
    "{{ brand.__dict__ }}",
    "{{ (1).__class__ }}",
    "{{ [].append.__self__ }}",
    "{{ (sender|string).__class__ }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{{ salutation.encode.__self__.__class__ }}",
    "{% set x = [] %}{{ x.append(1) }}",
    "{% import 'os' as os %}",
    "{% include '/etc/passwd' %}",
    "{% include '../rules.yaml' %}",
    "{% include '..\\\\rules.yaml' %}",
    "{% include sender.name %}",
    "{% extends '/etc/passwd' %}",
    "{% from '../x' import y %}",
    "{% autoescape false %}{{ sender.name }}{% endautoescape %}",
    "{{ sender.name|safe }}",
    "{{ sender.name|urlize }}",
    "{{ {'onclick': 1}|xmlattr }}",
    "{{ 'x' * 100000000 }}",
    "{{ 9 ** 99999 }}",
    "{{ range(100000000)|list }}",
    "{% for a in range(999999) %}x{% endfor %}",
    "{{ config }}",
    "{{ request.application }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
]


@pytest.mark.parametrize("body", ESCAPES)
def test_escapes_are_refused_with_file_and_line(body: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        problems = Library.load(folder_of(tmp_path, a=f"Hello\n\n{body}\n"), BRAND).check()
        if wrong := [problem for problem in problems if problem.severity == "error"]:
            raise ConfigError(wrong)
    (problem, *_) = caught.value.problems
    assert problem.place.file.endswith("a.md"), problem
    assert "root:" not in str(caught.value)
    assert "<class" not in str(caught.value)


@pytest.mark.parametrize("body", [body for body in ESCAPES if body.startswith("{{")])
def test_a_subject_is_as_closed(body: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        problems = Library.load(folder_of(tmp_path, a=f"---\nsubject: {body}\n---\nHello\n"), BRAND).check()
        if problems:
            raise ConfigError(problems)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../x", "..", "a.md", "a\0", "", "~/x", "A"])
def test_a_template_name_is_no_path(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("---\nsubject: s\n---\nsecret")
    (tmp_path / "templates").mkdir()
    library = Library.load(folder_of(tmp_path / "templates", a="Hello"), BRAND)
    with pytest.raises(ConfigError, match="there is no template called"):
        library.speaks(name, "en")
