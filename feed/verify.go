package feed

import (
	"fmt"
	"strings"

	"gongxin"
	"gongxin/ledger"
)

// verifyAtOnce is how many records are verified together: enough for hashing side by
// side, and few enough that they stay near the processor.
const verifyAtOnce = 256

// A checker verifies records, many at once, and uses its memory again. It is for one
// goroutine.
type checker struct {
	hashes   []ledger.Hash
	elements []ledger.Digest
	commits  []ledger.Hash
}

// resized returns s with n elements, whatever they are.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// verify verifies records for f and opens them into changes, which is as long, in
// three passes: elements, commitments, bodies. That hashes, the hashes of their leaves,
// are in the ledger is the caller's matter. In a snapshot each record puts its listing
// in force. entries, as many, which are zero, are room for what is opened (entriesFor);
// texts are parts of one string for all. The error is that of the first record with one.
func (k *checker) verify(f Follower, sequence func(i int) uint64, records []Record, hashes []ledger.Hash, changes []Change, entries []gongxin.Entry, snapshot bool) error {
	k.elements = resized(k.elements, len(records))
	ledger.ElementsOf(k.elements, sequence, hashes)
	k.commits = resized(k.commits, len(records))
	ledger.Commits(k.commits, func(i int) (salt, body []byte) { return records[i].Salt, records[i].Body })
	bodies := ""
	if entries != nil {
		bodies = joined(records)
	}
	for i := range records {
		c, r := &changes[i], &records[i]
		*c = Change{Sequence: sequence(i), Element: k.elements[i], Leaf: r.Leaf, Body: r.Body}
		body, room := "", (*gongxin.Entry)(nil)
		if entries != nil {
			body, bodies = bodies[:len(r.Body)], bodies[len(r.Body):]
			room = &entries[i]
		}
		is, err := f.check(c, r, k.commits[i], body, room)
		if err != nil {
			return err
		}
		if snapshot && !is.counts() {
			return gongxin.Conflict("FEED_SNAPSHOT", fmt.Sprintf("event %d puts nothing in force", c.Sequence))
		}
	}
	return nil
}

// entriesFor returns room for the entries of n records, nil if f opens none.
func (f Follower) entriesFor(n int) []gongxin.Entry {
	if f.Audience != gongxin.AudiencePartner {
		return nil
	}
	return make([]gongxin.Entry, n)
}

// joined returns the bodies of records as one string.
func joined(records []Record) string {
	var all strings.Builder
	n := 0
	for i := range records {
		n += len(records[i].Body)
	}
	all.Grow(n)
	for i := range records {
		all.Write(records[i].Body)
	}
	return all.String()
}

// check fills c from r, whose leaf is known to be in the ledger and whose salt and
// body have the hash commit. body and room are for opening it. It returns what is true of the kind.
func (f Follower) check(c *Change, r *Record, commit ledger.Hash, body string, room *gongxin.Entry) (facts, error) {
	leaf, err := ledger.ViewLeaf(r.Leaf)
	if err != nil {
		return facts{}, fmt.Errorf("%w: %w", malformed("the leaf of event %d", c.Sequence), err)
	}
	kind, is := kindOf(leaf.Kind())
	c.Event.Kind, c.Event.Listing, c.Event.At = kind, leaf.Key(), leaf.At()
	switch {
	case !is.known:
		return is, gongxin.Conflict("FEED_UNKNOWN_EVENT", string(kind), c.Sequence)
	case is.ofLog != c.Event.Listing.IsZero():
		return is, gongxin.Conflict("FEED_HISTORY", c.Sequence)
	case kind == gongxin.SnapshotMade && r.Salt == nil && r.Body == nil:
		return is, nil // its commitments are the hashes of files
	case is.ofLog && r.Salt == nil:
		return is, gongxin.Conflict("FEED_COMMITMENT", c.Sequence) // nothing of the log itself is ever erased
	case r.Salt == nil && r.Body == nil:
		c.Erased = true
		return is, nil
	case commit != leaf.Commitment(int(f.Audience)):
		return is, gongxin.Conflict("FEED_COMMITMENT", c.Sequence)
	case is.ofLog:
		return is, c.openLog()
	case f.Audience != gongxin.AudiencePartner, is.step:
		return is, nil // a step concerns the court and the person: to a department it is a sequence and nothing else
	}
	if err := gongxin.OpenPartnerInto(&c.Event, room, body); err != nil {
		return is, fmt.Errorf("%w: %w", malformed("the body of event %d", c.Sequence), err)
	}
	if c.Event.Entry == nil && is.counts() {
		return is, gongxin.Conflict("FEED_HISTORY", c.Sequence)
	}
	return is, nil
}

// facts are what a follower asks of a kind of event.
type facts struct {
	known, ofLog, step bool
	force              gongxin.Force
}

// counts tells whether the listing counts from such an event on.
func (is facts) counts() bool {
	return is.force == gongxin.ForceEnters || is.force == gongxin.ForceReplaces
}

func factsOf(kind gongxin.EventKind) facts {
	return facts{kind.Known(), kind.OfLog(), kind.Step(), kind.Force()}
}

// A usualKind is one of those that most leaves have, looked up without a copy.
type usualKind struct {
	kind gongxin.EventKind
	facts
}

var usualKinds = func() map[string]usualKind {
	m := map[string]usualKind{}
	for _, kind := range []gongxin.EventKind{
		gongxin.ListingPublished, gongxin.ListingAdmitted, gongxin.ListingCorrected, gongxin.TermExtended, gongxin.ListingSuspended,
		gongxin.SuspensionEnded, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked, gongxin.ProcedureStep,
	} {
		m[string(kind)] = usualKind{kind, factsOf(kind)}
	}
	return m
}()

// kindOf returns the kind that a leaf says, and what is true of it.
func kindOf(b []byte) (gongxin.EventKind, facts) {
	if u, ok := usualKinds[string(b)]; ok {
		return u.kind, u.facts
	}
	kind := gongxin.EventKind(b)
	return kind, factsOf(kind)
}
