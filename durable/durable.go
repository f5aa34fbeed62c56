// Package durable writes files that are there whole after a crash, or not at all:
//
//	write beside it ──▶ sync the file ──▶ rename or link ──▶ sync the directory
//
// What a room keeps in small files (keys, positions, checkpoints, packages) goes
// through here. A database and the list of a gate have their own ways.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Unfinished begins the names of files on their way; one that a crash left behind can go.
const Unfinished = ".writing-"

// Replace puts b in the place of the file path, or creates it, with the permissions
// mode. A reader, and whoever starts after a crash, sees the old file or the new one.
// The directory must exist. Of two at once the later one holds.
func Replace(path string, b []byte, mode fs.FileMode) error {
	return ReplaceWith(path, mode, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// ReplaceWith is Replace with what fill writes. If fill fails, its error is given and
// the old file is untouched.
func ReplaceWith(path string, mode fs.FileMode, fill func(*os.File) error) error {
	return write(path, mode, fill, os.Rename)
}

// Create is Replace for a name that must be free; else the error is fs.ErrExist and
// the file stays as it is. Of two at once one fails.
func Create(path string, b []byte, mode fs.FileMode) error {
	return write(path, mode, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	}, func(from, to string) error {
		return errors.Join(os.Link(from, to), os.Remove(from))
	})
}

// Rename gives a file another name in the same directory, durably. What it holds must
// be durable already.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// write fills a file beside path and lets place give it its name.
func write(path string, mode fs.FileMode, fill func(*os.File) error, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, Unfinished+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has its name, as it should
	err = f.Chmod(mode)
	if err == nil {
		err = fill(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes the names in dir durable: what was created, renamed or removed there.
// Where a system cannot be told to, it does so by itself.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrInvalid) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
