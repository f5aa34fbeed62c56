package screen

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gongxin/durable"
)

// Files is where a list is kept: one directory, which nobody else writes to. Names
// are plain. A file that is removed while it is open stays readable, or is not removed.
type Files interface {
	Create(name string) (File, error) // for reading and writing, empty
	Open(name string) (File, error)   // for reading and writing; an error of fs.ErrNotExist if there is none
	Rename(from, to string) error     // takes the place of to
	Remove(name string) error
	List() ([]string, error)
	SyncDir() error // makes creations, renames and removals durable
}

// A File is one of them.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
}

// ErrInUse says that another process writes to the directory.
var ErrInUse = errors.New("the list is in use by another process")

const lockName = "lock"

// A Directory keeps a list in a directory of the file system.
type Directory struct {
	path string
	lock *os.File
}

// Dir opens the directory at path, which is made if missing, and locks it against
// other writers until Close. Error: ErrInUse.
func Dir(path string) (*Directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, f.Close()))
	}
	return &Directory{path: path, lock: f}, nil
}

// DirReader is Dir for OpenReader, beside a writer: it locks nothing, and whatever
// would write fails.
func DirReader(path string) *Directory { return &Directory{path: path} }

var errReadOnly = errors.New("the list was opened for reading")

// Close lets others write.
func (d *Directory) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

// Create makes the file name, or empties it.
func (d *Directory) Create(name string) (File, error) {
	if d.lock == nil {
		return nil, errReadOnly
	}
	return openOS(filepath.Join(d.path, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

// Open opens the file name.
func (d *Directory) Open(name string) (File, error) {
	if d.lock == nil {
		return openOS(filepath.Join(d.path, name), os.O_RDONLY)
	}
	return openOS(filepath.Join(d.path, name), os.O_RDWR)
}

// Rename renames.
func (d *Directory) Rename(from, to string) error {
	if d.lock == nil {
		return errReadOnly
	}
	return os.Rename(filepath.Join(d.path, from), filepath.Join(d.path, to))
}

// Remove removes.
func (d *Directory) Remove(name string) error {
	if d.lock == nil {
		return errReadOnly
	}
	return os.Remove(filepath.Join(d.path, name))
}

// List gives the names of all files.
func (d *Directory) List() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Name() != lockName {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// SyncDir makes the directory durable.
func (d *Directory) SyncDir() error { return durable.SyncDir(d.path) }

type osFile struct{ *os.File }

func openOS(path string, flags int) (File, error) {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Size returns the length in bytes.
func (f osFile) Size() (int64, error) {
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}
