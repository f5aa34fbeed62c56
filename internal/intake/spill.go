package intake

import (
	"encoding/binary"
	"io"
	"os"
)

// A spill is a table in a temporary file: open addressing with linear probing,
// read and written in place, so that a run of any length needs no more memory. The
// file is removed from the directory at once where the system allows it.
type spill struct {
	f     *os.File
	name  string
	slots int64 // a power of two
	n     int64
	block [probe * slotSize]byte
}

const (
	slotSize = 24
	probe    = 16 // slots read at once
)

func newSpill(entries int) (*spill, error) {
	s := &spill{slots: int64(capacity(max(entries, 1024)))}
	var err error
	s.f, s.name, err = tableFile(s.slots)
	return s, err
}

func tableFile(slots int64) (*os.File, string, error) {
	f, err := os.CreateTemp("", "gongxin-seen-*")
	if err != nil {
		return nil, "", err
	}
	if err := f.Truncate(slots * slotSize); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, "", err
	}
	name := f.Name()
	if os.Remove(name) == nil { // lives on as an open file, and cannot be left behind
		name = ""
	}
	return f, name, nil
}

func (s *spill) close() error {
	err := s.f.Close()
	if s.name != "" {
		if e := os.Remove(s.name); err == nil {
			err = e
		}
	}
	return err
}

// find returns the place of h, or the free one where it belongs.
func (s *spill) find(h hash) (at int64, v uint64, found bool, err error) {
	at = int64(h.a) & (s.slots - 1)
	for range s.slots/probe + 2 {
		n := min(probe, s.slots-at)
		b := s.block[:n*slotSize]
		if _, err := s.f.ReadAt(b, at*slotSize); err != nil && err != io.EOF {
			return 0, 0, false, err
		}
		for i := range n {
			e := b[i*slotSize:]
			x := hash{binary.LittleEndian.Uint64(e), binary.LittleEndian.Uint64(e[8:])}
			if x == (hash{}) || x == h {
				return at + i, binary.LittleEndian.Uint64(e[16:]), x == h, nil
			}
		}
		at = (at + n) & (s.slots - 1)
	}
	return 0, 0, false, errFull
}

func (s *spill) get(h hash) (v uint64, found bool, err error) {
	_, v, found, err = s.find(h)
	return v, found, err
}

func (s *spill) insert(h hash, v uint64) (before uint64, found bool, err error) {
	if 4*(s.n+1) > 3*s.slots {
		if err := s.grow(); err != nil {
			return 0, false, err
		}
	}
	at, before, found, err := s.find(h)
	if err != nil || found {
		return before, found, err
	}
	if err := s.write(at, h, v); err != nil {
		return 0, false, err
	}
	s.n++
	return v, false, nil
}

func (s *spill) write(at int64, h hash, v uint64) error {
	var b [slotSize]byte
	binary.LittleEndian.PutUint64(b[:], h.a)
	binary.LittleEndian.PutUint64(b[8:], h.b)
	binary.LittleEndian.PutUint64(b[16:], v)
	_, err := s.f.WriteAt(b[:], at*slotSize)
	return err
}

// grow moves everything into a file four times as large.
func (s *spill) grow() error {
	next := &spill{slots: 4 * s.slots, n: s.n}
	var err error
	if next.f, next.name, err = tableFile(next.slots); err != nil {
		return err
	}
	const many = 1024
	buf := make([]byte, many*slotSize)
	for at := int64(0); at < s.slots; at += many {
		n, err := s.f.ReadAt(buf, at*slotSize)
		if err != nil && err != io.EOF {
			return err
		}
		for b := buf[:n]; len(b) >= slotSize; b = b[slotSize:] {
			h := hash{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
			if h == (hash{}) {
				continue
			}
			to, _, _, err := next.find(h)
			if err != nil {
				return err
			}
			if err := next.write(to, h, binary.LittleEndian.Uint64(b[16:])); err != nil {
				return err
			}
		}
	}
	if err := s.close(); err != nil {
		return err
	}
	*s = *next
	return nil
}
