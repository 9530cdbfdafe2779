"""In which language a letter is written, and which one its headers ask for.

The small words decide (`function_words`, microseconds); where they do not, langdetect does (extra `language`,
milliseconds), limited to the languages we can answer in. Always the same for the same text, and "" when it is not sure:
the mailbox's language is a better guess than a bad guess. Quoted text, signatures, addresses and links do not count.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from autoresponder.answer import function_words
from autoresponder.core.message import Message

MARGIN = 0.9
"""The probability from which on a guess counts."""
MIN_LETTERS, MAX_TEXT = 20, 320
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_DIGIT = re.compile(r"\d")
_MARKS = re.compile(r"[^\w\s'’·¿¡]")
_PREFIX = re.compile(r"^(?:\w{1,8}\s*:\s*)+")


def detect(subject: str, text: str, languages: Sequence[str]) -> str:
    """Which of `languages` (BCP 47 tags) the letter is written in; "" when that cannot be told."""
    if len(languages) < 2:
        return ""
    sample = own_words(subject, text)
    if len(sample) < MIN_LETTERS:
        return ""
    scores = function_words.scores(sample)
    if known := function_words.clear(scores):
        return next((tag for tag in languages if _primary(tag) == known), "")
    guesser = _guesser(tuple(sorted(set(languages))))
    found = guesser.guess(sample.lower()) if guesser else ""
    return found if function_words.agrees(scores, _primary(found)) else ""


def own_words(subject: str, text: str) -> str:
    """The words the sender wrote: subject without prefixes, text without quotes, signature, addresses and numbers."""
    lines: list[str] = [_PREFIX.sub("", subject[:200])]
    wanted = MAX_TEXT
    for line in text[: 8 * MAX_TEXT].splitlines():
        if line.rstrip() == "--" or wanted <= 0:
            break
        if not line.lstrip().startswith((">", "|")):
            lines.append(line)
            wanted -= len(line)
    written = " ".join(_quiet(line) for line in lines)
    return " ".join(_MARKS.sub(" ", written).split())[:MAX_TEXT]


def _quiet(line: str) -> str:
    """A line without addresses, links and numbers."""
    return " ".join(word for word in line.split() if not _noisy(word)) if _noisy(line) else line


def _noisy(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text or _DIGIT.search(text) is not None


def asked_for(message: Message) -> Iterator[str]:
    """The languages named by Content-Language (RFC 3282) and Accept-Language, best first, well-formed ones only."""
    for value in message.headers.all("content-language")[:1]:
        yield from (tag for tag in (part.strip() for part in value[:200].split(",")) if _TAG.fullmatch(tag))
    for value in message.headers.all("accept-language")[:1]:
        ranked = [
            (-_quality(weight), tag.strip()) for tag, _, weight in (p.partition(";") for p in value[:200].split(","))
        ]
        yield from (tag for rank, tag in sorted(ranked, key=lambda pair: pair[0]) if rank < 0 and _TAG.fullmatch(tag))


def is_tag(text: str) -> bool:
    """Whether this is a well-formed language tag, as far as mail uses them."""
    return _TAG.fullmatch(text) is not None


def normal(language: str) -> str:
    """A language tag in the case of BCP 47: `pt_br` becomes `pt-BR`."""
    primary, *rest = language.replace("_", "-").split("-")
    return "-".join([primary.lower(), *(p.upper() if len(p) == 2 else p.title() if len(p) == 4 else p for p in rest)])


def closest(wanted: str, tags: Iterable[str]) -> str | None:
    """Which of `tags` (as `normal` spells them) serves a reader of `wanted` best: for `pt-BR` that one, then `pt`, then
    any other `pt-…`; None for none."""
    there, tag = {tag for tag in tags if tag}, normal(wanted)
    while tag:
        if tag in there:
            return tag
        tag = tag.rpartition("-")[0]
    return min((tag for tag in there if _primary(tag) == _primary(wanted)), default=None)


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].lower()


def _quality(weight: str) -> float:
    found = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
    return float(found[1]) if found else 1.0


class Guesser:
    """langdetect with a few profiles of its own. Holds a few MB a language."""

    def __init__(self, factory: Any, tags: dict[str, str]) -> None:
        """`tags`: the profile's name -> our language tag."""
        self._factory, self._tags = factory, tags

    def guess(self, sample: str) -> str:
        """The language of a text, "" when not sure."""
        from langdetect.lang_detect_exception import LangDetectException

        detector = self._factory.create()
        detector.append(sample)
        try:
            best = detector.get_probabilities()[:1]
        except LangDetectException:
            return ""
        return self._tags[best[0].lang] if best and best[0].prob >= MARGIN else ""


@lru_cache(maxsize=8)
def _guesser(languages: tuple[str, ...]) -> Guesser | None:
    try:
        import langdetect
        from langdetect.detector_factory import DetectorFactory
    except ImportError:
        return None
    folder = Path(langdetect.__file__).parent / "profiles"
    tags: dict[str, str] = {}
    for tag in languages:
        primary = _primary(tag)
        name = primary if primary != "zh" else "zh-tw" if re.search("hant|tw|hk", tag, re.IGNORECASE) else "zh-cn"
        if (folder / name).is_file():
            tags.setdefault(name, tag)
    if len(tags) < 2:
        return None
    factory = DetectorFactory()
    factory.seed = 0
    factory.load_json_profile([(folder / name).read_text("utf-8") for name in tags])
    return Guesser(factory, tags)
