package gongxin

import (
	"encoding/base32"
	"fmt"
	"io"
	"time"

	"gongxin/identity"
)

// A ListingID names one listing for ever and says nothing about it: 48 bits of
// the time at which it was made, so that listings sort by age, and 80 random bits.
type ListingID [16]byte

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewListingID makes an ID from the instant at and ten bytes of random.
func NewListingID(at time.Time, random io.Reader) (ListingID, error) {
	var id ListingID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ListingID{}, fmt.Errorf("make listing id: %w", err)
	}
	return id, nil
}

// Made returns when id was made.
func (id ListingID) Made() time.Time {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}

// ParseListingID reads the form that String gives. Error: LISTING_ID_FORMAT.
func ParseListingID(s string) (ListingID, error) {
	var id ListingID
	b, err := idText.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, Invalid("LISTING_ID_FORMAT", quoted(s))
	}
	copy(id[:], b)
	if id.String() != s {
		return ListingID{}, Invalid("LISTING_ID_FORMAT", quoted(s))
	}
	return id, nil
}

// String gives 26 characters of Crockford's base 32, lower case.
func (id ListingID) String() string { return idText.EncodeToString(id[:]) }

// IsZero tells whether there is no ID.
func (id ListingID) IsZero() bool { return id == ListingID{} }

// MarshalText gives the form of String.
func (id ListingID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of String.
func (id *ListingID) UnmarshalText(b []byte) error {
	v, err := ParseListingID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// A Subject is the person or organisation listed (被执行人).
type Subject struct {
	Name     string // 姓名 or 单位名称, as the court wrote it after folding
	Number   identity.Number
	Sex      identity.Sex // persons; as the court wrote it
	Age      int          // persons; full years on the day of publication, as the court wrote it
	LegalRep string       // organisations: 法定代表人姓名
}

// IsOrganisation tells whether s is an organisation.
func (s Subject) IsOrganisation() bool { return s.Number.IsOrganisation() }

// AgeOn returns the full years of s on day, from the number; ok is false if the
// number carries no birth date. A birthday on 29 February is kept on 1 March in
// other years.
func (s Subject) AgeOn(day Day) (years int, ok bool) {
	y, m, d, ok := s.Number.BirthDate()
	if !ok || day.IsZero() {
		return 0, false
	}
	dy, dm, dd := day.Date()
	years = dy - y
	if dm < m || dm == m && dd < d {
		years--
	}
	return years, true
}

// A Severity is the degree as the court marked it (失信严重程度, 2.1.3), carried and
// shown; nothing here computes one.
type Severity string

// An Entry is what a court decides to list: the fields of 2.1.1 and 2.1.2, and
// what 2.1.3 and 2.1.4 let it mark. Texts are as the court wrote them, after
// folding. Court × Case × Subject identify the listing.
type Entry struct {
	Court       CourtCode  // code of the enforcing court 执行法院
	CourtName   string     // its name
	Case        CaseNumber // 案号
	Subject     Subject
	Basis       string   // 执行依据文号
	BasisBody   string   // 作出执行依据单位
	Obligation  string   // 法律生效文书确定的义务
	Performance string   // 被执行人的履行情况
	Conduct     string   // 失信被执行人具体情形
	Published   Day      // 发布时间
	Filed       Day      // 立案时间
	Performed   string   // 已履行部分
	Unperformed string   // 未履行部分
	Severity    Severity // 失信严重程度
	Until       Day      // 失信信息有效期: last day in force; zero if the court set no end
	NonPublic   bool     // not fit for publication (2.1.4): never on the portal
	Employer    string   // 所在单位, to be told of a listing that is not public or of a public servant (2.1.4, 3.8); the court's alone
}

// A ListingKey is the natural identity of a listing, for finding it again:
// equal keys are the same court, case and subject.
type ListingKey struct {
	Court   string // CourtCode, or the court's name if it has no known code
	Case    string // CaseNumber.Key
	Subject identity.Number
}

// Key returns the natural identity of e.
func (e Entry) Key() ListingKey {
	k := ListingKey{Court: e.Court.String(), Case: e.Case.Key(), Subject: e.Subject.Number}
	if e.Court.IsZero() {
		k.Court = e.CourtName
	}
	if org, ok := e.Subject.Number.Organisation(); ok {
		k.Subject = org // a credit code and the organisation code inside it are one subject
	}
	return k
}

// A State is where a listing stands in its lifecycle.
type State string

// The states. The zero State is that of a listing that does not exist yet.
const (
	ToNotice  State = "to_notice" // risk notice drafted, not served yet (2.3)
	Noticed   State = "noticed"   // risk notice served (2.3)
	Initiated State = "initiated" // asked for by the creditor or begun by the court (2.1)
	Proposed  State = "proposed"  // decision drafted by a clerk, a judge's approval awaited (2.1)
	Decided   State = "decided"   // decision made, not served yet
	Delivered State = "delivered" // decision served, not yet in force (2.3)
	InForce   State = "in_force"  // measures apply
	Suspended State = "suspended" // on security: measures do not apply, the listing stands (2.4)
	Withdrawn State = "withdrawn" // ended by decision (2.4)
	Expired   State = "expired"   // ended by its term (2.1.3)
	Revoked   State = "revoked"   // ended as wrongly made (2.3, 2.5)
	Dropped   State = "dropped"   // ended before any decision: nobody was listed
)

// States are all states, in the order of a listing's life.
var States = []State{ToNotice, Noticed, Initiated, Proposed, Decided, Delivered, InForce, Suspended, Withdrawn, Expired, Revoked, Dropped}

// Ended tells whether s is one of the exits.
func (s State) Ended() bool {
	switch s {
	case Withdrawn, Expired, Revoked, Dropped:
		return true
	}
	return false
}

// An Origin says how a listing came onto the register.
type Origin string

// The origins.
const (
	FromProcedure Origin = "procedure"  // every step was taken here
	FromCourtFile Origin = "court_file" // the court submitted a decided listing and declares that notice was served
)

// A Ground is the reason of an exit, in the words of 2.4 and 5.8.
type Ground string

// The grounds for exits.
const (
	GroundPerformed  Ground = "performed"   // 全部履行完毕
	GroundSettled    Ground = "settled"     // 达成执行和解协议并经申请执行人确认履行完毕
	GroundClosed     Ground = "closed"      // 依法终结执行
	GroundNoProperty Ground = "no_property" // 终结本次执行程序后两次以上网络查控未发现可供执行财产 (5.8)
	GroundSecurity   Ground = "security"    // 提供有效执行担保, decided by the court
	GroundWrong      Ground = "wrong"       // 纳入错误: revoked
	GroundCreditor   Ground = "creditor"    // 申请执行人书面申请删除, allowed by the court (5.8)
	GroundEarly      Ground = "early"       // 积极履行或者主动纠正, 提前删除 by decision (5.8)
	GroundTerm       Ground = "term"        // 有效期届满: expired
	GroundUnstated   Ground = "unstated"    // a court's list gave a day of withdrawal without a ground
)

// An Exit says how a listing ended; the zero Exit, that it has not.
type Exit struct {
	Ground   Ground
	Decision string // number of the deciding document, "" if none was given
	On       Day    // the day of withdrawal that the court stated, or the day after the term
	At       time.Time
	Sequence uint64 // of the ending event
}

// A Listing is one court's decision to place one subject on the list, with all
// that has happened to it since. Two cases against one subject are two listings,
// each with its own term and exit. It is a value folded from its events (Apply);
// only package register makes new events.
type Listing struct {
	ID       ListingID
	Entry    Entry
	Origin   Origin
	State    State
	Exit     Exit
	Sequence uint64 // ledger sequence of its latest event
	Content  uint64 // ledger sequence of the event that last set Entry
	Forced   uint64 // ledger sequence of the event that counts in the set in force; 0 if not in force

	Procedure Procedure // what due process has seen so far; zero for one admitted from a file that nothing happened to since
}

// Found is a listing with the digest of the court's row as first submitted; the
// digest is zero if the listing did not come from a file.
type Found struct {
	Listing    Listing
	Submission [32]byte
}
