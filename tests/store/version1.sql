BEGIN TRANSACTION;
CREATE TABLE answered (
    sender_key TEXT NOT NULL CHECK (sender_key <> ''),
    scope TEXT NOT NULL CHECK (scope <> ''),
    at INTEGER NOT NULL,
    reply_id INTEGER,
    previous INTEGER,
    PRIMARY KEY (sender_key, scope)
) STRICT, WITHOUT ROWID;
INSERT INTO "answered" VALUES('ana@example.org','Everything else',1795341600000000,1,NULL);
INSERT INTO "answered" VALUES('bo@example.org','Everything else',1795341600000000,3,NULL);
CREATE TABLE bounces (
    sender_key TEXT NOT NULL PRIMARY KEY CHECK (sender_key <> ''),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "bounces" VALUES('gone@example.org',1795341600000000);
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
INSERT INTO "decisions" VALUES(1,1795341600000000,'contact','INBOX',7,1,'letter-1','ana@example.org','ana@example.org','A question','<1@example.org>',1795341600000000,'reply','rule','a rule answers','Everything else',1,0,'[]','');
INSERT INTO "decisions" VALUES(2,1795341600000000,'contact','INBOX',7,2,'letter-2','','list@example.net','A question','<2@example.org>',1795341600000000,'silent','no-rule','no rule matched','',1,0,'[]','');
INSERT INTO "decisions" VALUES(3,1795341600000000,'contact','INBOX',7,3,'letter-3','bo@example.org','bo@example.org','A question','<3@example.org>',1795341600000000,'reply','rule','a rule answers','Everything else',1,0,'[]','');
CREATE TABLE folders (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    next_uid INTEGER NOT NULL CHECK (next_uid > 0),
    baseline INTEGER NOT NULL,
    PRIMARY KEY (mailbox, folder)
) STRICT, WITHOUT ROWID;
INSERT INTO "folders" VALUES('contact','INBOX',7,4,1795341600000000);
CREATE TABLE letters (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES outbox (id),
    raw BLOB NOT NULL
) STRICT;
INSERT INTO "letters" VALUES(1,X'5375626A6563743A205468616E6B20796F750D0A0D0A48656C6C6F0D0A');
INSERT INTO "letters" VALUES(3,X'5375626A6563743A205468616E6B20796F750D0A0D0A48656C6C6F0D0A');
CREATE TABLE letters_answered (
    letter_key TEXT NOT NULL PRIMARY KEY CHECK (letter_key <> ''),
    at INTEGER NOT NULL,
    reply_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "letters_answered" VALUES('letter-1',1795341600000000,1);
INSERT INTO "letters_answered" VALUES('letter-3',1795341600000000,3);
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('clean','1');
INSERT INTO "meta" VALUES('schema','1');
CREATE TABLE notes (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "notes" VALUES('null-sender mx.example.org:25','refused');
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
INSERT INTO "outbox" VALUES(1,'contact','sent','',1795341600000000,1795341600000000,1795514400000000,1795341600000000,NULL,0,0,'ana@example.org','ana@example.org','example.org','Everything else',NULL,'letter-1','ana@example.org','auto','<ar.1@example.com>','Thank you','');
INSERT INTO "outbox" VALUES(3,'contact','pending','',1795341600000000,1795341600000000,1795514400000000,NULL,NULL,0,0,'bo@example.org','bo@example.org','example.org','Everything else',NULL,'letter-3','bo@example.org','auto','<ar.3@example.com>','Thank you','');
CREATE TABLE senders (
    sender_key TEXT NOT NULL PRIMARY KEY CHECK (sender_key <> ''),
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    messages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "senders" VALUES('ana@example.org',1795341600000000,1795341600000000,1);
INSERT INTO "senders" VALUES('bo@example.org',1795341600000000,1795341600000000,1);
CREATE INDEX decisions_letter ON decisions (mailbox, letter_key);
CREATE INDEX decisions_sender_key ON decisions (sender_key);
CREATE INDEX decisions_sender ON decisions (lower(sender));
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_quarantine ON decisions (mailbox, folder) WHERE action = 'quarantine';
CREATE INDEX outbox_due ON outbox (state, next_attempt, id);
CREATE INDEX outbox_expires ON outbox (state, expires);
CREATE INDEX outbox_limit ON outbox (limit_key, created);
CREATE INDEX outbox_domain ON outbox (domain, created);
CREATE INDEX outbox_created ON outbox (created);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decisions',3);
COMMIT;
