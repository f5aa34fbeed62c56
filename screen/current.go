package screen

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
)

const (
	currentName  = "current"
	currentNew   = "current.new"
	currentMagic = "gongxin list at\n"
)

// readCurrent returns which list counts. Errors: ErrNothing, *Damage.
func readCurrent(files Files, key Key) (uint64, error) {
	f, err := files.Open(currentName)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNothing
	}
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", currentName, err)
	}
	p := make([]byte, len(currentMagic)+saltSize+8+overhead)
	size, err := f.Size()
	if err == nil {
		err = readAt(f, currentName, p, 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	salt := p[len(currentMagic):][:saltSize]
	plain, err := newSeal(key, salt, currentName).open(new(nonce), sealedCurrent, 0, p[len(currentMagic)+saltSize:])
	if err != nil || size != int64(len(p)) || !strings.HasPrefix(string(p), currentMagic) {
		return 0, &Damage{currentName, 0, "which list counts; or it was written under another key"}
	}
	return le.Uint64(plain), nil
}

// writeCurrent makes n the list that counts.
func writeCurrent(files Files, key Key, n uint64, salt []byte) error {
	f, err := files.Create(currentNew)
	if err != nil {
		return fmt.Errorf("create %s: %w", currentNew, err)
	}
	p := append([]byte(currentMagic), salt...)
	p = newSeal(key, salt, currentName).seal(new(nonce), sealedCurrent, 0, p, le.AppendUint64(nil, n))
	_, err = f.WriteAt(p, 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", currentNew, err)
	}
	if err := files.SyncDir(); err != nil {
		return err
	}
	if err := files.Rename(currentNew, currentName); err != nil {
		return err
	}
	return files.SyncDir()
}

// sweep removes what is left of other lists than n.
func sweep(files Files, n uint64) error {
	names, err := files.List()
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		other := strings.HasPrefix(name, "list-") && name != baseName(n) && name != logName(n)
		if other || name == currentNew {
			_ = files.Remove(name) // what cannot be removed now is removed another time
		}
	}
	return nil
}
