package store

import (
	"context"
	"fmt"
	"sync"
)

// Listings are found by case and by subject through hashes, which scatter: kept
// in step row by row, a large index would dirty a page of its own for each new
// listing and cost more than all the rest (docs/decisions/blind-index.md). So the
// index tables are filled in bulk, in the order of the hashes, and the listings
// since then, the tail, are found through memory.
//
//	ordinals   1 ………………… indexed │ … listings
//	found in   index_cases, …    │ tail
//
// The tail is made from the rows of listings and holds nothing of its own: it may
// be thrown away at any time. indexed and listings are read in each transaction,
// so the two parts meet without a gap whatever other processes do.

// defaultMerge is how many listings the tail holds before it is merged into the
// index tables.
const defaultMerge = 1 << 17

// A tail finds the listings after an ordinal by case or subject. It is safe for
// concurrent use and only grows.
type tail struct {
	from     uint64
	mu       sync.RWMutex
	cases    chains
	subjects chains
}

// chains hold for each value the positions that have it, newest first: last by
// value, earlier by position. Positions count from 1.
type chains struct {
	last    map[int64]uint32
	earlier []uint32
}

func (c *chains) add(value int64) {
	c.earlier = append(c.earlier, c.last[value])
	c.last[value] = uint32(len(c.earlier))
}

func newTail(from uint64) *tail {
	return &tail{from: from, cases: chains{last: map[int64]uint32{}}, subjects: chains{last: map[int64]uint32{}}}
}

// to returns the last ordinal that t holds; mu is held.
func (t *tail) to() uint64 { return t.from + uint64(len(t.cases.earlier)) }

// add takes the next listing, if ordinal is that.
func (t *tail) add(ordinal uint64, caseValue, subjectValue int64) {
	if ordinal == t.to()+1 {
		t.cases.add(caseValue)
		t.subjects.add(subjectValue)
	}
}

const listingsAfter = `
	SELECT ordinal, case_index, subject_index FROM listings
	WHERE ordinal > $1 AND ordinal <= $2 ORDER BY ordinal`

// reach makes t hold all listings up to the ordinal to.
func (t *tail) reach(ctx context.Context, s *session, to uint64) error {
	t.mu.RLock()
	there := t.to() >= to
	t.mu.RUnlock()
	if there {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err := s.each(ctx, listingsAfter, []any{int64(t.to()), int64(to)}, func(scan func(...any) error) error {
		var ordinal uint64
		var c, n int64
		if err := scan(&ordinal, &c, &n); err != nil {
			return err
		}
		t.add(ordinal, c, n)
		return nil
	})
	if err == nil && t.to() < to {
		err = fmt.Errorf("listings end at %d instead of %d", t.to(), to)
	}
	if err != nil {
		return fmt.Errorf("read the newest listings: %w", err)
	}
	return nil
}

// find calls f with the ordinals up to to that have value in the chains of column.
func (t *tail) find(column column, value int64, to uint64, f func(ordinal uint64)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := &t.cases
	if column == bySubject {
		c = &t.subjects
	}
	for i := c.last[value]; i != 0; i = c.earlier[i-1] {
		if ordinal := t.from + uint64(i); ordinal <= to {
			f(ordinal)
		}
	}
}

// tails keeps the tail of the newest merge, and of the one before for those who
// read an older moment.
type tails struct {
	mu  sync.Mutex
	two [2]*tail
}

// at returns the tail from an ordinal; one of its own to who reads a moment older than both.
func (t *tails) at(from uint64) *tail {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.two {
		if x != nil && x.from == from {
			return x
		}
	}
	x := newTail(from)
	if t.two[0] == nil || from > t.two[0].from {
		t.two[0], t.two[1] = x, t.two[0]
	}
	return x
}

// A column is one of the two ways to find listings.
type column int

const (
	byCase column = iota
	bySubject
)

var findIndexed = map[column]string{
	byCase:    `SELECT value, ordinal FROM index_cases WHERE value IN`,
	bySubject: `SELECT value, ordinal FROM index_subjects WHERE value IN`,
}

// lookup returns the ordinals of the listings that have one of values, which are
// distinct, in the moment of h. Each is to be compared for good.
func (db *DB) lookup(ctx context.Context, s *session, h head, by column, values []int64) ([]int64, error) {
	var found []int64
	if h.listings > h.indexed {
		t := db.tails.at(h.indexed)
		if err := t.reach(ctx, s, h.listings); err != nil {
			return nil, err
		}
		for _, v := range values {
			t.find(by, v, h.listings, func(ordinal uint64) { found = append(found, int64(ordinal)) })
		}
	}
	if h.indexed == 0 {
		return found, nil
	}
	err := s.eachIn(ctx, findIndexed[by], values, func(scan func(...any) error) error {
		var value, ordinal int64
		err := scan(&value, &ordinal)
		found = append(found, ordinal)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up listings: %w", err)
	}
	return found, nil
}

var mergeTail = []string{
	`INSERT INTO index_cases (value, ordinal)
	SELECT case_index, ordinal FROM listings WHERE ordinal > $1 AND ordinal <= $2 ORDER BY case_index, ordinal`,
	`INSERT INTO index_subjects (value, ordinal)
	SELECT subject_index, ordinal FROM listings WHERE ordinal > $1 AND ordinal <= $2 ORDER BY subject_index, ordinal`,
	`INSERT INTO index_terms (until, ordinal)
	SELECT until, ordinal FROM listings WHERE ordinal > $1 AND ordinal <= $2 AND state IN ('in_force', 'suspended') AND until > 0 ORDER BY until, ordinal`,
}

// merge moves the tail into the index tables. h becomes the head after it.
func merge(ctx context.Context, s *session, h *head) error {
	for _, text := range mergeTail {
		if _, err := s.exec(ctx, text, int64(h.indexed), int64(h.listings)); err != nil {
			return fmt.Errorf("index listings %d to %d: %w", h.indexed+1, h.listings, err)
		}
	}
	h.indexed = h.listings
	return nil
}
