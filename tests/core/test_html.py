"""HTML to text: what a reader sees, in linear time."""

import pytest

from autoresponder.core.html import html_to_text

CASES = [
    ("<p>Hola, &iquest;qu&eacute; tal?</p><ul><li>uno</li><li>dos</li></ul>", "Hola, ¿qué tal?\n\nuno\n\ndos"),
    ("a <b>bold</b> &amp; <i>quiet</i> word", "a bold & quiet word"),
    ("<style>p{color:red}</style><script>alert('x')</script>seen", "seen"),
    ("<head><title>no</title></head><body>yes", "yes"),
    ("one<br>two<BR/>three", "one\ntwo\nthree"),
    ("before<!-- not <b>this</b> -->after", "beforeafter"),
    ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ("text<a href='x", "text"),
    ("text<script>never closed", "text"),
    ("&#" + "9" * 5000 + ";", "\ufffd"),
    ("a&nbsp;&nbsp;b", "a b"),
    ("", ""),
    ("İ<p>x</p>", "İ\nx"),
]


@pytest.mark.parametrize(("html", "text"), CASES)
def test_text_as_read(html: str, text: str) -> None:
    assert html_to_text(html) == text
