package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"runtime"
	"testing"

	"gongxin"
)

// A claim is a frame with the lengths that its block says it has.
type claim struct {
	frame           []byte
	stored, decoded int // 0: the true ones are claimed
}

// fileOf writes a file whose hash fits.
func fileOf(magic string, claims ...claim) []byte {
	b := []byte(magic)
	for _, c := range claims {
		if c.stored == 0 {
			c.stored = len(c.frame)
		}
		b = binary.BigEndian.AppendUint32(b, uint32(c.stored))
		b = binary.BigEndian.AppendUint32(b, uint32(c.decoded))
		b = append(b, c.frame...)
	}
	b = append(b, 0, 0, 0, 0)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func TestClaimsOfLengthAreNotBelieved(t *testing.T) {
	small := encoder.EncodeAll([]byte("small"), nil)
	bomb := encoder.EncodeAll(make([]byte, maxBlock), nil)
	larger := encoder.EncodeAll(make([]byte, maxBlock+1), nil)
	for _, tt := range []struct {
		name   string
		claims []claim
	}{
		{"decoded longer than said", []claim{{small, 0, 4}}},
		{"decoded shorter than said", []claim{{small, 0, maxBlock}}},
		{"longer than a block may be", []claim{{small, 0, maxBlock + 1}}},
		{"nothing", []claim{{small, 0, 0}}},
		{"stored longer than there is", []claim{{small, maxStored, 5}}},
		{"stored longer than a block may be", []claim{{small, maxStored + 1, 5}}},
		{"no frame", []claim{{[]byte("small"), 0, 5}}},
		{"a bomb that says another length", []claim{{bomb, 0, 5}}},
		{"a bomb larger than a block", []claim{{larger, 0, maxBlock}}},
		{"many bombs", []claim{{bomb, 0, maxBlock}, {bomb, 0, maxBlock}, {bomb, 0, maxBlock}, {bomb, 0, maxBlock}, {bomb, 0, maxBlock}, {bomb, 0, maxBlock}}},
		{"no block", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ReadChanges(bytes.NewReader(fileOf(changesMagic, tt.claims...)))
			if gongxin.CodeOf(err) != "FEED_MALFORMED" {
				t.Errorf("got %v", err)
			}
			_, _, err = ReadSnapshot(bytes.NewReader(fileOf(snapshotMagic, tt.claims...)), Follower{}, func(Change) error { return nil })
			if gongxin.CodeOf(err) != "FEED_MALFORMED" {
				t.Errorf("got %v", err)
			}
			runtime.ReadMemStats(&after)
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 128 {
				t.Errorf("took %d MiB", mib)
			}
		})
	}
}

// endless gives zeros for ever.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) { clear(p); e.read += len(p); return len(p), nil }

func TestChangesWithoutEndAreGivenUp(t *testing.T) {
	skipped := append([]byte{0x50, 0x2a, 0x4d, 0x18}, binary.LittleEndian.AppendUint32(nil, maxStored-8)...) // a skippable frame
	head := append([]byte(changesMagic), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, maxStored), 1)...)
	zeros := &endless{}
	if _, err := ReadChanges(io.MultiReader(bytes.NewReader(append(head, skipped...)), zeros)); gongxin.CodeOf(err) != "FEED_MALFORMED" || zeros.read > MaxChanges+2*maxStored {
		t.Errorf("read %d bytes: %v", zeros.read, err)
	}
}
