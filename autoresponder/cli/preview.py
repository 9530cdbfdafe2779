"""`preview`: an answer as it would look, with sample data, as text, HTML and raw message."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from autoresponder.cli.paint import paint
from autoresponder.core.token import Signer
from autoresponder.errors import ConfigError, ExitCode
from autoresponder.service.book import load_all, make_book


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("preview", help="an answer as it would look")
    p.add_argument("template", metavar="TEMPLATE")
    p.add_argument("--language", default="", metavar="es", help="a language tag (default: the mailbox's)")
    p.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it: .html, .txt or .eml says which form")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """Prints the text, or writes the file."""
    settings, library = load_all(args.config, check=False)
    if args.template not in library.names:
        raise ConfigError(
            f"there is no template “{args.template}”",
            place=str(settings.templates),
            step=f"there are: {', '.join(library.names)}",
        )
    language = args.language or next(iter(settings.policy.mailboxes.values())).language
    composer = make_book(settings, library, Signer(b"preview: a sample key")).composer
    answer = composer.preview(args.template, language, datetime.now(UTC))
    if args.output is None:
        print(paint(f"subject  {answer.subject}\nlanguage {answer.language}\n", "dim") + answer.text.rstrip())
        print(paint("\n-o FILE.html, FILE.eml or FILE.txt writes it to a file", "dim"))
        return ExitCode.OK
    forms = {
        ".html": answer.html.encode(),
        ".htm": answer.html.encode(),
        ".eml": answer.raw,
        ".txt": answer.text.encode(),
    }
    if args.output.suffix.lower() not in forms:
        raise ConfigError("unknown kind of file", place=str(args.output), step="end it in .html, .eml or .txt")
    try:
        args.output.write_bytes(forms[args.output.suffix.lower()])
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", place=str(args.output)) from None
    print(f"wrote {args.output}")
    return ExitCode.OK
