"""The templates folder, compiled once: each Markdown file becomes two ready Jinja templates, text and HTML.

All of it is read by `load`, which reports every problem at once with file and line; afterwards an answer only fills
what is ready, and nothing that came with a letter is ever parsed as Markdown or HTML, or loaded from a file.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autoresponder.answer.attachments import heft
from autoresponder.answer.brand import Brand, face_of
from autoresponder.answer.language import closest
from autoresponder.answer.loader import Loader
from autoresponder.answer.sandbox import guess
from autoresponder.answer.season import Season
from autoresponder.answer.values import Values
from autoresponder.answer.variant import Rendered, Source, Variant
from autoresponder.errors import ConfigError, Problem


class Library:
    """Every template of a folder. May be used from several threads."""

    def __init__(self, loader: Loader, sources: Mapping[str, Mapping[str, Source]]) -> None:
        """Use `load`. `sources`: name -> language ("" for NAME.md) -> file."""
        self.brand = face_of(loader.brand)
        self.names = tuple(sorted(sources))
        self.files = tuple(loader.files)
        self.heaviest = max((heft(one.attachments) for by in sources.values() for one in by.values()), default=0)
        """Octets that attachments add to an answer at most."""
        self.addresses = frozenset(loader.addresses)  # those that stand in the files and the brand
        self._sources, self._loader = sources, loader
        self._variants: dict[Path, Variant] = {}  # what was compiled so far
        self._door = threading.Lock()

    @classmethod
    def load(cls, folder: Path, brand: Brand, *, lazy: bool = False) -> "Library":
        """Reads everything in `folder` and compiles it; ConfigError with all problems at once.

        lazy: a variant is compiled when it is first filled or checked, so that a daemon with fifty of them starts at
        once; a mistake in one is then raised there."""
        loader = Loader(folder, brand)
        library = cls(loader, loader.load())
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
        from autoresponder.answer import fallbacks, quoters, trial  # and an HTML parser, which no daemon needs

        files = list(self._loader.parsed())
        named = list(quoters.named(files, quote))
        found = {str(problem): problem for problem in (*named, *self._loader.faulty_parts())}
        for source in self._files():
            try:
                problems = list(
                    trial.faults(self._loader, self._variant(source), columns, seasons, quoting=bool(named))
                )
            except ConfigError as error:
                problems = list(error.problems)
            for problem in problems:
                found.setdefault(str(problem), problem)
        wrong = {problem.place for problem in found.values() if problem.severity == "error"}
        return [*found.values(), *(gap for gap in fallbacks.named(files) if gap.place not in wrong)]

    def render(self, name: str, languages: Sequence[str], values: Values) -> Rendered:
        """Fills the variant of `name` that fits the first of `languages`, the last of which is the mailbox's own.

        ConfigError when there is no such template. Errors of the template itself come out as Jinja's, with the line."""
        variant = self._pick(name, languages)
        return variant.fill(values, variant.source.language or (languages[-1] if languages else "en"))

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


def _match(sources: Mapping[str, Source], language: str) -> Source | None:
    """The closest file; NAME.md counts when its front matter names its language."""
    spoken = {source.language: source for source in sources.values()}
    tag = closest(language, spoken)
    return spoken[tag] if tag else None
