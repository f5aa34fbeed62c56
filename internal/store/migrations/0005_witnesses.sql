-- Witnesses, and receipts that said two things.

-- Checkpoints that enough witnesses have cosigned, with their lines: the newest of
-- each size. Followers that demand witnesses stop at these sizes.
CREATE TABLE cosigned (
	size       KEY PRIMARY KEY,
	checkpoint BYTES NOT NULL
);

-- What a gate had said for a sequence before it said something else.
CREATE TABLE replaced_receipts (
	gate     TEXT   NOT NULL,
	sequence BIGINT NOT NULL,
	replaced BIGINT NOT NULL, -- when the other one came
	applied  BIGINT NOT NULL,
	received BIGINT NOT NULL,
	in_force BIGINT NOT NULL,
	digest   BYTES  NOT NULL,
	note     BYTES,           -- as signed; NULL if it was not
	PRIMARY KEY (gate, sequence, replaced)
);
