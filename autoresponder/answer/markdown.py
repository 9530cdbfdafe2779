"""Markdown to HTML and to plain text, once, when a template is loaded; Jinja tags pass through untouched.

The tags are lifted out of the source and stand in as plain words, so Markdown neither sees nor splits them; afterwards
they are put back. A tag that stands alone on its line is a block of its own, so that whatever it opens and closes
nests with the paragraphs and lists around it. Raw HTML in a template is shown as written, never passed on.
"""

import re
from collections.abc import Iterator, Sequence

from jinja2 import Environment
from jinja2.meta import find_undeclared_variables
from markdown_it import MarkdownIt
from markdown_it.token import Token

OURS = frozenset({"brand", "mailbox", "reference", "language"})
"""The values a link may be made of: none that a sender wrote."""
_MD = MarkdownIt("commonmark", {"html": False})


class Lifted:
    """A source with its Jinja tags taken out. Several sources may be lifted one after the other."""

    def __init__(self, env: Environment) -> None:
        """`env` says what a tag looks like."""
        self._env = env
        self._tags: list[str] = []
        self._word = re.compile(r"jinjatag(\d+)z")

    def lift(self, source: str) -> str:
        """The source with a word for each tag; comments are dropped."""
        out: list[str] = []
        tag: list[str] = []
        for _line, kind, value in self._env.lex(source.replace("jinjatag", "jinja\u200btag")):
            if kind == "data":
                out.append(value)
            elif not kind.startswith(("comment", "raw")):
                tag.append(value)
                if kind in ("block_end", "variable_end"):
                    out.append(f"jinjatag{len(self._tags)}z")
                    self._tags.append("".join(tag).strip())
                    tag.clear()
        return "".join(out)

    def lower(self, text: str) -> str:
        """The tags back in their places. Braces that only look like a tag stay text."""
        text = re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
        text = re.sub(r"<!--(jinjatag\d+z)-->", r"\1", text)
        return self._word.sub(lambda found: self._tags[int(found[1])], text).replace("jinja\u200btag", "jinjatag")

    def comment(self, html: str) -> str:
        """Statements as comments, which an HTML parser leaves where they are (even between table rows)."""

        def shield(found: re.Match[str]) -> str:
            word = found["word"]
            return f"<!--{word}-->" if word and self._statement(word) else found[0]

        return re.sub(r"<[^<>]*>|(?P<word>jinjatag\d+z)", shield, html)

    def alone(self, text: str) -> bool:
        """Whether there are statements in this text and nothing else."""
        return bool(text.strip()) and not self._word.sub(lambda f: "" if self._statement(f[0]) else f[0], text).strip()

    def tags(self, text: str) -> Iterator[str]:
        """The tags in a lifted text."""
        return (self._tags[int(found[1])] for found in self._word.finditer(text))

    def _statement(self, word: str) -> bool:
        return self._tags[int(word[8:-1])].startswith("{%")


def parse(source: str, lifted: Lifted) -> list[Token]:
    """The Markdown tokens of a template's body, lifted, with lone statements freed from their paragraphs."""
    text = lifted.lift(source)
    text = "\n".join(f"\n{line}\n" if lifted.alone(line) else line for line in text.split("\n"))
    tokens = _MD.parse(text)
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "paragraph_open" and lifted.alone(inline.content):
            opening.hidden = closing.hidden = True
            inline.meta["alone"] = True
    return tokens


def problems(tokens: Sequence[Token], lifted: Lifted, env: Environment) -> Iterator[tuple[str, str]]:
    """What may not be in a template: links made from what a sender wrote, and pictures from elsewhere. A sentence each,
    and a pattern of what it is about."""
    for token in (child for parent in tokens for child in parent.children or ()):
        if token.type == "image":
            yield "pictures in a template are not sent along (the logo belongs into `brand.logo`)", r"!\["
        if token.type == "link_open":
            for tag in lifted.tags(str(token.attrs.get("href", ""))):
                if tag.startswith("{%") or not find_undeclared_variables(env.parse(tag)) <= OURS:
                    yield (
                        f"a link may be made of {', '.join(sorted(OURS))} only, not of {tag}",
                        rf"[(<:]\s*\S*{re.escape(tag)}",
                    )


def html(tokens: Sequence[Token], lifted: Lifted) -> str:
    """The tokens as HTML, tags still lifted, statements as comments."""
    return lifted.comment(str(_MD.renderer.render(tokens, _MD.options, {})))


def text(tokens: Sequence[Token], lifted: Lifted) -> str:
    """The tokens as a letter in plain text, tags still lifted, one line a paragraph (see `wrap`)."""
    out: list[str] = []
    lists: list[int | None] = []  # the next number, None for dashes
    indents: list[str] = []
    mark = waiting = ""
    in_list = False
    for token in tokens:
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrs.get("start", 1)) if kind == "ordered_list_open" else None)
        elif kind in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif kind == "list_item_open":
            number = lists[-1]
            mark = "- " if number is None else f"{number}. "
            lists[-1] = None if number is None else number + 1
            indents.append(" " * len(mark))
        elif kind == "blockquote_open":
            indents.append("> ")
        elif kind in ("list_item_close", "blockquote_close"):
            indents.pop()
        elif kind == "paragraph_open":
            tight = token.hidden
        elif kind == "heading_open":
            tight = False
        elif kind == "inline" and token.meta.get("alone"):
            waiting += token.content.replace("\n", "")
        elif kind in ("inline", "code_block", "fence", "hr"):
            if kind == "inline":
                lines = _inline(token.children or ()).split("\n")
            else:
                tight = False
                lines = ["-" * 24] if kind == "hr" else ["    " + line for line in token.content.rstrip().split("\n")]
            indent = "".join(indents)
            first = indent[: len(indent) - len(mark)] + mark
            gap = "" if tight and in_list else "\n"
            if tight and any(re.match(r"\{%[-+]?\s*for\b", tag) for tag in lifted.tags(waiting)):
                waiting, gap = gap + waiting, ""  # one empty line before the list, none between the rounds
            out.append(waiting + gap + "".join(f"{indent if i else first}{line}\n" for i, line in enumerate(lines)))
            mark = waiting = ""
            in_list = bool(lists)
    return "".join(out) + waiting


def wrap(letter: str, width: int = 72) -> str:
    """A letter with its paragraphs wrapped; words longer than a line (links) stay whole."""
    out: list[str] = []
    for line in letter.split("\n"):
        if len(line) <= width:
            out.append(line)
            continue
        lead = _LEAD.match(line)
        hang = re.sub(r"[^ >]", " ", lead[0]) if lead else ""
        while len(line) > width:
            cut = line.rfind(" ", len(hang), width + 1)
            if cut <= len(hang) and (cut := line.find(" ", width)) < 0:
                break
            out.append(line[:cut])
            line = hang + line[cut + 1 :]
        out.append(line)
    return "\n".join(out)


_LEAD = re.compile(r"(?: *(?:- |\d{1,3}\. |> ))* *")


def _inline(children: Sequence[Token]) -> str:
    out: list[str] = []
    links: list[tuple[str, int]] = []
    for token in children:
        if token.type in ("text", "code_inline", "text_special"):
            out.append(token.content)
        elif token.type == "softbreak":
            out.append(" ")
        elif token.type == "hardbreak":
            out.append("\n")
        elif token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(out)))
        elif token.type == "link_close":
            target, start = links.pop()
            shown = "".join(out[start:])
            plain = target.removeprefix("mailto:").removeprefix("tel:")
            if plain not in (shown, f"https://{shown}", f"http://{shown}"):
                out.append(f" ({plain})")
    return "".join(out)
