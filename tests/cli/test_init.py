"""`init` as a new user runs it: in a terminal and with flags, against a real Dovecot; whatever fails, nothing is left.

The terminal is a pseudo terminal, in which a question is awaited before it is answered.
"""

import os
import pty
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresponder.cli.reach import Login, LoginRefused, reach_imap, sent_folder
from autoresponder.config import providers
from autoresponder.config.build import load_settings
from autoresponder.config.providers import Place
from autoresponder.config.starter import Start, rules_yaml
from autoresponder.mail.mx import mail_servers
from tests.e2e.house import letter
from tests.lab import PATIENCE
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink
from tests.lab.tls import Certificates

ROOT = Path(__file__).resolve().parent.parent.parent
INIT = (sys.executable, "-m", "autoresponder", "init")


@pytest.fixture(scope="module")
def sink(certificates: Certificates, dovecot: Dovecot) -> Iterator[Sink]:
    """A server that takes letters from `shop` only."""
    logins = {dovecot.address(f"u{n}"): dovecot.password for n in range(1, 60)}
    with Sink(certificates.server, logins=logins) as sink:
        yield sink


def flags(dovecot: Dovecot, sink: Sink) -> list[str]:
    return [f"--imap-host=localhost:{dovecot.imaps_port}", "--imap-security=tls", f"--smtp-host=localhost:{sink.port}",
            f"--ca-file={dovecot.certificates.ca}"]  # fmt: skip


def run(folder: Path, *words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "es_ES.UTF-8", "TZ": "Europe/Madrid", **environ}
    return subprocess.run(
        [*INIT, *words], cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


class Terminal:
    """`init` at a terminal: what it says, and typing when it asks."""

    def __init__(self, folder: Path, *words: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "de_DE.UTF-8", "TZ": "Europe/Berlin", "NO_COLOR": "1"}
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # which is ignored where the tests run in the background
            os.execve(sys.executable, [*INIT, *words], env)
        self.said, self._read = "", 0

    def wait(self, words: str) -> None:
        """Until it says so, after what was waited for before."""
        end = time.monotonic() + PATIENCE
        while (at := self.said.find(words, self._read)) < 0:
            ready = select.select([self._screen], [], [], max(0.0, end - time.monotonic()))[0]
            data = b""
            if ready:
                try:
                    data = os.read(self._screen, 65536)
                except OSError:  # it has ended
                    data = b""
            assert data, f"“{words}” was not said:\n{self.said}"
            self.said += data.decode()
        self._read = at + len(words)

    def answer(self, question: str, text: str) -> None:
        """Types it when it is asked for."""
        self.wait(question)
        os.write(self._screen, text.encode() + b"\n")

    def give_up(self) -> None:
        """Ctrl-C until it is heard: Python's input() is deaf between its prompt and its first read."""
        for _ in range(int(PATIENCE)):
            os.write(self._screen, b"\x03")
            while select.select([self._screen], [], [], 1.0)[0]:
                try:
                    self.said += os.read(self._screen, 65536).decode()
                except OSError:  # it has ended
                    return

    def end(self) -> int:
        """Its exit code; what it still said is in `said`."""
        while True:
            try:
                data = os.read(self._screen, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.said += data.decode()
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# at a terminal --------------------------------------------------------------------------------------------------------
def test_a_new_user_at_a_terminal(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    """Mistakes are said and asked again; the end is a configuration that works."""
    user = dovecot.new_user()
    dovecot.deliver(user, letter(dovecot.address(user)))
    terminal = Terminal(tmp_path, "mail", *flags(dovecot, sink))
    terminal.answer("Address of the mailbox: ", "nobody at all")
    terminal.wait("is not an address")
    terminal.answer("Address of the mailbox: ", dovecot.address(user))
    terminal.answer("Password (not shown): ", "wrong-password")
    terminal.wait("wrong user or password")
    terminal.answer(f"User [{dovecot.address(user)}]: ", "")
    terminal.answer("Password (not shown): ", dovecot.password)
    terminal.wait("sent letters are in “Sent”")
    terminal.answer("[Lab]: ", 'Müller: "Söhne" & Co. #1')
    terminal.answer("[de]: ", "Catalan")
    terminal.wait('did you mean "ca"?')
    terminal.answer("[de]: ", "ca")
    terminal.answer("[Europe/Berlin]: ", "")
    assert terminal.end() == 0
    assert "To go live:" in terminal.said
    assert "1 letter" in terminal.said  # the backtest
    assert dovecot.password not in terminal.said.replace("wrong-password", "")
    settings = load_settings(tmp_path / "mail" / "rules.yaml")
    account = next(iter(settings.accounts.values()))
    assert (settings.shadow, settings.warnings, settings.brand.name) == (True, (), 'Müller: "Söhne" & Co. #1')
    assert (account.mailbox.language, str(account.mailbox.office.zone), account.sent) == ("ca", "Europe/Berlin", "Sent")
    assert account.imap.password() == dovecot.password
    assert sink.messages == ()


@pytest.mark.parametrize("how", ["ctrl-c at the password", "ctrl-c at the last question", "ctrl-d"])
def test_given_up_nothing_is_left(tmp_path: Path, dovecot: Dovecot, sink: Sink, how: str) -> None:
    user = dovecot.new_user()
    terminal = Terminal(tmp_path, "mail", *flags(dovecot, sink))
    if how == "ctrl-d":
        terminal.wait("Address of the mailbox: ")
        os.write(terminal._screen, b"\x04")
    else:
        terminal.answer("Address of the mailbox: ", dovecot.address(user))
        terminal.wait("Password (not shown): ")
        if "last" in how:
            os.write(terminal._screen, dovecot.password.encode() + b"\n")
            terminal.answer("[Lab]: ", "")
            terminal.answer("[de]: ", "")
            terminal.wait("[Europe/Berlin]: ")
        terminal.give_up()
    assert terminal.end() == 130
    assert "Nothing was written." in terminal.said
    assert "Traceback" not in terminal.said
    assert list(tmp_path.iterdir()) == []


def test_a_slip_in_the_name_of_a_server_costs_another_answer_only(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    terminal = Terminal(tmp_path, "mail", *(word for word in flags(dovecot, sink) if not word.startswith("--smtp")))
    terminal.answer("Address of the mailbox: ", dovecot.address(dovecot.new_user()))
    terminal.answer("Password (not shown): ", dovecot.password)
    terminal.answer("SMTP server, or your provider's name: ", "smtp.invalid")
    terminal.answer("SMTP server, or your provider's name: ", f"localhost:{sink.port}")
    terminal.wait("[Lab]: ")
    terminal.give_up()
    assert terminal.end() == 130


# with flags -----------------------------------------------------------------------------------------------------------
def test_with_flags_nothing_is_asked(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    done = run(tmp_path, f"--address={dovecot.address(user)}", "--password-file=-", "--yes", *flags(dovecot, sink),
               stdin=dovecot.password + "\n")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    files = {str(path.relative_to(tmp_path)): mode(path) for path in tmp_path.rglob("*") if path.suffix != ".md"}
    assert files == {"rules.yaml": 0o644, "templates": 0o755, "credentials": 0o700, "credentials/imap": 0o600}
    assert (tmp_path / "templates" / "acknowledgement.md").read_text() == (
        ROOT / "templates" / "acknowledgement.md"
    ).read_text()
    text = (tmp_path / "rules.yaml").read_text()
    assert text.startswith(f"# yaml-language-server: $schema={ROOT}/autoresponder/config/rules.schema.json\n")
    assert "password: {credential: imap}" in text  # which systemd gives to the service, and a prompt finds
    assert dovecot.password not in text + done.stdout + done.stderr
    settings = load_settings(tmp_path / "rules.yaml")
    account = settings.accounts[user]
    assert (account.mailbox.language, str(account.mailbox.office.zone)) == ("es", "Europe/Madrid")
    check = subprocess.run(
        [sys.executable, "-m", "autoresponder", "check", "--connect"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stdout + check.stderr
    before = text
    again = run(tmp_path, f"--address={dovecot.address(user)}", "--password-file=-", "--yes", stdin="x\n")
    assert again.returncode == 2
    assert "rules.yaml: is there already" in again.stderr
    assert (tmp_path / "rules.yaml").read_text() == before


def test_a_password_kept_elsewhere_stays_there(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    (tmp_path / "secret").write_text(dovecot.password + "\n")
    (tmp_path / "secret").chmod(0o600)
    for number, flag in enumerate(("--password-file=secret", "--password-command=cat ../secret")):
        folder = f"mail{number}"
        (tmp_path / folder).mkdir()
        done = run(tmp_path, folder, f"--address={dovecot.address(user)}", flag, "--yes", *flags(dovecot, sink))
        assert done.returncode == 0, done.stdout + done.stderr
        assert not (tmp_path / folder / "credentials").exists()
        account = next(iter(load_settings(tmp_path / folder / "rules.yaml").accounts.values()))
        assert account.imap.password() == dovecot.password


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "--address: is missing (give --address, or call init in a terminal)"),
        (["--address=x"], 2, '--address: "x" is not an address'),
        (["--address=a@b.example"], 2, "the password: is missing (give --password-file or --password-command)"),
        (["--address=a@b.example", "--password-file=none"], 2, "no such file or directory"),
        (["--address=a@b.example", "--password-command=false"], 2, "the command false failed with exit code 1"),
        (["--address=a@b.example", "--provider=postbox"], 2, "--provider: “postbox” is not known"),
        (["--address=a@b.example", "--password-command=echo x", "--imap-host=h:x"], 2, "is not HOST or HOST:PORT"),
        (
            ["--address=a@b.invalid", "--password-command=echo x"],
            3,
            "none of these is an IMAP server for us: imap.b.inv",
        ),
        (["--address=a@b.example", "--password-command=echo x", "--imap-host=127.0.0.1:1"], 3, "127.0.0.1:1: "),
        (["rules.yaml/x", "--address=a@b.example"], 2, "this is no folder that you may write to"),
        (["-", "--address=u1@lab.test", "--password-command=echo x"], 3, "wrong user or password"),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_errors_are_sentences(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, words: list[str], code: int, sentence: str
) -> None:
    if words[:1] == ["-"]:
        words = [*words[1:], *flags(dovecot, sink)]
    if words[:1] == ["rules.yaml/x"]:
        (tmp_path / "rules.yaml").touch()
    before = sorted(tmp_path.rglob("*"))
    done = run(tmp_path, *words)
    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["templates", "credentials"])
def test_when_it_cannot_write_nothing_is_left(tmp_path: Path, dovecot: Dovecot, sink: Sink, name: str) -> None:
    """A file is in the way of a folder: at once, or when the templates are there already."""
    user = dovecot.new_user()
    (tmp_path / name).write_text("mine")
    done = run(tmp_path, f"--address={dovecot.address(user)}", "--password-file=-", "--yes", *flags(dovecot, sink),
               stdin=dovecot.password)  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_places_are_tried_in_order_until_a_server_is_asked_for_the_password(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    nobody, first, second = (
        Place("localhost", 1, "tls"), Place("localhost", dovecot.imaps_port, "tls"),
        Place("localhost", dovecot.imap_port, "starttls"),
    )  # fmt: skip
    told: list[tuple[Place, bool]] = []

    def tell(place: Place, sentence: str) -> None:
        told.append((place, not sentence))

    right = Login(user, lambda: dovecot.password, ca_file=str(dovecot.certificates.ca))
    place, session = reach_imap([nobody, first, second], right, tell)
    session.close()
    assert (place, told) == (first, [(nobody, False), (first, True)])
    told.clear()
    wrong = Login(user, lambda: "wrong", ca_file=right.ca_file)
    with pytest.raises(LoginRefused) as refused:
        reach_imap([nobody, second, first], wrong, tell)
    assert (refused.value.server, told) == (second, [(nobody, False), (second, False)])


def test_the_password_is_shown_to_one_server_only(tmp_path: Path, dovecot: Dovecot, certificates: Certificates) -> None:
    """A server that cannot prove its name never hears it; nor does the next one after a refusal."""
    with Sink(logins={"u1@lab.test": "x"}) as in_clear:
        done = run(tmp_path, "--address=u1@lab.test", "--password-command=echo hunter2", "--yes",
                   f"--imap-host=localhost:{dovecot.imaps_port}", "--imap-security=tls")  # fmt: skip
        assert done.returncode == 3
        assert "certificate is not trusted" in done.stderr
        assert in_clear.messages == ()
    assert "hunter2" not in done.stdout + done.stderr + dovecot.log


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ([("INBOX", ""), ("Sent", ""), ("[Gmail]/Enviados", "\\sent")], ("[Gmail]/Enviados", True)),
        ([("INBOX.Gesendet", ""), ("INBOX.Trash", "")], ("INBOX.Gesendet", False)),
        ([("Sent Items", ""), ("sent", "")], ("sent", False)),
        ([("Mail/Envoyés", "")], ("Mail/Envoyés", False)),
        ([("INBOX", "")], ("Sent", False)),
    ],
)
def test_the_folder_of_sent_letters(folders: list[tuple[str, str]], expected: tuple[str, bool]) -> None:
    assert sent_folder([(name, frozenset(flags.split())) for name, flags in folders]) == expected


# pure -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("domain", "name"),
    [("gmail.com", "Gmail"), ("GMX.de", "GMX"), ("gmx.com", "GMX.com"), ("hotmail.es", "Outlook.com"),
     ("yahoo.co.uk", "Yahoo"), ("x.onmicrosoft.com", "Microsoft 365"), ("posteo.net", "Posteo"), ("live.io", ""),
     ("live.example.com", ""), ("example.com", ""), ("me.company.example", "")],
)  # fmt: skip
def test_providers_by_domain(domain: str, name: str) -> None:
    found = providers.by_domain(domain)
    assert (found.names[0] if found else "") == name


@pytest.mark.parametrize(
    ("hosts", "name"),
    [(["aspmx.l.google.com"], "Gmail"), (["example-com.mail.protection.outlook.com."], "Microsoft 365"),
     (["mx00.ionos.es"], "IONOS.es"), (["mx00.kundenserver.de"], "IONOS.de"), (["MX1.mail.OVH.net"], "OVH"),
     (["notgoogle.com"], ""), ([], "")],
)  # fmt: skip
def test_providers_by_mx(hosts: list[str], name: str) -> None:
    found = providers.by_mx(hosts)
    assert (found.names[0] if found else "") == name


def test_every_provider_is_reached_over_tls_and_known_by_one_name() -> None:
    for provider in providers.PROVIDERS:
        assert provider.imap.security == "tls"
        assert provider.smtp.security in ("tls", "starttls")
    names = [name.casefold() for provider in providers.PROVIDERS for name in provider.names]
    assert len(names) == len(set(names))
    assert all(providers.by_name(f" {name.upper()} ") for name in names)


def test_guesses_are_of_the_own_domain_and_never_in_clear() -> None:
    guesses = [*providers.imap_guesses("shop.example"), *providers.smtp_guesses("shop.example", "imap.shop.example")]
    assert {place.security for place in guesses} == {"tls", "starttls"}
    assert all(place.host.endswith("shop.example") for place in guesses)
    assert guesses[0] == Place("imap.shop.example", 993, "tls")


@pytest.mark.parametrize(
    ("written", "kind", "expected"),
    [("h", "imap", Place("h", 993, "tls")), ("h:143", "imap", Place("h", 143, "starttls")),
     ("h:1993", "imap", Place("h", 1993, "tls")), ("h", "smtp", Place("h", 587, "starttls")),
     ("h:465", "smtp", Place("h", 465, "tls")), ("h:2525", "smtp", Place("h", 2525, "starttls"))],
)  # fmt: skip
def test_a_place_as_people_write_it(written: str, kind: str, expected: Place) -> None:
    assert providers.place(written, "imap" if kind == "imap" else "smtp") == expected


@pytest.mark.parametrize(
    "company", ["Ñandú: #1", "true", "a'b\"c\\d", "{x}", "- x", "日本 & co", "12", "x: y", "é" * 90]
)
@pytest.mark.parametrize(
    ("imap", "smtp"),
    [(Place("h.example", 993, "tls"), Place("h.example", 587, "starttls")),
     (Place("h.example", 143, "starttls"), Place("h.example", 465, "tls")),
     (Place("h.example", 1993, "starttls"), Place("h.example", 465, "starttls")),
     (Place("127.0.0.1", 143, "none"), Place("127.0.0.1", 25, "none"))],
)  # fmt: skip
def test_what_is_written_reads_back_as_it_was_meant(tmp_path: Path, company: str, imap: Place, smtp: Place) -> None:
    start = Start(
        address="true@b.example", imap=imap, smtp=smtp, user="we, you: #1", smtp_user="", tokens=False,
        secret={"command": ["pass", "show", "a, b", "[x]", "it's"]}, sent=company, company=company, language="pt-BR",
        zone="Europe/Lisbon", country="", schema="/x",
    )  # fmt: skip
    path = tmp_path / "rules.yaml"
    path.write_text(rules_yaml(start))
    path.chmod(0o600)
    settings = load_settings(path, environ={})
    assert settings.warnings == ()
    (account,) = settings.accounts.values()
    assert (account.imap.host, account.imap.port, account.imap.security) == (imap.host, imap.port, imap.security)
    assert (account.smtp.host, account.smtp.port, account.smtp.security) == (smtp.host, smtp.port, smtp.security)
    assert (account.imap.user, account.smtp.user) == ("we, you: #1", "")
    assert account.imap.password.source == ("pass", "show", "a, b", "[x]", "it's")
    assert (account.sent, settings.brand.name) == (company, company)


# the resolver ---------------------------------------------------------------------------------------------------------
def resolver(answer: bytes) -> Iterator[tuple[str, int]]:
    """Answers one question with these bytes, after the number of the question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def serve() -> None:
            question, asker = listening.recvfrom(512)
            listening.sendto(question[:2] + answer, asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()
        thread.join(5)


NAME = b"\x04shop\x07example\0"
HEAD = b"\x81\x80\0\1\0\2\0\0\0\0" + NAME + b"\0\x0f\0\1"
TWO = (
    HEAD
    + b"\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\x08\0\x14\3mx2\xc0\x0c"
    + b"\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\x08\0\x0a\3mx1\xc0\x0c"
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TWO, ["mx1.shop.example", "mx2.shop.example"]),
        (b"\x81\x83\0\1\0\0\0\0\0\0" + NAME + b"\0\x0f\0\1", []),
        (TWO[:-3], []),
        (b"", []),
        (HEAD + b"\xc0\x1e\0\x0f" * 2, []),
        (b"\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\x0f\0\1", []),
    ],
)
def test_mail_servers(answer: bytes, expected: list[str]) -> None:
    for place in resolver(answer):
        assert mail_servers("shop.example", resolver=place) == expected


def test_no_resolver_is_no_failure() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()
    assert mail_servers("shop.example", resolver=closed) == []
    assert mail_servers("x" * 300 + ".example", resolver=closed) == []
