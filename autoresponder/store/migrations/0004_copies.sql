-- Answers whose copy is to be filed in the folder of sent letters (save_sent), until it is. `tried`: how often an APPEND
-- was begun; from then on the copy may be there.
CREATE TABLE copies (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES outbox (id),
    tried INTEGER NOT NULL DEFAULT 0 CHECK (tried >= 0)
) STRICT;
