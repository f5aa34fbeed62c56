package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// algorithmCosignature is the first byte of keys of witnesses (C2SP tlog-cosignature).
const algorithmCosignature = 4

// maxCosignatures bounds the lines that others may add to a checkpoint.
const maxCosignatures = 16

// MaxWitnessed is the length in bytes beyond which nothing is a checkpoint with cosignatures.
const MaxWitnessed = MaxCheckpoint + maxCosignatures*(maxOrigin+128)

// A Witness is another body that signs the checkpoints of logs which it has seen
// grow consistently, so that a hub cannot show one history here and another there
// without the witness's help. It may be used from several goroutines at once.
type Witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// A Cosignature says when a witness saw a checkpoint.
type Cosignature struct {
	Witness string    // name of the witness
	At      time.Time // by its own clock, UTC, whole seconds
}

// NewWitness reads the public key of a witness, a note verifier key of the kind
// cosignature/v1: name+hash+base64(4 ‖ Ed25519 key).
func NewWitness(key string) (*Witness, error) {
	name, rest, _ := strings.Cut(key, "+")
	hash, encoded, ok := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algorithmCosignature || len(name) > maxOrigin || !nameOK(name) {
		return nil, fmt.Errorf("key of a witness: malformed: %.40q", key)
	}
	w := &Witness{name: name, key: raw[1:], hash: keyHash(name, raw)}
	if hash != fmt.Sprintf("%08x", w.hash) {
		return nil, fmt.Errorf("key of a witness: the hash of %s is not %.16q", name, hash)
	}
	return w, nil
}

// nameOK is the rule of signed notes for names.
func nameOK(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '+' || r == 0x7f || r == '\ufffd' })
}

func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// Name returns the name of w.
func (w *Witness) Name() string { return w.name }

// cosigned is what a witness signs: when it saw the text of a checkpoint.
func cosigned(text string, at int64) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatInt(at, 10) + "\n" + text)
}

// A Cosigner is a witness's own hand. Whether a checkpoint continues what it saw
// before, its owner has to know (feed.Follower does); it signs what it is given.
type Cosigner struct {
	witness Witness
	key     ed25519.PrivateKey
}

// NewCosigner returns the witness called name with the key of seed, 32 secret bytes.
func NewCosigner(name string, seed []byte) (*Cosigner, error) {
	if len(seed) != ed25519.SeedSize || len(name) > maxOrigin || !nameOK(name) {
		return nil, errors.New("a witness needs a name without blanks and 32 bytes of seed")
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := key.Public().(ed25519.PublicKey)
	raw := append([]byte{algorithmCosignature}, public...)
	return &Cosigner{witness: Witness{name, keyHash(name, raw), public}, key: key}, nil
}

// GenerateCosigner is NewCosigner with a seed from random.
func GenerateCosigner(name string, random io.Reader) (*Cosigner, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("generate key of a witness: %w", err)
	}
	return NewCosigner(name, seed)
}

// WitnessKey returns the public key in the form that NewWitness reads.
func (c *Cosigner) WitnessKey() string {
	raw := append([]byte{algorithmCosignature}, c.witness.key...)
	return fmt.Sprintf("%s+%08x+%s", c.witness.name, c.witness.hash, base64.StdEncoding.EncodeToString(raw))
}

// Cosign adds a line of c to a checkpoint that says it was seen at the instant at,
// which counts in whole seconds.
func (c *Cosigner) Cosign(checkpoint []byte, at time.Time) ([]byte, error) {
	own, lines, err := splitWitnessed(checkpoint)
	if err != nil {
		return nil, err
	}
	if len(lines) == maxCosignatures {
		return nil, fmt.Errorf("%w: more than %d cosignatures", ErrMalformed, maxCosignatures)
	}
	text, _, _ := strings.Cut(string(own), "\n\n")
	sig := binary.BigEndian.AppendUint32(nil, c.witness.hash)
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	sig = append(sig, ed25519.Sign(c.key, cosigned(text+"\n", at.Unix()))...)
	return append(bytes.Clone(checkpoint), "— "+c.witness.name+" "+base64.StdEncoding.EncodeToString(sig)+"\n"...), nil
}

// ErrWitness says that a line in the name of a known witness is not by it.
var ErrWitness = errors.New("not the cosignature of the witness")

// Own returns the part of a checkpoint that is the log's own, without the
// cosignatures after it: what Open reads, and what is kept and compared. Error: ErrMalformed.
func Own(checkpoint []byte) ([]byte, error) {
	own, _, err := splitWitnessed(checkpoint)
	return own[:len(own):len(own)], err
}

// splitWitnessed parts a checkpoint with cosignatures into the log's own
// checkpoint, which ends with its first signature line, and the lines after it.
func splitWitnessed(b []byte) (own []byte, lines []string, err error) {
	if len(b) > MaxWitnessed {
		return nil, nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxWitnessed)
	}
	body := bytes.Index(b, []byte("\n\n"))
	if body < 0 {
		return nil, nil, fmt.Errorf("%w: no signature", ErrMalformed)
	}
	end := bytes.IndexByte(b[body+2:], '\n')
	if end < 0 {
		return nil, nil, fmt.Errorf("%w: no signature", ErrMalformed)
	}
	own = b[:body+2+end+1]
	rest := string(b[len(own):])
	if rest == "" {
		return own, nil, nil
	}
	if !strings.HasSuffix(rest, "\n") {
		return nil, nil, fmt.Errorf("%w: an unfinished line", ErrMalformed)
	}
	lines = strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	if len(lines) > maxCosignatures {
		return nil, nil, fmt.Errorf("%w: more than %d cosignatures", ErrMalformed, maxCosignatures)
	}
	return own, lines, nil
}

// OpenWitnessed checks a checkpoint that may carry cosignatures after the log's
// own line, and returns what it says and which of witnesses have cosigned it, each
// once, in the order of the lines. Lines by others say nothing and are passed over;
// a line by one of witnesses that does not fit is ErrWitness, since somebody has
// changed it. How many cosignatures are enough is the caller's policy.
func (v *Verifier) OpenWitnessed(checkpoint []byte, witnesses []*Witness) (Head, []Cosignature, error) {
	own, err := Own(checkpoint)
	if err != nil {
		return Head{}, nil, err
	}
	h, err := v.Open(own)
	if err != nil {
		return Head{}, nil, err
	}
	seen, err := Cosignatures(h, v.Origin(), checkpoint, witnesses)
	if err != nil {
		return Head{}, nil, err
	}
	return h, seen, nil
}

// Cosignatures is OpenWitnessed for those who have verified already that the log
// called origin signed the checkpoint and that it says h.
func Cosignatures(h Head, origin string, checkpoint []byte, witnesses []*Witness) ([]Cosignature, error) {
	_, lines, err := splitWitnessed(checkpoint)
	if err != nil {
		return nil, err
	}
	var seen []Cosignature
	for _, line := range lines {
		name, sig, err := signatureLine(line)
		if err != nil {
			return nil, err
		}
		for _, w := range witnesses {
			if w.name != name || binary.BigEndian.Uint32(sig) != w.hash {
				continue
			}
			at, err := w.check(h.text(origin), sig)
			if err != nil {
				return nil, err
			}
			seen = append(seen, Cosignature{name, at})
			break
		}
	}
	for i, c := range seen {
		for _, d := range seen[:i] {
			if c.Witness == d.Witness {
				return nil, fmt.Errorf("%w: %s stands twice", ErrMalformed, c.Witness)
			}
		}
	}
	return seen, nil
}

// signatureLine reads a line of a signed note in its one form.
func signatureLine(line string) (name string, sig []byte, err error) {
	rest, ok := strings.CutPrefix(line, "— ")
	name, encoded, ok2 := strings.Cut(rest, " ")
	sig, err = base64.StdEncoding.DecodeString(encoded)
	if !ok || !ok2 || err != nil || len(sig) < 5 || !nameOK(name) || base64.StdEncoding.EncodeToString(sig) != encoded {
		return "", nil, fmt.Errorf("%w: not a signature line", ErrMalformed)
	}
	return name, sig, nil
}

// check verifies the signature of a line whose key hash is w's.
func (w *Witness) check(text string, sig []byte) (time.Time, error) {
	if len(sig) != 4+8+ed25519.SignatureSize {
		return time.Time{}, fmt.Errorf("%w: a cosignature of %d bytes", ErrWitness, len(sig))
	}
	at := binary.BigEndian.Uint64(sig[4:])
	if at > 1<<40 || !ed25519.Verify(w.key, cosigned(text, int64(at)), sig[12:]) {
		return time.Time{}, fmt.Errorf("%w: the cosignature of %s does not fit the text", ErrWitness, w.name)
	}
	return time.Unix(int64(at), 0).UTC(), nil
}
