package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gongxin"
)

var (
	noon   = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)
	huqiu  = gongxin.MustCourtCode("苏0505")
	suzhou = gongxin.MustCourtCode("苏05")
	zeroes = strings.NewReader(strings.Repeat("\x00", 1<<12))
)

// kept is a store of tokens by their hash.
type kept map[[32]byte]Token

func (k kept) TokenByHash(_ context.Context, hash [32]byte) (Token, error) {
	t, ok := k[hash]
	if !ok {
		return Token{}, gongxin.Missing("TOKEN_UNKNOWN")
	}
	return t, nil
}

type broken struct{}

func (broken) TokenByHash(context.Context, [32]byte) (Token, error) {
	return Token{}, errors.New("disk on fire")
}

func railway() Token {
	return Token{ID: "railway", Role: gongxin.RoleDepartment, Organisation: "铁路部门", Gate: "railway", Created: noon, Expires: noon.AddDate(1, 0, 0)}
}

func mustIssue(t *testing.T, token Token) (string, Token) {
	t.Helper()
	secret, token, err := Issue(token, zeroes)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func TestOnlyTheHashOfASecretIsKept(t *testing.T) {
	secret, token := mustIssue(t, railway())
	if len(secret) != 46 || !strings.HasPrefix(secret, "gx_") {
		t.Errorf("secret %q is not gx_ and 256 bits in base64", secret)
	}
	if token.Hash != sha256.Sum256([]byte(secret)) {
		t.Error("the hash is not the secret's")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "who", token)
	if strings.Contains(log.String(), "Hash") || !strings.Contains(log.String(), "railway") {
		t.Errorf("logged as %s", log.String())
	}
}

func TestATokenHoldsFromIssueToExpiryOrRevocation(t *testing.T) {
	secret, token := mustIssue(t, railway())
	revoked := token
	revoked.Revoked = noon.Add(time.Hour)
	_, _, rotated, err := Rotate(token, time.Hour, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both := rotated
	both.Revoked = noon.Add(time.Minute)
	for _, tt := range []struct {
		name   string
		tokens Tokens
		bearer string
		at     time.Time
		want   string // code
	}{
		{"valid", kept{token.Hash: token}, secret, noon, ""},
		{"valid to the last millisecond", kept{token.Hash: token}, secret, token.Expires.Add(-time.Millisecond), ""},
		{"expired", kept{token.Hash: token}, secret, token.Expires, "TOKEN_EXPIRED"},
		{"before it was revoked", kept{token.Hash: revoked}, secret, noon, ""},
		{"revoked", kept{token.Hash: revoked}, secret, noon.Add(time.Hour), "TOKEN_REVOKED"},
		{"rotated, in the overlap", kept{token.Hash: rotated}, secret, rotated.Expires.Add(-time.Millisecond), ""},
		{"rotated", kept{token.Hash: rotated}, secret, rotated.Expires, "TOKEN_ROTATED"},
		{"rotated and revoked in the overlap", kept{token.Hash: both}, secret, noon.Add(time.Minute), "TOKEN_REVOKED"},
		{"unknown", kept{}, secret, noon, "UNAUTHENTICATED"},
		{"a session's secret", kept{token.Hash: token}, "gs_" + secret[3:], noon, "UNAUTHENTICATED"},
		{"none", kept{token.Hash: token}, "", noon, "UNAUTHENTICATED"},
		{"cut short", kept{token.Hash: token}, secret[:45], noon, "UNAUTHENTICATED"},
		{"another prefix", kept{token.Hash: token}, "xx_" + secret[3:], noon, "UNAUTHENTICATED"},
		{"very long", kept{token.Hash: token}, secret + strings.Repeat("a", 1<<20), noon, "UNAUTHENTICATED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actor, _, err := Authenticate(t.Context(), tt.tokens, tt.bearer, [32]byte{}, tt.at)
			if got := gongxin.CodeOf(err); got != tt.want {
				t.Fatalf("got %q, want %q (%v)", got, tt.want, err)
			}
			if err == nil && actor != token.Actor() {
				t.Errorf("acts as %+v, want %+v", actor, token.Actor())
			}
			if err != nil && (actor != gongxin.Actor{}) {
				t.Errorf("refused, but acts as %+v", actor)
			}
		})
	}
}

func TestAFaultOfTheStoreIsNoRefusal(t *testing.T) {
	secret, _ := mustIssue(t, railway())
	_, _, err := Authenticate(t.Context(), broken{}, secret, [32]byte{}, noon)
	if err == nil || gongxin.KindOf(err) != "" {
		t.Errorf("got %v, want an error that is not one for the caller", err)
	}
}

func TestATokenNamesWhomItSpeaksFor(t *testing.T) {
	with := func(change func(*Token)) Token {
		token := railway()
		change(&token)
		return token
	}
	for _, tt := range []struct {
		name  string
		token Token
		want  string
	}{
		{"a department's gate", railway(), ""},
		{"a court's judge", Token{ID: "judge.li", Role: gongxin.RoleJudge, Court: huqiu, Created: noon, Expires: noon.Add(1)}, ""},
		{"the system for all courts", Token{ID: "high", Role: gongxin.RoleCourtSystem, Created: noon, Expires: noon.Add(1)}, ""},
		{"an operator", Token{ID: "op", Role: gongxin.RoleOperator, Created: noon, Expires: noon.Add(1)}, ""},
		{"a judge of no court", Token{ID: "judge.li", Role: gongxin.RoleJudge, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"an operator of a court", Token{ID: "op", Role: gongxin.RoleOperator, Court: huqiu, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"a judge with a gate", Token{ID: "j", Role: gongxin.RoleJudge, Court: huqiu, Gate: "g", Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"a department without a gate", with(func(t *Token) { t.Gate = "" }), "TOKEN_FIELD"},
		{"a department without a name", with(func(t *Token) { t.Organisation = "" }), "TOKEN_FIELD"},
		{"nobody", with(func(t *Token) { t.ID = "" }), "TOKEN_FIELD"},
		{"without an end", with(func(t *Token) { t.Expires = time.Time{} }), "TOKEN_FIELD"},
		{"a department with a scope", with(func(t *Token) { t.Scope = "feed-changes receipts" }), ""},
		{"a department with a scope beyond its role", with(func(t *Token) { t.Scope = "feed-changes listing-decision" }), "TOKEN_FIELD"},
		{"a department with an unknown scope", with(func(t *Token) { t.Scope = "everything" }), "TOKEN_FIELD"},
		{"a higher court's judge", Token{ID: "j", Role: gongxin.RoleHigherCourt, Court: suzhou, Created: noon, Expires: noon.Add(1)}, ""},
		{"a higher court's judge of no court", Token{ID: "j", Role: gongxin.RoleHigherCourt, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"an officer", Token{ID: "o", Role: gongxin.RoleOfficer, Organisation: "铁路部门", Created: noon, Expires: noon.Add(1)}, ""},
		{"an officer for a gate", Token{ID: "o", Role: gongxin.RoleOfficer, Organisation: "铁路部门", Gate: "railway", Created: noon, Expires: noon.Add(1)}, ""},
		{"an officer of nothing", Token{ID: "o", Role: gongxin.RoleOfficer, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"an officer of a court", Token{ID: "o", Role: gongxin.RoleOfficer, Organisation: "铁路部门", Court: huqiu, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"a supervisor", Token{ID: "s", Role: gongxin.RoleSupervisor, Organisation: "苏州市信用办", Created: noon, Expires: noon.Add(1)}, ""},
		{"a supervisor of nothing", Token{ID: "s", Role: gongxin.RoleSupervisor, Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"a supervisor with a gate", Token{ID: "s", Role: gongxin.RoleSupervisor, Organisation: "苏州市信用办", Gate: "g", Created: noon, Expires: noon.Add(1)}, "TOKEN_FIELD"},
		{"an auditor", Token{ID: "a", Role: gongxin.RoleAuditor, Created: noon, Expires: noon.Add(1)}, ""},
		{"the person concerned", Token{ID: "s", Role: gongxin.RoleSubject, Created: noon, Expires: noon.Add(1)}, "TOKEN_ROLE"},
		{"the hub itself", with(func(t *Token) { t.Role = gongxin.RoleHub }), "TOKEN_ROLE"},
		{"an unknown role", with(func(t *Token) { t.Role = "root" }), "TOKEN_ROLE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Issue(tt.token, zeroes); gongxin.CodeOf(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSecretsNeedRandomness(t *testing.T) {
	if _, _, err := Issue(railway(), strings.NewReader("too short")); err == nil {
		t.Error("a secret was made from nine bytes")
	}
}

func TestATokenMayBeBoundToAClientCertificate(t *testing.T) {
	bound := railway()
	bound.Certificate = sha256.Sum256([]byte("certificate"))
	secret, bound := mustIssue(t, bound)
	free, token, err := Issue(railway(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		secret      string
		certificate [32]byte
		want        string // code
	}{
		{"with its certificate", secret, bound.Certificate, ""},
		{"with another", secret, sha256.Sum256([]byte("another")), "TOKEN_CERTIFICATE"},
		{"without one", secret, [32]byte{}, "TOKEN_CERTIFICATE"},
		{"a token that is not bound, with one", free, bound.Certificate, ""},
		{"a token that is not bound, without one", free, [32]byte{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actor, _, err := Authenticate(t.Context(), kept{bound.Hash: bound, token.Hash: token}, tt.secret, tt.certificate, noon)
			if gongxin.CodeOf(err) != tt.want || (err != nil) != (actor == gongxin.Actor{}) {
				t.Errorf("got %+v, %v, want %q", actor, err, tt.want)
			}
		})
	}
}

func TestAScopeNarrowsWhatTheRoleMay(t *testing.T) {
	token := railway()
	for _, operation := range Operations() {
		if token.Scope = ""; token.Permits(operation) != Allowed(operation, token.Role) {
			t.Errorf("without a scope %s is not what the role may", operation)
		}
		token.Scope = "feed-changes  receipts"
		if want := operation == "feed-changes" || operation == "receipts"; token.Permits(operation) != want {
			t.Errorf("in scope %s: %v, want %v", operation, !want, want)
		}
	}
	token.Scope = "listing-decision" // however it got there
	if token.Permits("listing-decision") {
		t.Error("a scope opens what the role may not")
	}
}

func TestARotatedTokenGoesOnForAWhileAndRotatesNoMore(t *testing.T) {
	later := noon.AddDate(0, 11, 0)
	secret, token := mustIssue(t, railway())
	token.Scope, token.Certificate = "feed-changes", [32]byte{1}
	for _, tt := range []struct {
		name    string
		change  func(*Token)
		overlap time.Duration
		want    string    // code
		ends    time.Time // of the old one
	}{
		{"with a week", nil, 7 * 24 * time.Hour, "", later.Add(7 * 24 * time.Hour)},
		{"at once", nil, 0, "", later},
		{"with less than nothing", nil, -time.Hour, "", later},
		{"not beyond its end", nil, 365 * 24 * time.Hour, "", token.Expires},
		{"one that was revoked", func(t *Token) { t.Revoked = later.Add(-time.Hour) }, time.Hour, "TOKEN_REVOKED", time.Time{}},
		{"one that is to be revoked", func(t *Token) { t.Revoked = later.Add(time.Hour) }, time.Hour, "TOKEN_REVOKED", time.Time{}},
		{"one that has expired", func(t *Token) { t.Expires = later }, time.Hour, "TOKEN_EXPIRED", time.Time{}},
		{"one that was rotated", func(t *Token) { t.Expires = later.Add(time.Hour); t.Revoked = t.Expires }, time.Hour, "TOKEN_ROTATED", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := token
			if tt.change != nil {
				tt.change(&token)
			}
			secret2, fresh, old, err := Rotate(token, tt.overlap, later, rand.Reader)
			if gongxin.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err != nil {
				return
			}
			want := token
			want.Hash, want.Replaces, want.Created, want.Expires = sha256.Sum256([]byte(secret2)), token.Hash, later, later.AddDate(1, 0, 0)
			if fresh != want || secret2 == secret {
				t.Errorf("the new one is %+v, want %+v", fresh, want)
			}
			if !old.Expires.Equal(tt.ends) || old.Hash != token.Hash {
				t.Errorf("the old one ends %v, want %v", old.Expires, tt.ends)
			}
			if _, _, _, err := Rotate(old, time.Hour, later.Add(-time.Second), rand.Reader); gongxin.CodeOf(err) != "TOKEN_ROTATED" {
				t.Errorf("rotated again: %v", err)
			}
			if _, _, _, err := Rotate(fresh, time.Hour, later, rand.Reader); err != nil {
				t.Errorf("the new one cannot be rotated: %v", err)
			}
		})
	}
}
