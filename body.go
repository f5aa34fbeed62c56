package gongxin

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"gongxin/identity"
)

// An Audience is who may read a body of an event. The ledger commits to one body
// for each; a follower opens exactly its own.
type Audience uint8

// The audiences, in the order in which a ledger leaf commits to them.
const (
	AudiencePublic  Audience = iota // the portal: the published fields with a masked number; {} for what is not public
	AudiencePartner                 // departments' gates: what telling the right person apart and explaining needs
	AudienceCourt                   // hub, courts, auditors: all of it, with the acting person
	Audiences       = 3
)

// String gives the name used in addresses and documents.
func (a Audience) String() string {
	switch a {
	case AudiencePublic:
		return "public"
	case AudiencePartner:
		return "partner"
	case AudienceCourt:
		return "court"
	}
	return fmt.Sprintf("audience %d", uint8(a))
}

// Wire forms. They are explicit so that no field travels by accident; a number
// is masked or given in full by the line that fills it.
type (
	publicEntry struct {
		Case        CaseNumber `json:"case"`
		Court       CourtCode  `json:"court,omitzero"`
		CourtName   string     `json:"court_name"`
		Name        string     `json:"name"`
		Number      string     `json:"number"` // masked
		Sex         string     `json:"sex,omitempty"`
		Age         int        `json:"age,omitempty"`
		LegalRep    string     `json:"legal_rep,omitempty"`
		Basis       string     `json:"basis"`
		BasisBody   string     `json:"basis_body"`
		Obligation  string     `json:"obligation"`
		Performance string     `json:"performance"`
		Conduct     string     `json:"conduct"`
		Published   Day        `json:"published"`
		Filed       Day        `json:"filed"`
		Performed   string     `json:"performed"`
		Unperformed string     `json:"unperformed"`
		Severity    Severity   `json:"severity"`
		Until       Day        `json:"until,omitzero"`
		Origin      Origin     `json:"origin,omitempty"`
	}
	partnerEntry struct {
		Case      CaseNumber    `json:"case"`
		Court     CourtCode     `json:"court,omitzero"`
		CourtName string        `json:"court_name"`
		Name      string        `json:"name"`
		Number    string        `json:"number"` // in full
		Kind      identity.Kind `json:"number_kind"`
		LegalRep  string        `json:"legal_rep,omitempty"`
		Published Day           `json:"published"`
		Severity  Severity      `json:"severity"`
		Until     Day           `json:"until,omitzero"`
		NonPublic bool          `json:"nonpublic,omitempty"`
	}
	exitBody struct {
		Ground   Ground `json:"ground,omitempty"`
		Decision string `json:"decision,omitempty"`
		On       Day    `json:"on,omitzero"`
	}
	courtBody struct {
		By           string        `json:"by"`
		Role         Role          `json:"role"`
		ByCourt      CourtCode     `json:"by_court,omitzero"`
		Organisation string        `json:"organisation,omitempty"`
		Step         EventKind     `json:"step,omitempty"`   // which one it was, where the leaf does not say
		Number       string        `json:"number,omitempty"` // in full
		Kind         identity.Kind `json:"number_kind,omitempty"`
		NonPublic    bool          `json:"nonpublic,omitempty"`
		Employer     string        `json:"employer,omitempty"`
		Entry        *publicEntry  `json:"entry,omitempty"` // only where the public body does not hold it
		exitBody
		stepBody
	}
	stepBody struct {
		Motion   Motion       `json:"motion,omitempty"`
		Service  Service      `json:"service,omitempty"`
		Reason   string       `json:"reason,omitempty"`
		Late     bool         `json:"late,omitempty"`
		Found    bool         `json:"found,omitempty"`
		Lead     bool         `json:"lead,omitempty"`
		Request  RequestKind  `json:"request,omitempty"`
		Evidence string       `json:"evidence,omitempty"`
		Higher   CourtCode    `json:"higher,omitzero"`
		Was      Day          `json:"was,omitzero"`
		Barred   Day          `json:"barred,omitzero"`
		Document DocumentKind `json:"document,omitempty"`
		Hash     string       `json:"hash,omitempty"` // hex
		Duty     DutyKind     `json:"duty,omitempty"`
		Opened   uint64       `json:"opened,omitempty"`
		Previous uint64       `json:"previous,omitempty"` // of every event, not of steps alone
	}
)

// emptyBody is committed to for an audience that an event does not concern, so
// that a leaf does not show whom it concerns.
var emptyBody = []byte("{}")

// reaches tells whether events of kind k with entry e concern audience a: what
// is not in force yet concerns the court alone, a non-public listing (2.1.4) never the public.
func (e Event) reaches(a Audience) bool {
	switch {
	case a == AudienceCourt:
		return true
	case e.Kind.Step():
		return false
	case a == AudiencePublic && e.Entry != nil:
		return !e.Entry.NonPublic
	case a == AudiencePublic:
		return !e.NonPublic
	}
	return true
}

func newPublicEntry(e Event) *publicEntry {
	n := e.Entry
	return &publicEntry{
		Case: n.Case, Court: n.Court, CourtName: n.CourtName, Name: n.Subject.Name, Number: n.Subject.Number.String(),
		Sex: string(n.Subject.Sex), Age: n.Subject.Age, LegalRep: n.Subject.LegalRep, Basis: n.Basis, BasisBody: n.BasisBody,
		Obligation: n.Obligation, Performance: n.Performance, Conduct: n.Conduct, Published: n.Published, Filed: n.Filed,
		Performed: n.Performed, Unperformed: n.Unperformed, Severity: n.Severity, Until: n.Until, Origin: e.Origin,
	}
}

func newPartnerEntry(e Event) *partnerEntry {
	n := e.Entry
	return &partnerEntry{
		Case: n.Case, Court: n.Court, CourtName: n.CourtName, Name: n.Subject.Name, Number: n.Subject.Number.Full(),
		Kind: n.Subject.Number.Kind(), LegalRep: n.Subject.LegalRep, Published: n.Published, Severity: n.Severity,
		Until: n.Until, NonPublic: n.NonPublic,
	}
}

func newCourtBody(e Event) *courtBody {
	c := &courtBody{
		By: e.By.ID, Role: e.By.Role, ByCourt: e.By.Court, Organisation: e.By.Organisation, NonPublic: e.NonPublic,
		exitBody: exitBody{Ground: e.Ground, Decision: e.Decision, On: e.On},
		stepBody: stepBody{
			Motion: e.Motion, Service: e.Service, Reason: e.Reason, Late: e.Late, Found: e.Found, Lead: e.Lead, Request: e.Request,
			Evidence: e.Evidence, Higher: e.Higher, Was: e.Was, Barred: e.Barred, Document: e.Document, Duty: e.Duty, Opened: e.Opened,
			Previous: e.Previous,
		},
	}
	if e.Kind.Step() {
		c.Step = e.Kind
	}
	if e.Hash != [32]byte{} {
		c.Hash = fmt.Sprintf("%x", e.Hash)
	}
	if n := e.Entry; n != nil {
		c.Employer = n.Employer
		c.Number, c.Kind, c.NonPublic = n.Subject.Number.Full(), n.Subject.Number.Kind(), n.NonPublic
		if !e.reaches(AudiencePublic) {
			c.Entry = newPublicEntry(e)
		}
	}
	return c
}

// The write methods give the JSON that the tags above describe.

func (p *publicEntry) write(o *object) {
	o.text("case", p.Case.text)
	o.given("court", p.Court.code)
	o.text("court_name", p.CourtName)
	o.text("name", p.Name)
	o.text("number", p.Number)
	o.given("sex", p.Sex)
	o.count("age", p.Age)
	o.given("legal_rep", p.LegalRep)
	o.text("basis", p.Basis)
	o.text("basis_body", p.BasisBody)
	o.text("obligation", p.Obligation)
	o.text("performance", p.Performance)
	o.text("conduct", p.Conduct)
	o.day("published", p.Published)
	o.day("filed", p.Filed)
	o.text("performed", p.Performed)
	o.text("unperformed", p.Unperformed)
	o.text("severity", string(p.Severity))
	if !p.Until.IsZero() {
		o.day("until", p.Until)
	}
	o.given("origin", string(p.Origin))
}

func (p *partnerEntry) write(o *object) {
	o.text("case", p.Case.text)
	o.given("court", p.Court.code)
	o.text("court_name", p.CourtName)
	o.text("name", p.Name)
	o.text("number", p.Number)
	o.text("number_kind", p.Kind.String())
	o.given("legal_rep", p.LegalRep)
	o.day("published", p.Published)
	o.text("severity", string(p.Severity))
	if !p.Until.IsZero() {
		o.day("until", p.Until)
	}
	o.yes("nonpublic", p.NonPublic)
}

func (x *exitBody) write(o *object) {
	o.given("ground", string(x.Ground))
	o.given("decision", x.Decision)
	if !x.On.IsZero() {
		o.day("on", x.On)
	}
}

func (c *courtBody) write(o *object) {
	o.text("by", c.By)
	o.text("role", string(c.Role))
	o.given("by_court", c.ByCourt.code)
	o.given("organisation", c.Organisation)
	o.given("step", string(c.Step))
	o.given("number", c.Number)
	o.given("number_kind", c.Kind.String())
	o.yes("nonpublic", c.NonPublic)
	o.given("employer", c.Employer)
	if c.Entry != nil {
		o.key("entry")
		var entry object
		c.Entry.write(&entry)
		*o = append(*o, entry.end()...)
	}
	c.exitBody.write(o)
	c.stepBody.write(o)
}

func (s *stepBody) write(o *object) {
	o.given("motion", string(s.Motion))
	o.given("service", string(s.Service))
	o.given("reason", s.Reason)
	o.yes("late", s.Late)
	o.yes("found", s.Found)
	o.yes("lead", s.Lead)
	o.given("request", string(s.Request))
	o.given("evidence", s.Evidence)
	o.given("higher", s.Higher.code)
	if !s.Was.IsZero() {
		o.day("was", s.Was)
	}
	if !s.Barred.IsZero() {
		o.day("barred", s.Barred)
	}
	o.given("document", string(s.Document))
	o.given("hash", s.Hash)
	o.given("duty", string(s.Duty))
	o.count("opened", int(s.Opened))
	o.count("previous", int(s.Previous))
}

// event fills in what s holds.
func (s *stepBody) event(e Event) (Event, error) {
	e.Motion, e.Service, e.Reason, e.Late, e.Found, e.Lead, e.Request = s.Motion, s.Service, s.Reason, s.Late, s.Found, s.Lead, s.Request
	e.Evidence, e.Higher, e.Was, e.Barred, e.Document, e.Duty, e.Opened = s.Evidence, s.Higher, s.Was, s.Barred, s.Document, s.Duty, s.Opened
	e.Previous = s.Previous
	if s.Hash == "" {
		return e, nil
	}
	h, err := hex.DecodeString(s.Hash)
	if err != nil || copy(e.Hash[:], h) != len(h) || len(h) != len(e.Hash) {
		return e, fmt.Errorf("not the hash of a document: %d digits", len(s.Hash))
	}
	return e, nil
}

// Bodies returns the JSON bodies of e, indexed by Audience. The same event gives
// the same bytes; the ledger commits to them with a salt. An event whose kind
// sets the entry needs one: an error without.
func (e Event) Bodies() (bodies [Audiences][]byte, err error) {
	if e.Kind.SetsEntry() == (e.Entry == nil) {
		return bodies, fmt.Errorf("body of %s: an entry is there or missing against the kind", e.Kind)
	}
	for a := range Audience(Audiences) {
		bodies[a] = emptyBody
		if e.reaches(a) {
			bodies[a] = e.body(a)
		}
	}
	return bodies, nil
}

// usualSize is the space in bytes that most bodies need.
var usualSize = [Audiences]int{AudiencePublic: 1024, AudiencePartner: 384, AudienceCourt: 256}

func (e Event) body(a Audience) []byte {
	size := usualSize[a]
	if e.Entry == nil {
		size = 192
	}
	o := make(object, 0, size)
	switch {
	case a == AudienceCourt:
		newCourtBody(e).write(&o)
	case e.Entry == nil:
		x := exitBody{Ground: e.Ground, Decision: e.Decision, On: e.On}
		x.write(&o)
	case a == AudiencePartner:
		newPartnerEntry(e).write(&o)
	default:
		newPublicEntry(e).write(&o)
	}
	return o.end()
}

func number(full string, kind identity.Kind) (identity.Number, error) {
	n, _, err := identity.Parse(full, kind)
	return n, err
}

// OpenPartner fills e, of which Kind, Listing and At are set, from its partner
// body. Entry then has the fields that departments get and no others; its texts are
// parts of one copy of the body. A body {} leaves e as it is.
func (e Event) OpenPartner(body []byte) (Event, error) {
	var room *Entry
	if e.Kind.SetsEntry() {
		room = new(Entry)
	}
	err := OpenPartnerInto(&e, room, string(body))
	return e, err
}

// openPartner is OpenPartner for bodies of any form that is JSON.
func (e Event) openPartner(body []byte) (Event, error) {
	if !e.Kind.SetsEntry() {
		var x exitBody
		if err := json.Unmarshal(body, &x); err != nil {
			return e, fmt.Errorf("partner body of %s: %w", e.Kind, err)
		}
		e.Ground, e.Decision, e.On = x.Ground, x.Decision, x.On
		return e, nil
	}
	var p partnerEntry
	if err := json.Unmarshal(body, &p); err != nil {
		return e, fmt.Errorf("partner body of %s: %w", e.Kind, err)
	}
	num, err := number(p.Number, p.Kind)
	if err != nil {
		return e, fmt.Errorf("partner body of %s: %w", e.Kind, err)
	}
	e.Entry = &Entry{
		Case: p.Case, Court: p.Court, CourtName: p.CourtName, Subject: Subject{Name: p.Name, Number: num, LegalRep: p.LegalRep},
		Published: p.Published, Severity: p.Severity, Until: p.Until, NonPublic: p.NonPublic,
	}
	return e, nil
}

// OpenAll fills e, of which Kind, Listing and At are set, from its public and
// court bodies: the whole event again, as it was given to Bodies. Kind may be what
// the leaf says; the court body then tells which step it was.
func (e Event) OpenAll(public, court []byte) (Event, error) {
	var c courtBody
	if err := json.Unmarshal(court, &c); err != nil {
		return e, fmt.Errorf("court body of %s: %w", e.Kind, err)
	}
	switch { // bodies of the first release name no step: their leaves did
	case c.Step != "" && e.Kind == ProcedureStep:
		e.Kind = c.Step
	case c.Step != "" && e.Kind != c.Step:
		return e, fmt.Errorf("court body of %s: it is that of %s", e.Kind, c.Step)
	}
	e.By = Actor{ID: c.By, Role: c.Role, Court: c.ByCourt, Organisation: c.Organisation}
	e.Ground, e.Decision, e.On = c.Ground, c.Decision, c.On
	var err error
	if e, err = c.stepBody.event(e); err != nil {
		return e, fmt.Errorf("court body of %s: %w", e.Kind, err)
	}
	if !e.Kind.SetsEntry() {
		e.NonPublic = c.NonPublic
		return e, nil
	}
	p := c.Entry
	if p == nil {
		p = new(publicEntry)
		if err := json.Unmarshal(public, p); err != nil {
			return e, fmt.Errorf("public body of %s: %w", e.Kind, err)
		}
	}
	num, err := number(c.Number, c.Kind)
	if err != nil {
		return e, fmt.Errorf("court body of %s: %w", e.Kind, err)
	}
	e.Origin = p.Origin
	e.Entry = &Entry{
		Court: p.Court, CourtName: p.CourtName, Case: p.Case,
		Subject: Subject{Name: p.Name, Number: num, Sex: identity.Sex(p.Sex), Age: p.Age, LegalRep: p.LegalRep},
		Basis:   p.Basis, BasisBody: p.BasisBody, Obligation: p.Obligation, Performance: p.Performance, Conduct: p.Conduct,
		Published: p.Published, Filed: p.Filed, Performed: p.Performed, Unperformed: p.Unperformed,
		Severity: p.Severity, Until: p.Until, NonPublic: c.NonPublic, Employer: c.Employer,
	}
	return e, nil
}
