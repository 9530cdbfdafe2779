"""One letter in hand, on disk: counted over deaths of the program, and by nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresponder.mail.fetched import Fetched
from autoresponder.service.care import DEATHS, Care
from autoresponder.service.writer import Writer
from autoresponder.store import Cursor, InHand, Store, StoreError, open_store
from tests.store.make import NOW

CURSOR = Cursor("contact", "INBOX", 7, 1, NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "state.db", daemon=True)
    yield made
    made.close()


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    made = Writer(store)
    yield made
    made.close()


def care(writer: Writer, *, crashed: bool = True) -> Care:
    """That of a new daemon."""
    return Care(writer, crashed=crashed, now=lambda: NOW)


def held(store: Store) -> InHand | None:
    return store.in_hand("contact", "INBOX")


class Death(BaseException):
    """The end of the program in this place."""


def dies_with(writer: Writer, uid: int) -> Fetched | None:
    """A daemon takes this letter in hand and is no more: nothing after it is carried out."""
    with pytest.raises(Death), care(writer).in_hand(CURSOR, uid) as unread:
        writer.close()  # so that nothing of it reaches the store any more
        raise Death
    return unread


def test_it_is_on_disk_while_in_hand(store: Store, writer: Writer) -> None:
    with care(writer).in_hand(CURSOR, 5) as unread:
        assert unread is None
        assert held(store) == InHand(7, 5, 1)
    assert held(store) is None


def test_what_is_found_in_hand_for_the_third_time_is_not_read(store: Store) -> None:
    found = [dies_with(Writer(store), 5) for _ in range(DEATHS + 1)]
    assert [bool(one) for one in found] == [False] * DEATHS + [True]
    last = found[-1]
    assert last and last.uid == 5 and not last.raw
    assert f"the program ended {DEATHS} times" in last.broken


def test_another_letter_begins_anew(store: Store, writer: Writer) -> None:
    for _ in range(DEATHS):
        dies_with(Writer(store), 5)
    for uid, uidvalidity in ((6, 7), (5, 8)):
        with care(writer).in_hand(Cursor("contact", "INBOX", uidvalidity, 1, NOW), uid) as unread:
            assert unread is None


def test_an_error_is_no_death(store: Store, writer: Writer) -> None:
    dies_with(Writer(store), 5)
    attentive = care(writer)
    for _ in range(DEATHS + 2):
        with pytest.raises(OSError, match="the server is away"), attentive.in_hand(CURSOR, 5) as unread:
            assert unread is None
            raise OSError("the server is away")
        assert held(store) == InHand(7, 5, 1)


def test_a_store_that_fails_makes_nobody_poison(store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be put down stays on disk; the same program does not count it again."""

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    attentive = care(writer)
    with monkeypatch.context() as broken:
        broken.setattr(store, "put_down", fail)
        for _ in range(DEATHS + 2):
            with pytest.raises(StoreError), attentive.in_hand(CURSOR, 5) as unread:
                assert unread is None
        assert held(store) == InHand(7, 5, 1)
    with attentive.in_hand(CURSOR, 5) as unread:
        assert unread is None
    assert held(store) is None


def test_care_ends_folder_by_folder(writer: Writer) -> None:
    attentive = care(writer)
    attentive.done("contact", "INBOX")
    assert not attentive.needed("contact", "INBOX")
    assert attentive.needed("contact", "Sales")
    assert not care(writer, crashed=False).needed("contact", "Sales")
