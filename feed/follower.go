package feed

import (
	"fmt"
	"runtime"
	"sync"

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
	changes := make([]Change, len(c.Records))
	hashes := make([]ledger.Hash, len(c.Records))
	_ = inParallel(len(c.Records), func(i int) error {
		hashes[i] = ledger.RecordHash(c.Records[i].Leaf)
		return nil
	})
	next := Position{Tree: p.Tree, Head: head, Seen: p.Seen.with(signed)}
	for _, h := range hashes {
		next.Tree.Append(h)
	}
	if next.Tree.Root() != head.Root {
		return p, nil, gongxin.Conflict("FEED_ROOT", head.Size)
	}
	err = inParallel(len(c.Records), func(i int) (err error) {
		changes[i], err = f.change(c.After+uint64(i)+1, hashes[i], c.Records[i])
		return err
	})
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

// change verifies one record, whose leaf is known to be in the ledger, and opens it.
func (f Follower) change(sequence uint64, leafHash ledger.Hash, r Record) (Change, error) {
	l, err := ledger.ParseLeaf(r.Leaf)
	if err != nil {
		return Change{}, fmt.Errorf("%w: %w", malformed("the leaf of event %d", sequence), err)
	}
	c := Change{
		Sequence: sequence,
		Event:    gongxin.Event{Kind: gongxin.EventKind(l.Kind), Listing: l.Key, At: l.At},
		Element:  ledger.ElementOf(sequence, leafHash),
		Leaf:     r.Leaf,
		Body:     r.Body,
	}
	kind := c.Event.Kind
	switch {
	case !kind.Known():
		return Change{}, gongxin.Conflict("FEED_UNKNOWN_EVENT", l.Kind, sequence)
	case kind.OfLog() != c.Event.Listing.IsZero():
		return Change{}, gongxin.Conflict("FEED_HISTORY", sequence)
	case kind == gongxin.SnapshotMade && r.Salt == nil && r.Body == nil:
		return c, nil // its commitments are the hashes of files
	case kind.OfLog() && r.Salt == nil:
		return Change{}, gongxin.Conflict("FEED_COMMITMENT", sequence) // nothing of the log itself is ever erased
	case r.Salt == nil && r.Body == nil:
		c.Erased = true
		return c, nil
	case ledger.Commit(r.Salt, r.Body) != l.Commitments[f.Audience]:
		return Change{}, gongxin.Conflict("FEED_COMMITMENT", sequence)
	case kind.OfLog():
		return c, c.openLog()
	case f.Audience != gongxin.AudiencePartner, kind.Step():
		return c, nil // a step concerns the court and the person: to a department it is a sequence and nothing else
	}
	if c.Event, err = c.Event.OpenPartner(r.Body); err != nil {
		return Change{}, fmt.Errorf("%w: %w", malformed("the body of event %d", sequence), err)
	}
	if force := kind.Force(); c.Event.Entry == nil && (force == gongxin.ForceEnters || force == gongxin.ForceReplaces) {
		return Change{}, gongxin.Conflict("FEED_HISTORY", sequence)
	}
	return c, nil
}

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

// inParallel calls f for 0 … n−1 from several goroutines, waits for them, and
// returns the error with the lowest number.
func inParallel(n int, f func(i int) error) error {
	const chunk = 64
	workers := min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk)
	if workers <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				if errs[w] = f(i); errs[w] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
