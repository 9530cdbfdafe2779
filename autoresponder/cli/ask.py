"""Asking a person at a terminal, and what can be guessed so that less must be asked: this machine's language and zone.

Contract: an answer that cannot be used is said so, in a sentence, and asked again; where nobody sits at a terminal, a
missing or wrong answer is a `ConfigError` that names the flag. Passwords are never shown.
"""

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autoresponder.cli.paint import paint
from autoresponder.config import locales, providers, times
from autoresponder.config.values import BadValue
from autoresponder.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asker:
    """A person at a terminal, or nobody."""

    somebody: bool

    def line(self, question: str, flag: str, given: str | None, default: str, read: Callable[[str], T]) -> T:
        """What was given by the flag, else typed, else the default, as `read` understands it."""
        if given is not None or not self.somebody:
            text = default if given is None else given
            if not text:
                raise ConfigError("is missing", place=flag, step=f"give {flag}, or call init in a terminal")
            try:
                return read(text)
            except BadValue as error:
                raise ConfigError(error.sentence, place=flag, step=error.step) from None
        while True:
            text = input(f"{question}{f' [{default}]' if default else ''}: ").strip() or default
            if text:
                try:
                    return read(text)
                except BadValue as error:
                    print(paint(f"  {error.sentence}" + (f" ({error.step})" if error.step else ""), "warn"))

    def password(self, question: str) -> str:
        """Typed without being shown."""
        while not (typed := getpass.getpass(f"{question} (not shown): ")):
            pass
        return typed


def system() -> tuple[str, str, str]:
    """Time zone, language and country ("" when not known) of this machine."""
    said = next((v for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(name))), "")
    language, _, country = said.partition(".")[0].partition("_")
    try:
        language = locales.language(language)
    except BadValue:
        language, country = "en", ""
    return _local_zone(), language, country if len(country) == 2 and country.isalpha() else ""


def _local_zone() -> str:
    for found in (os.environ.get("TZ", "").lstrip(":"), _text("/etc/timezone"),
                  os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]):  # fmt: skip
        try:
            return zone(found)
        except BadValue:
            continue
    return "UTC"


def zone(text: str) -> str:
    times.zone(text)
    return text


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def company(address: str) -> str:
    """What the address makes one think of; of a provider's address, its own part."""
    local, _, domain = address.partition("@")
    word = local if providers.by_domain(domain) else max(domain.split(".")[:-1] or [domain], key=len)
    return " ".join(part.capitalize() for part in word.replace("_", "-").replace(".", "-").split("-") if part)
