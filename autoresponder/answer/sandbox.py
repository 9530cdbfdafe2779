"""Jinja made small: what a template may do, and what it is told when it names something that is not there.

No attributes that begin with an underscore, no changes to values, no filters that switch escaping off, bounded ranges,
multiplications and results, nothing loaded that is not a file of the folder itself. Only texts and numbers can be
written into a letter: nobody shall read `True`, `None` or `<Sender object at …>`.
"""

from collections.abc import Callable, MutableMapping, Sequence
from difflib import get_close_matches
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, Undefined
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from autoresponder.answer.people import ContactView
from autoresponder.answer.values import NAMES, VIEWS, Nothing

FILTERS = (
    "abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
    "first", "float", "groupby", "indent", "int", "items", "join", "last", "length", "list",
    "lower", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select",
    "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "trim", "truncate",
    "unique", "upper", "wordcount",
)  # fmt: skip
"""Jinja's filters without those that switch escaping off or make links (safe, urlize, xmlattr …)."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, made smaller: no filter that switches escaping off, no large numbers or repetitions."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, source: Callable[[str], Any], *, autoescape: bool) -> None:
        """`source` gives a file of the folder as Jinja, or None."""
        super().__init__(
            loader=FunctionLoader(source), autoescape=autoescape, undefined=Missing, auto_reload=False, finalize=_said
        )
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
            if isinstance(owner, Nothing):
                return owner.asked(name)
            if type(owner) in VIEWS:
                name = f"{_called(owner)}.{name}"
        near = guess(name.rpartition(".")[2], known)
        return f"there is no value “{name}”" + (f" ({near})" if near else "")


def _said(value: object) -> object:
    """What `{{ … }}` puts into a letter: the value itself, where it is a text or a number."""
    if isinstance(value, str | int | float | Undefined) and not isinstance(value, bool):
        return value
    if isinstance(value, Nothing):
        raise UndefinedError(value.asked())
    if type(value) in VIEWS:
        name = _called(value)
        known = [f"{name}.{one}" for one in dir(value) if not one.startswith("_")]
        raise UndefinedError(f"“{name}” is no text" + (f" (say one of {', '.join(known)})" if known else ""))
    if isinstance(value, bool):
        raise UndefinedError(f"“{value}” is no text: what is true or false is for {{% if … %}}")
    raise UndefinedError("this is no text, so it cannot stand in a letter")


def _called(view: object) -> str:
    """What templates call one of `VIEWS`."""
    return type(view).__name__.removesuffix("View").lower().replace("face", "brand")


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > 1000:
        raise SecurityError("a range has at most 1000 steps")
    return numbers


def guess(wrong: str, known: Sequence[str]) -> str:
    """`did you mean “…”?`, or "" when nothing is near."""
    near = get_close_matches(wrong, known, 1)
    return f"did you mean “{near[0]}”?" if near else ""
