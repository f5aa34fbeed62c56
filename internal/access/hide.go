package access

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds a secret prints and logs without it, whatever the verb, so that none
// gets into a log or an error by accident. Tags keep the same fields out of JSON.

// hidden stands for a secret that is there.
func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return "…"
}

// Format implements fmt.Formatter without password and second factor.
func (p Person) Format(f fmt.State, verb rune) {
	type plain Person
	p.Password, p.Second = hidden(p.Password), hidden(p.Second)
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(p)) // a fmt.State gives no error, here and below
}

// LogValue leaves password and second factor out.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID) }

// Format implements fmt.Formatter without the hash.
func (s Session) Format(f fmt.State, verb rune) {
	type plain Session
	s.Hash = [32]byte{}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(s))
}

// LogValue leaves the hash out.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(slog.String("person", s.Person), slog.Any("listing", s.Listing), slog.String("method", s.Method))
}

// Format implements fmt.Formatter without the hash.
func (c Code) Format(f fmt.State, verb rune) {
	type plain Code
	c.Hash = [32]byte{}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

// LogValue leaves the hash out.
func (c Code) LogValue() slog.Value { return slog.GroupValue(slog.Any("listing", c.Listing)) }

// Format implements fmt.Formatter without the hashes.
func (t Token) Format(f fmt.State, verb rune) {
	type plain Token
	t.Hash, t.Replaces = [32]byte{}, [32]byte{}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(t))
}

// LogValue leaves the hashes out.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("token", t.ID), slog.String("role", string(t.Role)))
}

// Format implements fmt.Formatter without password and code.
func (c Credentials) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "credentials of "+c.Person)
}

// LogValue leaves password and code out.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.Person) }

// Format implements fmt.Formatter without what was proved.
func (proof Proof) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "proof of "+proof.person) }

// LogValue leaves out what was proved.
func (proof Proof) LogValue() slog.Value { return slog.StringValue(proof.person) }

// Format implements fmt.Formatter without the secrets of the visit.
func (v Visit) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "visit to the identity provider")
}

// LogValue leaves the secrets of the visit out.
func (v Visit) LogValue() slog.Value { return slog.StringValue("visit to the identity provider") }

// Format implements fmt.Formatter without the client's secret.
func (c OIDCConfig) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.ClientID+" at "+c.Issuer) }

// LogValue leaves the client's secret out.
func (c OIDCConfig) LogValue() slog.Value { return slog.StringValue(c.ClientID + " at " + c.Issuer) }
