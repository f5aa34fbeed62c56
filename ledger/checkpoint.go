package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// MaxCheckpoint is the length in bytes beyond which nothing is a checkpoint.
const MaxCheckpoint = 2048

// maxOrigin leaves room for the other lines.
const maxOrigin = 255

// algorithmEd25519 is the first byte of keys in the forms of package note.
const algorithmEd25519 = 1

// GenerateKey makes a key pair for the log called origin, in the forms of
// golang.org/x/mod/sumdb/note, from 32 bytes of random. The origin is a URL
// without scheme, such as credit.example.gov.cn/list, without spaces and plus signs.
func GenerateKey(origin string, random io.Reader) (secret, verifier string, err error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return "", "", fmt.Errorf("generate ledger key: %w", err)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if verifier, err = note.NewEd25519VerifierKey(origin, public); err != nil {
		return "", "", fmt.Errorf("generate ledger key: %w", err)
	}
	if _, err := NewVerifier(verifier); err != nil {
		return "", "", fmt.Errorf("generate ledger key: not an origin: %q", origin)
	}
	hash := strings.SplitN(verifier, "+", 3)[1]
	key := base64.StdEncoding.EncodeToString(append([]byte{algorithmEd25519}, seed...))
	return "PRIVATE+KEY+" + origin + "+" + hash + "+" + key, verifier, nil
}

// A Signer signs heads as C2SP tlog-checkpoints in Ed25519 notes:
//
//	<origin>
//	<size>
//	<root, base64>
//	time <RFC 3339, UTC, milliseconds>
//	in-force <count> <digest, base64>
//
//	— <origin> <signature>
//
// It may be used from several goroutines at once.
type Signer struct {
	signer   note.Signer
	verifier string
}

// NewSigner reads a secret key as GenerateKey gives it.
func NewSigner(secret string) (*Signer, error) {
	s, err := note.NewSigner(secret)
	if err != nil {
		return nil, fmt.Errorf("ledger secret key: %w", err)
	}
	// note keeps the public key to itself: it follows from the seed, the last of
	// PRIVATE+KEY+<origin>+<hash>+<algorithm and seed, base64>.
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(secret, "+", 5)[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("ledger secret key: malformed")
	}
	verifier, err := note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("ledger secret key: %w", err)
	}
	if _, err := NewVerifier(verifier); err != nil {
		return nil, err
	}
	return &Signer{s, verifier}, nil
}

// Sign returns the checkpoint that says h. Error: ErrMalformed for a head that
// cannot be, such as more in force than leaves, or a time not in whole milliseconds.
func (s *Signer) Sign(h Head) ([]byte, error) {
	if err := h.valid(); err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	b, err := note.Sign(&note.Note{Text: h.text(s.signer.Name())}, s.signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// VerifierKey returns the public key in the form that NewVerifier reads.
func (s *Signer) VerifierKey() string { return s.verifier }

// A Verifier opens the checkpoints of one log, signed with one key. It may be
// used from several goroutines at once.
type Verifier struct {
	verifier note.Verifier
	key      string
}

// NewVerifier reads a public key as GenerateKey gives it; its name is the origin.
func NewVerifier(key string) (*Verifier, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("ledger verifier key: %w", err)
	}
	if len(v.Name()) > maxOrigin {
		return nil, fmt.Errorf("ledger verifier key: origin longer than %d bytes", maxOrigin)
	}
	return &Verifier{v, key}, nil
}

// Key returns the public key in the form that NewVerifier reads.
func (v *Verifier) Key() string { return v.key }

// Origin returns the name of the log.
func (v *Verifier) Origin() string { return v.verifier.Name() }

// Open checks a checkpoint and returns what it says. One head and one key have
// one checkpoint only: no other signatures beside, no other writing. Errors:
// ErrMalformed, ErrOrigin (of another log), ErrKey (of this log by its name, but
// not signed with this key, or changed since).
func (v *Verifier) Open(checkpoint []byte) (Head, error) {
	if len(checkpoint) > MaxCheckpoint {
		return Head{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxCheckpoint)
	}
	n, err := note.Open(checkpoint, note.VerifierList(v.verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		n = unverified.Note
	case errors.As(err, &invalid):
		return Head{}, fmt.Errorf("%w: the signature does not fit the text", ErrKey)
	case err != nil:
		return Head{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	origin, h, err := parseHead(n.Text)
	switch {
	case err != nil:
		return Head{}, err
	case origin != v.Origin():
		return Head{}, fmt.Errorf("%w: %q instead of %q", ErrOrigin, origin, v.Origin())
	case unverified != nil:
		return Head{}, fmt.Errorf("%w: no signature by %s+%08x", ErrKey, v.verifier.Name(), v.verifier.KeyHash())
	case len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0:
		return Head{}, fmt.Errorf("%w: more than one signature", ErrMalformed)
	}
	sig := n.Sigs[0]
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || n.Text+"\n— "+sig.Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(checkpoint) {
		return Head{}, fmt.Errorf("%w: not in its canonical form", ErrMalformed)
	}
	return h, nil
}
