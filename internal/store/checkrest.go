package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"gongxin"
)

// projections compares what is kept beside the history with its fold.
func (c *checking) projections(ctx context.Context) error {
	if err := c.projection(ctx); err != nil {
		return err
	}
	return c.indexes(ctx)
}

const getProjection = `
	SELECT ordinal, id, key_index, round, case_index, subject_index, court, state, origin, until, sequence, content, forced,
		procedure, exit_ground, exit_on, exit_at, exit_sequence, erased
	FROM listings ORDER BY ordinal`

// A projected is a row of listings.
type projected struct {
	standing
	id      gongxin.ListingID
	ordinal uint64
	round   int64
	erased  int64
}

func scanProjected(scan func(...any) error) (p projected, err error) {
	var b, key []byte
	var procedure, ground sql.NullString
	var on, ms, sequence sql.NullInt64
	s := &p.standing
	err = scan(&p.ordinal, &b, &key, &p.round, &s.caseValue, &s.subjectValue, &s.court, &s.state, &s.origin, &s.until, &s.sequence, &s.content, &s.forced,
		&procedure, &ground, &on, &ms, &sequence, &p.erased)
	if err != nil {
		return p, err
	}
	if p.id, err = listingID(b); err != nil {
		return p, err
	}
	copy(s.key[:], key)
	if sequence.Valid {
		s.exit = gongxin.Exit{Ground: gongxin.Ground(ground.String), On: gongxin.Day(on.Int64), At: millisOf(ms.Int64), Sequence: uint64(sequence.Int64)}
	}
	folded, err := openProcedure(procedure)
	if procedure.Valid {
		s.procedure = &folded
	}
	if err != nil {
		s.procedure = &gongxin.Procedure{Handler: err.Error()} // which agrees with nothing
	}
	return p, nil
}

// projection compares the listings with the fold.
func (c *checking) projection(ctx context.Context) error {
	var last uint64
	rounds := map[keyIndex]int64{}
	states := map[gongxin.State]uint64{}
	err := c.v.s.each(ctx, getProjection, nil, func(scan func(...any) error) error {
		p, err := scanProjected(scan)
		if err != nil {
			return err
		}
		c.Listings++
		states[p.state]++
		rounds[p.key]++
		want := c.listings[p.id]
		delete(c.listings, p.id)
		last++
		switch {
		case p.ordinal != last:
			last = p.ordinal
			return c.tell(0, p.id, "FLAW_LISTING", p.id, fmt.Sprintf("ordinal %d", p.ordinal))
		case p.round != rounds[p.key]:
			return c.tell(0, p.id, "FLAW_LISTING", p.id, fmt.Sprintf("round %d ≠ %d", p.round, rounds[p.key]))
		case want == nil:
			return c.tell(0, p.id, "FLAW_LISTING", p.id, "no events")
		case want.erased && !want.state.Ended(), want.erased != (p.erased != 0):
			return c.tell(want.sequence, p.id, "FLAW_ERASED", p.id, want.state)
		case !p.agrees(*want):
			return c.tell(want.sequence, p.id, "FLAW_LISTING", p.id, fmt.Sprintf("%s at %d ≠ %s at %d", p.state, p.sequence, want.state, want.sequence))
		}
		if want.erased {
			c.ErasedListings++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check listings: %w", err)
	}
	if last != c.v.h.listings || len(c.listings) > 0 {
		if err := c.tell(0, gongxin.ListingID{}, "FLAW_LISTINGS", last, c.v.h.listings, len(c.listings)); err != nil {
			return err
		}
	}
	counts, err := c.v.Counts(ctx)
	if err != nil {
		return err
	}
	for _, state := range gongxin.States {
		if counts[state] != states[state] {
			if err := c.tell(0, gongxin.ListingID{}, "FLAW_STATES", state, counts[state], states[state]); err != nil {
				return err
			}
		}
	}
	return nil
}

// agrees tells whether s, as stored, is what the events give.
func (s standing) agrees(want standing) bool {
	s.element = want.element
	want.exit.Decision = "" // in the body alone
	s.erased, s.unknown = want.erased, want.unknown
	if want.unknown {
		s.until, s.court, s.key, s.caseValue, s.subjectValue = want.until, want.court, want.key, want.caseValue, want.subjectValue
		s.exit.Ground, s.exit.On, s.origin = want.exit.Ground, want.exit.On, want.origin
		s.procedure = want.procedure // not known either
	}
	if s.procedure != nil && want.procedure != nil && *s.procedure == *want.procedure {
		s.procedure = want.procedure
	}
	return s == want
}

// indexes compares the index tables with the listings that they should find.
func (c *checking) indexes(ctx context.Context) error {
	const (
		cases    = `SELECT COUNT(*) FROM index_cases i JOIN listings l ON l.ordinal = i.ordinal AND l.case_index = i.value WHERE l.ordinal <= $1`
		subjects = `SELECT COUNT(*) FROM index_subjects i JOIN listings l ON l.ordinal = i.ordinal AND l.subject_index = i.value WHERE l.ordinal <= $1`
		terms    = `SELECT COUNT(*) FROM index_terms i JOIN listings l ON l.ordinal = i.ordinal AND l.until = i.until WHERE l.ordinal <= $1 AND l.state IN ('in_force', 'suspended')`
		running  = `SELECT COUNT(*) FROM listings WHERE ordinal <= $1 AND state IN ('in_force', 'suspended') AND until > 0`
	)
	var n [4]uint64
	for i, text := range []string{cases, subjects, terms, running} {
		if err := c.v.s.row(ctx, text, []any{int64(c.v.h.indexed)}, &n[i]); err != nil {
			return fmt.Errorf("check indexes: %w", err)
		}
	}
	if n[0] != c.v.h.indexed || n[1] != c.v.h.indexed || n[2] != n[3] {
		return c.tell(0, gongxin.ListingID{}, "FLAW_INDEX", c.v.h.indexed, n[0], n[1], n[3], n[2])
	}
	return nil
}

// papers compares documents and evidence with their hashes, and documents with the
// events that commit to them.
func (c *checking) papers(ctx context.Context) error {
	const (
		documents = `SELECT listing, sequence, hash, page FROM documents`
		evidence  = `SELECT listing, hash, body FROM evidence`
	)
	err := c.v.s.each(ctx, documents, nil, func(scan func(...any) error) error {
		var listing, hash, page []byte
		var sequence uint64
		if err := scan(&listing, &sequence, &hash, &page); err != nil {
			return err
		}
		id, err := listingID(listing)
		if err != nil {
			return err
		}
		want, ok := c.issued[sequence]
		delete(c.issued, sequence)
		erased := ok && want == [32]byte{}
		if !ok || !erased && string(want[:]) != string(hash) || page != nil && !hasHash(page, hash) || page == nil && !erased {
			return c.tell(sequence, id, "FLAW_DOCUMENT", sequence, id)
		}
		if page != nil {
			c.Documents++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("check documents: %w", err)
	}
	for sequence, hash := range c.issued {
		if hash == [32]byte{} {
			continue
		}
		if err := c.tell(sequence, gongxin.ListingID{}, "FLAW_DOCUMENT", sequence, ""); err != nil {
			return err
		}
	}
	err = c.v.s.each(ctx, evidence, nil, func(scan func(...any) error) error {
		var listing, hash, body []byte
		if err := scan(&listing, &hash, &body); err != nil {
			return err
		}
		id, err := listingID(listing)
		if err != nil || body == nil {
			return err
		}
		if !hasHash(body, hash) {
			return c.tell(0, id, "FLAW_EVIDENCE", fmt.Sprintf("%x", hash), id)
		}
		c.Evidence++
		return nil
	})
	if err != nil {
		return fmt.Errorf("check evidence: %w", err)
	}
	return nil
}

func hasHash(b, hash []byte) bool {
	sum := sha256.Sum256(b)
	return string(sum[:]) == string(hash)
}
