"""HTML to text in one linear pass: what rules and the language guess need, nothing more.

Plain searches only, no backtracking and no tree: 128 kB of anything takes well under 0.2 s. Never raises. The result is
text for reading and matching; it is not safe HTML and is never used as HTML.
"""

import re
from html import unescape

MAX_HTML = 131_072
"""Characters of HTML that are read."""
_SKIPPED = frozenset(("script", "style", "head", "title", "template", "noscript", "svg"))
_BLOCKS = frozenset(
    ("p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr", "pre",
     "section", "article", "header", "footer", "td", "th", "dt", "dd")
)  # fmt: skip


_TAG = re.compile("<[A-Za-z/!?]")
_HUGE_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
"""No character has such a number, and `html.unescape` raises for thousands of digits."""


def html_to_text(html: str) -> str:
    """The readable text: entities decoded, blocks on lines of their own, white space folded, at most one empty line
    in a row; scripts, styles, comments and tags out. An unclosed tag or script hides what follows, as in a browser."""
    html = html[:MAX_HTML]
    lower = html.lower()
    if len(lower) != len(html):  # a few letters grow: then only tags in lower case are known
        lower = html
    text = _HUGE_REFERENCE.sub("\ufffd", "".join(_texts(html, lower)))
    return _tidy(unescape(text).replace("\xa0", " "))


def _texts(html: str, lower: str) -> list[str]:
    out: list[str] = []
    at, end = 0, len(html)
    while at < end:
        found = _TAG.search(html, at)
        if found is None:
            out.append(html[at:])
            break
        tag = found.start()
        out.append(html[at:tag])
        comment = html.startswith("<!--", tag)
        close = html.find("-->", tag + 4) if comment else html.find(">", tag)
        if close < 0:
            break
        at = close + 3 if comment else close + 1
        name = "" if comment else _name(lower, tag, close)
        if name.lstrip("/") in _BLOCKS:
            out.append("\n")
        elif name in _SKIPPED and html[close - 1] != "/":
            closing = lower.find("</" + name, at)
            close = html.find(">", closing) if closing >= 0 else -1
            if close < 0:
                break
            at = close + 1
    return out


def _name(lower: str, tag: int, close: int) -> str:
    """`p`, or `/p` for a closing tag."""
    first = at = tag + 1
    if lower.startswith("/", at):
        at += 1
    stop = min(close, at + 12)
    while at < stop and lower[at].isalnum():
        at += 1
    return lower[first:at]


def _tidy(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        folded = " ".join(line.split())
        if folded or (lines and lines[-1]):
            lines.append(folded)
    return "\n".join(lines).strip()
