"""The IMAP session against scripted servers: what it must hear, what it must refuse, and its exact words."""

import base64
import select
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from autoresponder.errors import RemoteError
from autoresponder.mail.imap import IdleRefused, ImapServer, Session
from autoresponder.mail.transport import Line
from tests.lab.tls import Certificates
from tests.mail.scripted_imap import CAPABILITIES, EOF, GO, STARTTLS, Raw, ScriptedImap, Step, login, opening, selected

SECRET = "pa55 wörd"
CONTINUE = b"+ idling\r\n"


@pytest.fixture(params=["plain", "tls"])
def server_tls(request: pytest.FixtureRequest, certificates: Certificates) -> ssl.SSLContext | None:
    """Each dialogue is spoken in clear and over TLS."""
    return certificates.server.server_context() if request.param == "tls" else None


@pytest.fixture
def ca(certificates: Certificates) -> str:
    return str(certificates.ca)


@contextmanager
def session(server: ScriptedImap, ca: str = "", secret: str = SECRET, **settings: Any) -> Iterator[Session]:
    """A session with the scripted server, not yet connected."""
    settings = {"security": "tls" if ca else "none", "connect_timeout": 5, "read_timeout": 5} | settings
    made = Session(
        ImapServer("localhost", server.port, user="contact", password=lambda: secret, ca_file=ca, **settings), "contact"
    )
    try:
        yield made
    finally:
        made.close()


def opened(made: Session) -> Session:
    made.connect()
    made.select("INBOX")
    return made


def await_news(made: Session) -> None:
    """Returns when idle_news says so."""
    poll = select.poll()
    poll.register(made.fileno(), select.POLLIN)
    while not made.idle_news():
        assert poll.poll(5000), "nothing came"


def await_quietly(made: Session, heard_before: float) -> None:
    """Returns when something came that was no news."""
    poll = select.poll()
    poll.register(made.fileno(), select.POLLIN)
    while made.heard_at == heard_before:
        assert poll.poll(5000), "nothing came"
        assert not made.idle_news()


# IDLE ---------------------------------------------------------------------------------------------------------------
AT_ONCE = {
    "EXISTS in the same segment as the +": ([CONTINUE + b"* 5 EXISTS\r\n"], True),
    "EXISTS before the +": ([b"* 5 EXISTS\r\n" + CONTINUE], True),
    "EXPUNGE before the +": ([b"* 2 EXPUNGE\r\n", CONTINUE], True),
    "other reports before the +": ([b"* OK still here\r\n* 2 FETCH (FLAGS (\\Seen))\r\n" + CONTINUE], False),
    "the same EXISTS again": ([b"* 4 EXISTS\r\n* 0 RECENT\r\n" + CONTINUE], False),
    "a literal that looks like news": ([b"* 2 FETCH (BODY[TEXT] {14}\r\n\r\n* 9 EXISTS\r\n)\r\n" + CONTINUE], False),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_idle_tells_what_was_said_before_it_stood(name: str, server_tls: ssl.SSLContext | None, ca: str) -> None:
    said, news = AT_ONCE[name]
    script: list[Step] = [*selected(), "IDLE", *said, Raw("DONE"), b"%t OK done\r\n"]
    with ScriptedImap(script, server_tls) as server, session(server, ca if server_tls else "") as made:
        assert opened(made).idle() is news
        assert made.idle_done() is news


LATER: dict[str, list[bytes]] = {
    "one line": [b"* 5 EXISTS\r\n"],
    "a line in two pieces": [b"* 5 EXI", b"STS\r\n"],
    "a line break in two pieces": [b"* 5 EXISTS\r", b"\n"],
    "behind a literal in pieces": [b"* 3 FETCH (BODY[TEXT] {5}\r\nhel", b"lo", b" FLAGS ())\r\n* 5 EXISTS\r\n"],
    "three lines in one piece": [b"* OK here\r\n* 4 EXISTS\r\n* 1 EXPUNGE\r\n"],
    "forty lines": [b"".join(b"* %d FETCH (FLAGS ())\r\n" % n for n in range(40)), b"* 5 EXISTS\r\n"],
}


@pytest.mark.parametrize("name", LATER)
def test_idle_hears_everything_however_it_is_cut(name: str, server_tls: ssl.SSLContext | None, ca: str) -> None:
    pieces: list[bytes] = LATER[name]
    script: list[Step] = [*selected(), "IDLE", CONTINUE]
    for piece in pieces:
        script += [GO, piece]
    script += [Raw("DONE"), b"%t OK done\r\n"]
    with ScriptedImap(script, server_tls) as server, session(server, ca if server_tls else "") as made:
        assert opened(made).idle() is False
        for _ in pieces[:-1]:
            before = made.heard_at
            server.go()
            await_quietly(made, before)
        server.go()
        await_news(made)
        assert made.idle_done()
        assert made.alive


def test_news_said_with_the_end_of_idle_are_news() -> None:
    script = [*selected(), "IDLE", CONTINUE, Raw("DONE"), b"* 5 EXISTS\r\n%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        assert opened(made).idle() is False
        assert made.idle_done() is True


def test_news_said_during_a_search_are_news_of_the_next_idle() -> None:
    search: list[Step] = ["UID SEARCH UID 5:\\*", b"* SEARCH\r\n* 5 EXISTS\r\n%t OK done\r\n"]
    script: list[Step] = [*selected(), *search, "IDLE", CONTINUE, Raw("DONE"), b"%t OK done\r\n"]
    script += ["UID SEARCH UID 5:\\*", b"* SEARCH 9\r\n%t OK done\r\n", "NOOP", b"%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        assert opened(made).uids_from(5) == []
        assert made.idle() is True
        assert made.idle_done() is True
        assert made.uids_from(5) == [9]
        assert made.noop() is False


ENDS: dict[str, tuple[list[Step], str]] = {
    "EOF": ([EOF], "the server closed the connection"),
    "BYE": ([b"* BYE shutting down\r\n", EOF], 'the server ended the connection: "shutting down"'),
    "BYE alone": ([b"* BYE [UNAVAILABLE] later\r\n"], 'the account is temporarily unavailable: "later"'),
    "tagged BAD": ([b"%t BAD too long idle\r\n"], "BAD too long idle"),
    "a huge literal": ([b"* 1 FETCH (BODY[] {9000000}\r\nxx"], "much more than a notice"),
    "an endless line": ([b"* OK " + b"x" * 70000], "much more than a notice"),
}


@pytest.mark.parametrize("name", ENDS)
def test_idle_that_ends_raises_once_and_for_all(name: str, server_tls: ssl.SSLContext | None, ca: str) -> None:
    steps, words = ENDS[name]
    script: list[Step] = [*selected(), "IDLE", CONTINUE, GO, *steps]
    with ScriptedImap(script, server_tls) as server, session(server, ca if server_tls else "") as made:
        assert opened(made).idle() is False
        server.go()
        with pytest.raises(RemoteError) as caught:
            await_news(made)
            made.idle_done()
        assert words in str(caught.value)
        assert not made.alive
        for again in (made.idle_news, made.noop, lambda: list(made.fetch([1])), made.folders):
            with pytest.raises(RemoteError, match=r"not connected|ended the connection|unavailable"):
                again()


def test_idle_refused_leaves_the_session_to_poll_with() -> None:
    script = [*selected(), "IDLE", b"%t NO not today\r\n", "NOOP", b"* 5 EXISTS\r\n%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        assert opened(made).can_idle
        with pytest.raises(IdleRefused, match='contact/INBOX: the server refused IDLE: "NO not today"'):
            made.idle()
        assert made.alive
        assert not made.can_idle
        assert made.noop() is True


# connecting -----------------------------------------------------------------------------------------------------------
REFUSALS: dict[str, tuple[list[Step], dict[str, str], str, bool]] = {
    "greeted with BYE": (
        [b"* BYE Too many connections from your address\r\n"],
        {},
        'too many connections: "Too many connections from your address" (close other mail programs',
        False,
    ),
    "closed at once": ([EOF], {}, "the server closed the connection", False),
    "not IMAP": ([b"HTTP/1.1 400 Bad Request\r\n"], {}, "no IMAP server answers there", True),
    "PREAUTH": (opening(greeting=b"* PREAUTH hello\r\n"), {}, "logged in already (PREAUTH)", True),
    "PREAUTH before STARTTLS": (
        opening(greeting=b"* PREAUTH hello\r\n"),
        {"security": "starttls"},
        "logged in already (PREAUTH)",
        True,
    ),
    "STARTTLS stripped": (
        opening(),
        {"security": "starttls"},
        "the server does not offer STARTTLS; refusing to go on in clear (use tls as security",
        True,
    ),
    "STARTTLS refused": (
        [*opening(b"IMAP4rev1 STARTTLS"), "STARTTLS", b"%t NO not now\r\n"],
        {"security": "starttls"},
        '"not now"',
        False,
    ),
    "words slipped in before TLS": (
        [*opening(b"IMAP4rev1 STARTTLS"), "STARTTLS", b"%t OK go\r\n* CAPABILITY IMAP4rev1\r\n"],
        {"security": "starttls"},
        "data in clear after STARTTLS",
        True,
    ),
    "LOGINDISABLED": (opening(b"IMAP4rev1 LOGINDISABLED"), {"secret": "plain"}, "allows no login with", True),
    "no TLS at all": ([b"* OK ready\r\n"], {"security": "tls"}, "does not speak TLS on this port", True),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_before_a_password_is_sent(name: str) -> None:
    script, settings, words, fatal = REFUSALS[name]
    with ScriptedImap(script) as server, session(server, **settings) as made:
        with pytest.raises(RemoteError) as caught:
            made.connect()
        assert words in str(caught.value)
        assert caught.value.place == f"localhost:{server.port}"
        assert caught.value.fatal is fatal
        assert not made.alive
    assert not any(b"AUTH" in line or b"LOGIN" in line for line in server.heard)


def test_no_password_in_clear_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "is_loopback", False)
    with ScriptedImap([]) as server, session(server) as made, pytest.raises(RemoteError, match="in clear over the net"):
        made.connect()
    assert server.heard == []


def test_starttls_and_capabilities_told_before_it_do_not_count(certificates: Certificates, ca: str) -> None:
    script = [*opening(b"IMAP4rev1 STARTTLS LOGINDISABLED IDLE"), "STARTTLS", b"%t OK go\r\n", STARTTLS]
    script += ["CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%t OK done\r\n", "AUTHENTICATE PLAIN", b"+ \r\n"]
    script += [Raw(".+"), b"%t OK in\r\n", "CAPABILITY", b"* CAPABILITY IMAP4rev1 MOVE\r\n%t OK done\r\n"]
    context = certificates.server.server_context()
    with ScriptedImap(script, context, implicit=False) as server, session(server, ca, security="starttls") as made:
        made.connect()
        assert made.capabilities == {"IMAP4REV1", "MOVE"}
        assert not made.can_idle


LOGINS = {
    b"[AUTHENTICATIONFAILED] no": ('wrong user or password: "no" (check user and password', True),
    b"nope": ('the server refused the login of contact: "nope" (check user and password', True),
    b"[UNAVAILABLE] try later": ("the account is temporarily unavailable", False),
    b"[LIMIT] Maximum number of connections exceeded": ("too many connections", False),
    b"[CONTACTADMIN] call us": ("asks you to contact its administrator", True),
    b"[PRIVACYREQUIRED] TLS please": ("accepts passwords only over TLS", True),
    b"[WEBALERT https://example.com] Web login required": ("log in with a browser", True),
    b"Temporary authentication failure": ("temporarily unavailable", False),
    b"bad login for " + SECRET.encode(): ("the server refused the login of contact (check", True),
    b"bad: " + base64.b64encode(b"\0contact\0" + SECRET.encode()): ("refused the login of contact (check", True),
}


@pytest.mark.parametrize("answer", LOGINS)
def test_why_a_login_failed_and_never_the_password(answer: bytes) -> None:
    words, fatal = LOGINS[answer]
    script = [*opening(), "AUTHENTICATE PLAIN", b"+ \r\n", Raw(".+"), b"%t NO " + answer + b"\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        with pytest.raises(RemoteError) as caught:
            made.connect()
        error = caught.value
        assert words in str(error)
        assert error.fatal is fatal
        assert error.__cause__ is None
        assert error.__suppress_context__
        encoded = base64.b64encode(f"\0contact\0{SECRET}".encode()).decode()
        for text in (str(error), repr(error), repr(made.server)):
            assert SECRET not in text
            assert encoded not in text
    assert base64.b64decode(server.heard[-1]).decode() == f"\0contact\0{SECRET}"


def test_login_command_where_plain_is_not_offered() -> None:
    script = [*opening(b"IMAP4rev1"), r'LOGIN "contact" "say \\"hi\\\\\\""', b"%t OK in\r\n"]
    script += ["CAPABILITY", b"* CAPABILITY IMAP4rev1 IDLE\r\n%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server, secret='say "hi\\"') as made:
        made.connect()
        assert made.can_idle


OAUTH = {
    b"AUTH=XOAUTH2": ("AUTHENTICATE XOAUTH2", b"user=contact\1auth=Bearer t0ken\1\1", ""),
    b"AUTH=OAUTHBEARER": ("AUTHENTICATE OAUTHBEARER", b"n,a=contact,\1auth=Bearer t0ken\1\1", "AQ=="),
}


@pytest.mark.parametrize("offered", OAUTH)
def test_a_refused_token_is_refused_with_the_servers_reason(offered: bytes) -> None:
    command, initial, answer = OAUTH[offered]
    reason = base64.b64encode(b'{"status":"invalid_token","scope":"mail"}')
    script = [*opening(b"IMAP4rev1 " + offered), command, b"+ \r\n", Raw(".+"), b"+ " + reason + b"\r\n"]
    script += [Raw(answer), b"%t NO [AUTHENTICATIONFAILED] Invalid credentials\r\n"]
    with ScriptedImap(script) as server, session(server, login="oauth2", secret="t0ken") as made:
        with pytest.raises(RemoteError, match=r'"status":"invalid_token".*renew the authorisation') as caught:
            made.connect()
        assert "t0ken" not in str(caught.value)
        assert caught.value.fatal
    assert base64.b64decode(server.heard[2]) == initial


def test_abort_ends_a_call_that_waits(server_tls: ssl.SSLContext | None, ca: str) -> None:
    script = [*selected(), "NOOP", Raw("")]  # the server sees the end of the connection, and waits for it 10 s at most
    with (
        ScriptedImap(script, server_tls) as server,
        session(server, ca if server_tls else "", read_timeout=60) as made,
    ):
        opened(made)
        threading.Timer(0.05, made.abort).start()
        with pytest.raises(RemoteError, match="given up"):
            made.noop()
        with pytest.raises(RemoteError, match="given up"):
            made.connect()


def test_close_says_goodbye_and_never_raises() -> None:
    with ScriptedImap([*login(), "LOGOUT", b"* BYE bye\r\n%t OK done\r\n"]) as server, session(server) as made:
        made.connect()
        made.close()
        made.close()
    with ScriptedImap([*selected(), "IDLE", CONTINUE, Raw("DONE"), "LOGOUT"]) as server, session(server) as made:
        opened(made).idle()
        made.close()


# folders and searches -------------------------------------------------------------------------------------------------
def test_folder_names_are_decoded_and_missing_ones_guessed() -> None:
    listing = (
        b'* LIST (\\HasNoChildren \\Sent) "." "INBOX.Sent"\r\n* LIST () "." "Entw&APw-rfe"\r\n* LIST () "." "1234"\r\n'
        b'* LIST (\\Noselect) "." {7}\r\nLiteral\r\n* LIST () NIL INBOX\r\n%t OK done\r\n'
    )
    script = [*login(), 'LIST "" "\\*"', listing]
    for encoded in ("Sent", "Entw&APw-prfe", "1234"):
        script += [f'EXAMINE "?{encoded}"?', b"%t NO [NONEXISTENT] no\r\n", 'LIST "" "\\*"', listing]
    with ScriptedImap(script) as server, session(server) as made:
        made.connect()
        assert made.folders() == [
            ("INBOX.Sent", frozenset({"\\hasnochildren", "\\sent"})),
            ("Entwürfe", frozenset()),
            ("1234", frozenset()),
            ("Literal", frozenset({"\\noselect"})),
            ("INBOX", frozenset()),
        ]
        for folder, words in (
            ("Sent", 'contact/Sent: there is no such folder (did you mean "INBOX.Sent"?)'),
            ("Entwüprfe", 'contact/Entwüprfe: there is no such folder (did you mean "Entwürfe"?)'),
            ("1234", 'contact/1234: there is no such folder: "no"'),  # it is listed: the server's word, then
        ):
            with pytest.raises(RemoteError) as caught:
                made.select(folder)
            assert str(caught.value) == words
            assert caught.value.fatal
            assert made.alive


def test_a_folder_without_uidnext_is_counted() -> None:
    script = [*login(), ".*INBOX.*", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n%t OK done\r\n"]
    script += ["UID SEARCH UID \\*", b"* SEARCH 41\r\n%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        made.connect()
        assert made.select("INBOX").uidnext == 42


def test_a_search_from_beyond_the_last_message_finds_nothing() -> None:
    script = [*selected(), "UID SEARCH UID 500:\\*", b"* SEARCH 499\r\n%t OK done\r\n"]  # RFC 3501: n:* holds the last
    with ScriptedImap(script) as server, session(server) as made:
        assert opened(made).uids_from(500) == []


def test_a_huge_folder_is_searched_in_spans_from_the_newest_down() -> None:
    script = [*selected(exists=120_000)]
    for span, found in ((r"70001:\*", b"90 70"), (r"20001:70000", b"50 70"), (r"1:20000", b"")):
        script += [f"UID SEARCH {span} UID 50:\\*", b"* SEARCH " + found + b"\r\n%t OK done\r\n"]
    for span, found in ((r"70001:\*", b""), (r"20001:70000", b"60"), (r"1:20000", b"5")):
        script += [f"UID SEARCH {span} SINCE 1-Nov-2026", b"* SEARCH " + found + b"\r\n%t OK done\r\n"]
    script += [r"UID SEARCH 70001:\* UID 500:\*", b"* SEARCH 90\r\n%t OK done\r\n"]
    with ScriptedImap(script) as server, session(server) as made:
        assert opened(made).uids_from(50) == [50, 70, 90]
        assert made.uids_since(datetime(2026, 11, 1, tzinfo=UTC).date()) == [5, 60]
        assert made.uids_from(500) == []  # with one command


# messages -------------------------------------------------------------------------------------------------------------
WHEN = b'INTERNALDATE "02-Nov-2026 10:00:00 +0100"'


def data(uid: int, body: bytes = b"{5}\r\nhello", rest: bytes = b"RFC822.SIZE 5 FLAGS (\\Seen) " + WHEN) -> bytes:
    """A FETCH response."""
    return b"* %d FETCH (UID %d %s BODY[]<0> %s)\r\n" % (uid, uid, rest, body)


def fetch(script: list[Step], uids: list[int], limit: int = 100) -> list[Any]:
    with ScriptedImap([*selected(), *script]) as server, session(server) as made:
        found = list(opened(made).fetch(uids, limit))
        assert made.alive
        return found


NO_MORE: list[Step] = ["UID SEARCH UID .*", b"* SEARCH\r\n%t OK done\r\n"]
"""What was asked for and did not come is no longer there."""


def test_a_fetched_message_has_its_facts_in_the_order_asked_for() -> None:
    updates = b"* 5 FETCH (FLAGS (\\Seen $x))\r\n* 9 FETCH (UID 9 FLAGS ())\r\n* 6 EXISTS\r\n"
    answer = data(3) + updates + data(2, b'"a\\"b"') + data(1, b"{0}\r\n") + b"%t OK done\r\n"
    one, two, three = fetch(["UID FETCH 1:3,7 .*", answer, *NO_MORE], [1, 2, 3, 7])
    assert (one.raw, two.raw, three.raw) == (b"", b'a"b', b"hello")
    assert (three.uid, three.size, three.flags, three.broken) == (3, 5, {"\\Seen"}, "")
    assert three.arrived == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


BROKEN = {
    "NIL": (data(1, b"NIL"), "the server gave no content for this message"),
    "no date": (data(1, rest=b"RFC822.SIZE 5 FLAGS ()"), "no readable INTERNALDATE"),
    "no flags": (data(1, rest=b"RFC822.SIZE 5 " + WHEN), "no readable flags"),
    "no size": (data(1, rest=b"FLAGS () " + WHEN), "no readable size"),
    "half a list": (b"* 1 FETCH (UID 1 FLAGS (\r\n", "ends too early"),
    "a line over 1 MB": (b"* 1 FETCH (UID 1 FLAGS (" + b"x " * 600_000 + b"))\r\n", "too long"),
    "nested without end": (b"* 1 FETCH " + b"(" * 5000 + b"\r\n", "nested too deep"),
    "refused": (b"", 'the server did not give this message: "Internal error reading it"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_bad_message_does_not_stop_the_others(name: str) -> None:
    bad, words = BROKEN[name]
    end = b"%t OK done\r\n" if bad else b"%t NO Internal error reading it\r\n"
    script: list[Step] = ["UID FETCH 1:2 .*", data(2) + bad + end, "UID FETCH 1 .*", bad + end]
    one, two = fetch(script, [1, 2])
    assert words in one.broken
    assert (one.uid, one.raw, one.outline) == (1, b"", None)
    assert (two.raw, two.broken) == (b"hello", "")


@pytest.mark.parametrize(("second", "broken"), [(data(1) + b"%t OK done\r\n", ""), (b"%t BAD Unknown\r\n", "Unknown")])
def test_a_trouble_is_only_the_message_s_when_it_comes_again(second: bytes, broken: str) -> None:
    (one,) = fetch(["UID FETCH 1 .*", b"%t BAD Unknown\r\n", "UID FETCH 1 .*", second], [1])
    assert (one.uid, bool(one.raw)) == (1, not broken)
    assert broken in one.broken
    assert bool(one.broken) == bool(broken)


@pytest.mark.parametrize(("second", "broken"), [(data(1), ""), (b"", "does not give it")])
def test_a_message_that_the_answer_passed_over_is_asked_for_again(second: bytes, broken: str) -> None:
    done = b"%t OK done\r\n"
    script: list[Step] = ["UID FETCH 1:2 .*", data(2) + b"\x80\x81" + data(1) + done]
    script += ["UID SEARCH UID 1", b"* SEARCH 1\r\n" + done, "UID FETCH 1 .*", second + done]
    one, two = fetch(script, [1, 2])
    assert (one.uid, two.uid, two.broken) == (1, 2, "")
    assert broken in one.broken
    assert bool(one.broken) == bool(broken)


def test_a_message_gone_meanwhile_is_left_out_and_a_server_in_trouble_is_no_bad_message() -> None:
    gone = b"%t NO [EXPUNGEISSUED] Some of the requested messages no longer exist.\r\n"
    assert [one.uid for one in fetch(["UID FETCH 1:2 .*", data(2) + gone, *NO_MORE], [1, 2])] == [2]
    with pytest.raises(RemoteError, match="temporarily unavailable"):
        fetch(["UID FETCH 1:2 .*", data(2) + b"%t NO [UNAVAILABLE] storage is away\r\n"], [1, 2])


def test_the_size_of_a_whole_message_is_counted_not_believed() -> None:
    answer = data(1, rest=b"FLAGS () RFC822.SIZE 99 " + WHEN) + b"%t OK done\r\n"
    assert [one.size for one in fetch(["UID FETCH 1 .*", answer], [1])] == [5]


def test_a_server_that_ignores_the_limit_is_read_over() -> None:
    whole = b"Subject: x\r\n\r\n" + b"y" * 3_000_000
    answer = data(1, b"{%d}\r\n" % len(whole) + whole, b"FLAGS () RFC822.SIZE 3000014 " + WHEN) + b"%t OK done\r\n"
    (one,) = fetch(["UID FETCH 1 .*", answer, "UID FETCH 1 .*BODYSTRUCTURE.*", b"%t NO cannot\r\n"], [1])
    assert (one.raw, one.size, one.outline, one.broken) == (whole[:100], len(whole), None, "")


def test_an_absurd_literal_is_not_read() -> None:
    with (
        ScriptedImap([*selected(), "UID FETCH 1 .*", data(1, b"{99999999999}\r\n")]) as server,
        session(server) as made,
    ):
        opened(made)
        with pytest.raises(RemoteError, match="99999999999 octets"):
            list(made.fetch([1]))
        assert not made.alive


BIG = b"FLAGS () RFC822.SIZE 900000 " + WHEN
STRUCTURE = (
    b'(("text" "plain" ("charset" "UTF-8") NIL NIL "BASE64" 52 1 NIL NIL NIL NIL)'
    b'("application" "pdf" ("name" "=?utf-8?q?f=C3=A1?=") NIL NIL "base64" 800000 NIL'
    b' ("attachment" ("filename*0*" "utf-8\'\'r%C3%A9" "filename*1" "sum.pdf")) NIL NIL) "mixed" ("boundary" "b"))'
)


def test_a_long_message_comes_with_its_whole_header_and_its_outline() -> None:
    header = b"Subject: x\r\nX-Long: " + b"y" * 200 + b"\r\n\r\n"
    script: list[Step] = [
        "UID FETCH 1 .*",
        data(1, b"{100}\r\n" + header[:100], BIG) + b"%t OK done\r\n",
        "UID FETCH 1 .*BODYSTRUCTURE.*HEADER.*",
        b"* 1 FETCH (UID 1 BODYSTRUCTURE %s BODY[HEADER]<0> {%d}\r\n%s)\r\n%%t OK done\r\n"
        % (STRUCTURE, len(header), header),
        "UID FETCH 1 .*BODY.PEEK\\[1\\]<0.100>.*",
        b"* 1 FETCH (UID 1 BODY[1]<0> {8}\r\naGVsbG8=)\r\n%t OK done\r\n",
    ]
    (one,) = fetch(script, [1])
    assert one.raw == header
    assert one.size == 900_000
    assert one.outline.types == ("multipart/mixed", "text/plain", "application/pdf")
    assert [(a.name, a.type, a.size) for a in one.outline.attachments] == [("résum.pdf", "application/pdf", 800_000)]
    assert (one.outline.text, one.outline.charset, one.outline.encoding) == (b"aGVsbG8=", "utf-8", "base64")


def test_a_long_message_with_an_unreadable_outline_keeps_its_beginning() -> None:
    raw = b"Subject: x\r\n\r\n" + b"y" * 86
    for answer in (
        b"* 1 FETCH (UID 1 BODYSTRUCTURE %s)\r\n%%t OK done\r\n" % (b"(" * 3000),
        b"%t NO no\r\n",
        b"%t OK done\r\n",
    ):
        (one,) = fetch(
            ["UID FETCH 1 .*", data(1, b"{100}\r\n" + raw, BIG) + b"%t OK done\r\n", "UID FETCH 1 .*", answer], [1]
        )
        assert (one.raw, one.outline, one.broken, one.size) == (raw, None, "", 900_000)


# changes --------------------------------------------------------------------------------------------------------------
def writable() -> list[Step]:
    """A read-only folder opened again for writing."""
    return ['SELECT "?INBOX"?', b"* 4 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 500] x\r\n%t OK done\r\n"]


def test_what_changed_while_the_folder_was_opened_for_writing_is_news() -> None:
    script = [*selected(), *writable(), "UID STORE 2 \\+FLAGS.SILENT \\(\\$Done\\)", b"%t OK done\r\n"]
    with ScriptedImap([*script, "NOOP", b"%t OK done\r\n"]) as server, session(server) as made:
        opened(made).mark([2], ["$Done"])
        assert made.noop() is True


def test_moving_without_move_expunges_only_what_was_copied() -> None:
    offered = b"IMAP4rev1 UIDPLUS AUTH=PLAIN"
    script = [*selected(capabilities=offered), *writable(), 'UID COPY 2,3 "?Done"?', b"%t OK done\r\n"]
    script += [
        "UID STORE 2:3 \\+FLAGS.SILENT \\(\\\\Deleted\\)",
        b"%t OK done\r\n",
        "UID EXPUNGE 2:3",
        b"%t OK done\r\n",
    ]
    with ScriptedImap(script) as server, session(server) as made:
        opened(made).move([2, 3], "Done")


def test_moving_where_only_a_plain_expunge_is_offered_is_refused() -> None:
    with ScriptedImap(selected(capabilities=b"IMAP4rev1 AUTH=PLAIN")) as server, session(server) as made:
        opened(made)
        with pytest.raises(RemoteError, match="a plain EXPUNGE would delete other letters as well"):
            made.move([2], "Done")
        assert made.alive


def test_marking_a_folder_renumbered_meanwhile_is_refused() -> None:
    renumbered = b"* 4 EXISTS\r\n* OK [UIDVALIDITY 8] x\r\n* OK [UIDNEXT 500] x\r\n%t OK done\r\n"
    with ScriptedImap([*selected(), 'SELECT "?INBOX"?', renumbered]) as server, session(server) as made:
        opened(made)
        with pytest.raises(RemoteError, match="renumbered"):
            made.mark([2], ["$Answered"])


@pytest.mark.parametrize("keyword", ["a b", "x\r\ny", "(", "", "é", '"'])
def test_a_keyword_cannot_smuggle_anything_in(keyword: str) -> None:
    with ScriptedImap(selected(capabilities=CAPABILITIES)) as server, session(server) as made:
        opened(made)
        with pytest.raises(RemoteError, match="cannot be a keyword"):
            made.mark([2], [keyword])
