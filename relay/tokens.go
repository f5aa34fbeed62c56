package relay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"gongxin"
)

// Tokens are the gates that a relay serves, by a file that its operator keeps:
//
//	# a name and the SHA-256 of the secret in hexadecimal
//	railway 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//
// It holds no secret. It is read again when it changes: a line that is taken out
// ends a token at once.
type Tokens struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex
	at    time.Time // of the file as it was read last
	size  int64
	gates map[[sha256.Size]byte]string
}

// A secret is 256 random bits behind a prefix by which a leaked one is found.
const (
	secretPrefix = "gr_"
	secretBytes  = 32
	maxSecret    = 100
	maxName      = 64
)

// OpenTokens reads the list at path. Error: RELAY_TOKENS.
func OpenTokens(path string, log *slog.Logger) (*Tokens, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Tokens{path: path, log: log}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of tokens: %w", err)
	}
	return t, t.read(info)
}

func (t *Tokens) read(info fs.FileInfo) error {
	t.at, t.size = info.ModTime(), info.Size() // what cannot be read is told once, and tried again when it changes
	b, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("read the list of tokens: %w", err)
	}
	gates, err := parseTokens(t.path, b)
	if err == nil {
		t.gates = gates
	}
	return err
}

// parseTokens reads a list. Error: RELAY_TOKENS with the line.
func parseTokens(path string, b []byte) (map[[sha256.Size]byte]string, error) {
	gates, names := map[[sha256.Size]byte]string{}, map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		wrong := func(what string) error { return gongxin.Invalid("RELAY_TOKENS", path, n, what) }
		if len(fields) != 2 || !validName(fields[0]) {
			return nil, wrong("form")
		}
		sum, err := hex.DecodeString(fields[1])
		if err != nil || len(sum) != sha256.Size {
			return nil, wrong("SHA-256")
		}
		if _, twice := gates[[sha256.Size]byte(sum)]; twice || names[fields[0]] {
			return nil, wrong("twice")
		}
		gates[[sha256.Size]byte(sum)], names[fields[0]] = fields[0], true
	}
	if err := lines.Err(); err != nil {
		return nil, gongxin.Invalid("RELAY_TOKENS", path, "?", err)
	}
	return gates, nil
}

// validName tells whether name can stand in a list.
func validName(name string) bool {
	return name != "" && len(name) <= maxName && len(strings.Fields(name)) == 1 && strings.Fields(name)[0] == name && name[0] != '#'
}

// Gate returns whose secret it is. The hash of 256 random bits is what is looked
// up, so the time that it takes tells nothing about secrets.
func (t *Tokens) Gate(secret string) (name string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := os.Stat(t.path)
	switch {
	case err != nil: // the list is gone, perhaps for the moment in which it is replaced: the one before goes on
	case !info.ModTime().Equal(t.at) || info.Size() != t.size:
		if err := t.read(info); err != nil {
			t.log.Error("the changed list of tokens cannot be read, the one before goes on", "err", err)
		} else {
			t.log.Info("list of tokens read again", "tokens", len(t.gates))
		}
	}
	if len(secret) > maxSecret || !strings.HasPrefix(secret, secretPrefix) {
		return "", false
	}
	name, ok = t.gates[sha256.Sum256([]byte(secret))]
	return name, ok
}

// AddToken makes a secret for the gate called name and adds its hash to the list at
// path, which is made if it is not there. The secret is kept nowhere. Errors:
// RELAY_TOKENS, RELAY_TOKEN_TAKEN.
func AddToken(path, name string, random io.Reader) (secret string, err error) {
	if !validName(name) {
		return "", gongxin.Invalid("RELAY_TOKENS", path, "-", "name")
	}
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(raw)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("add token: %w", err)
	}
	old, err := io.ReadAll(f)
	var gates map[[sha256.Size]byte]string
	if err == nil {
		gates, err = parseTokens(path, old)
	}
	for _, taken := range gates {
		if taken == name {
			err = gongxin.Conflict("RELAY_TOKEN_TAKEN", path, name)
		}
	}
	if err == nil {
		line := fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(secret)))
		if len(old) > 0 && old[len(old)-1] != '\n' {
			line = "\n" + line
		}
		_, err = f.WriteString(line)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("add token: %w", err)
	}
	return secret, nil
}
