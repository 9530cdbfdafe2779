"""A template tried out: filled for every kind of sample letter, before a customer's letter fills it.

Contract: `faults` names whatever would make an answer fail, leak, come out broken or look wrong, with file and line; it
never raises, whatever a template does. Only `check`, `init` and a reload do this; the daemon's own letters do not.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from jinja2 import TemplateSyntaxError
from markupsafe import escape

from autoresponder.answer import leaks, nesting, quoters, words
from autoresponder.answer.attachments import heavy
from autoresponder.answer.brand import face_of
from autoresponder.answer.loader import Loader
from autoresponder.answer.samples import samples
from autoresponder.answer.season import Season
from autoresponder.answer.values import Values
from autoresponder.answer.variant import Rendered, Source, Variant
from autoresponder.errors import Place, Problem

MAX_HTML = 30_000
"""Characters of HTML above which `check` warns (Gmail cuts letters off at about 100 kB with everything in them)."""


def faults(
    loader: Loader, variant: Variant, columns: tuple[str, ...], seasons: Sequence[Season], *, quoting: bool
) -> Iterator[Problem]:
    """What is wrong with one variant. columns: of contacts; quoting: some template is known to ask for the quote."""
    source = variant.source
    language = source.language or "en"
    if not words.known(language):
        yield Problem(source.place(), f"there are no phrases for the language “{language}”: salutation, promise "
                      "and notice will be English", "write them out in the template", "warning")  # fmt: skip
    if sentence := heavy(source.attachments):
        place = source.place(source.front["attachments"][1])
        yield Problem(place, sentence, "smaller files arrive more surely", "warning")
    guard = leaks.Guard(loader.addresses, (text for season in seasons for text in season.text))
    spoken = (source.language,) if source.language else words.LANGUAGES
    seen: set[Rendered] = set()  # half of the samples make an answer that another one made
    letters = (quoters.telling(values) for values in samples(face_of(loader.brand), columns, seasons))
    for language, values in product(spoken, letters):
        try:
            rendered = variant.fill(values, language)
            guard.check(rendered.seen(), (values.sender_address, values.mailbox_address), values.contact, rendered.file)
        except leaks.LeakError as error:
            line = next((n for n, row in enumerate(source.body.split("\n"), 1) if "@" in row), 0)
            yield Problem(source.place(line), error.sentence, error.step)
            return
        except Exception as error:  # a template may fail in any way: all of them are the template's
            yield _blame(loader, variant, values, language, error)
            return
        yield from _unseen(loader, values, rendered)
        if rendered in seen:
            continue
        seen.add(rendered)
        yield from quoters.places(source.place(), rendered.seen(), named=quoting)
        if not rendered.subject:
            yield Problem(source.place(source.front["subject"][1]), "the subject comes out empty")
        if sentence := nesting.fault(rendered.html):
            yield Problem(source.place(), f"with {{% if %}} filled in, the HTML does not nest: {sentence}",
                          "open and close every tag in the same branch")  # fmt: skip
        if len(rendered.html) > MAX_HTML:
            yield Problem(source.place(), f"the HTML has {len(rendered.html)} characters, more than {MAX_HTML}",
                          "shorten the text or the layout", "warning")  # fmt: skip


def _unseen(loader: Loader, values: Values, rendered: Rendered) -> Iterator[Problem]:
    """A layout of the user's own, from before there were seasons."""
    if season := values.season:
        text = season.view((rendered.language, values.home), values.brand).text
        for name, there in (
            ("layout.html", escape(text) in rendered.html),
            ("layout.txt", " ".join(text.split()) in " ".join(rendered.text.split())),
        ):
            if not there:
                place, step = Place(str(loader.folder / name)), "say {{ season.text }} in it"
                yield Problem(place, "this layout does not show the season", step, "warning")


def _blame(loader: Loader, variant: Variant, values: Values, language: str, error: Exception) -> Problem:
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
        loader.lines.get_template(source.path.name).render(values.context(language))
    except Exception as failure:
        return Problem(_line(failure, source), _said(failure))
    if place := loader.in_a_page(str(error)):
        return Problem(place, _said(error))
    return Problem(source.place(), f"this template cannot be filled: {error}")


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
