//go:build linux

package sim

import (
	"syscall"

	"gongxin/gate"
	"gongxin/screen"
)

// openList opens the directory of a gate's list behind d.
func (d *disk) openList(path string) (gate.ListFiles, error) {
	if err := d.allows(changes); err != nil {
		return nil, err
	}
	files, err := screen.Dir(path)
	if err != nil {
		return nil, err
	}
	return &listFiles{files, d}, nil
}

// allows is judge for calls that are done as a whole or not at all.
func (d *disk) allows(what call) error {
	if v := d.judge(what); v.errno != 0 {
		return v.errno
	}
	return nil
}

// listFiles are the files of one list, as far as the disk lets them.
type listFiles struct {
	*screen.Directory
	disk *disk
}

// Create implements screen.Files.
func (l *listFiles) Create(name string) (screen.File, error) {
	if err := l.disk.allows(writes); err != nil {
		return nil, err
	}
	f, err := l.Directory.Create(name)
	return listFile{f, l.disk}, err
}

// Open implements screen.Files.
func (l *listFiles) Open(name string) (screen.File, error) {
	if l.disk.gone() {
		return nil, syscall.EIO
	}
	f, err := l.Directory.Open(name)
	if err != nil {
		return nil, err
	}
	return listFile{f, l.disk}, nil
}

// Rename implements screen.Files.
func (l *listFiles) Rename(from, to string) error {
	if err := l.disk.allows(changes); err != nil {
		return err
	}
	return l.Directory.Rename(from, to)
}

// Remove implements screen.Files.
func (l *listFiles) Remove(name string) error {
	if err := l.disk.allows(changes); err != nil {
		return err
	}
	return l.Directory.Remove(name)
}

// List implements screen.Files.
func (l *listFiles) List() ([]string, error) {
	if l.disk.gone() {
		return nil, syscall.EIO
	}
	return l.Directory.List()
}

// SyncDir implements screen.Files.
func (l *listFiles) SyncDir() error {
	if err := l.disk.allows(changes); err != nil {
		return err
	}
	return l.Directory.SyncDir()
}

type listFile struct {
	screen.File
	disk *disk
}

// ReadAt implements screen.File.
func (f listFile) ReadAt(b []byte, off int64) (int, error) {
	if f.disk.gone() {
		return 0, syscall.EIO
	}
	return f.File.ReadAt(b, off)
}

// WriteAt implements screen.File: whole, torn, refused, or lost in silence.
func (f listFile) WriteAt(b []byte, off int64) (int, error) {
	v := f.disk.judge(writesList)
	switch {
	case v.lie:
		return len(b), nil
	case v.errno != 0:
		n := len(b) * v.part / 256
		if n > 0 {
			if _, err := f.File.WriteAt(b[:n], off); err != nil {
				return 0, err
			}
		}
		return n, v.errno
	}
	return f.File.WriteAt(b, off)
}

// Sync implements screen.File.
func (f listFile) Sync() error {
	if err := f.disk.allows(changes); err != nil {
		return err
	}
	return f.File.Sync()
}

// Truncate implements screen.File.
func (f listFile) Truncate(size int64) error {
	if err := f.disk.allows(changes); err != nil {
		return err
	}
	return f.File.Truncate(size)
}
