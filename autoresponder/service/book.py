"""What is decided by: rules.yaml and the templates, read and checked against each other.

Contract: a broken configuration is one `ConfigError` with every problem in it. Apart from the daemon, so that a command
that only decides (`explain`, `backtest`, `check`) starts without what only a daemon needs.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

from autoresponder.answer.compose import Composer
from autoresponder.answer.language import detect
from autoresponder.answer.templates import Library
from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.settings import Settings
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError
from autoresponder.service.desk import Book
from autoresponder.service.staff import Staff


def load_all(path: Path, *, check: bool = True) -> tuple[Settings, Library]:
    """rules.yaml and the templates, checked against each other. Raises `ConfigError` with every problem found.

    check: also fill every template with sample values, which takes a second: `check` (before the
    service starts, see the unit) and every reload do."""
    settings = load_settings(path)
    library = Library.load(settings.templates, settings.brand, lazy=not check)
    problems = problems_of(settings, library.names) + (
        library.check(settings.policy.contacts.columns, settings.seasons) if check else []
    )
    wrong = [p for p in problems if p.severity == "error"]
    if wrong:
        raise ConfigError(wrong)
    return replace(settings, warnings=settings.warnings + tuple(problems)), library


def make_book(settings: Settings, library: Library, signer: Signer) -> Book:
    """What the desk goes by."""
    languages = sorted({tag for name in library.names for tag in library.languages(name)})
    language = partial(detect, languages=languages)
    policy = replace(settings.policy, signer=signer)
    return Book(
        policy=policy,
        composer=Composer(library, settings.brand, signer, language, settings.seasons),
        language=language,
        envelope_from={name: account.envelope_from for name, account in settings.accounts.items()},
        staff=Staff(policy, signer, settings.alert, settings.notify),
        copies=frozenset(name for name, account in settings.accounts.items() if account.save_sent),
    )
