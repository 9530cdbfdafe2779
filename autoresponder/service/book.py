"""What is decided by: rules.yaml and the templates, read and checked against each other.

Contract: a broken configuration is one `ConfigError` with every problem in it. Apart from the daemon, so that a command
that only decides (`explain`, `backtest`, `check`) starts without what only a daemon needs.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from autoresponder.answer.compose import Composer
from autoresponder.answer.language import detect
from autoresponder.answer.templates import Library
from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.settings import Settings
from autoresponder.core.conditions import Named, leaves
from autoresponder.core.policy import Language, Policy
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError
from autoresponder.service.staff import Staff


@dataclass(frozen=True, slots=True)
class Book:
    """What the desk goes by: replaced as a whole by a reload."""

    policy: Policy
    composer: Composer
    language: Language
    envelope_from: dict[str, str]  # mailbox -> "auto", "" or an address
    staff: Staff
    copies: frozenset[str] = frozenset()  # mailboxes whose answers are filed in the folder of sent letters


def load_all(path: Path, *, check: bool = True) -> tuple[Settings, Library]:
    """rules.yaml and the templates, checked against each other. Raises `ConfigError` with every problem found.

    check: also fill every template with sample values, which takes a second: `check` (before the
    service starts, see the unit) and every reload do."""
    settings = load_settings(path)
    library = Library.load(settings.templates, settings.brand, lazy=True)
    problems = problems_of(settings, library.names) + (
        library.check(settings.policy.contacts.columns, settings.seasons, settings.quote) if check else []
    )
    wrong = [p for p in problems if p.severity == "error"]
    if wrong:
        raise ConfigError(wrong)
    return replace(settings, warnings=settings.warnings + tuple(problems)), library


def make_book(settings: Settings, library: Library, signer: Signer) -> Book:
    """What the desk goes by."""
    language = partial(detect, languages=_languages(settings, library))
    policy = replace(settings.policy, signer=signer)
    ours = [address for box in policy.mailboxes.values() for address in (box.address, *box.aliases)]
    return Book(
        policy=policy,
        composer=Composer(library, settings.brand, signer, language, settings.seasons, ours, settings.quote),
        language=language,
        envelope_from={name: account.envelope_from for name, account in settings.accounts.items()},
        staff=Staff(policy, signer, settings.alert, settings.notify),
        copies=frozenset(name for name, account in settings.accounts.items() if account.save_sent),
    )


def _languages(settings: Settings, library: Library) -> list[str]:
    """The languages that a letter may be told to be in: those of the templates, and those that a rule asks for, which
    must be told from the mailboxes' own even where no template is in them."""
    named = [one for rule in settings.policy.rules for one in leaves(rule.when) if isinstance(one, Named)]
    asked = {tag for one in named if one.name == "language" for tag in one.wanted}
    if asked:
        asked |= {"en", *(account.mailbox.language for account in settings.accounts.values())}
    return sorted(asked.union(*(library.languages(name) for name in library.names)))
