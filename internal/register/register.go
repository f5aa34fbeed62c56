package register

import (
	"context"
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

// A Command is one act of a person or of the hub on one listing.
type Command interface {
	// find reads the listing that the command is about; zero for one to be made.
	find(ctx context.Context, j Journal) (gongxin.Listing, error)
	// by is who acts.
	by() gongxin.Actor
	// decide returns the events that the command causes to l; none if the same was
	// carried out before. It says what happened; record says to which listing, when
	// and by whom.
	decide(l gongxin.Listing, in *setting) ([]gongxin.Event, error)
}

// A setting is what a command is decided in, besides the listing: the rules and
// the time. It does not change while one command is decided.
type setting struct {
	policy   *policy.Policy
	calendar *calendar.Calendar
	courts   Courts
	at       time.Time
	today    gongxin.Day
	owed     []gongxin.Duty // of the listing, open
}

func (r *Register) setting() *setting {
	at := gongxin.Millis(r.now())
	return &setting{policy: r.policy, calendar: r.calendar, courts: r.courts, at: at, today: gongxin.DayOf(at)}
}

// superior returns the next higher court, where it is known for sure.
func (in *setting) superior(court gongxin.CourtCode) (gongxin.CourtCode, bool) {
	if in.courts == nil || court.IsZero() {
		return gongxin.CourtCode{}, false
	}
	return in.courts.Superior(court)
}

// stated returns the day that a command states for its act, today if it states
// none. Error: DATE_FUTURE.
func (in *setting) stated(on gongxin.Day, field string) (gongxin.Day, error) {
	switch {
	case on.IsZero():
		return in.today, nil
	case on > in.today:
		return 0, dateFuture(field, on, in.today)
	}
	return on, nil
}

// late tells whether the day on lies after the window that the policy rule counts
// from since. Where the start, the rule or the year's holidays are not known,
// nobody is late.
func (in *setting) late(rule string, since, on gongxin.Day) bool {
	if since.IsZero() {
		return false
	}
	last, err := in.policy.Deadline(rule, since, in.calendar)
	return err == nil && on > last
}

// Done is what came of a command: the listing as it stands after it, and the
// documents in which the act was put down, without Page and Data.
type Done struct {
	Listing   gongxin.Listing
	Documents []gongxin.Document
}

// Do is Carry for those who need no documents.
func (r *Register) Do(ctx context.Context, c Command) (gongxin.Listing, error) {
	done, err := r.Carry(ctx, c)
	return done.Listing, err
}

// Carry carries out c and returns what came of it, once that is durable: the
// events, the duties that they open or meet, and the documents. If the same was
// carried out before, nothing changes. Errors of the commands stand with their
// decide methods; ACT_TEXT_TOO_LONG and DOCUMENT_NUMBER_TAKEN may come from any.
func (r *Register) Carry(ctx context.Context, c Command) (Done, error) {
	for skip := 0; ; skip++ {
		done, again, err := r.carry(ctx, c, skip)
		if err == nil || !again || skip == longestSkip {
			return done, err
		}
	}
}

// longestSkip is how many numbers that courts gave themselves are stepped over in
// search of the next document's.
const longestSkip = 100

// carry is Carry with the first skip numbers of documents left out. again tells
// that it failed because a number that the register chose was taken.
func (r *Register) carry(ctx context.Context, c Command, skip int) (done Done, again bool, err error) {
	err = r.writer.Write(ctx, func(ctx context.Context, j Journal) error {
		done, again = Done{}, false
		l, err := c.find(ctx, j)
		if err != nil {
			return err
		}
		in := r.setting()
		if in.owed, err = owedBy(ctx, j, &l); err != nil {
			return err
		}
		events, err := c.decide(l, in)
		if err != nil {
			return err
		}
		for i := range events {
			if err := checkTexts(&events[i]); err != nil {
				return err
			}
		}
		a := &act{register: r, journal: j, in: in, by: c.by(), papers: r.scribe != nil, skip: skip}
		done.Listing, err = a.record(ctx, l, events)
		done.Documents, again = a.issued, a.taken
		return err
	})
	if err != nil {
		return Done{}, again, err
	}
	return done, false, nil
}
