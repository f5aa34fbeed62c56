package hub

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestAClientIsKnownBehindATrustedProxyAlone(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16")}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		trusted      []netip.Prefix
		want         string
	}{
		{"no proxy", "192.0.2.7:4000", nil, trusted, "192.0.2.7"},
		{"a stranger writes the header", "192.0.2.7:4000", []string{"198.51.100.1"}, trusted, "192.0.2.7"},
		{"no proxy is trusted", "127.0.0.1:4000", []string{"198.51.100.1"}, nil, "127.0.0.1"},
		{"one proxy", "127.0.0.1:4000", []string{"198.51.100.1"}, trusted, "198.51.100.1"},
		{"two proxies", "127.0.0.1:4000", []string{"198.51.100.1, 10.1.2.3"}, trusted, "198.51.100.1"},
		{"two headers", "127.0.0.1:4000", []string{"203.0.113.9", "198.51.100.1"}, trusted, "198.51.100.1"},
		{"the client lies in front", "127.0.0.1:4000", []string{"203.0.113.9, 198.51.100.1"}, trusted, "198.51.100.1"},
		{"the proxy says nothing", "127.0.0.1:4000", nil, trusted, "127.0.0.1"},
		{"not an address", "127.0.0.1:4000", []string{"198.51.100.1, somebody"}, trusted, "127.0.0.1"},
		{"IPv6", "[::1]:4000", []string{"2001:db8::7"}, []netip.Prefix{netip.MustParsePrefix("::1/128")}, "2001:db8::7"},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got, ok := clientAddress(r, tt.trusted); !ok || got.String() != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if _, ok := clientAddress(&http.Request{RemoteAddr: "@"}, trusted); ok {
		t.Error("a connection without an address has one")
	}
}
