"""Copies of sent answers: what is to be filed, in which order, and never anything that was not sent."""

from datetime import timedelta

from autoresponder.core.outbox import Event
from autoresponder.store import Store
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
