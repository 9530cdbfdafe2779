"""Copies of sent answers: what is to be filed, in which order, and never anything that was not sent."""

from datetime import timedelta

from autoresponder.core.outbox import Event
from autoresponder.store import HEAVY, Store
from tests.store.make import HOUR, NOW, answer, queue, record, start, walk

SENT = (Event.CLAIM, Event.FINAL_DOT, Event.ACCEPTED)


def send(store: Store, uid: int, *, at: timedelta = timedelta(0), mailbox: str = "contact", copy: bool = True) -> int:
    """An answer that was sent."""
    made = answer(uid, f"p{uid}@example.org", mailbox=mailbox, copy=copy)
    (outcome,) = record(store, made, mailbox=mailbox)
    assert outcome.reply_id is not None
    for event in SENT:
        if event is Event.CLAIM:
            store.claim(NOW, 10, "me")
        else:
            assert store.move(outcome.reply_id, event, NOW + at)
    return outcome.reply_id


def test_only_what_was_sent_and_is_wanted_of_this_mailbox(store: Store) -> None:
    start(store)
    send(store, 1, copy=False)
    send(store, 2, mailbox="other")
    waiting = queue(store, answer(3, copy=True))
    assert waiting is not None
    assert store.next_copy("contact") is None
    walk(store, waiting, Event.DROP)
    assert store.next_copy("contact") is None
    reply = send(store, 4, at=HOUR)
    copy = store.next_copy("contact")
    assert copy is not None
    assert (copy.reply_id, copy.message_id, copy.sent, copy.tried) == (reply, "<ar.4@example.com>", NOW + HOUR, 0)
    assert copy.raw == b"Subject: Thank you\r\n\r\nHello\r\n"


def test_what_is_done_is_not_offered_again_and_what_failed_comes_last(store: Store) -> None:
    start(store)
    first, second, third = (send(store, uid) for uid in (1, 2, 3))
    order = []
    store.copy_begun(first)  # and refused
    while copy := store.next_copy("contact"):
        order.append((copy.reply_id, copy.tried))
        store.copy_done(copy.reply_id)
    assert order == [(second, 0), (third, 0), (first, 1)]
    store.copy_done(first)  # once more changes nothing


def test_an_answer_that_turns_out_to_have_arrived_gets_its_copy(store: Store) -> None:
    start(store)
    reply = queue(store, answer(1, copy=True))
    assert reply is not None
    store.claim(NOW, 10, "me")
    for event in (Event.FINAL_DOT, Event.NO_ANSWER):
        store.move(reply, event, NOW)
    assert store.next_copy("contact") is None
    store.move(reply, Event.CLOSE, NOW + HOUR)
    copy = store.next_copy("contact")
    assert copy is not None and copy.sent == NOW + HOUR


def raw_of(store: Store, reply: int) -> int:
    """Octets of a reply that the state keeps."""
    letter = store.letter(reply)
    assert letter is not None
    return len(letter.raw)


def test_a_heavy_letter_is_read_when_its_turn_has_come_and_not_kept_when_it_is_sent(store: Store) -> None:
    start(store)
    heavy, light = b"x" * (HEAVY + 1), b"y" * HEAVY
    first = queue(store, answer(1, "a@example.org", raw=heavy))
    second = queue(store, answer(2, "b@example.org", raw=light))
    assert first is not None and second is not None
    assert [letter.raw for letter in store.claim(NOW, 10, "me")] == [b"", light]
    assert raw_of(store, first) == len(heavy)
    for reply in (first, second):
        store.move(reply, Event.FINAL_DOT, NOW)
    store.move(first, Event.NO_ANSWER, NOW)
    assert raw_of(store, first) == len(heavy)  # it may have to be sent again
    store.move(first, Event.CLOSE, NOW)
    store.move(second, Event.ACCEPTED, NOW)
    assert (raw_of(store, first), raw_of(store, second)) == (0, HEAVY)


def test_a_heavy_letter_is_kept_until_its_copy_is_filed(store: Store) -> None:
    start(store)
    reply = queue(store, answer(1, raw=b"x" * (HEAVY + 1), copy=True))
    assert reply is not None
    store.claim(NOW, 10, "me")
    for event in (Event.FINAL_DOT, Event.ACCEPTED):
        store.move(reply, event, NOW)
    copy = store.next_copy("contact")
    assert copy is not None and len(copy.raw) == HEAVY + 1
    store.copy_done(reply)
    assert raw_of(store, reply) == 0
