package audit

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"gongxin"
	"gongxin/ledger"
)

// An Answer is what a verified proof says.
type Answer struct {
	Listing gongxin.ListingID `json:"listing"`
	At      time.Time         `json:"at"`
	InForce bool              `json:"in_force"`        // at the instant At
	By      Cause             `json:"by,omitzero"`     // the event by which it stood so; none if there was none until then
	Next    Cause             `json:"next,omitzero"`   // the next that changed that
	Entry   *Entry            `json:"entry,omitempty"` // who is meant, in public terms, if the proof opens it
	Gate    *GateAnswer       `json:"gate,omitempty"`  // if a gate was asked about

	Size   uint64    `json:"size"`   // of the log when the proof was made
	Signed time.Time `json:"signed"` // when its checkpoint was

	Proved []gongxin.Text `json:"proved"` // by the log, or by the gate's own signature
	Stated []gongxin.Text `json:"stated"` // by the hub's word alone
}

// A Cause is an event that put the listing in force or took it out.
type Cause struct {
	Sequence uint64            `json:"sequence"`
	Kind     gongxin.EventKind `json:"kind"`
	At       time.Time         `json:"at"`
	Clause   string            `json:"clause"`
	Ground   gongxin.Ground    `json:"ground,omitempty"`
	Decision string            `json:"decision,omitempty"`
}

// An Entry names a listing as far as the public may know it.
type Entry struct {
	Case  string `json:"case"`
	Court string `json:"court"`
	Name  string `json:"name"`
}

// A GateAnswer says on what a department acted at the instant.
type GateAnswer struct {
	Gate     string    `json:"gate"`
	Sequence uint64    `json:"sequence"` // it had applied the list up to this
	Applied  time.Time `json:"applied"`  // since then, by its own clock
	Until    uint64    `json:"until"`    // the next sequence that it confirmed, after the instant; 0 if none is known
	Signed   bool      `json:"signed"`   // by the gate, with the key that was given
	Knew     bool      `json:"knew"`     // the event By was among what it had applied
}

// clauses are those by which events put in force and take out.
var clauses = map[gongxin.EventKind]string{
	gongxin.ListingPublished: "2.3", gongxin.ListingAdmitted: "2.1", gongxin.ListingCorrected: "2.1.5", gongxin.TermExtended: "5.8",
	gongxin.ListingSuspended: "2.4", gongxin.SuspensionEnded: "2.4", gongxin.ListingWithdrawn: "2.4", gongxin.ListingExpired: "2.1.3", gongxin.ListingRevoked: "2.3",
}

// broken is the error of a proof that does not hold.
func broken(what string, args ...any) error {
	return gongxin.Invalid("PROOF_BROKEN", fmt.Sprintf(what, args...))
}

// Verify checks a proof with the keys of the hub, and its receipts with the keys
// of the gate, and returns what it says. Without keys of the gate, what it confirmed
// is the hub's word. It asks no clock: a
// proof is as good years later. Error: PROOF_BROKEN, with what does not hold.
func (p *Proof) Verify(hub []*ledger.Verifier, gate []string) (*Answer, error) {
	c := checkProof{Proof: p}
	if err := c.signed(hub); err != nil {
		return nil, err
	}
	if err := c.events(); err != nil {
		return nil, err
	}
	c.answer = &Answer{Listing: c.says.listing, At: p.Question.At, Size: c.head.Size, Signed: c.head.At}
	c.chain()
	c.force()
	if err := c.gate(gate); err != nil {
		return nil, err
	}
	return c.answer, nil
}

// checkProof is a proof on its way to being believed.
type checkProof struct {
	*Proof
	head   ledger.Head
	says   statement
	chains []link
	answer *Answer
}

// A link is an event with what its court body says of it, if that was opened.
type link struct {
	sequence uint64
	leaf     ledger.Leaf
	at       time.Time     // when it took effect: as the leaf says, and not before what it follows
	event    gongxin.Event // Kind, and the rest if opened
	opened   bool          // the court's body
	public   []byte
}

// signed opens checkpoint and statement.
func (c *checkProof) signed(hub []*ledger.Verifier) error {
	err := errors.New("no key of the hub was given")
	var by *ledger.Verifier
	for _, v := range hub {
		if c.head, err = v.Open([]byte(c.Checkpoint)); err == nil {
			by = v
			break
		}
	}
	if by == nil {
		return broken("checkpoint: %v", err)
	}
	text, err := by.OpenText(ledger.TextStatement, []byte(c.Statement))
	if err == nil {
		c.says, err = parseStatement(text)
	}
	if err != nil {
		return broken("statement: %v", err)
	}
	id, err := gongxin.ParseListingID(c.Listing)
	switch {
	case err != nil || id != c.says.listing:
		return broken("listing: the statement is about %s", c.says.listing)
	case c.Origin != by.Origin() || c.says.origin != c.Origin:
		return broken("origin: %q, %q, %q", c.Origin, by.Origin(), c.says.origin)
	case c.says.size != c.head.Size || c.says.root != c.head.Root:
		return broken("statement: of another checkpoint, for %d", c.says.size)
	case c.Question.Gate != c.says.asked.Gate || !c.Question.At.Equal(c.says.asked.At):
		return broken("question: the statement is about %s %s", shown(c.says.asked.At), c.says.asked.Gate)
	case c.Question.At.After(c.head.At):
		return broken("question: about %s, which was to come when the log was signed", shown(c.Question.At))
	}
	return nil
}

// events checks that each is in the log, that it is the listing's, and that its
// body is the one committed to.
func (c *checkProof) events() error {
	for _, e := range c.Events {
		l, err := ledger.ParseLeaf(e.Leaf)
		switch n := len(c.chains); {
		case err != nil:
			return broken("event %d: %v", e.Sequence, err)
		case gongxin.ListingID(l.Key) != c.says.listing:
			return broken("event %d: of another listing", e.Sequence)
		case e.Slot < 0 || e.Slot >= gongxin.Audiences:
			return broken("event %d: slot %d", e.Sequence, e.Slot)
		case e.Sequence < 1 || e.Sequence > c.head.Size || n > 0 && e.Sequence < c.chains[n-1].sequence:
			return broken("event %d: out of order", e.Sequence)
		case tlog.CheckRecord(e.Inclusion, int64(c.head.Size), c.head.Root, int64(e.Sequence-1), ledger.RecordHash(e.Leaf)) != nil:
			return broken("event %d: not in the log that was signed", e.Sequence)
		case (e.Salt == nil) != (e.Body == ""):
			return broken("event %d: salt without body", e.Sequence)
		case e.Salt != nil && ledger.Commit(e.Salt, []byte(e.Body)) != l.Commitments[e.Slot]:
			return broken("event %d: the body is not the one committed to", e.Sequence)
		case n == 0 || c.chains[n-1].sequence != e.Sequence:
			c.chains = append(c.chains, link{sequence: e.Sequence, leaf: l, event: gongxin.Event{Kind: gongxin.EventKind(l.Kind), Listing: c.says.listing, At: l.At}})
		}
		if err := c.open(&c.chains[len(c.chains)-1], e); err != nil {
			return err
		}
	}
	switch n := len(c.chains); {
	case n == 0:
		return broken("no events")
	case c.chains[n-1].sequence != c.says.latest:
		return broken("the latest event is %d, the statement says %d", c.chains[n-1].sequence, c.says.latest)
	}
	return nil
}

// open takes up a body that was found to be the one committed to.
func (c *checkProof) open(l *link, e ProvedEvent) error {
	switch {
	case e.Salt == nil:
		return nil
	case gongxin.Audience(e.Slot) == gongxin.AudiencePublic:
		l.public = []byte(e.Body)
		return nil
	case gongxin.Audience(e.Slot) != gongxin.AudienceCourt:
		return nil
	}
	public := l.public
	if public == nil {
		public = []byte("{}")
	}
	opened, err := l.event.OpenAll(public, []byte(e.Body))
	if err != nil {
		return broken("event %d: %v", e.Sequence, err)
	}
	l.event, l.opened = opened, true
	return nil
}

func (c *checkProof) proved(zh, en string, args ...any) {
	c.answer.Proved = append(c.answer.Proved, text(zh, en, args...))
}

func (c *checkProof) stated(zh, en string, args ...any) {
	c.answer.Stated = append(c.answer.Stated, text(zh, en, args...))
}

func text(zh, en string, args ...any) gongxin.Text {
	return gongxin.Text{ZH: fmt.Sprintf(zh, args...), EN: fmt.Sprintf(en, args...)}
}

// chain says how far the events are tied to one another by what was committed to.
func (c *checkProof) chain() {
	c.proved("%d 件事件均在序号 1 至 %d 的账本中，其内容即当时承诺的内容；账本由中心签署", "%d events are in the log of %d, which the hub signed, with the bodies committed to then", len(c.chains), c.head.Size)
	var loose []uint64
	for i, l := range c.chains {
		if !c.tied(i) {
			loose = append(loose, l.sequence)
		}
	}
	if len(loose) == 0 {
		c.proved("到序号 %d 为止，该条目的事件就是这 %d 件", "up to %d the listing has had %d events, which are all here", c.says.latest, len(c.chains))
	} else {
		c.stated("事件%v与其前一事件之间没有别的事件（内容已清除，或为早期版本所写）", "nothing happened between the events %v and those before them (erased, or written by an early version)", loose)
	}
	c.stated("序号 %d 之后至序号 %d，该条目没有别的事件", "after %d and up to %d nothing else happened to the listing", c.says.latest, c.head.Size)
	c.stated("各事件的时刻出自中心的时钟", "the instants of events are by the hub's clock")
	for i := range c.chains {
		l := &c.chains[i]
		if l.at = l.leaf.At; i > 0 && l.at.Before(c.chains[i-1].at) {
			l.at = c.chains[i-1].at
			c.stated("事件 %d 的时刻早于其前一事件：中心的时钟曾被拨回，以前一事件的时刻为准", "event %d is told to be earlier than the one before: the hub's clock was set back, and the one before counts", l.sequence)
		}
	}
}

// tied tells whether the i-th event commits to following the one before; the first,
// to being the first, which shows by its kind: only those begin a listing.
func (c *checkProof) tied(i int) bool {
	l := c.chains[i]
	if i > 0 {
		return l.opened && l.event.Previous == c.chains[i-1].sequence
	}
	switch l.event.Kind {
	case gongxin.ListingAdmitted:
		return true
	case gongxin.NoticeDrafted, gongxin.NoticeServed:
		return l.opened && l.event.Previous == 0
	}
	return false
}

// force folds the events.
func (c *checkProof) force() {
	a := c.answer
	for _, l := range c.chains {
		kind := gongxin.EventKind(l.leaf.Kind)
		force := kind.Force()
		if n := l.event.Entry; n != nil && n.Subject.Name != "" && !n.NonPublic {
			a.Entry = &Entry{n.Case.String(), n.CourtName, n.Subject.Name}
		}
		if force == gongxin.ForceNone {
			continue
		}
		cause := Cause{Sequence: l.sequence, Kind: kind, At: l.at, Clause: clauses[kind], Ground: l.event.Ground, Decision: l.event.Decision}
		if l.at.After(a.At) {
			if (force == gongxin.ForceLeaves) == a.InForce && a.Next.Sequence == 0 {
				a.Next = cause
			}
			continue
		}
		in := force != gongxin.ForceLeaves
		if in != a.InForce || a.By.Sequence == 0 {
			a.By = cause
		}
		a.InForce = in
	}
	held := a.By.Sequence != 0 && a.Next.Sequence != 0
	for i, l := range c.chains {
		held = held && (l.sequence <= a.By.Sequence || l.sequence > a.Next.Sequence || c.tied(i))
	}
	if held {
		c.proved("自序号 %d 起至序号 %d 止，这一状态没有改变过", "from %d to %d that stood unchanged", a.By.Sequence, a.Next.Sequence)
	}
}

// gate says what the gate asked about had applied at the instant.
func (c *checkProof) gate(keys []string) error {
	q := c.Question
	if q.Gate == "" {
		if len(c.Receipts) > 0 || len(c.says.receipts) > 0 {
			return broken("receipts that nobody asked for")
		}
		return nil
	}
	g := &GateAnswer{Gate: q.Gate}
	c.answer.Gate = g
	take := func(sequence uint64, applied time.Time, signed bool) {
		switch {
		case !applied.After(q.At) && sequence >= g.Sequence:
			g.Sequence, g.Applied, g.Signed = sequence, applied, signed
		case applied.After(q.At) && (g.Until == 0 || sequence < g.Until):
			g.Until = sequence
		}
	}
	signed := map[statedReceipt]bool{}
	for _, r := range c.Receipts {
		if len(keys) == 0 {
			break // nobody can tell whose it is: the hub's word stands below
		}
		said, err := c.receipt(keys, r)
		if err != nil {
			return err
		}
		signed[said] = true
	}
	for _, r := range c.says.receipts {
		if r.gate != q.Gate {
			return broken("a receipt of %q", r.gate)
		}
		take(r.sequence, r.applied, signed[r])
		if !signed[r] {
			c.stated("%s 于 %s 确认已适用到序号 %d（回执无签名，或未提供其公钥）", "%s confirmed at %s that it had applied up to %d (not signed, or its key was not given)", r.gate, shown(r.applied), r.sequence)
		}
		delete(signed, r)
	}
	if len(signed) > 0 {
		return broken("receipts that the hub does not state")
	}
	g.Knew = c.answer.By.Sequence != 0 && g.Sequence >= c.answer.By.Sequence
	return nil
}

// receipt checks one that the gate signed: its signature, and that the log it was
// for is the beginning of this one.
func (c *checkProof) receipt(keys []string, r ProvedReceipt) (statedReceipt, error) {
	said, err := openReceipt(keys, []byte(r.Note))
	switch {
	case err != nil:
		return statedReceipt{}, broken("receipt: %v", err)
	case said.Origin != c.Origin || said.Gate != c.Question.Gate:
		return statedReceipt{}, broken("receipt: of %q about %q", said.Gate, said.Origin)
	case said.Sequence < 1 || said.Sequence > c.head.Size ||
		tlog.CheckTree(r.Consistency, int64(c.head.Size), c.head.Root, int64(said.Sequence), said.Root) != nil:
		return statedReceipt{}, broken("receipt: for %d, which is not the beginning of this log", said.Sequence)
	}
	c.proved("%s 签名确认：%s 已适用到序号 %d，且所用账本即此账本", "%s signed that at %s it had applied up to %d of this very log", said.Gate, shown(said.Applied), said.Sequence)
	return statedReceipt{said.Gate, said.Sequence, said.Applied}, nil
}

func shown(t time.Time) string { return t.In(gongxin.Shanghai).Format("2006-01-02 15:04:05 -0700") }
