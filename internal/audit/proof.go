package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"gongxin"
	"gongxin/ledger"
)

const proofForm = "gongxin proof/v1"

// MaxProof is the length in bytes beyond which nothing is a proof.
const MaxProof = 16 << 20

// A Proof answers whether a listing was in force at an instant, and what a
// department had then, and shows why: the listing's events with their places in
// the log, what the hub states beside, and the department's receipts. Whoever has
// the hub's key can verify it with nothing else (Open).
//
// It holds the listing's court bodies: it is as confidential as the court's file.
type Proof struct {
	Form       string          `json:"form"`
	Origin     string          `json:"origin"`
	Checkpoint string          `json:"checkpoint"`
	Listing    string          `json:"listing"`
	Question   Question        `json:"question"`
	Statement  string          `json:"statement"` // a note signed by the hub: see statement
	Events     []ProvedEvent   `json:"events"`    // of the listing, by sequence and slot
	Receipts   []ProvedReceipt `json:"receipts"`  // of the gate asked about, around the instant
}

// A Question is what a proof answers.
type Question struct {
	At   time.Time `json:"at"`             // UTC, whole milliseconds
	Gate string    `json:"gate,omitempty"` // of the department asked about
}

// A ProvedEvent is one event with its place in the log. Erased events have neither
// salt nor body.
type ProvedEvent struct {
	Sequence  uint64        `json:"sequence"`
	Leaf      []byte        `json:"leaf"`
	Slot      int           `json:"slot"` // the audience whose body it is
	Salt      []byte        `json:"salt,omitempty"`
	Body      string        `json:"body,omitempty"`
	Inclusion []ledger.Hash `json:"inclusion"` // RFC 6962 audit path to the checkpoint's root
}

// A ProvedReceipt is what a gate signed, and that the log then is the beginning of
// the log now.
type ProvedReceipt struct {
	Note        string        `json:"note"`
	Consistency []ledger.Hash `json:"consistency"` // RFC 6962 consistency proof from its size to the checkpoint's
}

// A Past is an event as a store keeps it.
type Past struct {
	Sequence uint64
	Leaf     []byte
	Seed     []byte // nil if it was erased
	Bodies   [gongxin.Audiences][]byte
}

// A Source is where a proof is made from, at the moment of the newest checkpoint.
type Source interface {
	Log
	// History returns all events of a listing, oldest first.
	History(ctx context.Context, id gongxin.ListingID) ([]Past, error)
	// ReceiptsAround returns the last receipt of a gate that was applied by an instant
	// and the first after it.
	ReceiptsAround(ctx context.Context, gate string, at time.Time) ([]Receipt, error)
}

// Prove makes the proof that answers q about a listing, at the instant now. The
// hub's signer signs what cannot be proved from the log: which event is the
// listing's latest, and which receipts it has, signed by the gate or not. Errors:
// UNKNOWN_LISTING; PROOF_FUTURE, if the log was signed before the instant asked about.
func Prove(ctx context.Context, from Source, signer *ledger.Signer, id gongxin.ListingID, q Question, now time.Time) (*Proof, error) {
	q.At = gongxin.Millis(q.At)
	checkpoint, err := from.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	v, err := ledger.NewVerifier(signer.VerifierKey())
	if err != nil {
		return nil, err
	}
	own, err := ledger.Own(checkpoint)
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	head, err := v.Open(own)
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	if q.At.After(head.At) {
		return nil, gongxin.Conflict("PROOF_FUTURE", shown(q.At), shown(head.At))
	}
	history, err := from.History(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(history) == 0 {
		return nil, gongxin.Missing("UNKNOWN_LISTING", id.String())
	}
	p := &Proof{Form: proofForm, Origin: v.Origin(), Checkpoint: string(own), Listing: id.String(), Question: q, Receipts: []ProvedReceipt{}}
	hashes := tiles{ctx, from, head.Size}
	for _, e := range history {
		path, err := tlog.ProveRecord(int64(head.Size), int64(e.Sequence-1), hashes)
		if err != nil {
			return nil, fmt.Errorf("prove event %d: %w", e.Sequence, err)
		}
		p.Events = append(p.Events, opened(e, path)...)
	}
	s := statement{origin: v.Origin(), size: head.Size, root: head.Root, listing: id, latest: history[len(history)-1].Sequence, asked: q, made: gongxin.Millis(now)}
	if q.Gate != "" {
		receipts, err := from.ReceiptsAround(ctx, q.Gate, q.At)
		if err != nil {
			return nil, err
		}
		for _, r := range receipts {
			s.receipts = append(s.receipts, statedReceipt{r.Gate, r.Sequence, r.Applied})
			if len(r.Note) == 0 || r.Sequence == 0 || r.Sequence > head.Size {
				continue
			}
			path, err := tlog.ProveTree(int64(head.Size), int64(r.Sequence), hashes)
			if err != nil {
				return nil, fmt.Errorf("prove the receipt at %d: %w", r.Sequence, err)
			}
			p.Receipts = append(p.Receipts, ProvedReceipt{string(r.Note), append([]ledger.Hash{}, path...)})
		}
	}
	if _, err := parseStatement(s.text()); err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	note, err := signer.SignText(s.text())
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	p.Statement = string(note)
	return p, nil
}

// opened returns e with its court body, and with its public one too where that
// says what the court's does not.
func opened(e Past, path tlog.RecordProof) []ProvedEvent {
	one := func(slot gongxin.Audience) ProvedEvent {
		x := ProvedEvent{Sequence: e.Sequence, Leaf: e.Leaf, Slot: int(slot), Inclusion: append([]ledger.Hash{}, path...)}
		if e.Seed != nil && e.Bodies[slot] != nil {
			x.Salt, x.Body = ledger.Salt(e.Seed, int(slot)), string(e.Bodies[slot])
		}
		return x
	}
	l, err := ledger.ParseLeaf(e.Leaf)
	if err != nil || e.Seed == nil || !gongxin.EventKind(l.Kind).SetsEntry() {
		return []ProvedEvent{one(gongxin.AudienceCourt)}
	}
	return []ProvedEvent{one(gongxin.AudiencePublic), one(gongxin.AudienceCourt)}
}

// Encode gives the one form of a proof's file.
func (p *Proof) Encode() ([]byte, error) { return encode(p) }

// ParseProof reads the form that Encode gives and nothing else. Error: PROOF_FORM.
func ParseProof(b []byte) (*Proof, error) {
	if len(b) > MaxProof {
		return nil, gongxin.Invalid("PROOF_FORM", fmt.Sprintf("%d bytes", len(b)))
	}
	var p Proof
	if err := decode(b, &p); err != nil {
		return nil, gongxin.Invalid("PROOF_FORM", err)
	}
	if p.Form != proofForm {
		return nil, gongxin.Invalid("PROOF_FORM", fmt.Sprintf("form %.40q", p.Form))
	}
	return &p, nil
}

// A statement is what the hub answers for beside the log. Its text is
//
//	gongxin statement/v1
//	<origin>
//	<size of the log>
//	<root, base64>
//	listing <id>
//	latest <sequence of its latest event among the first size>
//	asked <the instant of the question> <gate, or - if none was asked about>
//	receipt <gate> <sequence> <when applied>      for each that the hub has
//	made <RFC 3339, UTC, milliseconds>
type statement struct {
	origin   string
	size     uint64
	root     ledger.Hash
	listing  gongxin.ListingID
	latest   uint64
	asked    Question
	receipts []statedReceipt
	made     time.Time
}

type statedReceipt struct {
	gate     string
	sequence uint64
	applied  time.Time
}

// noGate stands where no gate is named.
const noGate = "-"

const instantForm = "2006-01-02T15:04:05.000Z"

func (s statement) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%d\n%s\nlisting %s\nlatest %d\n", ledger.TextStatement, s.origin, s.size, base64.StdEncoding.EncodeToString(s.root[:]), s.listing, s.latest)
	gate := s.asked.Gate
	if gate == "" {
		gate = noGate
	}
	fmt.Fprintf(&b, "asked %s %s\n", s.asked.At.UTC().Format(instantForm), gate)
	for _, r := range s.receipts {
		fmt.Fprintf(&b, "receipt %s %d %s\n", r.gate, r.sequence, r.applied.UTC().Format(instantForm))
	}
	fmt.Fprintf(&b, "made %s\n", s.made.UTC().Format(instantForm))
	return b.String()
}

// parseStatement reads the form that text gives and nothing else.
func parseStatement(text string) (s statement, err error) {
	malformed := errors.New("not a statement in its one form")
	lines := strings.Split(text, "\n")
	if len(lines) < 9 {
		return s, malformed
	}
	s.origin = lines[1]
	var errs [7]error
	s.size, errs[0] = strconv.ParseUint(lines[2], 10, 63)
	root, err := base64.StdEncoding.DecodeString(lines[3])
	if errs[1] = err; len(root) != len(s.root) {
		return s, malformed
	}
	copy(s.root[:], root)
	s.listing, errs[2] = gongxin.ParseListingID(strings.TrimPrefix(lines[4], "listing "))
	s.latest, errs[3] = strconv.ParseUint(strings.TrimPrefix(lines[5], "latest "), 10, 63)
	asked, gate, _ := strings.Cut(strings.TrimPrefix(lines[6], "asked "), " ")
	if s.asked.At, errs[6] = time.Parse(instantForm, asked); gate != noGate {
		s.asked.Gate = gate
	}
	for _, line := range lines[7 : len(lines)-2] {
		fields := strings.Split(line, " ")
		if len(fields) != 4 {
			return s, malformed
		}
		n, err1 := strconv.ParseUint(fields[2], 10, 63)
		at, err2 := time.Parse(instantForm, fields[3])
		errs[4] = errors.Join(errs[4], err1, err2)
		s.receipts = append(s.receipts, statedReceipt{fields[1], n, at})
	}
	s.made, errs[5] = time.Parse(instantForm, strings.TrimPrefix(lines[len(lines)-2], "made "))
	if errors.Join(errs[:]...) != nil || s.text() != text {
		return s, malformed
	}
	return s, nil
}
