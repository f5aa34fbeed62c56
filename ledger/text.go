package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// MaxText is the length in bytes beyond which nothing is a signed text.
const MaxText = 64 << 10

// What a signed text begins with, so that no text signed for one purpose passes
// for another, nor for a checkpoint, whose first line is the origin of a log.
const (
	TextReceipt   = "gongxin receipt/v1"   // a gate: applied up to N
	TextPackage   = "gongxin package/v1"   // a hub: what a package holds
	TextStatement = "gongxin statement/v1" // a hub: what is the latest event of a listing
)

var purposes = []string{TextReceipt, TextPackage, TextStatement}

// purposeOf returns which purpose text has, "" if none.
func purposeOf(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	for _, p := range purposes {
		if first == p {
			return p
		}
	}
	return ""
}

// SignText signs text, which begins with the line of a purpose and ends with a line
// end, as a C2SP signed note.
func (s *Signer) SignText(text string) ([]byte, error) { return signText(s.signer, text) }

// OpenText checks a signed text and returns it. One text and one key have one form
// only. Errors: ErrMalformed, ErrKey, and ErrPurpose if it was signed for another.
func (v *Verifier) OpenText(purpose string, b []byte) (string, error) {
	return openText(v.verifier, purpose, b)
}

// ErrPurpose says that a text was signed for something else.
var ErrPurpose = errors.New("signed for another purpose")

func signText(signer note.Signer, text string) ([]byte, error) {
	if purposeOf(text) == "" || len(text) > MaxText || !strings.HasSuffix(text, "\n") || strings.Contains(text, "\n\n") {
		return nil, fmt.Errorf("sign text: %w", ErrMalformed)
	}
	b, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign text: %w", err)
	}
	return b, nil
}

func openText(v note.Verifier, purpose string, b []byte) (string, error) {
	if len(b) > MaxText+maxOrigin+128 {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxText)
	}
	n, err := note.Open(b, note.VerifierList(v))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &invalid):
		return "", fmt.Errorf("%w: no signature by %s+%08x that fits", ErrKey, v.Name(), v.KeyHash())
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrMalformed, err)
	case purposeOf(n.Text) != purpose:
		return "", fmt.Errorf("%w: %q instead of %q", ErrPurpose, purposeOf(n.Text), purpose)
	case len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0:
		return "", fmt.Errorf("%w: more than one signature", ErrMalformed)
	}
	sig := n.Sigs[0]
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || n.Text+"\n— "+sig.Name+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(b) {
		return "", fmt.Errorf("%w: not in its canonical form", ErrMalformed)
	}
	return n.Text, nil
}

// A Receipt is what a gate confirms: that it has applied the log up to Sequence,
// and what it holds then (2.2, 2.4). Its text is
//
//	gongxin receipt/v1
//	<origin of the log>
//	<gate>
//	<sequence>
//	<root, base64>
//	<listings in force> <digest, base64>
//	applied <RFC 3339, UTC, milliseconds>
type Receipt struct {
	Origin   string
	Gate     string
	Sequence uint64
	Root     Hash
	Count    uint64
	Digest   Digest
	Applied  time.Time // by the gate's clock, UTC, whole milliseconds
}

func (r Receipt) text() string {
	return fmt.Sprintf("%s\n%s\n%s\n%d\n%s\n%d %s\napplied %s\n", TextReceipt, r.Origin, r.Gate, r.Sequence,
		base64.StdEncoding.EncodeToString(r.Root[:]), r.Count, r.Digest, r.Applied.UTC().Format(headTime))
}

func parseReceipt(text string) (r Receipt, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 8 {
		return r, fmt.Errorf("%w: lines of a receipt", ErrMalformed)
	}
	r.Origin, r.Gate = lines[1], lines[2]
	var errs [5]error
	r.Sequence, errs[0] = strconv.ParseUint(lines[3], 10, 63)
	root, err := base64.StdEncoding.DecodeString(lines[4])
	errs[1] = err
	copied := copy(r.Root[:], root)
	count, digest, _ := strings.Cut(lines[5], " ")
	r.Count, errs[2] = strconv.ParseUint(count, 10, 63)
	r.Digest, errs[3] = ParseDigest(digest)
	r.Applied, errs[4] = time.Parse(headTime, strings.TrimPrefix(lines[6], "applied "))
	if err := errors.Join(errs[:]...); err != nil || copied != len(r.Root) || len(root) != len(r.Root) || r.text() != text {
		return Receipt{}, fmt.Errorf("%w: not a receipt in its canonical form", ErrMalformed)
	}
	return r, nil
}

// A ReceiptKey is a gate's own hand. It may be used from several goroutines at once.
type ReceiptKey struct {
	signer   note.Signer
	verifier string
}

// GenerateReceiptKey makes the key pair of the gate called name from 32 bytes of random.
func GenerateReceiptKey(name string, random io.Reader) (secret, verifier string, err error) {
	return GenerateKey(name, random)
}

// NewReceiptKey reads a secret key as GenerateReceiptKey gives it.
func NewReceiptKey(secret string) (*ReceiptKey, error) {
	s, err := NewSigner(secret)
	if err != nil {
		return nil, err
	}
	return &ReceiptKey{s.signer, s.verifier}, nil
}

// VerifierKey returns the public key in the form that OpenReceipt reads.
func (k *ReceiptKey) VerifierKey() string { return k.verifier }

// Sign returns the signed receipt that says r; r.Gate is the key's own name.
func (k *ReceiptKey) Sign(r Receipt) ([]byte, error) {
	r.Gate = k.signer.Name()
	if _, err := parseReceipt(r.text()); err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	return signText(k.signer, r.text())
}

// OpenReceipt checks a signed receipt with the gate's public key and returns what it
// says. Errors: ErrMalformed, ErrKey, ErrPurpose, and ErrOrigin if the gate named in
// it is not the key's.
func OpenReceipt(verifierKey string, b []byte) (Receipt, error) {
	v, err := NewVerifier(verifierKey)
	if err != nil {
		return Receipt{}, err
	}
	text, err := v.OpenText(TextReceipt, b)
	if err != nil {
		return Receipt{}, err
	}
	r, err := parseReceipt(text)
	if err == nil && r.Gate != v.Origin() {
		err = fmt.Errorf("%w: a receipt of %q signed by %q", ErrOrigin, r.Gate, v.Origin())
	}
	return r, err
}
