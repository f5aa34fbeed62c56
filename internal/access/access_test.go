package access

import (
	"context"
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
	zeroes = strings.NewReader(strings.Repeat("\x00", 1<<10))
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
		{"unknown", kept{}, secret, noon, "UNAUTHENTICATED"},
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

func TestTheMatrixOpensEachDoorToTheEntitledAlone(t *testing.T) {
	roles := []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem, gongxin.RoleOperator, gongxin.RoleDepartment, gongxin.RoleHub, "", "root"}
	// One letter for each role in that order: y may, - may not. Written out by
	// hand, so that a change of the matrix is seen twice.
	want := map[string]string{
		"feed-static":         "yyyyyyyy",
		"status-page":         "yyyyyyyy",
		"intake-submit":       "-yy-----",
		"listing-notice":      "yyy-----",
		"listing-decision":    "-yy-----",
		"listing-publication": "yyy-----",
		"listing-correction":  "-yy-----",
		"listing-withdrawal":  "-yy-----",
		"listing-revocation":  "-yy-----",
		"listing-read":        "yyyy----",
		"feed-changes":        "----y---",
		"feed-snapshot":       "----y---",
		"receipts":            "----y---",
		"outcomes":            "----y---",
		"gates-status":        "yyyy----",
		"tokens-manage":       "---y----",
		"not-in-the-matrix":   "--------",
	}
	if got := len(Operations()) + 1; got != len(want) {
		t.Errorf("the matrix has %d operations, this test %d", got-1, len(want)-1)
	}
	for operation, row := range want {
		for i, role := range roles {
			if got := Allowed(operation, role); got != (row[i] == 'y') {
				t.Errorf("%s by %q: %v, want %c", operation, role, got, row[i])
			}
		}
		if got := Public(operation); got != (row == "yyyyyyyy") {
			t.Errorf("%s public: %v", operation, got)
		}
	}
}

func TestAPublicRequestHasNoActor(t *testing.T) {
	ctx := t.Context()
	if ActorFrom(ctx) != (gongxin.Actor{}) || TokenFrom(ctx) != (Token{}) {
		t.Error("a request without a token has an actor")
	}
	token := railway()
	ctx = WithActor(ctx, token.Actor(), token)
	if ActorFrom(ctx) != token.Actor() || TokenFrom(ctx) != token {
		t.Error("the actor got lost")
	}
}

func TestEveryErrorHasItsTexts(t *testing.T) {
	for _, code := range []string{"UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_REVOKED", "NOT_ALLOWED", "TOKEN_ROLE", "TOKEN_FIELD", "TOKEN_UNKNOWN"} {
		what, mend, ok := gongxin.Message(code)
		if !ok || what.ZH == "" || what.EN == "" || mend.ZH == "" || mend.EN == "" {
			t.Errorf("%s lacks a text: %v %v", code, what, mend)
		}
	}
}
