-- Letters to our own people go out through the outbox too. They have numbers below zero and no decision of their own,
-- so the outbox is made anew with a reference to decisions that they can do without; nothing in it changes.
CREATE TABLE outbox_2 (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reply', 'staff')),
    decision INTEGER UNIQUE REFERENCES decisions (id),
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
    CHECK (CASE kind WHEN 'reply' THEN decision IS NOT NULL AND decision = id ELSE decision IS NULL AND id < 0 END),
    CHECK ((state = 'sent') = (sent IS NOT NULL)),
    CHECK (owner = '' OR state IN ('sending', 'in_doubt'))
) STRICT;
INSERT INTO outbox_2 (id, kind, decision, mailbox, state, owner, created, next_attempt, expires, sent, due, attempts, doubted,
                      sender_key, limit_key, domain, scope, once_window, letter_key, target, envelope_from, message_id,
                      subject, last_error)
SELECT id, 'reply', id, mailbox, state, owner, created, next_attempt, expires, sent, due, attempts, doubted, sender_key, limit_key,
       domain, scope, once_window, letter_key, target, envelope_from, message_id, subject, last_error
FROM outbox;
CREATE TABLE letters_2 (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES outbox_2 (id),
    raw BLOB NOT NULL
) STRICT;
INSERT INTO letters_2 (id, raw) SELECT id, raw FROM letters;
DROP TABLE letters;
DROP TABLE outbox;
ALTER TABLE outbox_2 RENAME TO outbox;
ALTER TABLE letters_2 RENAME TO letters;
CREATE INDEX outbox_due ON outbox (state, next_attempt, id);
CREATE INDEX outbox_expires ON outbox (state, expires);
CREATE INDEX outbox_limit ON outbox (limit_key, created);
CREATE INDEX outbox_domain ON outbox (domain, created);
CREATE INDEX outbox_created ON outbox (created);
-- A bounce names the letter that bounced.
CREATE INDEX outbox_message_id ON outbox (message_id);

-- What our people were told, so that they are told once: `at` when they were last told, `seen` when there was last
-- reason to.
CREATE TABLE told (
    topic TEXT NOT NULL PRIMARY KEY CHECK (topic <> ''),
    at INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
