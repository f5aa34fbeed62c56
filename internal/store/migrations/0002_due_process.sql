-- Due process: what listings went through, duties, documents, people, and who saw
-- or tried what.
--
-- Personal data stand in the bodies of events (0001) and, of the tables below, in
-- the page, data and number of documents (a number names the case), in the name and
-- body of evidence, and wherever people wrote in their own words: templates,
-- reasons, answers, grounds, notes, purposes. Those columns are NULL once erased.
-- Nothing is found by them: documents are found by a keyed hash of their number.
-- People and organisations here are those who work with the list, not those on it.

-- Procedure of the listing as JSON; NULL if nothing has happened since a court's
-- file admitted it, and once erased, because it has the numbers of decisions.
ALTER TABLE listings ADD COLUMN procedure TEXT;

-- 0001 indexed the last days of listings in force; a suspended one ends with its
-- term too.
INSERT INTO index_terms (until, ordinal)
SELECT l.until, l.ordinal FROM listings l JOIN ledger_head h ON l.ordinal <= h.indexed
WHERE l.state = 'suspended' AND l.until > 0;

ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT ''; -- operations, separated by blanks; '' for all of the role
ALTER TABLE tokens ADD COLUMN certificate BYTES;              -- SHA-256 of the one with which alone it holds
ALTER TABLE tokens ADD COLUMN replaces BYTES;                 -- hash of the token that it was rotated from

CREATE TABLE duties (
	listing BYTES   NOT NULL,
	kind    TEXT    NOT NULL,
	opened  BIGINT  NOT NULL, -- sequence of the event that opened it
	court   TEXT    NOT NULL, -- that owes it; '' if it has no known code
	person  TEXT    NOT NULL, -- who handles it; '' if nobody is known
	rule    TEXT    NOT NULL, -- of the policy; '' if no time is set
	since   INTEGER NOT NULL,
	due     INTEGER NOT NULL, -- 0: no time is set, or not known yet
	met     INTEGER NOT NULL,
	met_by  BIGINT  NOT NULL, -- sequence of the event that met it; 0 while open
	lapsed  BIGINT  NOT NULL, -- sequence of the event that recorded the lapse; 0 if none
	PRIMARY KEY (listing, kind, opened)
) COMPACT;

CREATE INDEX duties_due ON duties (due) WHERE met_by = 0;
CREATE INDEX duties_court ON duties (court, due) WHERE met_by = 0;
CREATE INDEX duties_lapsed ON duties (court, due) WHERE lapsed > 0;

CREATE TABLE escalations (
	listing      BYTES   NOT NULL,
	kind         TEXT    NOT NULL,
	opened       BIGINT  NOT NULL,
	level        INTEGER NOT NULL,
	court        TEXT    NOT NULL, -- whose duty lapsed
	told         TEXT    NOT NULL, -- the superior; '' if none is known
	at           BIGINT  NOT NULL,
	acknowledged BIGINT  NOT NULL, -- 0: not yet
	noted_by     TEXT    NOT NULL,
	note         TEXT,
	PRIMARY KEY (listing, kind, opened, level)
) COMPACT;

CREATE INDEX escalations_court ON escalations (court, at);
CREATE INDEX escalations_told ON escalations (told, at);

-- How many documents each case has.
CREATE TABLE document_counts (
	case_index KEY PRIMARY KEY,
	count      BIGINT NOT NULL
);

CREATE TABLE documents (
	number_index BYTES PRIMARY KEY, -- keyed hash of the number
	number       TEXT,
	listing      BYTES  NOT NULL,
	kind         TEXT   NOT NULL,
	court        TEXT   NOT NULL, -- that issued it
	act          BIGINT NOT NULL, -- sequence of the act that it records
	sequence     BIGINT NOT NULL, -- of the event that commits to it
	at           BIGINT NOT NULL,
	hash         BYTES  NOT NULL, -- SHA-256 of page
	page         BYTES,
	data         BYTES
);

CREATE INDEX documents_listing ON documents (listing, sequence);

CREATE TABLE evidence (
	listing  BYTES  NOT NULL,
	hash     BYTES  NOT NULL, -- SHA-256 of body
	media    TEXT   NOT NULL,
	name     TEXT,
	size     BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	filed_by TEXT   NOT NULL,
	body     BYTES,
	PRIMARY KEY (listing, hash)
);

CREATE INDEX evidence_hash ON evidence (hash);

CREATE TABLE templates (
	court    TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	version  INTEGER NOT NULL,
	words    TEXT,
	saved_by TEXT    NOT NULL,
	at       BIGINT  NOT NULL,
	PRIMARY KEY (court, kind, version)
);

CREATE TABLE organisations (
	id     TEXT PRIMARY KEY,
	parent TEXT NOT NULL, -- '' for the root
	kind   TEXT NOT NULL,
	name   TEXT NOT NULL,
	court  TEXT NOT NULL
);

CREATE TABLE people (
	id           TEXT PRIMARY KEY,
	name         TEXT   NOT NULL,
	organisation TEXT   NOT NULL,
	roles        TEXT   NOT NULL, -- separated by blanks
	password     TEXT   NOT NULL, -- argon2id; '' if none is set
	second       BYTES,           -- secret of the second factor, encrypted
	second_step  BIGINT NOT NULL,
	issuer       TEXT   NOT NULL,
	subject      TEXT   NOT NULL,
	failures     BIGINT NOT NULL,
	locked       BIGINT NOT NULL,
	created      BIGINT NOT NULL,
	disabled     BIGINT NOT NULL
);

CREATE UNIQUE INDEX people_subject ON people (issuer, subject) WHERE issuer <> '';

CREATE TABLE sessions (
	hash    BYTES PRIMARY KEY, -- SHA-256 of the secret
	person  TEXT   NOT NULL,   -- '' for a person concerned
	listing BYTES,             -- the one that a person concerned may see
	method  TEXT   NOT NULL,
	created BIGINT NOT NULL,
	seen    BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	ended   BIGINT NOT NULL
);

CREATE INDEX sessions_person ON sessions (person) WHERE ended = 0 AND person <> '';

CREATE TABLE codes (
	hash      BYTES PRIMARY KEY, -- SHA-256 of the code
	listing   BYTES  NOT NULL,
	issued_by TEXT   NOT NULL,
	issued    BIGINT NOT NULL,
	expires   BIGINT NOT NULL,
	used      BIGINT NOT NULL -- 0: neither used nor replaced
);

CREATE INDEX codes_listing ON codes (listing) WHERE used = 0;

-- Who saw or used a full identifier, and what for.
CREATE TABLE disclosures (
	number       KEY PRIMARY KEY,
	at           BIGINT NOT NULL,
	seen_by      TEXT   NOT NULL,
	role         TEXT   NOT NULL,
	organisation TEXT   NOT NULL,
	operation    TEXT   NOT NULL,
	listing      BYTES,
	purpose      TEXT
);

CREATE INDEX disclosures_at ON disclosures (at);

-- Who was turned away, and why.
CREATE TABLE refusals (
	number    KEY PRIMARY KEY,
	at        BIGINT NOT NULL,
	tried_by  TEXT   NOT NULL, -- '' if it is not known
	operation TEXT   NOT NULL,
	code      TEXT   NOT NULL,
	address   TEXT   NOT NULL,
	listing   BYTES
);

CREATE INDEX refusals_at ON refusals (at);

-- Courts' files that wait, or have waited, for a second person.
CREATE TABLE batches (
	id           TEXT PRIMARY KEY,
	name         TEXT   NOT NULL,
	content_type TEXT   NOT NULL,
	file         TEXT   NOT NULL, -- in the hub's own directory
	hash         BYTES  NOT NULL, -- SHA-256 of it
	submitted_by TEXT   NOT NULL,
	role         TEXT   NOT NULL,
	court        TEXT   NOT NULL,
	organisation TEXT   NOT NULL,
	reason       TEXT   NOT NULL,
	listings     BIGINT NOT NULL,
	withdrawals  BIGINT NOT NULL,
	in_force     BIGINT NOT NULL, -- when it came
	at           BIGINT NOT NULL,
	decided      BIGINT NOT NULL,
	decided_by   TEXT   NOT NULL,
	outcome      TEXT   NOT NULL, -- '' until decided
	note         TEXT,
	applied      BIGINT NOT NULL
);

-- What people ask of a department about a restriction (3.12).
CREATE TABLE restriction_reviews (
	id          TEXT PRIMARY KEY,
	gate        TEXT    NOT NULL,
	reference   TEXT    NOT NULL,
	listing     BYTES,
	reason      TEXT,
	filed_by    TEXT    NOT NULL,
	filed       BIGINT  NOT NULL,
	answered    BIGINT  NOT NULL, -- 0: not yet
	answered_by TEXT    NOT NULL,
	upheld      INTEGER NOT NULL, -- 1: the restriction goes
	answer      TEXT
);

CREATE INDEX restriction_reviews_gate ON restriction_reviews (gate, filed);
CREATE INDEX restriction_reviews_listing ON restriction_reviews (listing);

-- Measures that departments keep after a listing has ended (3.13).
CREATE TABLE kept_measures (
	gate      TEXT    NOT NULL,
	reference TEXT    NOT NULL,
	listing   BYTES,
	measure   TEXT    NOT NULL,
	ground    TEXT,
	until     INTEGER NOT NULL,
	kept_by   TEXT    NOT NULL,
	at        BIGINT  NOT NULL,
	ended     BIGINT  NOT NULL, -- 0 while kept
	PRIMARY KEY (gate, reference)
) COMPACT;

CREATE INDEX kept_measures_listing ON kept_measures (listing);
