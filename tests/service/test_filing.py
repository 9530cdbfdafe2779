"""Copies of sent answers, against servers that speak a dialogue: where they go, what a refusal does, when it ends."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from autoresponder.config.settings import Account
from autoresponder.core.policy import Mailbox
from autoresponder.errors import RemoteError
from autoresponder.mail.imap import Session
from autoresponder.mail.servers import ImapServer, SmtpServer
from autoresponder.service.filing import KEEP, Filing
from autoresponder.service.writer import Writer
from autoresponder.store import Store, open_store
from tests.lab.machine import free_ports
from tests.mail.scripted_imap import CAPABILITIES, EOF, Raw, ScriptedImap, Step, login
from tests.store.make import NOW, start
from tests.store.test_copies import send

LATER = NOW + timedelta(hours=1)
EXTENDED = CAPABILITIES + b" SPECIAL-USE LIST-EXTENDED"
OK = b"%t OK done\r\n"
LETTER: list[Step] = [b"+ go\r\n", Raw("Subject: Thank you"), Raw(""), Raw("Hello"), Raw("")]


def listed(*folders: bytes) -> list[Step]:
    """LIST and its answer; each folder with its flags: `(\\Sent) "/" Gesendet`."""
    return [r'LIST "" "\*"', b"".join(b"* LIST " + one + b"\r\n" for one in folders) + OK]


def appended(folder: str, answer: bytes = OK) -> list[Step]:
    """APPEND of the one letter there is, as read, at the time when it was sent."""
    return [rf'APPEND "?{folder}"? \(\\Seen\) "22-Nov-2026 10:00:00 \+0000" \{{29\}}', *LETTER, answer]


def searched(folder: str, found: bytes) -> list[Step]:
    """From a login of its own to an answer to the search for the copy."""
    state = b"* 4 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 500] x\r\n%t OK [READ-ONLY] open\r\n"
    return [*login(), f'EXAMINE "?{folder}"?', state, r'UID SEARCH HEADER Message-ID "<ar\.1@example\.com>"',
            b"* SEARCH" + found + b"\r\n" + OK]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One answer was sent, whose copy is wanted."""
    store = open_store(tmp_path / "state.db")
    start(store)
    send(store, 1)
    yield store
    store.close()


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    writer = Writer(store)
    yield writer
    writer.close()


def account(port: int, sent: str = "Sent") -> Account:
    imap = ImapServer("127.0.0.1", port, "none", user="u", password=lambda: "p")
    return Account("contact", Mailbox("contact", "contact@example.com"), imap, SmtpServer("x", 25, "none"), sent=sent)


def filed(writer: Writer, dialogue: list[Step], filing: Filing | None = None, sent: str = "Sent") -> Filing:
    """One step over a session that speaks the dialogue."""
    with ScriptedImap([*login(), *dialogue]) as server:
        filing = filing or Filing(account(server.port, sent), writer, lambda: LATER)
        session = Session(account(server.port).imap, "contact")
        session.connect()
        filing.step(session)
        session.close()
    return filing


WHERE = [
    ((rb'() "/" INBOX', rb'() "/" Sent', rb'(\Sent) "/" Gesendet'), "Sent", "Sent"),
    ((rb'() "/" INBOX', rb'(\Sent) "/" Gesendet'), "Sent", "Gesendet"),
    ((rb'(\Noselect) "/" Sent', rb'(\HasNoChildren \Sent) "." INBOX.Sent'), "Sent", "INBOX.Sent"),
    ((rb'() "/" Entw&APw-rfe', rb'() "/" Sent'), "Entwürfe", "Entw&APw-rfe"),
]


@pytest.mark.parametrize(("folders", "wanted", "where"), WHERE)
def test_it_goes_where_sent_letters_are(
    writer: Writer, store: Store, folders: tuple[bytes, ...], wanted: str, where: str
) -> None:
    filing = filed(writer, [*listed(*folders), *appended(where)], sent=wanted)
    assert filing.trouble == ""
    assert store.next_copy("contact") is None


def test_a_folder_that_is_configured_anew_gets_the_next_one(writer: Writer, store: Store) -> None:
    folders = listed(rb'() "/" Sent', rb'() "/" Answers')
    filing = filed(writer, [*folders, *appended("Sent")])
    send(store, 2)
    filing.more()
    filing.account = account(0, "Answers")
    filed(writer, [*folders, *appended("Answers")], filing)
    assert filing.trouble == ""
    assert store.next_copy("contact") is None


def test_a_server_that_marks_folders_only_when_asked_is_asked(writer: Writer, store: Store) -> None:
    asked = [r'LIST "" "\*" RETURN \(SPECIAL-USE\)', b'* LIST (\\Sent) "/" Gesendet\r\n' + OK]
    with ScriptedImap([*login(EXTENDED), *asked, *appended("Gesendet")]) as server:
        filing = Filing(account(server.port), writer, lambda: LATER)
        session = Session(account(server.port).imap, "contact")
        session.connect()
        assert filing.step(session)
        assert not filing.step(session)  # there is no other
        session.close()
    assert store.next_copy("contact") is None


def test_no_folder_at_all_is_said_once_and_asked_again_only_later(
    writer: Writer, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    filing = filed(writer, listed(rb'() "/" INBOX'))
    filed(writer, [], filing)  # the server is left alone
    assert filing.trouble == (
        "contact/Sent: there is no such folder, and the server marks none as the one of sent letters"
        " (create it, say `sent: NAME`, or save_sent: false)"
    )
    filing.try_now()
    filed(writer, listed(rb'() "/" INBOX'), filing)
    assert len([r for r in caplog.records if "cannot be filed" in r.message]) == 1
    copy = store.next_copy("contact")
    assert copy is not None and copy.tried == 0


def test_what_was_refused_is_looked_for_before_it_is_filed_again(writer: Writer, store: Store) -> None:
    folders = listed(rb'() "/" Sent')
    filing = filed(writer, [*folders, *appended("Sent", b"%t NO [OVERQUOTA] over\r\n"), *folders])
    assert filing.trouble.startswith("contact/Sent: the mailbox is full")
    filing.try_now()
    with ScriptedImap(searched("Sent", b"")) as other:
        filing.account = account(other.port)
        filed(writer, [*folders, *appended("Sent")], filing)
    assert filing.trouble == ""
    assert store.next_copy("contact") is None


def test_what_is_there_already_is_not_filed_again(writer: Writer, store: Store) -> None:
    store.copy_begun(1)  # by a daemon that was killed before it could say how it ended
    with ScriptedImap(searched("Sent", b" 17")) as other:
        filing = Filing(account(other.port), writer, lambda: LATER)
        filed(writer, listed(rb'() "/" Sent'), filing)
    assert store.next_copy("contact") is None


def test_a_connection_that_breaks_is_the_watchers_to_mend(writer: Writer, store: Store) -> None:
    with ScriptedImap([*login(), *listed(rb'() "/" Sent'), 'APPEND "?Sent"?.*', EOF]) as server:
        filing = Filing(account(server.port), writer, lambda: LATER)
        session = Session(account(server.port).imap, "contact")
        session.connect()
        with pytest.raises(RemoteError):
            filing.step(session)
    copy = store.next_copy("contact")
    assert copy is not None and copy.tried == 1
    assert filing.trouble


def test_a_copy_is_given_up_in_the_end(writer: Writer, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedImap(login()) as server:
        filing = Filing(account(server.port), writer, lambda: NOW + KEEP + timedelta(days=1))
        session = Session(account(server.port).imap, "contact")
        session.connect()
        assert filing.step(session)
        session.close()
    assert store.next_copy("contact") is None
    assert [r.message for r in caplog.records] == ["the copy of reply 1 is given up: it could not be filed for 30 days"]


def test_without_a_connection_run_once_only_says_so(writer: Writer, store: Store) -> None:
    (port,) = free_ports(1)
    filing = Filing(account(port), writer, lambda: LATER)
    filing.all()
    assert filing.trouble.startswith(f"127.0.0.1:{port}: ")
    assert store.next_copy("contact") is not None
