package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/ledger"
	"gongxin/match"
	"gongxin/screen"
)

// Remembered differences: an officer has looked, and this applicant is not that
// listing. It holds for the pair alone: the applicant with this number (or this
// reference of the department's, where no number is known) and this name, and the
// listing as it stood. It ends when either side changes, and hides nobody else.
const differencesSchema = `
	CREATE TABLE differences (
		reference TEXT PRIMARY KEY,
		applicant BLOB NOT NULL,
		listing BLOB NOT NULL,
		sequence INTEGER NOT NULL,
		reason TEXT NOT NULL,
		officer TEXT NOT NULL,
		at INTEGER NOT NULL,
		ended_at INTEGER NOT NULL,
		why TEXT NOT NULL,
		ended_by TEXT NOT NULL,
		ended_reason TEXT NOT NULL,
		sum BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX differences_of ON differences (listing);`

const (
	differenceColumns  = `reference, applicant, listing, sequence, reason, officer, at, ended_at, why, ended_by, ended_reason, sum`
	readDifferences    = `SELECT ` + differenceColumns + ` FROM differences`
	readDifference     = readDifferences + ` WHERE reference = $1`
	readDifferencesOf  = readDifferences + ` WHERE listing = $1 ORDER BY reference`
	readDifferencePage = readDifferences + ` WHERE reference > $1 ORDER BY reference LIMIT $2`
	writeDifference    = `INSERT INTO differences (` + differenceColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '', '', $8)`
	endDifference      = `UPDATE differences SET ended_at = $3, why = $4, ended_by = $5, ended_reason = $6, sum = $7 WHERE reference = $1 AND sum = $2`
	eraseDifferences   = `DELETE FROM differences WHERE listing = $1`
)

const (
	codeDifferent = "DIFFERENCE_REMEMBERED" // takes the listing out of the answer
	codeStated    = "DIFFERENCE_STATED"     // number and name agree all the same: to a person

	differenceChanged = "DIFFERENCE_CHANGED"
	differenceRemoved = "DIFFERENCE_REMOVED"
	differenceBegun   = "DIFFERENCE_BEGUN"
)

// A Different is what an officer says after looking: the applicant is not Listing.
// The applicant is named by Number, or by Subject where no number is known, and by
// Name; none of them is kept.
type Different struct {
	Listing gongxin.ListingID `json:"listing"`
	Number  string            `json:"number,omitempty"`
	Subject string            `json:"subject,omitempty"` // the department's own reference of the applicant, as queries name it
	Name    string            `json:"name"`
	Reason  string            `json:"reason"` // what was looked at
	By      string            `json:"by"`     // the officer
}

// A Difference is one that is on record. It does not say who the applicant is.
type Difference struct {
	Reference   string            `json:"reference"`
	Listing     gongxin.ListingID `json:"listing"`
	Sequence    uint64            `json:"sequence"` // of the listing as it stood
	State       string            `json:"state"`    // "holds" or "ended"
	Reason      string            `json:"reason"`
	By          string            `json:"by"`
	At          time.Time         `json:"at"`
	Ended       time.Time         `json:"ended,omitzero"`
	Because     *gongxin.Reason   `json:"because,omitempty"` // why it ended
	EndedBy     string            `json:"ended_by,omitempty"`
	EndedReason string            `json:"ended_reason,omitempty"`
}

const (
	stateHolds = "holds"
	stateEnded = "ended"
)

// RememberDifference records d. The listing is left out of answers about this
// applicant from then on; where number and name agree with it in full the answer
// still refers, and says what was stated: it restricts nobody, and clears nobody.
// The same again changes nothing. Errors: DIFFERENCE_NOT_LISTED if the gate holds no
// such listing in force, DIFFERENCE_APPLICANT, DIFFERENCE_NUMBER, and those of FileReview
// for the texts.
func (g *Gate) RememberDifference(ctx context.Context, d Different) (Difference, error) {
	row := distinction{listing: d.Listing, at: gongxin.Millis(g.config.Now())}
	number, subject, err := applicantOf(d)
	if err != nil {
		return Difference{}, err
	}
	if row.reason, row.by, err = reasonBy(d.Reason, d.By); err != nil {
		return Difference{}, err
	}
	row.applicant = g.subjects.applicant(number, subject, d.Name)
	hit, in, err := g.listing(d.Listing)
	if err != nil {
		return Difference{}, err
	}
	if !in {
		return Difference{}, gongxin.Missing("DIFFERENCE_NOT_LISTED", d.Listing)
	}
	row.sequence = hit.Sequence
	if row.reference, err = g.newReference("D", row.at); err != nil {
		return Difference{}, err
	}
	if row, err = g.outcomes.distinguish(ctx, row); err != nil {
		return Difference{}, g.notKept(ctx, row.reference, err)
	}
	return row.told(), nil
}

// applicantOf reads whom d is about.
func applicantOf(d Different) (number identity.Number, subject string, err error) {
	if subject, err = plainText("subject", d.Subject, maxSubject); err != nil {
		return number, "", err
	}
	if d.Number != "" {
		if number, _, err = identity.Parse(d.Number); err != nil {
			return number, "", gongxin.Invalid("DIFFERENCE_NUMBER", numberFault(err))
		}
	}
	if match.Fold(d.Name) == "" || number.IsZero() && subject == "" {
		return number, "", gongxin.Invalid("DIFFERENCE_APPLICANT")
	}
	return number, subject, nil
}

// ForgetDifference takes the difference of reference back, for reason, decided by
// the officer by: the listing is told again. Errors: DIFFERENCE_UNKNOWN,
// DIFFERENCE_OVER if it has ended, and those of FileReview for the texts.
func (g *Gate) ForgetDifference(ctx context.Context, reference, reason, by string) (Difference, error) {
	reason, by, err := reasonBy(reason, by)
	if err != nil {
		return Difference{}, err
	}
	row, err := g.outcomes.takeBack(ctx, reference, reason, by, gongxin.Millis(g.config.Now()))
	if err != nil {
		return Difference{}, g.notKept(ctx, reference, err)
	}
	return row.told(), nil
}

// Difference returns the difference of reference. Error: DIFFERENCE_UNKNOWN.
func (g *Gate) Difference(ctx context.Context, reference string) (Difference, error) {
	found, err := g.outcomes.distinctions(ctx, readDifference, reference)
	if err != nil {
		return Difference{}, err
	}
	if len(found) == 0 {
		return Difference{}, gongxin.Missing("DIFFERENCE_UNKNOWN", reference)
	}
	return found[0].told(), nil
}

// Differences returns those on record, that hold or have ended while their listing
// is in force, in the order of their references, after that of after, at most
// limit; of one listing alone, and then all, if listing is not zero.
func (g *Gate) Differences(ctx context.Context, listing gongxin.ListingID, after string, limit int) ([]Difference, error) {
	var rows []distinction
	var err error
	if listing == (gongxin.ListingID{}) {
		rows, err = g.outcomes.distinctions(ctx, readDifferencePage, after, limit)
	} else {
		rows, err = g.outcomes.distinctions(ctx, readDifferencesOf, listing[:])
	}
	found := make([]Difference, len(rows))
	for i, r := range rows {
		found[i] = r.told()
	}
	return found, err
}

// rememberedOf returns the test whether the applicant of q is known not to be a
// listing, nil if nothing is known.
func (g *Gate) rememberedOf(q *Query, number identity.Number) func(screen.Hit) (distinction, bool) {
	if number.IsZero() && q.Subject == "" || g.outcomes.differ.none() {
		return nil
	}
	applicant := g.subjects.applicant(number, q.Subject, q.Name)
	return func(h screen.Hit) (distinction, bool) {
		return g.outcomes.differ.find(applicant, h.Listing, h.Sequence)
	}
}

// A subjectMarker makes keyed sums of those whom the department knows: of applicants,
// and of names, under one gate's key.
type subjectMarker struct {
	key []byte
	id  personMarker // names the key
}

func newSubjectMarker(key screen.Key, id personMarker) subjectMarker {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("gongxin gate subject"))
	return subjectMarker{mac.Sum(nil), id}
}

// applicant returns what stands for an applicant: a keyed sum of the number, or of
// the department's own reference where there is none, and of the name.
func (m subjectMarker) applicant(number identity.Number, subject, name string) (p person) {
	mac := hmac.New(sha256.New, m.key)
	by := subject
	mac.Write([]byte("applicant "))
	if number.IsZero() {
		mac.Write([]byte("subject\x00"))
	} else {
		mac.Write([]byte("number\x00"))
		if by = number.Full(); number.IsOrganisation() {
			if org, ok := number.Organisation(); ok {
				by = org.Full()
			}
		}
	}
	mac.Write(word(uint64(len(by))))
	mac.Write([]byte(by))
	mac.Write([]byte(match.Fold(name)))
	copy(p[:], m.id[:])
	copy(p[personKeySize:], mac.Sum(nil))
	return p
}

// A distinction is one row.
type distinction struct {
	reference   string
	applicant   person
	listing     gongxin.ListingID
	sequence    uint64 // of the event by which the listing counted when it was looked at
	reason      string
	by          string
	at          time.Time
	endedAt     time.Time // zero while it holds
	why         string    // difference…, of one that has ended
	endedBy     string    // of one that was taken back
	endedReason string
}

func (d distinction) holds() bool { return d.endedAt.IsZero() }

// end returns d after it has ended.
func (d distinction) end(why string, at time.Time) distinction {
	d.why, d.endedAt = why, at
	return d
}

// text fills the reason of code for people.
func (d distinction) text(code string) gongxin.Text {
	return text(code, d.by, d.at.In(gongxin.Shanghai).Format("2006-01-02 15:04"), d.listing, d.reference)
}

func (d distinction) told() Difference {
	t := Difference{Reference: d.reference, Listing: d.listing, Sequence: d.sequence, State: stateHolds, Reason: d.reason, By: d.by, At: d.at,
		Ended: d.endedAt, EndedBy: d.endedBy, EndedReason: d.endedReason}
	if !d.holds() {
		t.State, t.Because = stateEnded, &gongxin.Reason{Code: d.why, Text: text(d.why)}
	}
	return t
}

func (d distinction) sum() ledger.Digest {
	return rowSum("difference", []byte(d.reference), d.applicant[:], d.listing[:], word(d.sequence), []byte(d.reason), []byte(d.by),
		word(uint64(millis(d.at))), word(uint64(millis(d.endedAt))), []byte(d.why), []byte(d.endedBy), []byte(d.endedReason))
}

func scanDistinction(row scanner) (distinction, error) {
	var d distinction
	var applicant, listing, sum []byte
	var at, endedAt int64
	err := row.Scan(&d.reference, &applicant, &listing, &d.sequence, &d.reason, &d.by, &at, &endedAt, &d.why, &d.endedBy, &d.endedReason, &sum)
	if err != nil {
		return d, unreadable(err)
	}
	if len(applicant) != len(d.applicant) || len(listing) != len(d.listing) {
		return d, fmt.Errorf("%w: difference %s", errDamaged, d.reference)
	}
	d.applicant, d.listing, d.at, d.endedAt = person(applicant), gongxin.ListingID(listing), instant(at), instant(endedAt)
	if want := d.sum(); string(sum) != string(want[:]) {
		return d, fmt.Errorf("%w: difference %s", errDamaged, d.reference)
	}
	return d, nil
}

// distinguish writes d unless the same is on record, and returns what is. What the
// pair had of an earlier state of the listing ends.
func (o *outcomes) distinguish(ctx context.Context, d distinction) (distinction, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := true
	var over []distinction
	err := o.transact(ctx, func(tx *sql.Tx) error {
		before, err := query(ctx, tx, scanDistinction, readDifferencesOf, d.listing[:])
		if err != nil {
			return err
		}
		for _, b := range before {
			switch {
			case b.applicant != d.applicant || !b.holds():
			case b.sequence == d.sequence:
				d, fresh = b, false
				return errNothing
			default:
				next := b.end(differenceChanged, d.at)
				if err := o.moveDistinction(ctx, tx, b, next); err != nil {
					return err
				}
				over = append(over, next)
			}
		}
		sum := d.sum()
		if _, err := tx.ExecContext(ctx, writeDifference, d.reference, d.applicant[:], d.listing[:], int64(d.sequence), d.reason, d.by, millis(d.at), sum[:]); err != nil {
			return fmt.Errorf("record difference %s: %w", d.reference, err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return d, err
	}
	for _, d := range over {
		o.differ.put(d, false)
	}
	o.differ.put(d, fresh)
	return d, nil
}

// moveDistinction writes next in the place of d, which the caller read in tx.
func (o *outcomes) moveDistinction(ctx context.Context, tx *sql.Tx, d, next distinction) error {
	old, sum := d.sum(), next.sum()
	_, err := tx.ExecContext(ctx, endDifference, d.reference, old[:], millis(next.endedAt), next.why, next.endedBy, next.endedReason, sum[:])
	if err != nil {
		return fmt.Errorf("end difference %s: %w", d.reference, err)
	}
	o.digest = o.digest.Sub(old).Add(sum)
	return nil
}

// takeBack ends the difference of reference by an officer's word.
func (o *outcomes) takeBack(ctx context.Context, reference, reason, by string, at time.Time) (d distinction, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.transact(ctx, func(tx *sql.Tx) error {
		found, err := query(ctx, tx, scanDistinction, readDifference, reference)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return gongxin.Missing("DIFFERENCE_UNKNOWN", reference)
		case !found[0].holds():
			return gongxin.Conflict("DIFFERENCE_OVER", reference)
		}
		d = found[0].end(differenceRemoved, at)
		d.endedBy, d.endedReason = by, reason
		return o.moveDistinction(ctx, tx, found[0], d)
	})
	if err == nil {
		o.differ.put(d, false)
	}
	return d, err
}

func (o *outcomes) distinctions(ctx context.Context, text string, args ...any) ([]distinction, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return query(ctx, o.db, scanDistinction, text, args...)
}

// undistinguish ends or erases what is on record of ids, which stand as now says: a
// sequence, 0 for not in force. What was found before begun was of another history.
func (o *outcomes) undistinguish(ctx context.Context, ids []gongxin.ListingID, now func(gongxin.ListingID) (uint64, error), at time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	begun := o.begun()
	var gone []gongxin.ListingID
	var over []distinction
	err := o.transact(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			sequence, err := now(id)
			if err != nil {
				return err
			}
			rows, err := query(ctx, tx, scanDistinction, readDifferencesOf, id[:])
			if err != nil {
				return err
			}
			if sequence == 0 {
				if _, err := tx.ExecContext(ctx, eraseDifferences, id[:]); err != nil {
					return fmt.Errorf("erase differences of listing %s: %w", id, err)
				}
				for _, d := range rows {
					o.rows, o.digest = o.rows-1, o.digest.Sub(d.sum())
				}
				gone = append(gone, id)
				continue
			}
			for _, d := range rows {
				why := differenceChanged
				if d.at.Before(begun) {
					why = differenceBegun
				}
				if !d.holds() || d.sequence == sequence && why == differenceChanged {
					continue
				}
				next := d.end(why, at)
				if err := o.moveDistinction(ctx, tx, d, next); err != nil {
					return err
				}
				over = append(over, next)
			}
		}
		if len(gone)+len(over) == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return fmt.Errorf("end differences: %w", err)
	}
	for _, id := range gone {
		o.differ.drop(id)
	}
	for _, d := range over {
		o.differ.put(d, false)
	}
	return nil
}
