package gate

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gongxin/screen"
)

// keyFile holds the gate's secret key, under which identifiers are kept, and eight
// bytes of its SHA-256.
const keyFile = "gate.key"

// loadKey reads the key of the gate in dir and makes one if there is none. A
// damaged key is replaced: what was kept under it can be fetched again.
func loadKey(dir string) (screen.Key, error) {
	path := filepath.Join(dir, keyFile)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return screen.Key{}, fmt.Errorf("read gate key: %w", err)
	}
	if len(b) == 40 {
		if sum := sha256.Sum256(b[:32]); bytes.Equal(sum[:8], b[32:]) {
			return screen.Key(b[:32]), nil
		}
	}
	key, err := screen.NewKey()
	if err != nil {
		return key, err
	}
	sum := sha256.Sum256(key[:])
	return key, writeFile(path, append(key[:], sum[:8]...))
}

// writeFile writes a small file that is there whole or not at all.
func writeFile(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to tell
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// syncDir makes what was renamed in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}
