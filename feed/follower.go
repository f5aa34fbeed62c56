package feed

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gongxin"
	"gongxin/ledger"
)

// Held is what a follower holds at its position: the elements of the listings in
// force. It is asked from one goroutine at a time.
type Held interface {
	// Element returns what listing id adds to the digest; ok is false if it is not in force.
	Element(id gongxin.ListingID) (e ledger.Digest, ok bool)
}

// A Change is one verified event. Leaf and Body share memory with the Changes it
// was read from. A step of the procedure is procedure_step, in logs of the first
// version notice_served or listing_decided: it changes nothing that a follower holds.
type Change struct {
	Sequence uint64
	Event    gongxin.Event // partner: as OpenPartner fills it; else Kind, Listing and At alone
	Element  ledger.Digest // what the listing adds to the digest if this event lets it count
	Leaf     []byte
	Body     []byte // as committed to; nil if Erased, and for events that have none
	Erased   bool   // the body was erased: the listing is in force no longer
}

// A Follower verifies for one audience what one hub signed. Witnesses and Guard
// are off when zero.
type Follower struct {
	Verifier  *ledger.Verifier // of the key that the follower was given; Position.Keys goes on from it
	Audience  gongxin.Audience
	Witnesses Witnesses
	Guard     Guard // not while a first list is loaded step by step: leave it zero then

	accepted uint64
}

// Advance verifies that c continues p, where held is in force, and returns the
// position after it and the changes in order. Everything is verified, or an error
// says what is off and nothing may be applied. Errors, all told from one another
// by code:
//
//	FEED_MALFORMED, FEED_KEY, FEED_ORIGIN   the checkpoint, or a leaf or body, is not what it should be
//	FEED_WITNESS                            too few witnesses have cosigned the checkpoint
//	FEED_FORK                               the hub signed two heads that cannot both be true: a *Fork, with the proof
//	FEED_ROLLBACK, FEED_TIME                size or time of the checkpoint is before p's
//	FEED_GAP                                c does not begin at p, or not end at its checkpoint
//	FEED_ROOT                               the leaves are not those that were signed: changed, missing, forked
//	FEED_UNKNOWN_EVENT                      newer than this software
//	FEED_COMMITMENT                         a body is not the one committed to, or is missing
//	FEED_HISTORY                            an event does not fit what is in force
//	FEED_COUNT, FEED_DIGEST                 what is in force afterwards is not what was signed
//	FEED_ABNORMAL                           all is as signed, and yet the Guard objects
func (f Follower) Advance(p Position, held Held, c Changes) (Position, []Change, error) {
	next, changes, err := f.advance(p, held, c)
	if err == nil {
		err = f.witnessed(next.Seen[0], c.Checkpoint)
	}
	if err != nil {
		return p, nil, err
	}
	return next, changes, nil
}

// advance is Advance without witnesses, whom the last checkpoint of a bootstrap alone needs.
func (f Follower) advance(p Position, held Held, c Changes) (Position, []Change, error) {
	signed, keys, err := f.open(p.Keys, c.Checkpoint)
	if err != nil {
		return p, nil, err
	}
	head := signed.Head
	if err := p.Seen.fork(signed); err != nil {
		return p, nil, err
	}
	switch size, last := p.Tree.Size(), c.After+uint64(len(c.Records)); {
	case head.Size < size:
		return p, nil, gongxin.Conflict("FEED_ROLLBACK", size, head.Size)
	case head.At.Before(p.Head.At):
		return p, nil, gongxin.Conflict("FEED_TIME", p.Head.At.Format(timeForm), head.At.Format(timeForm))
	case c.After != size:
		return p, nil, gongxin.Conflict("FEED_GAP", size, c.After)
	case head.Size != last:
		return p, nil, gongxin.Conflict("FEED_GAP", last, head.Size)
	}
	next := Position{Tree: p.Tree, Head: head, Seen: p.Seen.with(signed)}
	changes, err := f.verify(&next.Tree, head, c)
	if err != nil {
		return p, nil, err
	}
	turns, err := foldForce(p.Head, head, held, changes)
	if err != nil {
		return p, nil, err
	}
	if next.Keys, err = f.announced(keys, changes); err != nil {
		return p, nil, err
	}
	if next.Tally, err = f.count(p, head, changes, turns); err != nil {
		return p, nil, err
	}
	return next, changes, nil
}

const timeForm = "2006-01-02T15:04:05.000Z"

// verify appends the leaves of c to tree, which head signs then, and opens the records.
func (f Follower) verify(tree *ledger.Tree, head ledger.Head, c Changes) ([]Change, error) {
	n := len(c.Records)
	hashes, changes := make([]ledger.Hash, n), make([]Change, n)
	batches := (n + verifyAtOnce - 1) / verifyAtOnce
	part := func(i int) (from, to int) { return i * verifyAtOnce, min(n, (i+1)*verifyAtOnce) }
	_ = inParallel(batches, func(i int) error {
		from, to := part(i)
		ledger.RecordHashes(hashes[from:to], func(i int) []byte { return c.Records[from+i].Leaf })
		return nil
	})
	// What the records say counts only if the tree is the one signed: that error comes first.
	err := inParallel(1+batches, func(i int) error {
		if i == 0 {
			if tree.Extend(hashes); tree.Root() != head.Root {
				return gongxin.Conflict("FEED_ROOT", head.Size)
			}
			return nil
		}
		from, to := part(i - 1)
		k := checkers.Get().(*checker)
		defer checkers.Put(k)
		sequence := func(i int) uint64 { return c.After + uint64(from+i) + 1 }
		return k.verify(f, sequence, c.Records[from:to], hashes[from:to], changes[from:to], f.entriesFor(to-from), false)
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

var checkers = sync.Pool{New: func() any { return new(checker) }}

// foldForce checks that changes lead from what was in force at the head before
// to what the head after signs, and that what is in force then has its bodies. It
// returns what they did to each listing that they put in force or took out.
func foldForce(before, after ledger.Head, held Held, changes []Change) (map[gongxin.ListingID]turn, error) {
	count, digest := before.Count, before.Digest
	turns := map[gongxin.ListingID]turn{}
	for i := range changes {
		c := &changes[i]
		force := c.Event.Kind.Force()
		if force == gongxin.ForceNone {
			continue
		}
		id := c.Event.Listing
		var element ledger.Digest
		t, again := turns[id]
		in := t.now != nil
		if in {
			element = t.now.Element
		} else if !again {
			element, in = held.Element(id)
			t.was = in
		}
		if in == (force == gongxin.ForceEnters) && force != gongxin.ForceLeaves {
			return nil, gongxin.Conflict("FEED_HISTORY", c.Sequence) // enters twice, or corrects what is not in force
		}
		if in {
			count, digest = count-1, digest.Sub(element)
		}
		t.now, t.at = nil, c.Sequence
		if force != gongxin.ForceLeaves {
			count, digest = count+1, digest.Add(c.Element)
			t.now = c
		}
		turns[id] = t
	}
	switch {
	case count != after.Count:
		return nil, gongxin.Conflict("FEED_COUNT", count, after.Count)
	case digest != after.Digest:
		return nil, gongxin.Conflict("FEED_DIGEST", after.Size)
	}
	for i := range changes {
		if c := &changes[i]; c.Erased && turns[c.Event.Listing].now == c {
			return nil, gongxin.Conflict("FEED_COMMITMENT", c.Sequence)
		}
	}
	return turns, nil
}

// inParallel calls f for 0 … n−1 from several goroutines, each taking the next
// number, waits for them, and returns the error with the lowest number.
func inParallel(n int, f func(i int) error) error {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next, failed atomic.Int64 // failed: no number from here on is of interest
	failed.Store(int64(n))
	errs := make([]error, n)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= failed.Load() {
					return
				}
				if errs[i] = f(int(i)); errs[i] == nil {
					continue
				}
				for at := failed.Load(); i < at && !failed.CompareAndSwap(at, i); at = failed.Load() {
				}
			}
		})
	}
	wait.Wait()
	if i := failed.Load(); i < int64(n) {
		return errs[i]
	}
	return nil
}
