-- Distribution: when the hub served what gates confirm.

ALTER TABLE receipts ADD COLUMN served BIGINT NOT NULL DEFAULT 0; -- when changes up to there were first served to the gate; 0: not known

-- Up to where, and when, changes were served to the gate, as known at its last receipt.
ALTER TABLE gates ADD COLUMN served BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gates ADD COLUMN served_at BIGINT NOT NULL DEFAULT 0;

CREATE INDEX listings_erased ON listings (sequence) WHERE erased > 0;
