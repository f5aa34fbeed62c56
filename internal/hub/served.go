package hub

import (
	"slices"
	"sync"
	"time"

	"gongxin"
	"gongxin/internal/store"
)

// served remembers, for each gate, when it was first served the changes up to which
// sequence. It is written down with the gate's receipts alone: a long poll writes
// nothing. A hub that starts anew has forgotten what was served and not confirmed,
// and learns it when the gate asks again. The zero one is empty.
type served struct {
	mu    sync.Mutex
	gates map[string][]mark
}

// A mark says that changes up to a sequence were first served at an instant.
type mark struct {
	sequence uint64
	at       time.Time
}

// maxMarks bounds what is remembered of one gate. Beyond it every second mark goes,
// so that what was served by one is told as served by the next, which is later.
const maxMarks = 256

// note remembers that changes up to sequence are being served to gate.
func (s *served) note(gate string, sequence uint64, at time.Time) {
	if gate == "" || sequence == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	marks := s.gates[gate]
	if n := len(marks); n > 0 && marks[n-1].sequence >= sequence {
		return
	}
	if len(marks) == maxMarks {
		thin := marks[:0]
		for i := 1; i < len(marks); i += 2 {
			thin = append(thin, marks[i])
		}
		marks = thin
	}
	if s.gates == nil {
		s.gates = map[string][]mark{}
	}
	s.gates[gate] = append(marks, mark{sequence, gongxin.Millis(at)})
}

// first returns when changes up to sequence were first served to gate; zero if that
// is not known.
func (s *served) first(gate string, sequence uint64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.gates[gate] {
		if m.sequence >= sequence {
			return m.at
		}
	}
	return time.Time{}
}

// confirmed tells what is to be written down with a receipt of gate for sequence.
func (s *served) confirmed(gate string, sequence uint64) store.Served {
	out := store.Served{Gate: gate, Sequence: sequence, At: s.first(gate, sequence)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if marks := s.gates[gate]; len(marks) > 0 {
		last := marks[len(marks)-1]
		out.Last, out.LastAt = last.sequence, last.at
	}
	return out
}

// forget drops what was written down, but for the last mark, which tells what has
// been served already.
func (s *served) forget(gate string, sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	marks := s.gates[gate]
	n := 0
	for n < len(marks)-1 && marks[n].sequence <= sequence {
		n++
	}
	if n > 0 {
		s.gates[gate] = slices.Delete(marks, 0, n)
	}
}
