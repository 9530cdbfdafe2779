-- The first schema. Times are microseconds since 1970-01-01 UTC; flags are 0 or 1.
-- Written for SQLite; PostgreSQL reads it after the words that differ (types, STRICT) were exchanged.

-- What the store knows of itself: `schema` (number of the last migration), `clean` (was closed in order).
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Small remembered values of the daemon.
CREATE TABLE notes (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each folder has been read.
CREATE TABLE folders (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    next_uid INTEGER NOT NULL CHECK (next_uid > 0),
    baseline INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder)
) STRICT, WITHOUT ROWID;

-- One row for each message that was ever seen. A quarantined one is replaced when it is decided after all.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL CHECK (uid > 0),
    letter_key TEXT NOT NULL,
    sender_key TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('reply', 'silent', 'quarantine')),
    reason TEXT NOT NULL,
    why TEXT NOT NULL,
    rule TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    retry INTEGER NOT NULL DEFAULT 0 CHECK (retry IN (0, 1)),
    trace TEXT NOT NULL,
    traceback TEXT NOT NULL,
    UNIQUE (mailbox, folder, uidvalidity, uid)
) STRICT;
CREATE INDEX decisions_letter ON decisions (mailbox, letter_key);
CREATE INDEX decisions_sender_key ON decisions (sender_key);
CREATE INDEX decisions_sender ON decisions (lower(sender));
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_quarantine ON decisions (mailbox, folder) WHERE action = 'quarantine';

-- What is known of each sender.
CREATE TABLE senders (
    sender_key TEXT NOT NULL PRIMARY KEY CHECK (sender_key <> ''),
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    messages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `once` as law: one claim for a sender and a scope. `previous` is what `reply_id` gives back when it is not sent after all.
CREATE TABLE answered (
    sender_key TEXT NOT NULL CHECK (sender_key <> ''),
    scope TEXT NOT NULL CHECK (scope <> ''),
    at INTEGER NOT NULL,
    reply_id INTEGER,
    previous INTEGER,
    PRIMARY KEY (sender_key, scope)
) STRICT, WITHOUT ROWID;

-- "This very letter was answered" as law, wherever copies of it turn up.
CREATE TABLE letters_answered (
    letter_key TEXT NOT NULL PRIMARY KEY CHECK (letter_key <> ''),
    at INTEGER NOT NULL,
    reply_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each answer, under the number of the decision that made it. `scope` '' : makes no claim (every-message).
-- `doubted`: it was `uncertain` once, so it may have arrived, whatever became of it later.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES decisions (id),
    mailbox TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'pending', 'held', 'shadow', 'sending', 'in_doubt', 'sent', 'failed', 'uncertain', 'dropped')),
    owner TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    sent INTEGER,
    due INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    doubted INTEGER NOT NULL DEFAULT 0 CHECK (doubted IN (0, 1)),
    sender_key TEXT NOT NULL,
    limit_key TEXT NOT NULL,
    domain TEXT NOT NULL,
    scope TEXT NOT NULL,
    once_window INTEGER,
    letter_key TEXT NOT NULL,
    target TEXT NOT NULL CHECK (target <> ''),
    envelope_from TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    last_error TEXT NOT NULL,
    CHECK ((state = 'sent') = (sent IS NOT NULL)),
    CHECK (owner = '' OR state IN ('sending', 'in_doubt'))
) STRICT;
CREATE INDEX outbox_due ON outbox (state, next_attempt, id);
CREATE INDEX outbox_expires ON outbox (state, expires);
CREATE INDEX outbox_limit ON outbox (limit_key, created);
CREATE INDEX outbox_domain ON outbox (domain, created);
CREATE INDEX outbox_created ON outbox (created);

-- The bytes of each answer, apart, so that a change of state does not write them again.
CREATE TABLE letters (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES outbox (id),
    raw BLOB NOT NULL
) STRICT;

-- Addresses proven undeliverable, and when.
CREATE TABLE bounces (
    sender_key TEXT NOT NULL PRIMARY KEY CHECK (sender_key <> ''),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
