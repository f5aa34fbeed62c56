package ledger

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Head says how far the log is and what it holds: the content of a checkpoint.
type Head struct {
	Size   uint64    // number of leaves; the sequence of the latest event
	Root   Hash      // RFC 6962 tree head of Size leaves
	At     time.Time // when it was signed, UTC, whole milliseconds
	Count  uint64    // listings in force
	Digest Digest    // of the set in force
}

// What is wrong with a checkpoint; the errors of Open and Sign wrap one of them.
var (
	ErrMalformed = errors.New("malformed checkpoint")
	ErrOrigin    = errors.New("checkpoint of another log")
	ErrKey       = errors.New("checkpoint not signed by the expected key")
)

// headTime is the only form of the time line: RFC 3339 in UTC with milliseconds.
const headTime = "2006-01-02T15:04:05.000Z"

// text gives the body of the note: the three lines of a C2SP tlog-checkpoint and
// two extension lines. A head has one text only.
func (h Head) text(origin string) string {
	return fmt.Sprintf("%s\n%d\n%s\ntime %s\nin-force %d %s\n",
		origin, h.Size, base64.StdEncoding.EncodeToString(h.Root[:]), h.At.UTC().Format(headTime), h.Count, h.Digest)
}

// parseHead reads the form that text gives and nothing else: it writes what it
// understood again and compares.
func parseHead(text string) (origin string, h Head, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] == "" {
		return "", h, fmt.Errorf("%w: lines", ErrMalformed)
	}
	if h.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return "", h, fmt.Errorf("%w: size", ErrMalformed)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(h.Root) {
		return "", h, fmt.Errorf("%w: root", ErrMalformed)
	}
	copy(h.Root[:], root)
	at, ok := strings.CutPrefix(lines[3], "time ")
	if h.At, err = time.Parse(headTime, at); !ok || err != nil {
		return "", h, fmt.Errorf("%w: time", ErrMalformed)
	}
	held, ok := strings.CutPrefix(lines[4], "in-force ")
	count, digest, ok2 := strings.Cut(held, " ")
	if !ok || !ok2 {
		return "", h, fmt.Errorf("%w: in-force", ErrMalformed)
	}
	if h.Count, err = strconv.ParseUint(count, 10, 63); err != nil || h.Count > h.Size {
		return "", h, fmt.Errorf("%w: count in force", ErrMalformed)
	}
	if h.Digest, err = ParseDigest(digest); err != nil {
		return "", h, fmt.Errorf("%w: digest in force", ErrMalformed)
	}
	if h.text(lines[0]) != text {
		return "", h, fmt.Errorf("%w: not in its canonical form", ErrMalformed)
	}
	return lines[0], h, nil
}

// ReadHead returns what a checkpoint says and by which log and key it claims to be
// signed. It verifies nothing: it is for checkpoints that were verified before, and
// for telling apart what has to be verified. The key is told by its hash alone.
func ReadHead(checkpoint []byte) (origin string, h Head, key uint32, err error) {
	own, err := Own(checkpoint)
	if err != nil {
		return "", h, 0, err
	}
	text, line, _ := strings.Cut(string(own), "\n\n")
	name, sig, err := signatureLine(strings.TrimSuffix(line, "\n"))
	if err != nil {
		return "", h, 0, err
	}
	if origin, h, err = parseHead(text + "\n"); err == nil && name != origin {
		err = fmt.Errorf("%w: the log %q signed by %q", ErrOrigin, origin, name)
	}
	return origin, h, binary.BigEndian.Uint32(sig), err
}

// valid tells whether h can be written and read again unchanged.
func (h Head) valid() error {
	switch {
	case h.Size > math.MaxInt64 || h.Count > h.Size:
		return fmt.Errorf("%w: size %d, %d in force", ErrMalformed, h.Size, h.Count)
	case h.At.Nanosecond()%int(time.Millisecond) != 0 || h.At.Year() < 1970 || h.At.Year() > 9999:
		return fmt.Errorf("%w: time %v", ErrMalformed, h.At)
	}
	return nil
}
