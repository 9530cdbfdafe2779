"""One template file: as it was read, ready to be filled, and filled."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template
from jinja2.exceptions import SecurityError

from autoresponder.answer import markdown
from autoresponder.answer.attachments import Attachment
from autoresponder.answer.clean import one_line
from autoresponder.answer.values import Values
from autoresponder.errors import Place

MAX_FILE = 200_000
"""Characters of a template or layout, and of what it may render to."""
MAX_SUBJECT = 200
_EMPTY = re.compile(r"<p(?: [^>]*)?>\s*</p>\n?")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One filled template. `language` is the one it is written in."""

    subject: str  # one line
    text: str  # lines end with \n, at most 72 columns where words allow
    html: str
    language: str
    from_name: str  # "" when the template does not say
    attachments: tuple[Attachment, ...] = ()
    file: str = ""  # the template's

    def seen(self) -> Iterator[tuple[str, str]]:
        """(what it is, the text) of all that the recipient reads."""
        yield from (
            ("subject", self.subject),
            ("name in From", self.from_name),
            ("text", self.text),
            ("page", self.html),
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A template file as read: front matter by key, with line numbers, and the body in its own lines."""

    path: Path
    name: str
    language: str  # of the file name or front matter; "" when neither says
    front: Mapping[str, tuple[str, int]]
    body: str  # the front matter's lines are there, but empty
    attachments: tuple[Attachment, ...] = ()

    def place(self, line: int = 0) -> Place:
        """A line of this file."""
        return Place(str(self.path), line)


@dataclass(frozen=True, slots=True)
class Variant:
    """One file, ready to be filled: its body is what the layouts, `page` and `letter`, include."""

    source: Source
    subject: Template
    from_name: Template | None
    letter: Template
    page: Template

    def fill(self, values: Values, language: str) -> Rendered:
        """In a language; the template's own errors come out as Jinja's."""
        context = values.context(language) | {"content": self.source.path.name}
        body = self.letter.render(context)
        html = self.page.render(context)
        if max(len(body), len(html)) > MAX_FILE:
            raise SecurityError(f"the answer would be longer than {MAX_FILE} characters")
        return Rendered(
            subject=one_line(self.subject.render(context), MAX_SUBJECT),
            text=markdown.wrap(re.sub(r"\n{3,}", "\n\n", body.strip("\n"))) + "\n",
            html=_EMPTY.sub("", html),
            language=language,
            from_name=one_line(self.from_name.render(context), MAX_SUBJECT) if self.from_name else "",
            attachments=self.source.attachments,
            file=str(self.source.path),
        )
