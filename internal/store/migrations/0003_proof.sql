-- Proof: what gates signed and by which keys, and whose personal data are erased.

ALTER TABLE listings ADD COLUMN erased BIGINT NOT NULL DEFAULT 0; -- when the personal data of an ended listing were erased; 0: not

CREATE INDEX listings_exit ON listings (exit_at) WHERE erased = 0 AND exit_at IS NOT NULL;

-- What else tells of one listing is found by it when that is erased.
CREATE INDEX sessions_listing ON sessions (listing) WHERE listing IS NOT NULL;
CREATE INDEX codes_of ON codes (listing);
CREATE INDEX disclosures_listing ON disclosures (listing) WHERE listing IS NOT NULL;
CREATE INDEX refusals_listing ON refusals (listing) WHERE listing IS NOT NULL;

ALTER TABLE receipts ADD COLUMN note BYTES; -- the receipt as the gate signed it; NULL if it did not

CREATE INDEX receipts_sequence ON receipts (sequence);

-- The keys with which gates sign receipts. The newest holds; an empty one says
-- that the next that comes is to be trusted. All stay, for what they signed.
CREATE TABLE receipt_keys (
	gate     TEXT   NOT NULL,
	since    BIGINT NOT NULL,
	verifier TEXT   NOT NULL,
	set_by   TEXT   NOT NULL, -- '' if it was trusted when it first came
	PRIMARY KEY (gate, since)
) COMPACT;
