"""`init`: from an address and a password to a rules.yaml in shadow mode, with the logins tried for real.

Contract: asks what it cannot know (with flags and --yes it asks nothing), connects to both servers, and writes at the
very end: templates, the password in a file of its own (0600), and rules.yaml last, which holds no secret: a service
that runs as another user must read it. Nothing that exists is overwritten; Ctrl-C, a refusal or a full disk leave
nothing behind. No letter is sent, nothing changes in the mailbox.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from autoresponder import config
from autoresponder.cli import PLACES, main
from autoresponder.cli.ask import Asker, company, system, zone
from autoresponder.cli.here import near, program
from autoresponder.cli.paint import paint, safe
from autoresponder.cli.reach import Login, LoginRefused, reach_imap, reach_smtp, sent_folder
from autoresponder.config import locales, postal, providers, values
from autoresponder.config.build import load_settings
from autoresponder.config.providers import Place, Provider
from autoresponder.config.secrets import Secret
from autoresponder.config.starter import Start, rules_yaml
from autoresponder.config.values import BadValue
from autoresponder.demo import shipped_rules
from autoresponder.errors import ConfigError, ExitCode, RemoteError, UserError
from autoresponder.errors import Place as Where
from autoresponder.mail.imap import Session
from autoresponder.mail.mx import mail_servers

ATTEMPTS = 3
"""How often a person may type a password, or a server be looked for, before we give up."""
DAYS, LETTERS = 7, 500
"""Of the backtest at the end, at most."""
PASSWORD = Path("credentials/imap")
KEPT: dict[str, str | list[str]] = {"credential": PASSWORD.name}
"""How rules.yaml names it: at a prompt that very file, in the service the copy that systemd gives it."""
UNIT = Path("/etc/systemd/system/autoresponder.service")
SCHEMA = Path(next(iter(config.__path__))).resolve() / "rules.schema.json"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command's words."""
    p = commands.add_parser("init", help="ask a little, try the logins, write a first rules.yaml in shadow mode")
    p.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="where to (default: here)")
    p.add_argument("--address", help="the mailbox's address")
    p.add_argument("--provider", help="whose servers: gmail, ionos, ovh … (default: told by the address)")
    p.add_argument("--user", help="what to log in with (default: the address)")
    secret = p.add_mutually_exclusive_group()
    secret.add_argument("--password-file", metavar="FILE", help="a file that holds the password; - for standard input")
    secret.add_argument("--password-command", metavar="COMMAND", help="a program that prints the password")
    secret.add_argument("--token-command", metavar="COMMAND", help="a program that prints an OAuth 2 access token")
    for kind in ("imap", "smtp"):
        p.add_argument(f"--{kind}-host", metavar="HOST[:PORT]", help=f"the {kind.upper()} server (default: found)")
        p.add_argument(f"--{kind}-security", choices=("tls", "starttls", "none"), help="default: as the port says")
    p.add_argument("--smtp-user", help='what to log in with there; "" where no login is wanted (default: as for IMAP)')
    p.add_argument("--ca-file", type=Path, metavar="PEM", help="the authority of the servers' certificates")
    p.add_argument("--company", help="the name that answers are signed with (default: from the address)")
    p.add_argument("--language", help="of answers when the sender's cannot be told (default: the system's)")
    p.add_argument("--timezone", help="of the office (default: the system's)")
    p.add_argument("--yes", action="store_true", help="ask nothing: take what is given, and the defaults")
    p.set_defaults(do=do)


def do(args: argparse.Namespace) -> int:
    """0 when everything works and is written, 2 for what cannot be used, 3 when a server failed."""
    folder, ask = args.folder.expanduser(), Asker(sys.stdin.isatty() and not args.yes)
    _room(folder, args)
    try:
        start, password = _find_out(args, folder, ask)
        with _nothing_half():
            _write(folder, start, password)
    except (KeyboardInterrupt, EOFError):
        print("\nNothing was written.")
        raise KeyboardInterrupt from None
    except UserError:
        print("Nothing was written.")
        raise
    _tell(folder / "rules.yaml")
    return ExitCode.OK


def _room(folder: Path, args: argparse.Namespace) -> None:
    """Raises `ConfigError` where something is in the way, before anything is asked."""
    if args.config not in PLACES:
        raise ConfigError("init writes into a folder, not to -c FILE", place="-c", step="autoresponder init DIR")
    for name in (Path("rules.yaml"), *([] if _named_secret(args) else [PASSWORD])):
        if os.path.lexists(folder / name):
            step = "give another folder: autoresponder init DIR" if name != PASSWORD else "--password-file names it"
            raise ConfigError("is there already; nothing is ever overwritten", place=str(folder / name), step=step)
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ConfigError("this is no folder that you may write to", place=str(nearest))


# finding out ---------------------------------------------------------------------------------------------------------
def _find_out(args: argparse.Namespace, folder: Path, ask: Asker) -> tuple[Start, str]:
    """All that the file needs, and the password where it is ours to keep ("" where it is kept elsewhere)."""
    if ask.somebody:
        print(f"This writes {near(folder / 'rules.yaml')} in shadow mode: to decide and record, and send nothing.\n"
              "Ctrl-C leaves nothing behind.\n")  # fmt: skip
    address = ask.line("Address of the mailbox", "--address", args.address, "", postal.address)
    domain = address.rpartition("@")[2]
    provider = _provider(args, domain)
    if provider:
        print(f"  {provider.names[0]}" + (f": {provider.hint}" if provider.hint else ""))
    secret, typed = _secret(args, folder, ask, provider)
    user, ca_file = args.user or address, str(args.ca_file.absolute()) if args.ca_file else ""
    imap, login, typed = _imap(
        args, ask, provider, domain, Login(user, lambda: typed, "oauth2" in secret, ca_file), typed
    )
    place, session = imap
    try:
        sent, marked = sent_folder(session.folders())
    finally:
        session.close()
    print(f"  sent letters are in “{safe(sent)}”" + ("" if marked else " (the server does not say so: please check)"))
    smtp, smtp_user = _smtp(args, ask, provider, domain, place, login)
    local, language, country = system()
    start = Start(
        address=address, imap=place, smtp=smtp, user=login.user, smtp_user=smtp_user,
        secret=secret.get("oauth2") or secret["password"], tokens="oauth2" in secret, sent=sent,
        company=ask.line("Company, as answers are signed", "--company", args.company, company(address), values.line),
        language=ask.line("Language, where the sender's cannot be told", "--language", args.language, language,
                          locales.language),
        zone=ask.line("Time zone of the office", "--timezone", args.timezone, local, zone),
        country=country, schema=named(SCHEMA), ca_file=ca_file,
    )  # fmt: skip
    return start, typed if secret.get("password") == KEPT else ""


def named(path: Path) -> str:
    """A schema's file as the first line of rules.yaml names it, which ends at a space."""
    return path.as_uri() if any(c.isspace() for c in str(path)) else str(path)


def _provider(args: argparse.Namespace, domain: str) -> Provider | None:
    if args.provider:
        found = providers.by_name(args.provider)
        if found is None:
            names = ", ".join(p.names[0] for p in providers.PROVIDERS)
            raise ConfigError(f"“{args.provider}” is not known", place="--provider", step=f"known: {names}")
        return found
    if args.imap_host:
        return None
    return providers.by_domain(domain) or providers.by_mx(mail_servers(domain))


# the password -----------------------------------------------------------------------------------------------------
_Secret = dict[str, dict[str, str | list[str]]]
"""{"password" or "oauth2": the table that says where it is kept}"""


def _named_secret(args: argparse.Namespace) -> bool:
    """Whether a flag says where the password is kept, so that no file of ours is needed."""
    return bool(args.password_command or args.token_command or args.password_file not in (None, "-"))


def _secret(args: argparse.Namespace, folder: Path, ask: Asker, provider: Provider | None) -> tuple[_Secret, str]:
    """Where it is kept, and what it is now."""
    tokens = bool(args.token_command) or bool(provider and provider.tokens and not _named_secret(args))
    if tokens:
        written = ask.line(
            "Program that prints an access token", "--token-command", args.token_command, "", values.line
        )
        return {"oauth2": {"command": _words(written, "--token-command")}}, _value("command", written, folder)
    if args.password_command:
        words = _words(args.password_command, "--password-command")
        return {"password": {"command": words}}, _value("command", args.password_command, folder)
    if args.password_file not in (None, "-"):
        path = str(Path(args.password_file).expanduser().absolute())
        return {"password": {"file": path}}, _value("file", path, folder)
    kept: _Secret = {"password": KEPT}
    if args.password_file:  # standard input
        return kept, sys.stdin.readline().rstrip("\r\n")
    if not ask.somebody:
        raise ConfigError("is missing", place="the password", step="give --password-file or --password-command")
    return kept, ask.password("Password")


def _words(command: str, flag: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"cannot be read: {str(error).lower()}", place=flag) from None


def _value(kind: str, written: str, folder: Path) -> str:
    """What the file or program gives now. Raises `ConfigError` when that is nothing."""
    words, at = (tuple(shlex.split(written)), folder if folder.is_dir() else Path()) if kind == "command" else (
        (written,), Path())  # fmt: skip
    return Secret("command" if kind == "command" else "file", words, Where(f"--{kind}"), at)()


# the servers ------------------------------------------------------------------------------------------------------
def _imap(
    args: argparse.Namespace, ask: Asker, provider: Provider | None, domain: str, login: Login, password: str
) -> tuple[tuple[Place, Session], Login, str]:
    places: Iterable[Place] = _given(args.imap_host, "imap", args.imap_security) or (
        [provider.imap] if provider else providers.imap_guesses(domain)
    )
    for left in reversed(range(ATTEMPTS)):
        try:
            found = reach_imap(places, login, _attempt)
        except LoginRefused as error:
            if not ask.somebody or not left or _named_secret(args) or login.tokens:
                raise
            print(f"  {safe(error.step)}")
            places, user = [error.server], ask.line("User", "--user", None, login.user, values.line)
            password = ask.password("Password")
            login = Login(user, _always(password), False, login.ca_file)
        except RemoteError:
            if not ask.somebody or args.imap_host or not left:
                raise
            places = _asked(ask, "imap")
        else:
            return found, login, password
    raise AssertionError("the last attempt returns or raises")


def _always(value: str) -> Callable[[], str]:
    return lambda: value


def _asked(ask: Asker, kind: str) -> list[Place]:
    """A host, or a provider by its name."""

    def read(text: str) -> Place:
        if known := providers.by_name(text):
            return known.imap if kind == "imap" else known.smtp
        try:
            return providers.place(text, "imap" if kind == "imap" else "smtp")
        except ValueError as error:
            raise BadValue(str(error), "such as mail.example.com, or a provider such as ionos") from None

    return [ask.line(f"{kind.upper()} server, or your provider's name", f"--{kind}-host", None, "", read)]


def _smtp(
    args: argparse.Namespace, ask: Asker, provider: Provider | None, domain: str, imap: Place, login: Login
) -> tuple[Place, str]:
    user = login.user if args.smtp_user is None else args.smtp_user
    known = next((p for p in providers.PROVIDERS if p.imap == imap), provider)
    places: Iterable[Place] = _given(args.smtp_host, "smtp", args.smtp_security) or (
        [known.smtp] if known else providers.smtp_guesses(domain, imap.host)
    )
    login = Login(user, login.secret, login.tokens, login.ca_file)
    for left in reversed(range(ATTEMPTS)):
        try:
            return reach_smtp(places, login, _attempt), user
        except LoginRefused:
            raise
        except RemoteError:
            if not ask.somebody or args.smtp_host or not left:
                raise
            places = _asked(ask, "smtp")
    raise AssertionError("the last attempt returns or raises")


def _given(host: str | None, kind: str, security: providers.Security | None) -> list[Place]:
    if not host:
        return []
    try:
        return [providers.place(host, "imap" if kind == "imap" else "smtp", security)]
    except ValueError as error:
        raise ConfigError(str(error), place=f"--{kind}-host", step="such as mail.example.com:993") from None


def _attempt(place: Place, sentence: str) -> None:
    print(f"  {place} ({place.security}): " + (paint(safe(sentence), "warn") if sentence else paint("well", "good")),
          flush=True)  # fmt: skip


# writing ------------------------------------------------------------------------------------------------------------
@contextmanager
def _nothing_half() -> Iterator[None]:
    """Ctrl-C waits until all of it is written; that takes a moment."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _write(folder: Path, start: Start, password: str) -> None:
    """All files, rules.yaml last; when one fails, those before it are taken away again."""
    made: list[Path] = []
    try:
        _folder(folder, made, 0o755)
        _folder(folder / "templates", made, 0o755)
        for source in sorted((shipped_rules().parent / "templates").glob("*.md")):
            if not os.path.lexists(folder / "templates" / source.name):
                _file(folder / "templates" / source.name, source.read_text("utf-8"), made, 0o644)
        if password:
            _folder(folder / PASSWORD.parent, made, 0o700)
            _file(folder / PASSWORD, password + "\n", made, 0o600)
        _file(folder / "rules.yaml", rules_yaml(start), made, 0o644)
        load_settings(folder / "rules.yaml")
    except BaseException as error:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, OSError):
            raise ConfigError(f"cannot be written: {(error.strerror or str(error)).lower()}",
                              place=str(error.filename or folder)) from None  # fmt: skip
        raise


def _folder(path: Path, made: list[Path], mode: int) -> None:
    for missing in reversed([p for p in (path, *path.parents) if not p.exists()]):
        missing.mkdir(mode=mode)
        made.append(missing)


def _file(path: Path, text: str, made: list[Path], mode: int) -> None:
    number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    made.append(path)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


# afterwards -----------------------------------------------------------------------------------------------------------
def _tell(path: Path) -> None:
    """What was written, what it would have done to the last days' letters, and how to go on."""
    command = program(path)
    service = path.absolute() == PLACES[1] and UNIT.exists()
    daemon = "systemctl enable --now autoresponder" if service else f"{command} run"
    print(f"\n{paint('Written: ', 'good')}{near(path)}, {near(path.parent / 'templates')}/ with the answers.\n\n"
          f"What it would have done in the last {DAYS} days (backtest --days {DAYS}):\n", flush=True)  # fmt: skip
    main(["-c", str(path), "backtest", "--days", str(DAYS), "--messages", str(LETTERS)])  # says itself what fails
    print(f"""
It is in shadow mode: it decides and records, and sends nothing. To go live:
  1. correct the office hours and the answers, then: {command} check --connect
  2. some days in shadow mode: {daemon}
  3. in {near(path)} write `mode: live` and save; the running daemon sees it at once""")
