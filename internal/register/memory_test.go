package register

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
)

// A memory is a journal that lives in maps: what a store does, without a disk.
type memory struct {
	kept
	finds  int   // calls of Find
	asked  int   // calls of Duties
	rerun  bool  // run every transaction twice, as a Writer may, and keep the second
	broken error // what Append gives, if anything
}

// What a transaction that fails leaves as it was.
type kept struct {
	listings    map[gongxin.ListingID]gongxin.Listing
	submissions map[gongxin.ListingID][32]byte
	events      []gongxin.Event                          // the event of sequence i+1 at i
	commits     []int                                    // by event, the transaction that it came in
	keys        map[gongxin.ListingID]gongxin.ListingKey // of the erased, as blind indexes keep them
	duties      map[dutyKey]gongxin.Duty
	documents   map[string]gongxin.Document // by number
	counted     map[string]int              // documents of each case
}

type dutyKey struct {
	listing gongxin.ListingID
	kind    gongxin.DutyKind
	opened  uint64
}

func newMemory() *memory {
	return &memory{kept: kept{
		listings: map[gongxin.ListingID]gongxin.Listing{}, submissions: map[gongxin.ListingID][32]byte{},
		keys: map[gongxin.ListingID]gongxin.ListingKey{}, duties: map[dutyKey]gongxin.Duty{},
		documents: map[string]gongxin.Document{}, counted: map[string]int{},
	}}
}

// clone keeps k as it stands; what is only ever appended to needs no copy.
func (k kept) clone() kept {
	return kept{
		maps.Clone(k.listings), maps.Clone(k.submissions), k.events, k.commits, maps.Clone(k.keys),
		maps.Clone(k.duties), maps.Clone(k.documents), maps.Clone(k.counted),
	}
}

func (m *memory) Write(ctx context.Context, f func(context.Context, Journal) error) error {
	before, finds := m.kept.clone(), m.finds
	if m.rerun {
		_ = f(ctx, m) // its error comes again
		m.kept, m.finds = before.clone(), finds
	}
	err := f(ctx, m)
	if err != nil {
		m.kept, m.finds = before, finds
	}
	for len(m.commits) < len(m.events) {
		m.commits = append(m.commits, len(before.events))
	}
	return err
}

func (m *memory) Duties(_ context.Context, id gongxin.ListingID) ([]gongxin.Duty, error) {
	m.asked++
	var open []gongxin.Duty
	for _, d := range m.duties {
		if d.Listing == id && d.Open() {
			open = append(open, d)
		}
	}
	slices.SortFunc(open, func(a, b gongxin.Duty) int {
		return cmp.Or(cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.Kind, b.Kind))
	})
	return open, nil
}

func (m *memory) PutDuty(_ context.Context, d gongxin.Duty) error {
	m.duties[dutyKey{d.Listing, d.Kind, d.Opened}] = d
	return nil
}

func (m *memory) NextDocument(_ context.Context, caseKey string) (int, error) {
	m.counted[caseKey]++
	return m.counted[caseKey], nil
}

func (m *memory) KeepDocument(_ context.Context, d gongxin.Document) error {
	if _, taken := m.documents[d.Number]; taken {
		return gongxin.Conflict("DOCUMENT_NUMBER_TAKEN", d.Number)
	}
	m.documents[d.Number] = d
	return nil
}

// A plain scribe writes a document as a line.
type plain struct{}

func (plain) Write(_ context.Context, d Draft) (gongxin.Document, error) {
	doc := d.Document
	doc.Page = fmt.Appendf(nil, "%s %s %s: %s by %s, from %q to %q, remedy %v", doc.Number, doc.Kind, doc.Court, d.Act.Kind, d.Act.By.ID, d.Before.State, d.After.State, d.Remedy)
	doc.Data = fmt.Appendf(nil, "%q", doc.Page)
	doc.Hash = sha256.Sum256(doc.Page)
	return doc, nil
}

func (m *memory) Listing(_ context.Context, id gongxin.ListingID) (gongxin.Listing, error) {
	l, ok := m.listings[id]
	if !ok {
		return l, gongxin.Missing("UNKNOWN_LISTING", id)
	}
	return l, nil
}

func (m *memory) Find(_ context.Context, keys []gongxin.ListingKey) ([]gongxin.Found, error) {
	m.finds++
	found := make([]gongxin.Found, len(keys))
	for i, k := range keys {
		found[i] = m.latest(func(l gongxin.Listing) bool { return m.key(l) == k })
	}
	return found, nil
}

// key is the natural identity of l, erased or not.
func (m *memory) key(l gongxin.Listing) gongxin.ListingKey {
	if k, erased := m.keys[l.ID]; erased {
		return k
	}
	return l.Entry.Key()
}

// erase forgets what a listing says and keeps that it was there, as the store does.
func (m *memory) erase(id gongxin.ListingID) {
	l := m.listings[id]
	m.keys[id] = l.Entry.Key()
	l.Entry = gongxin.Entry{}
	m.listings[id] = l
}

func (m *memory) latest(is func(gongxin.Listing) bool) (f gongxin.Found) {
	for id, l := range m.listings {
		if is(l) && m.first(id) > m.first(f.Listing.ID) {
			f = gongxin.Found{Listing: l, Submission: m.submissions[id]}
		}
	}
	return f
}

// first is the sequence of the first event of id.
func (m *memory) first(id gongxin.ListingID) int {
	return 1 + slices.IndexFunc(m.events, func(e gongxin.Event) bool { return e.Listing == id })
}

func (m *memory) InCase(_ context.Context, caseKey string, subject identity.Number) (gongxin.Found, int, error) {
	n := 0
	for _, l := range m.listings {
		if m.key(l).Case == caseKey {
			n++
		}
	}
	return m.latest(func(l gongxin.Listing) bool {
		return m.key(l).Case == caseKey && identity.Same(m.key(l).Subject, subject)
	}), n, nil
}

func (m *memory) Append(_ context.Context, before gongxin.Listing, e gongxin.Event, submission [32]byte) (gongxin.Listing, error) {
	if m.broken != nil {
		return before, m.broken
	}
	if m.listings[e.Listing] != before {
		return before, fmt.Errorf("%s does not continue the listing as it stands", e.Kind)
	}
	l, err := before.Apply(e, uint64(len(m.events)+1))
	if err != nil {
		return before, err
	}
	m.events = append(m.events, e)
	m.listings[l.ID] = l
	if submission != [32]byte{} {
		m.submissions[l.ID] = submission
	}
	return l, nil
}

// kinds is the history from the event of sequence from on, as a line.
func (m *memory) kinds(from int) string {
	var s []string
	for _, e := range m.events[from:] {
		s = append(s, string(e.Kind))
	}
	return strings.Join(s, " ")
}

// The court of 苏0505 and the people around it, on 1 April 2017 at noon.
var (
	court      = gongxin.MustCourtCode("苏0505")
	otherCourt = gongxin.MustCourtCode("苏0508")
	clerk      = gongxin.Actor{ID: "clerk.wang", Role: gongxin.RoleClerk, Court: court}
	judge      = gongxin.Actor{ID: "judge.li", Role: gongxin.RoleJudge, Court: court}
	system     = gongxin.Actor{ID: "system.0505", Role: gongxin.RoleCourtSystem, Court: court}
	centre     = gongxin.Actor{ID: "system.high", Role: gongxin.RoleCourtSystem} // of the high court, for all
	stranger   = gongxin.Actor{ID: "judge.zhao", Role: gongxin.RoleJudge, Court: otherCourt}
	operator   = gongxin.Actor{ID: "operator.sun", Role: gongxin.RoleOperator}
	department = gongxin.Actor{ID: "gate.rail", Role: gongxin.RoleDepartment, Organisation: "railway"}
	officer    = gongxin.Actor{ID: "officer.qian", Role: gongxin.RoleOfficer, Organisation: "railway"}
	theHub     = gongxin.Actor{ID: "hub", Role: gongxin.RoleHub}
	judge2     = gongxin.Actor{ID: "judge.wu", Role: gongxin.RoleJudge, Court: court}
	above      = gongxin.Actor{ID: "judge.chen", Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏05")}
	elsewhere  = gongxin.Actor{ID: "judge.feng", Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏01")} // above others
	nobody     gongxin.Actor

	noon  = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)
	day   = gongxin.MustDay
	rules = policy.Default()

	holidays  = calendar.Embedded()
	directory = courts.Embedded()
)

// when is the setting of what is decided at the time at, with the duties owed.
func when(at time.Time, owed ...gongxin.Duty) *setting {
	return &setting{policy: rules, calendar: holidays, courts: directory, at: at, today: gongxin.DayOf(at), owed: owed}
}

// citizen gives a valid number of a person born on the day, with a province's code
// in front, which is never issued.
func citizen(born string, serial int) identity.Number {
	digits := fmt.Sprintf("320000%s%03d", strings.ReplaceAll(born, "-", ""), serial)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(digits[i]-'0')
	}
	return mustNumber(digits + string("10X98765432"[sum%11]))
}

func mustNumber(s string, kinds ...identity.Kind) identity.Number {
	n, _, err := identity.Parse(s, kinds...)
	if err != nil {
		panic(err)
	}
	return n
}

var (
	credit       = mustNumber("91320000QQ4EQ17H2F")
	organisation = mustNumber("QQ4EQ17H2", identity.OrganisationCode)
	passport     = mustNumber("E12345678", identity.Passport)
)

func entryOf(number identity.Number) gongxin.Entry {
	return gongxin.Entry{
		Court: court, CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber("（2016）苏0505执123号"),
		Subject: gongxin.Subject{Name: "程志远", Number: number}, Basis: "（2016）苏0505民初77号", BasisBody: "苏州市虎丘区人民法院",
		Obligation: "支付货款45000元", Performance: "全部未履行", Conduct: "有履行能力而拒不履行生效法律文书确定义务",
		Filed: day("2016-10-02"), Published: day("2017-03-20"), Performed: "0元", Unperformed: "45000元",
		Severity: "较重", Until: day("2019-03-19"),
	}
}

func digestOf(i byte) [32]byte { return [32]byte{i} }

func newRegister(m *memory, at *time.Time) *Register {
	return New(Config{Writer: m, Policy: rules, Calendar: holidays, Courts: directory, Scribe: plain{}, Now: func() time.Time { return *at }, Random: rand.NewChaCha8([32]byte{1})})
}

// with returns e changed by change.
func with(e gongxin.Entry, change func(*gongxin.Entry)) gongxin.Entry {
	change(&e)
	return e
}

// outcome is what a command gave, for tables: the kinds of the events, or the code
// of the error, or "".
func outcome(events []gongxin.Event, err error) string {
	if err != nil {
		return gongxin.CodeOf(err)
	}
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, string(e.Kind))
	}
	return strings.Join(kinds, " ")
}

func TestACommandThatCannotBeWrittenChangesNothing(t *testing.T) {
	m, at := newMemory(), noon
	m.broken = errors.New("disk full")
	_, err := newRegister(m, &at).Do(t.Context(), ServeNotice{Entry: entryOf(credit), By: clerk})
	if !errors.Is(err, m.broken) || len(m.events) != 0 {
		t.Errorf("got %v and %d events, want the journal's error and none", err, len(m.events))
	}
	e := entryOf(credit)
	taken, err := newRegister(m, &at).Take(t.Context(), judge, []Submission{{Entry: &e}})
	if !errors.Is(err, m.broken) || taken != nil {
		t.Errorf("got %v, %v, want the journal's error and no answers", taken, err)
	}
}
