-- The letter of each folder that is being read with care (service/care.py): written before it is read, taken away
-- afterwards, so that one that ends the program is known. `times`: how often it was in hand and not put down.
CREATE TABLE in_hand (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL CHECK (uid > 0),
    times INTEGER NOT NULL CHECK (times > 0),
    PRIMARY KEY (mailbox, folder)
) STRICT, WITHOUT ROWID;
