"""A text of the configuration that is said in the reader's language: `The team`, or `{en: The team, es: El equipo}`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoresponder.answer.language import closest


@dataclass(frozen=True, slots=True)
class Worded:
    """`texts`: language tag -> text, in the order of the configuration; the tag "" is for all languages."""

    texts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, written: str | Mapping[str, str]) -> "Worded":
        """As rules.yaml gives it; "" is nothing in any language."""
        if isinstance(written, str):
            return cls((("", written),) if written else ())
        return cls(tuple(written.items()))

    def said(self, languages: Sequence[str]) -> str:
        """In the first of these languages that there is, or else the first text; "" without any."""
        texts = dict(self.texts)
        tag = next((found for wanted in languages if (found := closest(wanted, texts)) is not None), None)
        return texts[tag] if tag is not None else next(iter(self), "")

    def __iter__(self) -> Iterator[str]:
        """Every text."""
        return (text for _tag, text in self.texts)
