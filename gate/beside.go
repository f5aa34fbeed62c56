package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/ledger"
	"gongxin/screen"
)

// A Beside is the list of a gate that runs in another process, read from its directory
// to know at memory's speed who is certainly not listed. Whoever may be listed is
// asked about at the gate, which decides and records. It may be used from any number
// of goroutines.
type Beside struct {
	reader     *screen.Reader
	sequence   uint64
	asOf       time.Time
	freshUntil time.Time
}

// OpenBeside opens the list in dir beside the gate whose status is s: the gate's own
// judgement of how long its list counts as fresh holds for what is read here, since
// that is as new or newer. Nothing in dir is changed. Errors: GATE_NO_DIRECTORY,
// GATE_OTHER_HUB, GATE_STATE_CORRUPT.
func OpenBeside(dir string, s Status) (*Beside, error) {
	key, err := readKey(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gongxin.Invalid("GATE_NO_DIRECTORY", dir), err)
	}
	path := filepath.Join(dir, listDir)
	reader, err := screen.OpenReader(screen.DirReader(path), key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", gongxin.Unavailable("GATE_STATE_CORRUPT", path, err), err)
	}
	b := &Beside{reader: reader}
	if err := b.judge(dir, s); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	return b, nil
}

// judge takes from the list's stamp and the gate's status as of when it answers.
func (b *Beside) judge(dir string, s Status) error {
	const head = 4 + sha256.Size
	stamp := b.reader.Stamp()
	var at feed.Position
	if len(stamp) < head || at.UnmarshalBinary(stamp[head:]) != nil {
		return gongxin.Unavailable("GATE_STATE_CORRUPT", dir, errDamaged)
	}
	given := sha256.Sum256([]byte(s.HubKey))
	if at.Keys.Current != s.HubKey && !(at.Keys.Current == "" && bytes.Equal(stamp[4:head], given[:])) {
		return gongxin.Conflict("GATE_OTHER_HUB", dir)
	}
	if uint64(b.reader.Len()) != at.Head.Count || ledger.Digest(b.reader.Sum()) != at.Head.Digest {
		return gongxin.Unavailable("GATE_STATE_CORRUPT", dir, errDamaged)
	}
	b.sequence, b.asOf = at.Head.Size, at.Head.At
	if s.Sequence <= at.Head.Size { // else the gate holds more than is here: of that nothing is known
		b.freshUntil = s.FreshUntil
	}
	if s.AsOf.After(b.asOf) && s.Sequence == at.Head.Size {
		b.asOf = s.AsOf
	}
	return nil
}

// readKey reads the key of the gate in dir and makes none.
func readKey(dir string) (key screen.Key, err error) {
	b, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return key, err
	}
	if len(b) != 40 {
		return key, errDamaged
	}
	if sum := sha256.Sum256(b[:32]); !bytes.Equal(sum[:8], b[32:]) {
		return key, errDamaged
	}
	return screen.Key(b[:32]), nil
}

// Fresh tells whether the list counts as fresh at now, of which sequence it is, and
// from when.
func (b *Beside) Fresh(now time.Time) (sequence uint64, asOf time.Time, fresh bool) {
	v := view{asOf: b.asOf, freshUntil: b.freshUntil}
	return b.sequence, b.asOf, v.fresh(now)
}

// Maybe tells for each of numbers whether it may be in the list: false is certain.
func (b *Beside) Maybe(numbers []identity.Number, out []bool) { b.reader.Maybe(numbers, out) }

// Candidates is Maybe for citizen numbers in canonical form, as bytes.
func (b *Beside) Candidates(numbers [][]byte, out []bool) { b.reader.Candidates(numbers, out) }

// Close closes the files.
func (b *Beside) Close() error { return b.reader.Close() }

// Status tells how the gate stands. Errors: as Screen.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	err = c.send(ctx, http.MethodGet, "/v1/status", nil, &s)
	return s, err
}

// Knows tells whether the gate's catalogue has scenario. Errors: as Screen.
func (c *Client) Knows(ctx context.Context, scenario string) (bool, error) {
	var list scenarioList
	err := c.send(ctx, http.MethodGet, "/v1/scenarios", nil, &list)
	return slices.ContainsFunc(list.Scenarios, func(s scenarioMeasures) bool { return s.ID == scenario }), err
}
