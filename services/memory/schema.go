package memory

// migrations lead from an empty file to the present format; PRAGMA user_version
// counts those done. Only ever append.
var migrations = []string{`
CREATE TABLE line (            -- what one side said at a time
	id     INTEGER PRIMARY KEY,
	role   TEXT NOT NULL,      -- user or assistant
	text   TEXT NOT NULL,
	at     REAL NOT NULL,      -- Unix seconds, of its first words
	utt_id TEXT NOT NULL,      -- empty: none
	trace  TEXT NOT NULL       -- message that began the turn; empty: unknown
);
CREATE INDEX line_utt ON line (utt_id) WHERE utt_id <> '';
CREATE INDEX line_at ON line (at);
CREATE TABLE message (         -- what has been kept, so that a repeat is not kept twice
	id   TEXT PRIMARY KEY,
	line INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX message_line ON message (line);
CREATE TABLE trait (           -- traits that differ from the character's file
	character TEXT NOT NULL,
	name      TEXT NOT NULL,
	value     INTEGER NOT NULL,
	PRIMARY KEY (character, name)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5 (text, content='line', content_rowid='id', tokenize='porter unicode61');
CREATE TRIGGER line_in AFTER INSERT ON line BEGIN
	INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER line_out AFTER DELETE ON line BEGIN
	INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
	DELETE FROM message WHERE line = old.id;
END;
CREATE TRIGGER line_change AFTER UPDATE OF text ON line BEGIN
	INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
	INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
`, `
CREATE TABLE vector (          -- what lines mean; an empty one: the embedder refused the line
	line  INTEGER PRIMARY KEY,
	model TEXT NOT NULL,
	data  BLOB NOT NULL        -- float32, little-endian, length 1
);
CREATE TRIGGER vector_out AFTER DELETE ON line BEGIN
	DELETE FROM vector WHERE line = old.id;
END;
CREATE TRIGGER vector_change AFTER UPDATE OF text ON line BEGIN
	DELETE FROM vector WHERE line = old.id;
END;
`, `
CREATE TABLE spoken (          -- sentences of the last answers, to know what is heard of them
	say   TEXT PRIMARY KEY,    -- message that asked for it
	utt   TEXT NOT NULL,
	text  TEXT NOT NULL,
	at    REAL NOT NULL,       -- Unix seconds
	heard TEXT                 -- NULL: nothing is known yet
);
CREATE INDEX spoken_utt ON spoken (utt);
`, `
ALTER TABLE line ADD COLUMN room TEXT NOT NULL DEFAULT '';    -- where it was said; empty: unknown
ALTER TABLE line ADD COLUMN speaker TEXT NOT NULL DEFAULT ''; -- name of who said it; empty: unknown
DROP TRIGGER line_in;          -- the words are counted in memory, so that no copy of them outlives a line
DROP TRIGGER line_out;
DROP TRIGGER line_change;
DROP TABLE word;
DROP TRIGGER vector_out;
DROP TRIGGER vector_change;
ALTER TABLE vector RENAME TO vector_of_one_model;
CREATE TABLE vector (          -- what lines mean; an empty one: the embedder refused the line
	line  INTEGER NOT NULL,
	model TEXT NOT NULL,
	parts INTEGER NOT NULL,    -- vectors in data: a long line has several
	data  BLOB NOT NULL        -- float32, little-endian, each of length 1
);
CREATE UNIQUE INDEX vector_line ON vector (line, model);
INSERT INTO vector SELECT line, model, data <> x'', data FROM vector_of_one_model;
DROP TABLE vector_of_one_model;
CREATE TRIGGER line_out AFTER DELETE ON line BEGIN
	DELETE FROM message WHERE line = old.id;
	DELETE FROM vector WHERE line = old.id;
END;
CREATE TRIGGER vector_change AFTER UPDATE OF text ON line BEGIN
	DELETE FROM vector WHERE line = old.id;
END;
`}
