package feed

import (
	"errors"
	"fmt"
	"strings"

	"gongxin"
	"gongxin/ledger"
)

// A Signed is a head with the checkpoint that says it: the log's own part, without
// cosignatures.
type Signed struct {
	Head       ledger.Head
	Checkpoint string
}

// Seen are the checkpoints that a follower verified last, one for each size, the
// newest first; empty ones at the end. A checkpoint that comes later is held
// against each of them.
type Seen [8]Signed

func (s Seen) len() int {
	for i := range s {
		if s[i].Checkpoint == "" {
			return i
		}
	}
	return len(s)
}

// with returns s and a newer one.
func (s Seen) with(newest Signed) Seen {
	if s[0].Head.Size == newest.Head.Size && s[0].Checkpoint != "" {
		s[0] = newest
		return s
	}
	copy(s[1:], s[:])
	s[0] = newest
	return s
}

// merge returns the newest of s and t, one for each size; s counts where both have one.
func (s Seen) merge(t Seen) (m Seen) {
	for i, j, n := 0, 0, 0; n < len(m); n++ {
		for j < len(t) && i > 0 && t[j].Head.Size == m[n-1].Head.Size {
			j++
		}
		switch {
		case i < s.len() && (j >= t.len() || s[i].Head.Size >= t[j].Head.Size):
			m[n] = s[i]
			i++
		case j < t.len():
			m[n] = t[j]
			j++
		default:
			return m
		}
	}
	return m
}

// A Contradiction is in what two signed heads cannot both be true.
type Contradiction string

// The contradictions. Those are all that two checkpoints prove by themselves: that
// a larger tree does not contain a smaller one shows in the leaves alone.
const (
	NoContradiction Contradiction = ""
	OtherRoot       Contradiction = "root"   // the same size, another tree
	OtherCount      Contradiction = "count"  // the same size, another number in force
	OtherDigest     Contradiction = "digest" // the same size, another set in force
	OtherOrder      Contradiction = "order"  // the smaller log was signed later: the hub went back
)

// Contradict tells in what two heads of one log cannot both be true. A log grows
// and its time does not go back, so of two sizes the smaller is never the later one.
func Contradict(a, b ledger.Head) Contradiction {
	switch {
	case a.Size == b.Size && a.Root != b.Root:
		return OtherRoot
	case a.Size == b.Size && a.Count != b.Count:
		return OtherCount
	case a.Size == b.Size && a.Digest != b.Digest:
		return OtherDigest
	case a.Size < b.Size && a.At.After(b.At), a.Size > b.Size && a.At.Before(b.At):
		return OtherOrder
	}
	return NoContradiction
}

// A Fork is the error, code FEED_FORK, of a hub that has signed two heads which
// cannot both be true: it holds both checkpoints and so the proof. Whoever has
// carried them cannot make one up, and no further data heal it; a person decides.
type Fork struct {
	Known, Other Signed // verified before; and what came now
	In           Contradiction
}

// Error says the contradiction.
func (f *Fork) Error() string { return f.told().Error() }

// Unwrap gives the gongxin.Error.
func (f *Fork) Unwrap() error { return f.told() }

func (f *Fork) told() *gongxin.Error {
	return gongxin.Conflict("FEED_FORK", f.Known.Head.Size, f.Other.Head.Size, string(f.In))
}

// fork returns a Fork if the hub has signed one of s and something that contradicts it.
func (s Seen) fork(now Signed) error {
	for _, known := range s[:s.len()] {
		if in := Contradict(known.Head, now.Head); in != NoContradiction {
			return &Fork{Known: known, Other: now, In: in}
		}
	}
	return nil
}

const (
	evidenceMagic = "gongxin fork/v1"
	maxEvidence   = 2*ledger.MaxCheckpoint + 4096
)

// Evidence gives the proof as a text for people and for CheckEvidence: what is
// contradicted, in Chinese and in English, and both checkpoints as they were signed.
func (f *Fork) Evidence() string {
	a, b := f.Known.Head, f.Other.Head
	zh := fmt.Sprintf("中心签署了两个不能同时为真的检查点：序号均为%d，但%s不同。", a.Size, map[Contradiction]string{OtherRoot: "账本根哈希", OtherCount: "在册条目数", OtherDigest: "在册名单摘要"}[f.In])
	en := fmt.Sprintf("The hub signed two checkpoints that cannot both be true: both of size %d, with another %s.", a.Size, f.In)
	if f.In == OtherOrder {
		if a.Size > b.Size {
			a, b = b, a
		}
		zh = fmt.Sprintf("中心签署了两个不能同时为真的检查点：账本已到%d之后又签署了较短的%d，账本发生回退。", b.Size, a.Size)
		en = fmt.Sprintf("The hub signed two checkpoints that cannot both be true: the log of size %d later than that of %d, so it went back.", a.Size, b.Size)
	}
	return strings.Join([]string{evidenceMagic, string(f.In), zh, en, "", f.Known.Checkpoint, f.Other.Checkpoint}, "\n")
}

// CheckEvidence reads what Evidence gives and nothing else, and verifies it from
// the text alone: both checkpoints are signed, each with one of keys (the hub's
// verifier key, and those before it), and contradict each other as it says.
// Errors: FEED_MALFORMED if it is no evidence, FEED_KEY or FEED_ORIGIN if the hub did
// not sign both, FEED_EVIDENCE if what it signed is no contradiction.
func CheckEvidence(text string, keys ...string) (*Fork, error) {
	head, notes, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(text) > maxEvidence || len(lines) != 4 || lines[0] != evidenceMagic {
		return nil, malformed("it is no evidence of a fork")
	}
	known, err := ledger.Own([]byte(notes))
	if err != nil || len(notes) == len(known) || notes[len(known)] != '\n' {
		return nil, malformed("the first checkpoint of the evidence")
	}
	f := &Fork{In: Contradiction(lines[1])}
	for _, part := range []struct {
		into *Signed
		text string
	}{{&f.Known, string(known)}, {&f.Other, notes[len(known)+1:]}} {
		part.into.Checkpoint = part.text
		if part.into.Head, err = openAny(part.text, keys); err != nil {
			return nil, err
		}
	}
	if in := Contradict(f.Known.Head, f.Other.Head); in == NoContradiction || in != f.In {
		return nil, gongxin.Conflict("FEED_EVIDENCE", f.Known.Head.Size, f.Other.Head.Size)
	}
	if f.Evidence() != text {
		return nil, malformed("the evidence is not in its one form")
	}
	return f, nil
}

// openAny opens a checkpoint with the key of keys that signed it.
func openAny(checkpoint string, keys []string) (ledger.Head, error) {
	err := error(gongxin.Conflict("FEED_KEY", "?"))
	for _, key := range keys {
		v, wrong := ledger.NewVerifier(key)
		if wrong != nil {
			return ledger.Head{}, wrong
		}
		h, failed := v.Open([]byte(checkpoint))
		switch {
		case failed == nil:
			return h, nil
		case errors.Is(failed, ledger.ErrKey):
			err = fmt.Errorf("%w: %w", gongxin.Conflict("FEED_KEY", v.Origin()), failed)
		case errors.Is(failed, ledger.ErrOrigin):
			err = fmt.Errorf("%w: %w", gongxin.Conflict("FEED_ORIGIN", v.Origin()), failed)
		default:
			err = fmt.Errorf("%w: %w", malformed("a checkpoint of the evidence"), failed)
		}
	}
	return ledger.Head{}, err
}
