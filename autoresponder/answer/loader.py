"""The templates folder as it is read: Markdown and layouts become Jinja's sources, with every problem found.

A file is NAME.md, or NAME.LANGUAGE.md, with a body below its front matter: `subject`, and if wanted `from_name`,
`language` and `attachments`. Files that begin with `_` are parts for `{% include %}`. `layout.html` and `layout.txt`
beside them replace the ones we ship. Each file is compiled when it is first asked for; CSS goes into the page then.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from jinja2 import Template, TemplateNotFound, TemplateSyntaxError, nodes

from autoresponder.answer import leaks, markdown
from autoresponder.answer.attachments import Attachment, Shelf
from autoresponder.answer.brand import Brand
from autoresponder.answer.language import normal
from autoresponder.answer.sandbox import Sandbox, guess
from autoresponder.answer.variant import MAX_FILE, Source, Variant
from autoresponder.errors import ConfigError, Place, Problem

KEYS = ("subject", "from_name", "language", "attachments")
LAYOUTS = Path(__file__).parent / "layout"
_FILE = re.compile(r"(_?[A-Za-z0-9][A-Za-z0-9_-]*)(?:\.([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.md")
_CONTENT = re.compile(r"\{\{-?\s*content\s*-?\}\}")
_ITEM = re.compile(r"\s*-\s+(\S.*?)\s*")


Parsed = tuple[str, str, nodes.Template]
"""A file's path, its text with each line where it stands in the file, and what Jinja reads in it."""


class Loader:
    """See the module's contract."""

    def __init__(self, folder: Path, brand: Brand) -> None:
        """Reads nothing yet."""
        self.folder, self.brand = folder, brand
        self.found: list[Problem] = [Problem(Place("brand"), sentence) for sentence in brand.problems()]
        self.files: list[Path] = []
        self.addresses = {key for text in (brand.name, *brand.signature, brand.address, brand.website)
                          for key in leaks.written(text)}  # fmt: skip
        self._shelf = Shelf(folder)
        self._pages: dict[str, tuple[str, str]] = {}  # layouts without their content, and where they are
        self.sources: dict[str, Source] = {}  # file name -> source
        self.texts: dict[str, str] = {}  # file name -> as text, as HTML: what a layout or {% include %} finds
        self.htmls: dict[str, str] = {}
        self.lines = Sandbox(self._raw, autoescape=False)
        self.text = Sandbox(lambda name: self._made(name, self.texts), autoescape=False)
        self.html = Sandbox(lambda name: self._made(name, self.htmls), autoescape=True)
        self._lifted = markdown.Lifted(self.lines)
        self._around: list[str] = []  # what the layout has before and after the body

    def load(self) -> dict[str, dict[str, Source]]:
        """Reads the whole folder: name -> language ("" for NAME.md) -> file. Raises `ConfigError` with all problems."""
        if not self.folder.is_dir():
            raise ConfigError(f"there is no templates folder {self.folder}", step="create it, or copy the sample one")
        for path in sorted(self.folder.glob("*.md")):
            if source := self._read(path):
                self.sources[path.name] = source
        page, letter = self._layout("layout.html"), self._layout("layout.txt")
        if not self.sources and not self.found:
            self._problem(Place(str(self.folder)), "there is no template in this folder", "create acknowledgement.md")
        self._stop()
        self.texts["layout.txt"] = _CONTENT.sub("{% include content %}", letter)
        self._around = [self._lifted.lift(half) for half in _CONTENT.split(page)]
        variants: dict[str, dict[str, Source]] = {}
        for file, source in self.sources.items():
            if not source.name.startswith("_"):
                variants.setdefault(source.name, {})["" if file == f"{source.name}.md" else source.language] = source
        for name, by_language in variants.items():
            if "" not in by_language:
                some = next(iter(by_language.values()))
                self._problem(some.place(), f"{name}.md is missing: the answer for every other language",
                              f"rename one variant to {name}.md and put `language: …` in its front matter")  # fmt: skip
        self._stop()
        if self.brand.logo:
            self.files.append(Path(self.brand.logo))
        self.files += self._shelf.files
        try:
            self.html.get_template("layout.html")
        except TemplateNotFound:  # not one file could be made, so there is no page around it
            self._stop()
            raise
        return variants

    def variant(self, source: Source) -> Variant:
        """One file, compiled with what it includes. Raises `ConfigError`."""
        self.found = []
        self._made(source.path.name, self.htmls)
        self._stop()
        made = self._variant(source) if self._ready(source) else None
        self._stop()
        if made is None:  # not without a problem found, unless we have a bug
            raise ConfigError("this template cannot be compiled", place=str(source.path))
        return made

    def faulty_parts(self) -> Iterator[Problem]:
        """What is wrong with the files that are only included."""
        for source in self.sources.values():
            if source.name.startswith("_"):
                self.found = []
                self._made(source.path.name, self.htmls)
                if self.found or self._ready(source):
                    yield from self.found

    def parsed(self) -> Iterator[Parsed]:
        """All files and layouts as they are read; those that are no templates are told of where they are compiled."""
        for path, text in self._bodies():
            with suppress(TemplateSyntaxError):
                yield path, text, self.lines.parse(text)

    def _bodies(self) -> Iterator[tuple[str, str]]:
        """(path, text) of all files and layouts, front matter too, every line where it stands in the file."""
        for source in self.sources.values():
            lines = source.body.split("\n")
            for value, line in (source.front.get(key, ("", 0)) for key in ("subject", "from_name")):
                if line:
                    lines[line - 1] = value
            yield str(source.path), "\n".join(lines)
        for name in ("layout.html", "layout.txt"):
            path = self.folder / name
            if path.is_file():
                yield str(path), path.read_text("utf-8-sig")

    def _made(self, name: str, forms: Mapping[str, str]) -> str | None:
        """A form of a file, or of the layout around it, made at first use; None when there is no such file."""
        for source in [self.sources[name]] if name in self.sources else self.sources.values():
            if name not in forms:
                self._compile(source, self._lifted, *self._around)
        return forms.get(name)

    def _problem(self, place: Place, sentence: str, step: str = "") -> None:
        self.found.append(Problem(place, sentence, step))

    def _stop(self) -> None:
        if self.found:
            raise ConfigError(self.found)

    def _text_of(self, path: Path) -> str:
        if path.parent != LAYOUTS:  # ours change with the program only, and no daemon may read them half upgraded
            self.files.append(path)
        try:
            content = path.read_text(encoding="utf-8-sig")
            self.addresses |= leaks.written(content[:MAX_FILE])
        except UnicodeDecodeError:
            self._problem(Place(str(path)), "this file is not UTF-8 text", "save it as UTF-8")
        except OSError as error:
            self._problem(Place(str(path)), f"this file cannot be read: {error.strerror}")
        else:
            if len(content) <= MAX_FILE:
                return content
            self._problem(Place(str(path)), f"this file has more than {MAX_FILE} characters")
        return ""

    def _read(self, path: Path) -> Source | None:
        content = self._text_of(path)
        named = _FILE.fullmatch(path.name)
        if not named:
            self._problem(Place(str(path)), "a template is called NAME.md or NAME.LANGUAGE.md",
                          "use letters, digits, - and _ for the name")  # fmt: skip
        if not named or not content.strip():
            if named and not self._named_in_problems(path):
                self._problem(Place(str(path)), "this template is empty")
            return None
        front, body = self._front(path, content, part=named[1].startswith("_"))
        language = normal(named[2] or front.get("language", ("", 0))[0])
        files: tuple[Attachment, ...] = ()
        if "attachments" in front:
            files, problems = self._shelf.take(path, *front["attachments"])
            self.found += problems
        return Source(path, named[1], language, front, body, files)

    def _named_in_problems(self, path: Path) -> bool:
        return any(problem.place.file == str(path) for problem in self.found)

    def _front(self, path: Path, content: str, *, part: bool) -> tuple[dict[str, tuple[str, int]], str]:
        """Front matter is `key: the rest of the line`, so that `subject: Re: {{ … }}`, no YAML, means what it says."""
        lines = content.split("\n")
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        if lines[0].strip() != "---" or not end:
            if not part:
                self._problem(Place(str(path), 1), "a template begins with its front matter",
                              "put `---`, `subject: …`, `---` at the top")  # fmt: skip
            return {}, content
        front: dict[str, tuple[str, int]] = {}
        for number, line in enumerate(lines[1:end], 2):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if (item := _ITEM.fullmatch(line)) and next(reversed(front), "") == "attachments":
                value, first = front["attachments"]  # whose lines stay those of the file
                front["attachments"] = value + "\n" * (number - first - value.count("\n")) + item[1], first
                continue
            key, colon, value = (piece.strip() for piece in line.partition(":"))
            if not colon or line[0].isspace():
                self._problem(Place(str(path), number), "front matter is made of lines like `subject: …`")
            elif key not in KEYS:
                self._problem(Place(str(path), number), f"unknown key “{key}”", guess(key, KEYS) or ", ".join(KEYS))
            elif part and key == "attachments":
                self._problem(Place(str(path), number), "a part carries no attachments", "name them in the templates")
            elif key in front:
                self._problem(Place(str(path), number), f"“{key}” is there twice")
            else:
                quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
                front[key] = (value[1:-1] if quoted else value, number)
        if not part and not front.get("subject", ("", 0))[0]:
            self._problem(Place(str(path), 1), "this template has no subject", "put `subject: …` into its front matter")
        return front, "\n" * (end + 1) + "\n".join(lines[end + 1 :])

    def _layout(self, name: str) -> str:
        own = self.folder / name
        path = own if own.is_file() else LAYOUTS / name
        layout = self._text_of(path)
        if layout and len(_CONTENT.findall(layout)) != 1:
            self._problem(Place(str(path)), "a layout says {{ content }} exactly once, where the answer goes")
        self._pages[name] = _CONTENT.sub("", layout), str(path)
        if path == own and self._syntax(path, layout):  # ours is known to be right
            try:
                self.lines.get_template(name)
            except TemplateSyntaxError as error:  # what is known only when it is compiled: filters
                self._problem(Place(str(path), error.lineno), error.message or "this is not a Jinja template")
        return layout

    def _syntax(self, path: Path, source: str, line: int = 0) -> bool:
        """Whether a source is a template; its problems with their own lines, or that of the front matter."""
        try:
            tree = self.lines.parse(source, path.name, str(path))
        except TemplateSyntaxError as error:
            self._problem(Place(str(path), line or error.lineno), error.message or "this is not a Jinja template")
            return False
        for node in tree.find_all(nodes.ScopedEvalContextModifier):
            self._problem(Place(str(path), line or node.lineno), "escaping cannot be switched off")
        for part in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            name = getattr(part, "template", None)
            if not isinstance(name, nodes.Const) or name.value not in self._names():
                shown = name.value if isinstance(name, nodes.Const) else "…"
                self._problem(Place(str(path), line or part.lineno), f"there is no file “{shown}” to include",
                              guess(str(shown), self._names()))  # fmt: skip
        return True

    def _names(self) -> tuple[str, ...]:
        return tuple(path.name for path in self.folder.glob("*.md"))

    def _compile(self, source: Source, lifted: markdown.Lifted, before: str, after: str) -> None:
        """Makes the Jinja sources of a body, text and HTML, and with the first one that of the page around it; of a
        faulty file nothing."""
        before_this = len(self.found)
        if not self._syntax(source.path, source.body):
            return
        tokens = markdown.parse(source.body.lstrip("\n"), lifted)
        for sentence, pattern in markdown.problems(tokens, lifted, self.lines):
            line = next((n for n, text in enumerate(source.body.split("\n"), 1) if re.search(pattern, text)), 0)
            self._problem(source.place(line), sentence)
        if len(self.found) > before_this:
            return
        whole = lifted.comment(f"{before}<!--body-->{markdown.html(tokens, lifted)}<!--end-->{after}")
        before, body, after = map(lifted.lower, re.split("<!--(?:body|end)-->", _inlined(whole)))
        self.htmls[source.path.name] = body
        self.texts[source.path.name] = lifted.lower(markdown.text(tokens, lifted))
        self.htmls.setdefault("layout.html", before + "{% include content %}" + after)

    def _ready(self, source: Source) -> bool:
        """Whether Jinja takes both forms of a body; where it does not, the Markdown itself says on which line."""
        name = source.path.name
        try:
            self.text.get_template(name)
            self.html.get_template(name)
            return True
        except TemplateSyntaxError as error:
            place, sentence, step = source.place(), error.message, "put each {% … %} alone on its line"
        try:
            self.lines.get_template(name)
        except TemplateSyntaxError as error:
            place, sentence, step = source.place(error.lineno), error.message, ""
        self._problem(place, sentence or "this is not a Jinja template", step)
        return False

    def _variant(self, source: Source) -> Variant | None:
        front: dict[str, Template] = {}
        for key in ("subject", "from_name"):
            value, line = source.front.get(key, ("", 0))
            if value and self._syntax(source.path, value, line):
                try:
                    front[key] = self.text.from_string(value)
                except TemplateSyntaxError as error:
                    self._problem(source.place(line), error.message or "this is not a Jinja template")
        if "subject" not in front:
            return None
        pages = self.text.get_template("layout.txt"), self.html.get_template("layout.html")
        return Variant(source, front["subject"], front.get("from_name"), *pages)

    def in_a_page(self, sentence: str) -> Place | None:
        """Where a layout has the value that an error names; its lines are lost when its CSS is put in place."""
        named = re.search(r"“(?:[^”]*\.)?([^”.]+)”", sentence)
        for text, path in self._pages.values():
            tree = self.lines.parse(text)
            found = [(node.name, node.lineno) for node in tree.find_all(nodes.Name)]
            found += [(node.attr, node.lineno) for node in tree.find_all(nodes.Getattr)]
            if named and (lines := [line for word, line in found if word == named[1]]):
                return Place(path, lines[0])
        return None

    def _raw(self, name: str) -> tuple[str, str, None] | None:
        if name in self._pages:
            return (*self._pages[name], None)
        source = self.sources.get(name)
        return (source.body, str(source.path), None) if source else None


def _inlined(html: str) -> str:
    """CSS into `style` attributes, as Gmail and Outlook need it; @media rules stay in the head, each in a <style> of
    its own, since Gmail drops a whole <style> for one rule that it does not like. Fetches nothing."""
    import css_inline

    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
    head = re.compile("<head[^>]*>(<style>.*?</style>)(.*?)(?=</head>)", re.DOTALL)
    return head.sub(_styles_last, inliner.inline(html), count=1)


def _styles_last(found: re.Match[str]) -> str:
    """The rest of the head (the charset must come early), then the rules."""
    return "<head>" + found[2] + re.sub(r"}\s+(?=@)", "}</style>\n<style>", found[1])
