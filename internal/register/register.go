package register

import (
	"context"
	"fmt"
	"io"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/policy"
)

// Config is what a Register works with. Writer, Policy, Calendar, Now and Random
// are needed.
type Config struct {
	Writer   Writer
	Policy   *policy.Policy
	Calendar *calendar.Calendar
	Courts   Courts // without it no reconsideration can be recorded
	Scribe   Scribe // without it no documents are written
	Now      func() time.Time
	Random   io.Reader // for listing ids; safe for concurrent use, as crypto/rand.Reader is
}

// A Register carries out commands and takes courts' files.
type Register struct {
	writer   Writer
	policy   *policy.Policy
	calendar *calendar.Calendar
	courts   Courts
	scribe   Scribe
	now      func() time.Time
	random   io.Reader
}

// New returns a register that works with c.
func New(c Config) *Register {
	return &Register{writer: c.Writer, policy: c.Policy, calendar: c.Calendar, courts: c.Courts, scribe: c.Scribe, now: c.Now, random: c.Random}
}

// A Command is one act of a person or of the hub on one listing: ServeNotice,
// Decide, Publish, Correct, Withdraw, Revoke or Expire.
type Command interface {
	// find reads the listing that the command is about; zero for one to be made.
	find(ctx context.Context, j Journal) (gongxin.Listing, error)
	// by is who acts.
	by() gongxin.Actor
	// decide returns the events that the command causes to l at the time at; none if
	// the same was carried out before. It says what happened; record says to which
	// listing, when and by whom.
	decide(l gongxin.Listing, p *policy.Policy, at time.Time) ([]gongxin.Event, error)
}

// Done is what came of a command: the listing as it stands after it, and the
// documents that the act was put down in, without Page and Data.
type Done struct {
	Listing   gongxin.Listing
	Documents []gongxin.Document
}

// Do is Carry for those who need no documents.
func (r *Register) Do(ctx context.Context, c Command) (gongxin.Listing, error) {
	done, err := r.Carry(ctx, c)
	return done.Listing, err
}

// Carry carries out c and returns what came of it, once that is durable. If the
// same was carried out before, nothing changes. Errors of the commands stand with
// their decide methods.
func (r *Register) Carry(ctx context.Context, c Command) (Done, error) {
	var done Done
	err := r.writer.Write(ctx, func(ctx context.Context, j Journal) error {
		done = Done{}
		l, err := c.find(ctx, j)
		if err != nil {
			return err
		}
		at := gongxin.Millis(r.now())
		events, err := c.decide(l, r.policy, at)
		if err != nil {
			return err
		}
		done.Listing, err = r.record(ctx, j, l, events, c.by(), at, [32]byte{})
		return err
	})
	if err != nil {
		return Done{}, err
	}
	return done, nil
}

// record appends events to l, or to a new listing if l is zero or has ended and
// the events begin one, and returns the listing after them.
func (r *Register) record(ctx context.Context, j Journal, l gongxin.Listing, events []gongxin.Event,
	by gongxin.Actor, at time.Time, submission [32]byte) (gongxin.Listing, error) {
	for _, e := range events {
		if begins(e.Kind) {
			id, err := gongxin.NewListingID(at, r.random)
			if err != nil {
				return gongxin.Listing{}, err
			}
			l, e.Listing = gongxin.Listing{}, id
		} else {
			e.Listing = l.ID
		}
		e.By, e.At = by, at
		next, err := j.Append(ctx, l, e, submission)
		if err != nil {
			return gongxin.Listing{}, fmt.Errorf("append %s to listing %s: %w", e.Kind, e.Listing, err)
		}
		l = next
	}
	return l, nil
}
