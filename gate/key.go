package gate

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gongxin/durable"
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
	return key, durable.Replace(path, append(key[:], sum[:8]...), 0o600)
}
