"""`save_sent` with the real daemon on a real Dovecot: each answer is filed once, whatever happens, and none waits."""

import signal
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from autoresponder.core.message import parse
from autoresponder.core.token import TOKEN_HEADER
from tests.e2e.house import House, letter
from tests.e2e.inside import one_round
from tests.lab import PATIENCE
from tests.lab.dovecot import Dovecot
from tests.lab.machine import wait_until
from tests.lab.sink import Sink

SAVE = "    save_sent: true\n"


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> House:
    """A house that sends straight to the recording sink."""
    return House(tmp_path, dovecot, sink.port)


def held(dovecot: Dovecot, user: str, folder: str = "Sent") -> int:
    """How many letters a folder has; one that is made at first sight is there afterwards."""
    with dovecot.session(user) as imap:
        return int(imap.select(folder, readonly=True)[1][0] or b"0")


def copies(dovecot: Dovecot, user: str, count: int, folder: str = "Sent") -> list[Message]:
    """The letters of a folder, when there are so many."""
    wait_until(lambda: held(dovecot, user, folder) >= count, f"{count} copies in {folder} of {user}")
    found = [message_from_bytes(raw) for raw in dovecot.letters(user, folder)]
    assert len(found) == count
    return found


def told(house: House) -> list[str]:
    """What `status` says of copies."""
    return [line for line in house.json("status")[0]["attention"] if "copies" in line]


def texts(message: Message) -> list[object]:
    """What a letter says, whatever its transfer encoding."""
    return [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]


def test_each_answer_is_filed_where_sent_letters_are(house: House, dovecot: Dovecot, sink: Sink) -> None:
    plain, other, closed, without = (dovecot.new_user() for _ in range(4))
    house.mailbox(plain, more=SAVE)
    house.mailbox(other, more=SAVE + "    sent: Versendet\n")  # which is not there: the one marked \Sent is
    house.mailbox(closed, more=SAVE)
    house.mailbox(without)
    for user in (plain, other, closed, without):
        assert held(dovecot, user) == 0
    folder = dovecot.mail(closed) / ".Sent" / "tmp"
    folder.chmod(0o500)  # no letter can be written
    with house.running():
        for user in (plain, other, closed, without):
            for name in ("ana", "bo"):
                sender = f"{name}.{user}@example.net"
                dovecot.deliver(user, letter(dovecot.address(user), sender), sender)
        sent = sink.wait(8)
        for user in (plain, other):
            for copy in copies(dovecot, user, 2):
                (original,) = [one.message for one in sent if one.message["Message-ID"] == copy["Message-ID"]]
                assert texts(copy) == texts(original)
                assert [(name, value) for name, value in copy.items() if "Transfer" not in name] == [
                    (name, value) for name, value in original.items() if "Transfer" not in name]  # fmt: skip
                assert copy[TOKEN_HEADER] and copy["Auto-Submitted"] == "auto-replied"  # no person wrote it
            assert dovecot.flags(user, "Sent") == [frozenset({"\\Seen"})] * 2
            assert dovecot.flags(user) == [frozenset()] * 2
        house.wait_log("copies of sent answers cannot be filed")
        assert held(dovecot, closed) == 0
        wait_until(lambda: told(house), "the trouble in `status`")
        (line,) = told(house)
        assert line.startswith(f"copies of sent answers wait ({closed}): {closed}/Sent: ")
        wanted = house.boxes[closed]
        house.boxes[closed] = wanted.replace(SAVE, "")
        house.reloaded()
        assert not told(house)  # nobody wants them any more
        folder.chmod(0o700)
        house.boxes[closed] = wanted
        house.reloaded()
        copies(dovecot, closed, 2)
    assert len(house.said("copies of sent answers cannot be filed")) == 1
    assert house.said("copies of sent answers are filed again")
    assert held(dovecot, without) == 0
    assert len(sink.messages) == 8
    one_round(house)  # nothing is left to be filed, and no copy is taken for a letter
    assert [held(dovecot, user) for user in (plain, other, closed)] == [2, 2, 2]


def test_killed_between_filing_and_recording_it_is_not_filed_again(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user, more=SAVE)
    assert held(dovecot, user) == 0
    house.environment = {"AUTORESPONDER_FAULT": "copy-filed:kill"}
    house.start()
    dovecot.deliver(user, letter(me), "ana@example.net")
    assert house.process.wait(PATIENCE) == -signal.SIGKILL
    (copy,) = copies(dovecot, user, 1)
    house.environment = {}
    with house.running():
        house.wait_log("was filed in Sent already")
        dovecot.deliver(user, letter(me, "bo@example.net"), "bo@example.net")
        first, second = copies(dovecot, user, 2)
    assert [first["To"], second["To"]] == [copy["To"], sink.messages[-1].message["To"]]
    assert len(sink.messages) == 2


def test_run_once_files_what_it_sent_and_what_was_left(house: House, dovecot: Dovecot, sink: Sink) -> None:
    user = dovecot.new_user()
    me = house.mailbox(user, more=SAVE)
    one_round(house)
    for name in ("ana", "bo"):
        dovecot.deliver(user, letter(me, f"{name}@example.net"), f"{name}@example.net")
    one_round(house)
    assert len(sink.messages) == 2
    for raw in [copy.as_bytes() for copy in copies(dovecot, user, 2)]:
        assert parse(raw).message_id
