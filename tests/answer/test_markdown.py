"""Markdown becomes HTML and a letter, and Jinja tags come through it whole."""

from pathlib import Path

import pytest

from autoresponder.answer.markdown import wrap
from autoresponder.answer.samples import samples
from tests.answer.house import Page, folder_of, library


def rendered(folder: Path, body: str, *, promise: bool = True) -> tuple[str, str]:
    """The text, and the HTML within the layout, of one template body."""
    folder_of(folder, a=body)
    (folder / "layout.html").write_text("<html><head><title>t</title></head><body>{{ content }}</body></html>")
    (folder / "layout.txt").write_text("{{ content }}")
    lib = library(folder)
    values = next(v for v in samples(lib.brand) if bool(v.promise) is promise)
    made = lib.render("a", ["en"], values)
    assert Page(made.html).fault == ""
    return made.text, made.html.partition("<body>")[2].partition("</body>")[0].strip()


CASES = [
    ("# Hi {{ sender.name }}", "Hi Ana Ruiz\n", "<h1>Hi Ana Ruiz</h1>"),
    ("**{{ sender.name }}** _x_", "Ana Ruiz x\n", "<p><strong>Ana Ruiz</strong> <em>x</em></p>"),
    ("- {{ sender.name }}\n- two", "- Ana Ruiz\n- two\n", "<ul>\n<li>Ana Ruiz</li>\n<li>two</li>\n</ul>"),
    ("3. a\n4. b", "3. a\n4. b\n", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
    ("> {{ sender.name }}", "> Ana Ruiz\n", "<blockquote>\n<p>Ana Ruiz</p>\n</blockquote>"),
    (
        "[our page]({{ brand.url }})",
        "our page (https://example.com)\n",
        '<p><a href="https://example.com">our page</a></p>',
    ),
    ("[example.com](https://example.com)", "example.com\n", '<p><a href="https://example.com">example.com</a></p>'),
    ("[a@b.example](mailto:a@b.example)", "a@b.example\n", '<p><a href="mailto:a@b.example">a@b.example</a></p>'),
    ("{% if promise %}yes{% else %}no{% endif %}", "yes\n", "<p>yes</p>"),
    ('{{ "}}" }} {{ "{%" }}', "}} {%\n", "<p>}} {%</p>"),
    ("&#123;{ 1 }}", "{{ 1 }}\n", "<p>{{ 1 }}</p>"),
    ("{% raw %}{{ x }}{% endraw %}", "{{ x }}\n", "<p>{{ x }}</p>"),
    ("a{# not shown #}b", "ab\n", "<p>ab</p>"),
    ("one\ntwo\\\nthree", "one two\nthree\n", "<p>one\ntwo<br>\nthree</p>"),
    ("a <b>b</b> & c", "a <b>b</b> & c\n", "<p>a &lt;b&gt;b&lt;/b&gt; &amp; c</p>"),
    ("jinjatag0z {{ 1 }}", "jinjatag0z 1\n", "<p>jinjatag0z 1</p>"),
    ("`{{ sender.name }}`", "Ana Ruiz\n", "<p><code>Ana Ruiz</code></p>"),
    ("a\n\n---\n\nb", "a\n\n------------------------\n\nb\n", "<p>a</p>\n<hr>\n<p>b</p>"),
]


@pytest.mark.parametrize(("body", "text", "html"), CASES)
def test_both_forms(tmp_path: Path, body: str, text: str, html: str) -> None:
    made_text, made_html = rendered(tmp_path, body)
    assert made_text == text
    assert made_html.replace("\u200b", "") == html


BLOCKS = [
    ("A.\n{% if promise %}\nB.\n{% endif %}\nC.", "A.\n\nB.\n\nC.\n", "A.\n\nC.\n"),
    ("- a\n{% if promise %}\n- b\n{% endif %}\n- c", "- a\n- b\n- c\n", "- a\n- c\n"),
    ("{% if promise %}\n- a\n{% endif %}\n\nC.", "- a\n\nC.\n", "C.\n"),
    ("{% if promise %}\n# H\n\ntext\n{% else %}\n> q\n{% endif %}", "H\n\ntext\n", "> q\n"),
    ("A.\n\n{% if promise %}B.{% endif %}\n\nC.", "A.\n\nB.\n\nC.\n", "A.\n\nC.\n"),
    ("{% for n in range(2) %}\n- n{{ n }}\n{% endfor %}\n{% if not promise %}\nx\n{% endif %}", "- n0\n- n1\n", None),
]


@pytest.mark.parametrize(("body", "with_promise", "without"), BLOCKS)
def test_tags_alone_on_their_line_nest_with_everything(
    tmp_path: Path, body: str, with_promise: str, without: str | None
) -> None:
    assert rendered(tmp_path, body)[0] == with_promise
    text, html = rendered(tmp_path, body, promise=False)
    assert without is None or text == without
    assert "<p></p>" not in html


@pytest.mark.parametrize(
    ("letter", "wrapped"),
    [
        ("aa bb cc dd", "aa bb\ncc dd"),
        ("- aa bb cc", "- aa bb\n  cc"),
        ("> aa bb cc", "> aa bb\n> cc"),
        ("12. aa bb cc", "12. aa\n    bb\n    cc"),
        ("https://example.com/a b", "https://example.com/a\nb"),
        ("a https://example.com/", "a\nhttps://example.com/"),
        ("-- ", "-- "),
        ("", ""),
    ],
)
def test_wrap(letter: str, wrapped: str) -> None:
    assert wrap(letter, 7) == wrapped
