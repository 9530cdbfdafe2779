"""The claims by which nobody is answered twice, as law of the database: unique keys, and one statement each.

A reply claims its letter, and its sender under its once scope where it has one; both or none. What is refused, what is
given back, and when a claim begins to age, is told in the package's docstring. All of it happens in the transaction of
whoever asks.
"""

from dataclasses import dataclass
from datetime import datetime

from autoresponder.core.outbox import State
from autoresponder.store.database import Database
from autoresponder.store.terms import NEVER, micros, on_states

ON_ITS_WAY = (State.PENDING, State.HELD, State.SENDING, State.IN_DOUBT)
"""States in which a reply may still go out by itself, or by an operator's word: its claim has not begun to age."""

_CLAIM_SCOPE = on_states(
    """
INSERT INTO answered (sender_key, scope, at, reply_id) VALUES (?, ?, ?, ?)
ON CONFLICT (sender_key, scope) DO UPDATE SET
    previous = CASE WHEN answered.reply_id = excluded.reply_id THEN answered.previous ELSE answered.at END,
    at = excluded.at, reply_id = excluded.reply_id
WHERE answered.reply_id = excluded.reply_id OR (answered.at <= ? AND NOT EXISTS (
    SELECT 1 FROM outbox WHERE outbox.id = answered.reply_id AND outbox.state {on_its_way}))
RETURNING at
""",
    on_its_way=ON_ITS_WAY,
)
_CLAIM_LETTER = """
INSERT INTO letters_answered (letter_key, at, reply_id) VALUES (?, ?, ?)
ON CONFLICT (letter_key) DO UPDATE SET at = letters_answered.at WHERE letters_answered.reply_id = excluded.reply_id
RETURNING at
"""
_GIVE_LETTER = "DELETE FROM letters_answered WHERE letter_key = ? AND reply_id = ?"
_GIVE_SCOPE = "DELETE FROM answered WHERE sender_key = ? AND scope = ? AND reply_id = ? AND previous IS NULL"
_RESTORE_SCOPE = """
UPDATE answered SET at = previous, previous = NULL, reply_id = NULL WHERE sender_key = ? AND scope = ? AND reply_id = ?
"""
_AGE_SCOPE = "UPDATE answered SET at = ? WHERE sender_key = ? AND scope = ? AND reply_id = ? AND at < ?"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a reply claims so that nobody is answered twice."""

    reply_id: int
    sender_key: str
    scope: str  # "": only the letter
    letter_key: str


class ClaimBook:
    """See the module's contract."""

    def __init__(self, db: Database) -> None:
        """The database is the store's."""
        self._db = db

    def take(self, claims: Claims, since: datetime | None, now: datetime) -> str:
        """Claims sender and letter for this reply: "" when they are its own now (or were before); else the reason why
        not, and nothing has changed."""
        at, oldest = micros(now), NEVER if since is None else micros(since)
        letter = (claims.letter_key, at, claims.reply_id)
        scope = (claims.sender_key, claims.scope, at, claims.reply_id, oldest)
        if claims.scope and not self._db.execute(_CLAIM_SCOPE, scope):
            copies = "SELECT 1 FROM letters_answered WHERE letter_key = ?"
            return "copy" if self._db.execute(copies, (claims.letter_key,)) else "once"
        if not self._db.execute(_CLAIM_LETTER, letter):
            self.give_back(claims)
            return "copy"
        return ""

    def give_back(self, claims: Claims) -> None:
        """It is not sent after all: what stood before stands again."""
        self._db.execute(_GIVE_LETTER, (claims.letter_key, claims.reply_id))
        if claims.scope:
            mine = (claims.sender_key, claims.scope, claims.reply_id)
            self._db.execute(_GIVE_SCOPE, mine)
            self._db.execute(_RESTORE_SCOPE, mine)

    def age(self, claims: Claims, now: datetime) -> None:
        """The letter went out now: from here on the window of its sender is counted."""
        at = micros(now)
        self._db.execute(_AGE_SCOPE, (at, claims.sender_key, claims.scope, claims.reply_id, at))
