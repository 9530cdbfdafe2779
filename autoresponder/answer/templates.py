"""The templates folder, compiled once: each Markdown file becomes two ready Jinja templates, text and HTML.

A file is NAME.md, or NAME.LANGUAGE.md, with a body below its front matter: `subject`, and if wanted `from_name`,
`language` and `attachments`. Files that begin with `_` are parts for `{% include %}`. `layout.html` and `layout.txt`
beside them replace the ones we ship. All of it is read by `load`, which reports every problem at once with file and
line; afterwards an answer only fills what is ready, and nothing that came with a letter is ever parsed as Markdown or
HTML, or loaded from a file.

Templates run in a sandbox: no attributes that begin with an underscore, no changes to values, no filters that switch
escaping off, bounded ranges, multiplications and results, nothing loaded that is not a file of the folder itself.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import escape

from autoresponder.answer import leaks, markdown, quoters, words
from autoresponder.answer.attachments import Attachment, Shelf, heavy, heft
from autoresponder.answer.brand import Brand, Face
from autoresponder.answer.clean import one_line
from autoresponder.answer.language import closest, normal
from autoresponder.answer.people import ContactView
from autoresponder.answer.season import Season
from autoresponder.answer.values import NAMES, VIEWS, Values
from autoresponder.core.calendar import Duration, Office
from autoresponder.core.contacts import Row, invented
from autoresponder.errors import ConfigError, Place, Problem

__all__ = ["Brand", "Library", "Rendered"]

MAX_FILE = 200_000
"""Characters of a template or layout, and of what it may render to."""
MAX_HTML = 30_000
"""Characters of HTML above which `check` warns (Gmail cuts letters off at about 100 kB with everything in them)."""
MAX_SUBJECT = 200
KEYS = ("subject", "from_name", "language", "attachments")
FILTERS = (
    "abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
    "first", "float", "groupby", "indent", "int", "items", "join", "last", "length", "list",
    "lower", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select",
    "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "trim", "truncate",
    "unique", "upper", "wordcount",
)  # fmt: skip
"""Jinja's filters without those that switch escaping off or make links (safe, urlize, xmlattr …)."""
LAYOUTS = Path(__file__).parent / "layout"
PAGES = ("layout.html", "layout.txt")
_FILE = re.compile(r"(_?[A-Za-z0-9][A-Za-z0-9_-]*)(?:\.([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.md")
_CONTENT = re.compile(r"\{\{-?\s*content\s*-?\}\}")
_ITEM = re.compile(r"\s*-\s+(\S.*?)\s*")
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
    """One file, ready to be filled: its body is what the layouts include."""

    source: Source
    subject: Template
    from_name: Template | None


class Library:
    """Every template of a folder. May be used from several threads."""

    def __init__(self, loader: "_Loader", sources: Mapping[str, Mapping[str, Source]]) -> None:
        """Use `load`. `sources`: name -> language ("" for NAME.md) -> file."""
        self.brand = Face.of(loader.brand)
        self.names = tuple(sorted(sources))
        self.files = tuple(loader.files)
        self.heaviest = max((heft(one.attachments) for by in sources.values() for one in by.values()), default=0)
        """Octets that attachments add to an answer at most."""
        self.addresses = frozenset(loader.addresses)  # those that stand in the files and the brand
        self._sources, self._loader = sources, loader
        self._variants: dict[Path, Variant] = {}  # what was compiled so far
        self._door = threading.Lock()
        self._text = loader.text.get_template("layout.txt")
        self._html = loader.html.get_template("layout.html")
        self._lines = loader.lines  # the Markdown itself as templates, for the lines of errors

    @classmethod
    def load(cls, folder: Path, brand: Brand, *, lazy: bool = False) -> "Library":
        """Reads everything in `folder` and compiles it; ConfigError with all problems at once.

        lazy: a variant is compiled when it is first filled or checked, so that a daemon with fifty of them starts at
        once; a mistake in one is then raised there."""
        library = _Loader(folder, brand).library()
        if not lazy:
            library._compile_all()
        return library

    def _compile_all(self) -> None:
        found = list(self._loader.faulty_parts())
        for source in self._files():
            try:
                self._variant(source)
            except ConfigError as error:
                found += error.problems
        if found:
            raise ConfigError(dict.fromkeys(found))

    def _files(self) -> Iterator[Source]:
        for name in self.names:
            yield from self._of(name).values()

    def _variant(self, source: Source) -> Variant:
        """One file, compiled once. Raises `ConfigError` with all that is wrong with it."""
        with self._door:
            if source.path not in self._variants:
                self._variants[source.path] = self._loader.variant(source)
            return self._variants[source.path]

    def languages(self, name: str) -> tuple[str, ...]:
        """The languages that an answer is written in, as far as its files say."""
        return tuple(sorted({source.language for source in self._of(name).values()} - {""}))

    def speaks(self, name: str, language: str) -> bool:
        """Whether there is a variant of an answer in that language, or in a regional form of it."""
        return _match(self._of(name), language) is not None

    def check(self, columns: tuple[str, ...] = (), seasons: Sequence[Season] = (), quote: int = 0) -> list[Problem]:
        """Fills every variant with sample values, with and without those that may be missing. columns: of contacts;
        quote: how many lines of a letter may be quoted."""
        named = list(quoters.named(self._loader.bodies(), self._lines, quote))
        found = {str(problem): problem for problem in (*named, *self._loader.faulty_parts())}
        for source in self._files():
            try:
                problems = list(self._try(self._variant(source), columns, seasons, quoting=bool(named)))
            except ConfigError as error:
                problems = list(error.problems)
            for problem in problems:
                found.setdefault(str(problem), problem)
        return list(found.values())

    def render(self, name: str, languages: Sequence[str], values: Values) -> Rendered:
        """Fills the variant of `name` that fits the first of `languages`, the last of which is the mailbox's own.

        ConfigError when there is no such template. Errors of the template itself come out as Jinja's, with the line."""
        variant = self._pick(name, languages)
        return self._fill(variant, values, variant.source.language or (languages[-1] if languages else "en"))

    def chosen(self, name: str, languages: Sequence[str]) -> str:
        """The language of the variant that `render` would fill."""
        found = next((one for wanted in languages if (one := _match(self._of(name), wanted))), None)
        return found.language if found and found.language else languages[-1] if languages else "en"

    def _of(self, name: str) -> Mapping[str, Source]:
        if name in self._sources:
            return self._sources[name]
        raise ConfigError(f"there is no template called “{name}”", step=guess(name, self.names) or "see `templates/`")

    def _pick(self, name: str, languages: Sequence[str]) -> Variant:
        sources = self._of(name)
        for language in languages:
            if found := _match(sources, language):
                return self._variant(found)
        return self._variant(sources[""])

    def _fill(self, variant: Variant, values: Values, language: str) -> Rendered:
        context = values.context(language) | {"content": variant.source.path.name}
        body = self._text.render(context)
        html = self._html.render(context)
        if max(len(body), len(html)) > MAX_FILE:
            raise SecurityError(f"the answer would be longer than {MAX_FILE} characters")
        return Rendered(
            subject=one_line(variant.subject.render(context), MAX_SUBJECT),
            text=markdown.wrap(re.sub(r"\n{3,}", "\n\n", body.strip("\n"))) + "\n",
            html=_EMPTY.sub("", html),
            language=language,
            from_name=one_line(variant.from_name.render(context), MAX_SUBJECT) if variant.from_name else "",
            attachments=variant.source.attachments,
            file=str(variant.source.path),
        )

    def _try(
        self, variant: Variant, columns: tuple[str, ...], seasons: Sequence[Season], *, quoting: bool
    ) -> Iterator[Problem]:
        """`quoting`: it is known that some template asks for the quote."""
        from autoresponder.answer import nesting  # and with it an HTML parser, which no daemon needs

        source = variant.source
        language = source.language or "en"
        if not words.known(language):
            yield Problem(source.place(), f"there are no phrases for the language “{language}”: salutation, promise "
                          "and notice will be English", "write them out in the template", "warning")  # fmt: skip
        if sentence := heavy(source.attachments):
            place = source.place(source.front["attachments"][1])
            yield Problem(place, sentence, "smaller files arrive more surely", "warning")
        guard = leaks.Guard(self.addresses, (text for season in seasons for text in season.text))
        spoken = (source.language,) if source.language else words.LANGUAGES
        letters = (quoters.telling(values) for values in samples(self.brand, columns, seasons))
        for language, values in product(spoken, letters):
            try:
                rendered = self._fill(variant, values, language)
                guard.check(
                    rendered.seen(), (values.sender_address, values.mailbox_address), values.contact, rendered.file
                )
            except leaks.LeakError as error:
                line = next((n for n, row in enumerate(source.body.split("\n"), 1) if "@" in row), 0)
                yield Problem(source.place(line), error.sentence, error.step)
                return
            except Exception as error:  # a template may fail in any way: all of them are the template's
                yield self._blame(variant, values, language, error)
                return
            yield from self._unseen(values, rendered)
            yield from quoters.places(source.place(), rendered.seen(), named=quoting)
            if not rendered.subject:
                yield Problem(source.place(source.front["subject"][1]), "the subject comes out empty")
            if sentence := nesting.fault(rendered.html):
                yield Problem(source.place(), f"with {{% if %}} filled in, the HTML does not nest: {sentence}",
                              "open and close every tag in the same branch")  # fmt: skip
            if len(rendered.html) > MAX_HTML:
                yield Problem(source.place(), f"the HTML has {len(rendered.html)} characters, more than {MAX_HTML}",
                              "shorten the text or the layout", "warning")  # fmt: skip

    def _unseen(self, values: Values, rendered: Rendered) -> Iterator[Problem]:
        """A layout of the user's own, from before there were seasons."""
        if season := values.season:
            text = season.view((rendered.language, values.home), values.brand).text
            for name, there in (
                ("layout.html", escape(text) in rendered.html),
                ("layout.txt", " ".join(text.split()) in " ".join(rendered.text.split())),
            ):
                if not there:
                    place, step = Place(str(self._loader.folder / name)), "say {{ season.text }} in it"
                    yield Problem(place, "this layout does not show the season", step, "warning")

    def _blame(self, variant: Variant, values: Values, language: str, error: Exception) -> Problem:
        """Finds the line by filling the Markdown itself, whose lines are those of the file."""
        source = variant.source
        for key in ("subject", "from_name"):
            template = getattr(variant, key)
            try:
                if template:
                    template.render(values.context(language))
            except Exception as failure:
                return Problem(source.place(source.front[key][1]), f"{key}: {failure}")
        try:
            self._lines.get_template(source.path.name).render(values.context(language))
        except Exception as failure:
            return Problem(_line(failure, source), _said(failure))
        if place := self._loader.in_a_page(str(error)):
            return Problem(place, _said(error))
        return Problem(source.place(), f"this template cannot be filled: {error}")


def guess(wrong: str, known: Sequence[str]) -> str:
    """`did you mean “…”?`, or "" when nothing is near."""
    near = get_close_matches(wrong, known, 1)
    return f"did you mean “{near[0]}”?" if near else ""


def samples(brand: Face, columns: tuple[str, ...] = (), seasons: Sequence[Season] = ()) -> Iterator[Values]:
    """Sample values: with and without a name, a promise, a closed office, a subject and date, and what is known of the
    sender (a row of contacts with these columns, a first letter): every mix of any four of these five. Strangers write
    in the first season."""
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    closed = Office(week=(((time(9), time(14)),),) * 5 + ((),) * 2)
    full = Values(
        brand=brand,
        sender_name="Ana Ruiz",
        sender_address="ana.ruiz@example.org",
        subject="A question about my order",
        date=now - timedelta(hours=1),
        mailbox_address="contact@example.com",
        mailbox_name="contact",
        office=closed,
        now=now,
        reference="K7P2M4QX9",
        promise=Duration(1, "working day"),
        due=datetime(2026, 11, 24, 9, tzinfo=UTC),
    )
    for name, promised, shut, subject in product((True, False), repeat=4):
        known = (name + promised + shut + subject) % 2 == 0
        yield replace(
            full,
            contact=invented(columns) if known else Row(columns),
            first_seen=now - timedelta(days=600) if known else None,
            messages=3 if known else 0,
            season=seasons[0] if seasons and not known else None,
            sender_name=full.sender_name if name else "",
            promise=full.promise if promised else None,
            due=full.due if promised else None,
            office=closed if shut else Office(always_open=True),
            subject=full.subject if subject else "",
            date=full.date if subject else None,
        )


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, made smaller: no filter that switches escaping off, no large numbers or repetitions."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, source: Callable[[str], Any], *, autoescape: bool) -> None:
        """`source` gives a file of the folder as Jinja, or None."""
        super().__init__(loader=FunctionLoader(source), autoescape=autoescape, undefined=Missing, auto_reload=False)
        self.filters = {name: call for name, call in self.filters.items() if name in FILTERS}
        self.globals = {"range": _range}

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Jinja's own chain of mappings is slow to copy, which happens three times a letter; ours never change."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Our own values hold nothing but texts: no need to ask of each whether it is safe."""
        if type(obj) in VIEWS and not attribute.startswith("_"):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Products only of small numbers."""
        if not all(isinstance(side, int | float) and abs(side) <= 10_000 for side in (left, right)):
            raise SecurityError(f"{operator} is for numbers up to 10000")
        if operator == "**":
            raise SecurityError("there is no ** in templates")
        return super().call_binop(context, operator, left, right)


class Missing(StrictUndefined):
    """A value that is not there: any use of it is an error that says what was meant."""

    @property
    def _undefined_message(self) -> str:
        name, owner = str(self._undefined_name), self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if owner is missing:
            known: Sequence[str] = NAMES
            if name in NAMES:
                step = f"give it “{name}”, or import it `with context`"
                return f"a macro from another file knows only what it is given: there is no “{name}” in it ({step})"
        else:
            known = [attribute for attribute in dir(owner) if not attribute.startswith("_")]
            if isinstance(owner, ContactView):
                step = (guess(name, known) or f"there are: {', '.join(known)}") if known else "rules.yaml names none"
                return f"there is no column “{name}” in the contacts file ({step})"
            if type(owner) in VIEWS:
                name = f"{type(owner).__name__.removesuffix('View').lower().replace('face', 'brand')}.{name}"
            elif owner is None:
                return f"there is no value “{name}” here, because its owner has none: ask for it with {{% if %}} first"
        near = guess(name.rpartition(".")[2], known)
        return f"there is no value “{name}”" + (f" ({near})" if near else "")


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > 1000:
        raise SecurityError("a range has at most 1000 steps")
    return numbers


def _match(sources: Mapping[str, Source], language: str) -> Source | None:
    """The closest file; NAME.md counts when its front matter names its language."""
    spoken = {source.language: source for source in sources.values()}
    tag = closest(language, spoken)
    return spoken[tag] if tag else None


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "this includes or calls itself, without an end"
    return str(error) or type(error).__name__


def _line(error: Exception, source: Source) -> Place:
    """Where in the templates an error was raised: the innermost frame that is a template's."""
    place, trace = source.place(), error.__traceback__
    if isinstance(error, TemplateSyntaxError):
        return Place(error.filename or str(source.path), error.lineno)
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(".md"):
            place = Place(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


class _Loader:
    """What `Library.load` does, step by step, collecting problems on the way."""

    def __init__(self, folder: Path, brand: Brand) -> None:
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

    def library(self) -> Library:
        """The whole of it."""
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
            return Library(self, variants)
        except TemplateNotFound:  # not one file could be made, so there is no page around it
            self._stop()
            raise

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

    def bodies(self) -> Iterator[tuple[str, str]]:
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
        for sentence in markdown.problems(tokens, lifted, self.lines):
            self._problem(source.place(), sentence)
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
        return Variant(source, front["subject"], front.get("from_name")) if "subject" in front else None

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
