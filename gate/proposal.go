package gate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// Proposals to the court that it look again at a listing (2.4.1).
const proposalsSchema = `
	CREATE TABLE proposals (
		reference TEXT PRIMARY KEY,
		listing BLOB NOT NULL,
		reason TEXT NOT NULL,
		at INTEGER NOT NULL,
		sum BLOB NOT NULL
	) WITHOUT ROWID;
	CREATE INDEX proposals_of ON proposals (listing);`

const (
	proposalColumns = `reference, listing, reason, at, sum`
	readProposals   = `SELECT ` + proposalColumns + ` FROM proposals`
	readProposal    = readProposals + ` WHERE listing = $1 AND reason = $2 ORDER BY reference`
	readProposalsOf = readProposals + ` WHERE listing = $1`
	writeProposal   = `INSERT INTO proposals (` + proposalColumns + `) VALUES ($1, $2, $3, $4, $5)`
	readPosted      = `SELECT refused FROM outbox WHERE reference = $1 AND part = 0 AND kind = 'proposal'`
)

// A Proposal is what a department proposes to the court: to look again at a
// listing. The listing stays in force meanwhile, and the department goes on
// carrying out its measures; it does not review the merits itself.
type Proposal struct {
	Reference string            `json:"reference"`
	Listing   gongxin.ListingID `json:"listing"`
	Reason    string            `json:"reason"`
	At        time.Time         `json:"at"`
	State     string            `json:"state"` // "waiting" for the hub, "delivered", or "refused" by it
}

// ProposeReview records the proposal that the court look again at listing, for
// reason, and takes it to the hub; the same listing and reason again are the same
// proposal. Errors: PROPOSAL_NOT_LISTED if the gate holds no such listing in force,
// REMARK_NEEDED, REMARK_TOO_LONG, REMARK_WITH_NUMBER.
func (g *Gate) ProposeReview(ctx context.Context, listing gongxin.ListingID, reason string) (Proposal, error) {
	reason, err := plainText("reason", reason, maxReason)
	if err != nil {
		return Proposal{}, err
	}
	if reason == "" {
		return Proposal{}, gongxin.Invalid("REMARK_NEEDED")
	}
	now := gongxin.Millis(g.config.Now())
	_, inForce, err := g.listing(listing)
	if err != nil {
		return Proposal{}, fmt.Errorf("read the list: %w", err)
	}
	reference, err := g.newReference("P", now)
	if err != nil {
		return Proposal{}, err
	}
	p, state, err := g.outcomes.propose(ctx, proposal{reference, listing, reason, now}, inForce)
	if err != nil {
		return Proposal{}, g.notKept(ctx, reference, err)
	}
	g.wakeDelivery()
	return p.told(state), nil
}

// A proposal is one row.
type proposal struct {
	reference string
	listing   gongxin.ListingID
	reason    string
	at        time.Time
}

func (p proposal) told(state string) Proposal {
	return Proposal{Reference: p.reference, Listing: p.listing, Reason: p.reason, At: p.at, State: state}
}

func (p proposal) sum() ledger.Digest {
	return rowSum("proposal", []byte(p.reference), p.listing[:], []byte(p.reason), word(uint64(millis(p.at))))
}

func scanProposal(row scanner) (proposal, error) {
	var p proposal
	var listing, sum []byte
	var at int64
	if err := row.Scan(&p.reference, &listing, &p.reason, &at, &sum); err != nil {
		return p, unreadable(err)
	}
	if len(listing) != len(p.listing) {
		return p, fmt.Errorf("%w: proposal %s", errDamaged, p.reference)
	}
	p.listing, p.at = gongxin.ListingID(listing), instant(at)
	if want := p.sum(); string(sum) != string(want[:]) {
		return p, fmt.Errorf("%w: proposal %s", errDamaged, p.reference)
	}
	return p, nil
}

// propose writes p unless the same was proposed before, which may be done also
// after the listing has ended, and returns what is recorded and how far it is.
func (o *outcomes) propose(ctx context.Context, p proposal, inForce bool) (proposal, string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state := "waiting"
	err := o.transact(ctx, func(tx *sql.Tx) error {
		found, err := query(ctx, tx, scanProposal, readProposal, p.listing[:], p.reason)
		switch {
		case err != nil:
			return err
		case len(found) > 0:
			p = found[0]
			if state, err = postedState(ctx, tx, p.reference); err != nil {
				return err
			}
			return errNothing
		case !inForce:
			return gongxin.Missing("PROPOSAL_NOT_LISTED", p.listing)
		}
		sum := p.sum()
		if _, err := tx.ExecContext(ctx, writeProposal, p.reference, p.listing[:], p.reason, millis(p.at), sum[:]); err != nil {
			return fmt.Errorf("record proposal %s: %w", p.reference, err)
		}
		o.rows, o.digest = o.rows+1, o.digest.Add(sum)
		return o.post(ctx, tx, p.reference, 0, kindProposal)
	})
	if err != nil && !errors.Is(err, errNothing) {
		return p, "", err
	}
	return p, state, nil
}

// onlyProposal tells whether there is no more than one proposal for listing.
func (o *outcomes) onlyProposal(ctx context.Context, listing gongxin.ListingID) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, err := query(ctx, o.db, scanProposal, readProposalsOf, listing[:])
	return len(found) == 1, err
}

// postedState tells how far the proposal of reference is.
func postedState(ctx context.Context, tx *sql.Tx, reference string) (string, error) {
	var refused bool
	switch err := tx.QueryRowContext(ctx, readPosted, reference).Scan(&refused); {
	case errors.Is(err, sql.ErrNoRows):
		return "delivered", nil
	case err != nil:
		return "", fmt.Errorf("read outbox: %w", err)
	case refused:
		return "refused", nil
	}
	return "waiting", nil
}
