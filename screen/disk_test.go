package screen

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
)

// errPulled is what every call gives once the plug is pulled.
var errPulled = errors.New("the plug is pulled")

// A disk is Files in memory that can lose what was not made durable: after a number of
// calls that write, the next one is done in part, and none after it.
type disk struct {
	mu    sync.Mutex
	r     *rand.Rand
	left  int // calls until the plug is pulled; negative: never
	dead  bool
	names map[string]*inode
	kept  map[string]*inode // durable
	moves []func(map[string]*inode)
}

type inode struct {
	d       *disk
	data    []byte
	kept    []byte // durable
	pending []func([]byte, *rand.Rand) []byte
}

func newDisk(seed uint64) *disk {
	return &disk{r: rand.New(rand.NewPCG(seed, 1)), left: -1, names: map[string]*inode{}, kept: map[string]*inode{}}
}

// spend tells whether a call may write; last that it may only in part.
func (d *disk) spend() (last bool, err error) {
	if d.dead {
		return false, errPulled
	}
	if d.left == 0 {
		d.dead = true
		return true, nil
	}
	if d.left > 0 {
		d.left--
	}
	return false, nil
}

// crash ends a process that used d. power: what was not durable may be lost as well.
func (d *disk) crash(power bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead, d.left = false, -1
	if !power {
		return
	}
	names := cloneNames(d.kept)
	for i := range d.r.IntN(len(d.moves) + 1) {
		d.moves[i](names)
	}
	for _, f := range names {
		f.data = slices.Clone(f.kept)
		n := d.r.IntN(len(f.pending) + 1)
		for i := range n {
			f.data = f.pending[i](f.data, nil)
		}
		if n < len(f.pending) {
			f.data = f.pending[n](f.data, d.r)
		}
		f.kept, f.pending = slices.Clone(f.data), nil
	}
	d.names, d.kept, d.moves = names, cloneNames(names), nil
}

func cloneNames(m map[string]*inode) map[string]*inode {
	c := map[string]*inode{}
	for k, v := range m {
		c[k] = v
	}
	return c
}

func (d *disk) change(f func(map[string]*inode)) error {
	last, err := d.spend()
	if err != nil {
		return err
	}
	if !last || d.r.IntN(2) == 0 {
		f(d.names)
		d.moves = append(d.moves, f)
	}
	if last {
		return errPulled
	}
	return nil
}

func (d *disk) Create(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &inode{d: d}
	if err := d.change(func(m map[string]*inode) { m[name] = f }); err != nil {
		return nil, err
	}
	return f, nil
}

func (d *disk) Open(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, errPulled
	}
	if f, ok := d.names[name]; ok {
		return f, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (d *disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[from]
	return d.change(func(m map[string]*inode) { m[to] = f; delete(m, from) })
}

func (d *disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return fs.ErrNotExist
	}
	return d.change(func(m map[string]*inode) { delete(m, name) })
}

func (d *disk) List() (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := range d.names {
		names = append(names, n)
	}
	return names, nil
}

func (d *disk) SyncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last, err := d.spend(); last || err != nil {
		return errPulled
	}
	d.kept, d.moves = cloneNames(d.names), nil
	return nil
}

func (f *inode) do(change func([]byte, *rand.Rand) []byte) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	last, err := f.d.spend()
	if err != nil {
		return err
	}
	var r *rand.Rand
	if last {
		r = f.d.r
	}
	f.data = change(f.data, r)
	if last {
		return errPulled
	}
	f.pending = append(f.pending, change)
	return nil
}

func (f *inode) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if off > int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt writes; torn, only the beginning, or sectors at the end stay empty.
func (f *inode) WriteAt(p []byte, off int64) (int, error) {
	p = slices.Clone(p)
	return len(p), f.do(func(data []byte, torn *rand.Rand) []byte {
		b := p
		if torn != nil {
			n := torn.IntN(len(p) + 1)
			if torn.IntN(2) == 0 {
				b = p[:n]
			} else if keep := (off+int64(n))/sector*sector - off; keep >= 0 {
				b = append(slices.Clone(p[:keep]), make([]byte, len(p)-int(keep))...)
			}
		}
		data = slices.Clone(data)
		if need := int(off) + len(b); need > len(data) {
			data = append(data, make([]byte, need-len(data))...)
		}
		copy(data[off:], b)
		return data
	})
}

func (f *inode) Truncate(size int64) error {
	return f.do(func(data []byte, torn *rand.Rand) []byte {
		if torn != nil && torn.IntN(2) == 0 {
			return data
		}
		if int(size) <= len(data) {
			return slices.Clone(data[:size])
		}
		return append(slices.Clone(data), make([]byte, int(size)-len(data))...)
	})
}

func (f *inode) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if last, err := f.d.spend(); last || err != nil {
		return errPulled
	}
	f.kept, f.pending = slices.Clone(f.data), nil
	return nil
}

func (f *inode) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *inode) Close() error { return nil }
