package screen

import (
	"bytes"
	"errors"

	"gongxin/identity"
)

// A Reader is the list as it was when it was opened, for looking up numbers beside a
// process that goes on writing it: a third of the memory of an Index. It does not follow
// what is written later; Stamp says how far it goes. All methods but Close may run at once
// from any number of goroutines.
type Reader struct {
	view  *View
	stamp []byte
}

// attempts is how often OpenReader begins again when the list changed under it.
const attempts = 5

// OpenReader reads the tables of numbers, which files of DirReader suffice for, and the
// log. Records are checked when they are read. Errors: ErrNothing, *Damage.
func OpenReader(files Files, key Key) (r *Reader, err error) {
	for range attempts {
		r, err = openReader(files, key)
		var d *Damage
		if err == nil || !errors.As(err, &d) {
			break
		} // another list may have taken its place meanwhile, or a step was just being written
	}
	return r, err
}

func openReader(files Files, key Key) (*Reader, error) {
	n, err := readCurrent(files, key)
	if err != nil {
		return nil, err
	}
	x := &Index{secrets: newSecrets(key), files: files}
	r, err := x.numbersOnly(n)
	if err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return r, nil
}

// numbersOnly reads list n without the tables that a Reader does not need.
func (x *Index) numbersOnly(n uint64) (r *Reader, err error) {
	if x.base, err = openBase(x.files, x.key, n); err != nil {
		return nil, err
	}
	log, err := x.files.Open(logName(n))
	if err != nil {
		return nil, missing(logName(n), err)
	}
	x.wal = newWAL(x.key, x.base, log)
	r = new(Reader)
	if r.stamp, err = x.base.stamp(); err != nil {
		return nil, err
	}
	if x.tables.number, err = x.base.table(x.base.shapes[0], loadOfNumbers); err != nil {
		return nil, err
	}
	count, total := x.base.count, x.base.footer.sum
	err = x.wal.replay(func(s *step) error {
		for _, d := range s.gone {
			if d.number != 0 && !x.tables.number.remove(d.number, d.ref) {
				return x.wal.damage(x.wal.end, "a step that takes out what is not there")
			}
		}
		x.tables.number = x.tables.number.with(len(s.rows))
		for i := range s.rows {
			if h := s.rows[i].Mark.Hash; h != 0 {
				x.tables.number.insert(h, s.refs[i])
			}
		}
		count, total, r.stamp = s.count, s.sum, bytes.Clone(s.stamp)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.view = x.reading()
	r.view.count, r.view.sum = int(count), total
	return r, nil
}

// Stamp returns that of the newest step which the reader holds.
func (r *Reader) Stamp() []byte { return r.stamp }

// Len returns how many listings there are, as the list says.
func (r *Reader) Len() int { return r.view.count }

// Sum returns the sum of the elements of all rows, as the list says.
func (r *Reader) Sum() [32]byte { return r.view.Sum() }

// Lookup is View.Lookup. Error: *Damage.
func (r *Reader) Lookup(number identity.Number, dst []Hit) ([]Hit, error) {
	return r.view.Lookup(number, dst)
}

// Maybe is View.Maybe.
func (r *Reader) Maybe(numbers []identity.Number, out []bool) { r.view.Maybe(numbers, out) }

// Candidate is View.Candidate.
func (r *Reader) Candidate(number []byte) bool { return r.view.Candidate(number) }

// Candidates is View.Candidates.
func (r *Reader) Candidates(numbers [][]byte, out []bool) { r.view.Candidates(numbers, out) }

// Close closes the files.
func (r *Reader) Close() error { return errors.Join(r.view.base.file.Close(), r.view.log.Close()) }
