package relay

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gongxin"
)

// Whatever stands in a list of tokens, it is read or refused with its line.
func FuzzTokens(f *testing.F) {
	sum := strings.Repeat("9f", 32)
	for _, seed := range []string{"", "# nobody\n", "railway " + sum, "railway " + sum + "\nport " + sum, "railway\t" + strings.ToUpper(sum) + "\r\n\n", "railway 12", "a b c", "铁路 " + sum, "railway " + sum + "\nrailway " + strings.Repeat("00", 32)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		gates, err := parseTokens("list", b)
		if err != nil && gongxin.CodeOf(err) != "RELAY_TOKENS" {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, name := range gates {
			if names[name] || !validName(name) {
				t.Fatalf("%q is taken", name)
			}
			names[name] = true
		}
	})
}

// A name of a file is one that the relay gives, or none.
func FuzzSpanNames(f *testing.F) {
	for _, seed := range []string{"", span{0, 8}.name(), span{8192, 16384}.name(), "00000000000000000000-0.gxc", "00000000000000000008-8.gxc", "0-8.gxc", "00000000000000000000-08.gxc", "../00000000000000000000-8.gxc", "00000000000000000000-99999999999999999999.gxc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if o, ok := spanOf(name); ok && (o.name() != name || o.after >= o.size) {
			t.Fatalf("%q is %v", name, o)
		}
	})
}

func TestAddTokenKeepsNoSecretAndNoNameTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "relay.tokens")
	if err := os.WriteFile(path, []byte("# by hand, without a line's end"), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{}
	for _, name := range []string{"railway", "port"} {
		secret, err := AddToken(path, name, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = secret
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := OpenTokens(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range secrets {
		if got, ok := tokens.Gate(secret); !ok || got != name {
			t.Errorf("the token of %s is that of %q", name, got)
		}
		if strings.Contains(string(b), secret) {
			t.Errorf("the list holds the secret of %s", name)
		}
	}
	for name, want := range map[string]string{"port": "RELAY_TOKEN_TAKEN", "": "RELAY_TOKENS", "two words": "RELAY_TOKENS", "#x": "RELAY_TOKENS", strings.Repeat("x", 65): "RELAY_TOKENS"} {
		if _, err := AddToken(path, name, rand.Reader); gongxin.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
