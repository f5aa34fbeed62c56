package store

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Receipt is a gate's word that it has applied the list up to a sequence.
type Receipt struct {
	Gate         string
	Organisation string // not read back
	Sequence     uint64
	At           time.Time // applied, by the gate's clock
	Received     time.Time
	Count        uint64        // listings in force that the gate holds
	Digest       ledger.Digest // of them
	Note         []byte        // as the gate signed it (ledger.OpenReceipt); nil if it did not
}

// An Outcome is a restriction, a referral or a lift that touched somebody.
type Outcome struct {
	Gate      string
	Reference string // the gate's
	Kind      string // restricted, referred, lifted
	Listing   gongxin.ListingID
	Scenario  string
	Measure   string
	Sequence  uint64 // the list as of
	At        time.Time
	Received  time.Time
}

// The kinds of outcomes.
const (
	Restricted = "restricted"
	Referred   = "referred"
	Lifted     = "lifted"
)

const (
	saveGate = `
		INSERT INTO gates (gate, organisation, sequence, applied, heard) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (gate) DO UPDATE SET
			organisation = excluded.organisation, heard = excluded.heard,
			applied = CASE WHEN excluded.sequence > gates.sequence THEN excluded.applied ELSE gates.applied END,
			sequence = CASE WHEN excluded.sequence > gates.sequence THEN excluded.sequence ELSE gates.sequence END`
	saveReceipt = `
		INSERT INTO receipts (gate, sequence, applied, received, in_force, digest, note) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (gate, sequence) DO UPDATE SET
			in_force = excluded.in_force, digest = excluded.digest, note = COALESCE(excluded.note, receipts.note)`
	// Two that are replaced within one millisecond are told apart by the next ones, and
	// a gate that contradicts itself without end is kept a hundred times.
	replaceReceipt = `
		INSERT INTO replaced_receipts (gate, sequence, replaced, applied, received, in_force, digest, note)
		SELECT gate, sequence, CASE WHEN $3 > x.last THEN $3 ELSE x.last + 1 END, applied, received, in_force, digest, note
		FROM receipts, (SELECT COALESCE(MAX(replaced), 0) AS last, COUNT(*) AS n FROM replaced_receipts WHERE gate = $1 AND sequence = $2) x
		WHERE gate = $1 AND sequence = $2 AND x.n < 100`
)

// noteValue is what a column of signed notes holds: nothing where none was given.
func noteValue(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// SaveReceipt keeps r. The first time of a sequence stays, and a gate's sequence
// never goes back. A receipt that says again what was said for its sequence, such as
// that of a gate which was started anew, adds only that it was heard of: the first
// one stands, with its signature. One that says something else takes its place, since
// it may put right what was wrong, and the one before is kept beside it (ReplacedReceipts).
func (tx *Tx) SaveReceipt(ctx context.Context, r Receipt) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	before, err := tx.receipts(ctx, receiptOf, r.Gate, int64(r.Sequence))
	if err != nil {
		return err
	}
	_, err = tx.exec(saveGate, r.Gate, r.Organisation, int64(r.Sequence), millis(r.At), millis(r.Received))
	if err == nil && len(before) > 0 && !before[0].claims(r) {
		_, err = tx.exec(replaceReceipt, r.Gate, int64(r.Sequence), millis(r.Received))
	}
	if err == nil && (len(before) == 0 || !before[0].claims(r) || len(before[0].Note) == 0) {
		_, err = tx.exec(saveReceipt, r.Gate, int64(r.Sequence), millis(r.At), millis(r.Received), int64(r.Count), r.Digest[:], noteValue(r.Note))
	}
	if err != nil {
		return fmt.Errorf("save receipt of gate %s: %w", r.Gate, err)
	}
	return nil
}

// claims tells whether r and other say the same of the list at their sequence: count,
// digest and, where both are signed, root. When it was applied is no part of that.
func (r Receipt) claims(other Receipt) bool {
	if r.Count != other.Count || r.Digest != other.Digest {
		return false
	}
	return len(r.Note) == 0 || len(other.Note) == 0 || bytes.Equal(said(r.Note), said(other.Note))
}

// said is the part of a signed receipt that tells of the list: purpose, origin,
// gate, sequence, root, count and digest, without the time at which it was applied.
func said(note []byte) []byte {
	const lines = 5 // purpose, origin, gate, sequence, root
	end := 0
	for range lines {
		n := bytes.IndexByte(note[end:], '\n')
		if n < 0 {
			return note
		}
		end += n + 1
	}
	return note[:end]
}

const saveOutcome = `
	INSERT INTO outcomes (gate, reference, kind, listing, scenario, measure, sequence, at, received)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (gate, reference, kind) DO NOTHING`

// SaveOutcomes keeps those of outcomes that are not kept yet, by gate, reference
// and kind, and returns how many they were.
func (tx *Tx) SaveOutcomes(ctx context.Context, outcomes []Outcome) (taken int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for _, o := range outcomes {
		n, err := tx.exec(saveOutcome, o.Gate, o.Reference, o.Kind, listingValue(o.Listing), o.Scenario, o.Measure, int64(o.Sequence), millis(o.At), millis(o.Received))
		if err != nil {
			return 0, fmt.Errorf("save outcome %s of gate %s: %w", o.Reference, o.Gate, err)
		}
		taken += int(n)
	}
	return taken, nil
}

// A Gate is what is known of one department's gate.
type Gate struct {
	Gate         string
	Organisation string
	Sequence     uint64    // applied up to
	At           time.Time // applied, by the gate's clock
	Heard        time.Time // last
	Count        uint64    // listings in force that it holds
	Digest       ledger.Digest
	Receipts     int // sequences confirmed
	Restricted   int // outcomes of each kind
	Referred     int
	Lifted       int
}

const (
	getGates = `
		SELECT g.gate, g.organisation, g.sequence, g.applied, g.heard, r.in_force, r.digest,
			(SELECT COUNT(*) FROM receipts a WHERE a.gate = g.gate)
		FROM gates g JOIN receipts r ON r.gate = g.gate AND r.sequence = g.sequence ORDER BY g.gate`
	countOutcomes = `SELECT gate, kind, COUNT(*) FROM outcomes GROUP BY gate, kind`
)

// Gates returns the gates that have sent receipts, by name.
func (v *View) Gates(ctx context.Context) ([]Gate, error) {
	var gates []Gate
	err := v.s.each(ctx, getGates, nil, func(scan func(...any) error) error {
		var g Gate
		var applied, heard int64
		var digest []byte
		err := scan(&g.Gate, &g.Organisation, &g.Sequence, &applied, &heard, &g.Count, &digest, &g.Receipts)
		g.At, g.Heard = instant(applied), instant(heard)
		copy(g.Digest[:], digest)
		gates = append(gates, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read gates: %w", err)
	}
	counts := map[[2]string]int{}
	err = v.s.each(ctx, countOutcomes, nil, func(scan func(...any) error) error {
		var k [2]string
		var n int
		err := scan(&k[0], &k[1], &n)
		counts[k] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count outcomes: %w", err)
	}
	for i := range gates {
		g := &gates[i]
		g.Restricted, g.Referred, g.Lifted = counts[[2]string{g.Gate, Restricted}], counts[[2]string{g.Gate, Referred}], counts[[2]string{g.Gate, Lifted}]
	}
	return gates, nil
}

const getApplied = `
	SELECT g.gate, (SELECT r.applied FROM receipts r WHERE r.gate = g.gate AND r.sequence >= $1 ORDER BY r.sequence LIMIT 1)
	FROM gates g WHERE g.sequence >= $1`

// Applied returns when each gate said that it had applied the event at a sequence;
// gates that have not are absent.
func (v *View) Applied(ctx context.Context, sequence uint64) (map[string]time.Time, error) {
	at := map[string]time.Time{}
	err := v.s.each(ctx, getApplied, []any{int64(sequence)}, func(scan func(...any) error) error {
		var gate string
		var ms int64
		err := scan(&gate, &ms)
		at[gate] = instant(ms)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read receipts for %d: %w", sequence, err)
	}
	return at, nil
}

const countLifted = `SELECT gate, COUNT(*) FROM outcomes WHERE listing = $1 AND kind = 'lifted' GROUP BY gate`

// Lifted returns how many restrictions each gate has lifted because of a listing.
func (v *View) Lifted(ctx context.Context, id gongxin.ListingID) (map[string]int, error) {
	lifted := map[string]int{}
	err := v.s.each(ctx, countLifted, []any{id[:]}, func(scan func(...any) error) error {
		var gate string
		var n int
		err := scan(&gate, &n)
		lifted[gate] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count lifts of listing %s: %w", id, err)
	}
	return lifted, nil
}

const (
	outcomeColumns = `SELECT gate, reference, kind, listing, scenario, measure, sequence, at, received FROM outcomes `
	outcomesIn     = outcomeColumns + `WHERE at >= $1 AND at < $2 ORDER BY at, gate, reference, kind`
	outcomesOf     = outcomeColumns + `WHERE listing = $1 ORDER BY at, gate, reference, kind`
	outcomeBy      = outcomeColumns + `WHERE gate = $1 AND reference = $2 AND kind = $3`
)

func scanOutcome(scan func(...any) error) (o Outcome, err error) {
	var listing []byte
	var at, received int64
	if err := scan(&o.Gate, &o.Reference, &o.Kind, &listing, &o.Scenario, &o.Measure, &o.Sequence, &at, &received); err != nil {
		return o, err
	}
	copy(o.Listing[:], listing)
	o.At, o.Received = instant(at), instant(received)
	return o, nil
}

// Outcomes gives those that happened from one instant until before another to f,
// in the order of time.
func (v *View) Outcomes(ctx context.Context, from, before time.Time, f func(Outcome) error) error {
	err := v.s.each(ctx, outcomesIn, []any{millis(from), millis(before)}, func(scan func(...any) error) error {
		o, err := scanOutcome(scan)
		if err != nil {
			return err
		}
		return f(o)
	})
	if err != nil {
		return fmt.Errorf("read outcomes: %w", err)
	}
	return nil
}

func (r *reader) outcomes(ctx context.Context, text string, args ...any) (all []Outcome, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		o, err := scanOutcome(scan)
		all = append(all, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return all, nil
}

// OutcomesOf returns what gates reported because of a listing, in the order of time.
func (r *reader) OutcomesOf(ctx context.Context, id gongxin.ListingID) ([]Outcome, error) {
	return r.outcomes(ctx, outcomesOf, id[:])
}

// Imposed returns the restriction that a gate reported under a reference; the zero
// Outcome if there is none.
func (r *reader) Imposed(ctx context.Context, gate, reference string) (Outcome, error) {
	found, err := r.outcomes(ctx, outcomeBy, gate, reference, Restricted)
	if err != nil || len(found) == 0 {
		return Outcome{}, err
	}
	return found[0], nil
}
