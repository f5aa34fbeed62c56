package feed

import (
	"errors"
	"fmt"

	"gongxin"
	"gongxin/ledger"
)

// Keys are by whom a follower at its position takes checkpoints. The hub hands its
// log over to another key in the log itself:
//
//	… signed by the old key │ key_announced, still by the old one │ either │ first by the new key │ the new one alone
//
// So whoever steals a key that was replaced can sign nothing any more, and whoever
// invents one finds no follower that takes it.
type Keys struct {
	Current string // verifier key; "" while it is the one that the follower was given
	Next    string // announced, and nothing signed by it was seen yet; "" if none
}

// maxKey is the length in bytes of the longest verifier key.
const maxKey = 1024

// VerifierKey returns the public key of the hub for a follower at p: the one
// that it was given, or the one that has replaced it.
func (f Follower) VerifierKey(p Position) string {
	if p.Keys.Current != "" {
		return p.Keys.Current
	}
	return f.Verifier.Key()
}

// signer returns the verifier of the key that signs for a follower with keys k.
func (f Follower) signer(k Keys) (*ledger.Verifier, error) {
	if k.Current == "" {
		return f.Verifier, nil
	}
	return ledger.NewVerifier(k.Current)
}

// Open checks a checkpoint for a follower at p and returns what it says. It is
// signed by the key of the log, or the one announced, and as many witnesses as the
// follower demands have cosigned it; whether its tree continues p's is not asked.
// Errors: FEED_MALFORMED, FEED_KEY, FEED_ORIGIN, FEED_WITNESS.
func (f Follower) Open(p Position, checkpoint []byte) (ledger.Head, error) {
	s, _, err := f.open(p.Keys, checkpoint)
	if err == nil {
		err = f.witnessed(s, checkpoint)
	}
	return s.Head, err
}

// open opens the log's own part of a checkpoint, names what is wrong with it, and
// returns the keys once it was seen: the announced one takes over with it.
func (f Follower) open(k Keys, checkpoint []byte) (Signed, Keys, error) {
	own, err := ledger.Own(checkpoint)
	if err != nil {
		return Signed{}, k, fmt.Errorf("%w: %w", malformed("the checkpoint"), err)
	}
	v, err := f.signer(k)
	if err != nil {
		return Signed{}, k, err
	}
	head, err := v.Open(own)
	if errors.Is(err, ledger.ErrKey) && k.Next != "" {
		next, wrong := ledger.NewVerifier(k.Next)
		if wrong != nil {
			return Signed{}, k, wrong
		}
		if h, byNext := next.Open(own); byNext == nil {
			head, err, k = h, nil, Keys{Current: k.Next}
		}
	}
	switch {
	case err == nil:
		return Signed{head, string(own)}, k, nil
	case errors.Is(err, ledger.ErrKey):
		err = fmt.Errorf("%w: %w", gongxin.Conflict("FEED_KEY", f.Verifier.Origin()), err)
	case errors.Is(err, ledger.ErrOrigin):
		err = fmt.Errorf("%w: %w", gongxin.Conflict("FEED_ORIGIN", f.Verifier.Origin()), err)
	default:
		err = fmt.Errorf("%w: %w", malformed("the checkpoint"), err)
	}
	return Signed{}, k, err
}

// announced returns the keys after changes, which were verified: the latest key
// announced counts. To announce the current one takes back what was announced before.
func (f Follower) announced(k Keys, changes []Change) (Keys, error) {
	for _, c := range changes {
		if c.Event.Kind != gongxin.KeyAnnouncement {
			continue
		}
		a, err := gongxin.ParseKeyAnnounced(c.Body)
		if err != nil {
			return k, fmt.Errorf("%w: %w", malformed("the body of event %d", c.Sequence), err)
		}
		v, err := ledger.NewVerifier(a.VerifierKey)
		switch {
		case err != nil:
			return k, fmt.Errorf("%w: %w", malformed("the key announced by event %d", c.Sequence), err)
		case v.Origin() != f.Verifier.Origin():
			return k, gongxin.Conflict("FEED_ORIGIN", f.Verifier.Origin())
		}
		k.Next = a.VerifierKey
		if k.Next == f.VerifierKey(Position{Keys: k}) {
			k.Next = ""
		}
	}
	return k, nil
}

// AnnouncesKey tells whether a leaf in binary form announces another key. An answer, and
// a member of a package, ends behind the first that does: a follower has to see it under
// a checkpoint by the old key before anything that the new one signed.
func AnnouncesKey(leaf []byte) bool {
	v, err := ledger.ViewLeaf(leaf)
	return err == nil && string(v.Kind()) == string(gongxin.KeyAnnouncement)
}

// Witnesses are what a follower demands beside the hub's own signature: others who
// have seen the log grow (C2SP tlog-cosignature). A hub that shows one history
// here and another there then needs their help.
type Witnesses struct {
	Known []*ledger.Witness
	Need  int // how many of Known have to cosign each checkpoint; 0 asks for none
}

// witnessed checks that enough witnesses cosigned the checkpoint, whose own part
// was verified. Lines by others are passed over; one in the name of a known witness
// that is not by it is an error, however many others there are.
func (f Follower) witnessed(s Signed, checkpoint []byte) error {
	if len(f.Witnesses.Known) == 0 && f.Witnesses.Need <= 0 {
		return nil
	}
	seen, err := ledger.Cosignatures(s.Head, f.Verifier.Origin(), checkpoint, f.Witnesses.Known)
	switch {
	case errors.Is(err, ledger.ErrWitness):
		return fmt.Errorf("%w: %w", gongxin.Conflict("FEED_WITNESS", len(seen), f.Witnesses.Need), err)
	case err != nil:
		return fmt.Errorf("%w: %w", malformed("the checkpoint"), err)
	case len(seen) < f.Witnesses.Need:
		return gongxin.Conflict("FEED_WITNESS", len(seen), f.Witnesses.Need)
	}
	return nil
}
