package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestGateFlagsThatDoNotGoTogetherAreRefused(t *testing.T) {
	base := "--name railway --verifier-key-file hub.pub --dir " + t.TempDir()
	for flags, want := range map[string]string{
		"":   "--name and --verifier-key-file are needed",
		base: "give --hub URL, --feed URL or --from DIR",
		base + " --feed http://127.0.0.1:1 --from published": "either --feed URL or --from DIR",
		base + " --hub http://127.0.0.1:1":                   "--hub needs --token-file",
		base + " --feed http://127.0.0.1:1":                  "--feed needs --feed-token-file",
		base + " --from published --feed-token-file t":       "--feed-token-file is for --feed",
		base + " --from published --tls-ca ca.pem":           "are for --hub and --feed",
		base + " --from published --witnesses 2":             "--witness-keys-file and --witnesses belong together",
		base + " --from published --webhook http://o":        "--webhook and --webhook-secret-file belong together",
		base + " --from published --retention 0":             "--retention 0: a number of years, 1 to 100",
		base + " --from published --retention 101":           "--retention 101: a number of years, 1 to 100",
	} {
		c := newGate()
		c.SetArgs(strings.Fields(flags))
		c.SetOut(io.Discard)
		c.SetErr(io.Discard)
		c.SilenceErrors, c.SilenceUsage = true, true
		err := c.ExecuteContext(t.Context())
		if !errors.As(err, new(errUsage)) || !strings.Contains(err.Error(), want) {
			t.Errorf("gongxin gate %s: %v, want %q", flags, err, want)
		}
	}
}
