-- The spine: history, ledger, listings, and what gates report.
--
-- Types: BYTES is BLOB or BYTEA, KEY a 64-bit integer that is the row's own key
-- (INTEGER or BIGINT), COMPACT stores a table in its primary key where the engine
-- can. Times are milliseconds since 1970, days the number yyyymmdd, 0 if none.
-- Personal data stand in the bodies of events alone; everything else that depends
-- on a person is a keyed hash.

CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- One row: how far the log is, and the newest checkpoint.
CREATE TABLE ledger_head (
	one        KEY PRIMARY KEY CHECK (one = 1),
	size       BIGINT NOT NULL,
	tree       BYTES  NOT NULL, -- right edge of the log
	in_force   BIGINT NOT NULL, -- listings in force
	digest     BYTES  NOT NULL, -- of the set in force
	signed     BIGINT NOT NULL, -- time of the checkpoint
	checkpoint BYTES  NOT NULL,
	listings   BIGINT NOT NULL, -- number of listings: the highest ordinal
	indexed    BIGINT NOT NULL  -- listings up to this ordinal stand in the index tables
);

-- The newest checkpoint of each size at which a follower may stop.
CREATE TABLE checkpoints (
	size       KEY PRIMARY KEY,
	checkpoint BYTES NOT NULL
);

CREATE TABLE ledger_tiles (
	level INTEGER NOT NULL,
	idx   BIGINT  NOT NULL,
	data  BYTES   NOT NULL,
	PRIMARY KEY (level, idx)
);

-- Seed and bodies are NULL once erased; leaf stays for ever.
CREATE TABLE events (
	sequence     KEY PRIMARY KEY,
	previous     BIGINT  NOT NULL, -- the same listing's event before; 0 if none
	listing      BYTES,            -- NULL for events of the log itself
	kind         TEXT    NOT NULL,
	at           BIGINT  NOT NULL,
	leaf         BYTES   NOT NULL,
	seed         BYTES,
	body_form    INTEGER NOT NULL, -- how the bodies are stored: 0 is plain JSON
	body_public  BYTES,
	body_partner BYTES,
	body_court   BYTES
);

-- The projection: where each listing stands. Its fields are those of the event at
-- content. Ordinals count listings from 1 without gaps.
CREATE TABLE listings (
	ordinal       KEY PRIMARY KEY,
	id            BYTES   NOT NULL UNIQUE,
	key_index     BYTES   NOT NULL, -- court, case and subject
	round         INTEGER NOT NULL, -- 1 for the first listing with this key
	case_index    BIGINT  NOT NULL,
	subject_index BIGINT  NOT NULL,
	court         TEXT    NOT NULL,
	state         TEXT    NOT NULL,
	origin        TEXT    NOT NULL,
	until         INTEGER NOT NULL,
	sequence      BIGINT  NOT NULL,
	content       BIGINT  NOT NULL,
	forced        BIGINT  NOT NULL,
	submission    BYTES,
	exit_ground   TEXT,
	exit_on       INTEGER,
	exit_at       BIGINT,
	exit_sequence BIGINT
);

-- How many listings are in each state.
CREATE TABLE states (
	state TEXT PRIMARY KEY,
	count BIGINT NOT NULL
);

-- Ways to find a listing, filled in bulk (ledger_head.indexed).
CREATE TABLE index_cases (
	value   BIGINT NOT NULL,
	ordinal BIGINT NOT NULL,
	PRIMARY KEY (value, ordinal)
) COMPACT;

CREATE TABLE index_subjects (
	value   BIGINT NOT NULL,
	ordinal BIGINT NOT NULL,
	PRIMARY KEY (value, ordinal)
) COMPACT;

-- The last days of listings in force that have one.
CREATE TABLE index_terms (
	until   INTEGER NOT NULL,
	ordinal BIGINT  NOT NULL,
	PRIMARY KEY (until, ordinal)
) COMPACT;

CREATE TABLE tokens (
	hash         BYTES PRIMARY KEY, -- SHA-256 of the secret
	id           TEXT   NOT NULL, -- who acts; may have several
	role         TEXT   NOT NULL,
	court        TEXT   NOT NULL,
	organisation TEXT   NOT NULL,
	gate         TEXT   NOT NULL,
	created      BIGINT NOT NULL,
	expires      BIGINT NOT NULL, -- 0: never
	revoked      BIGINT NOT NULL  -- 0: not
);

-- How far each gate says it is.
CREATE TABLE gates (
	gate         TEXT PRIMARY KEY,
	organisation TEXT   NOT NULL,
	sequence     BIGINT NOT NULL, -- never goes back
	applied      BIGINT NOT NULL, -- when the gate applied it
	heard        BIGINT NOT NULL  -- when the hub last heard from it
);

CREATE TABLE receipts (
	gate     TEXT   NOT NULL,
	sequence BIGINT NOT NULL,
	applied  BIGINT NOT NULL,
	received BIGINT NOT NULL,
	in_force BIGINT NOT NULL,
	digest   BYTES  NOT NULL,
	PRIMARY KEY (gate, sequence)
) COMPACT;

CREATE TABLE outcomes (
	gate      TEXT   NOT NULL,
	reference TEXT   NOT NULL,
	kind      TEXT   NOT NULL,
	listing   BYTES,
	scenario  TEXT   NOT NULL,
	measure   TEXT   NOT NULL,
	sequence  BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	received  BIGINT NOT NULL,
	PRIMARY KEY (gate, reference, kind)
);

CREATE INDEX outcomes_listing ON outcomes (listing);
CREATE INDEX outcomes_at ON outcomes (at);
