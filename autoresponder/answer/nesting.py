"""Whether the tags of a filled page nest: what `check` asks of every template and layout.

A Jinja block that opens a tag in one branch and closes it outside passes every load-time test and still breaks pages.
"""

import re
from functools import lru_cache
from html.parser import HTMLParser

_TAG = re.compile(
    r"""<!--.*?-->|<(style)\b.*?</style>|(</?[a-z][^\s/>]*)(?:"[^"]*"|'[^']*'|[^'">])*>""", re.DOTALL | re.I
)
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


def fault(html: str) -> str:
    """A sentence about the first tag that closes what is not open, or is never closed; "" when all nest."""
    return _fault("".join(f"{found[2]}>" for found in _TAG.finditer(html) if found[2]))


@lru_cache(maxsize=256)
def _fault(tags: str) -> str:
    """Of a page that is nothing but its tags: hundreds of filled pages have the same ones."""
    reader = _Reader()
    reader.feed(tags)
    reader.close()
    if reader.fault or not reader.open:
        return reader.fault
    return f"<{reader.open[-1]}> is never closed"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fault = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        within = self.open.pop() if self.open else "the page"
        if within != tag and not self.fault:
            self.fault = f"</{tag}> stands where <{within}> should be closed"
