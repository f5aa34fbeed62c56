package access

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gongxin"
)

func TestNoSecretIsPrinted(t *testing.T) {
	hash := [32]byte{}
	for i := range hash {
		hash[i] = byte(200 + i)
	}
	const password, second, phc = "correct horse battery staple", "JBSWY3DPEHPK3PXP", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5"
	p := Person{ID: "wang", Name: "王五", Password: firstMark + phc, Second: second}
	s := Session{Hash: hash, Person: "wang", Method: MethodPassword}
	token := Token{ID: "railway", Hash: hash, Replaces: hash}
	visit := Visit{State: "state-of-visit", Nonce: "nonce-of-visit", Verifier: "verifier-of-visit"}
	caller := Caller{Actor: gongxin.Actor{ID: "wang"}, Token: token, Session: s, Person: p}
	proof := Proof{person: "wang", password: password, second: "123456", phc: phc, agrees: true}
	secrets := []string{
		password, "horse", second, "c2FsdHNhbHQ", "a2V5a2V5", "argon2id", "123456", "state-of", "nonce-of", "verifier-of", "client-secret",
		string(hash[:]), hex.EncodeToString(hash[:]), strings.ToUpper(hex.EncodeToString(hash[:])), base64.StdEncoding.EncodeToString(hash[:]),
		"200 201 202", "200,201,202", "0xc8, 0xc9", "c8 c9 ca", "0xc80xc9",
		hex.EncodeToString([]byte(password)), hex.EncodeToString([]byte(second)), hex.EncodeToString([]byte(phc)),
	}
	for name, value := range map[string]any{
		"person": p, "a pointer to a person": &p, "people": []Person{p}, "people by ID": map[string]Person{"wang": p},
		"session": s, "a pointer to a session": &s, "code": Code{Hash: hash, By: "wang"}, "token": token,
		"caller": caller, "a pointer to a caller": &caller,
		"credentials": Credentials{Person: "wang", Password: password, Second: "123456"},
		"proof":       proof, "visit": visit,
		"config": OIDCConfig{Issuer: "https://sso.example", Secret: "client-secret"},
	} {
		var said strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d"} {
			fmt.Fprintf(&said, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&said, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&said, nil)).Info("x", "value", value)
		if b, err := json.Marshal(value); err == nil {
			said.Write(b)
		} else if name != "config" { // it holds functions
			t.Errorf("%s: %v", name, err)
		}
		for _, secret := range secrets {
			if strings.Contains(said.String(), secret) {
				t.Errorf("the %s prints %q: %s", name, secret, said.String())
			}
		}
	}
	if got := fmt.Sprintf("%+v", p); !strings.Contains(got, "Name:王五") || !strings.Contains(got, "Second:…") {
		t.Errorf("a person prints as %s, want all but the secrets", got)
	}
}

func TestEveryErrorHasItsTexts(t *testing.T) {
	for _, code := range []string{
		"UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_REVOKED", "TOKEN_ROTATED", "TOKEN_CERTIFICATE", "NOT_ALLOWED", "TOKEN_ROLE", "TOKEN_FIELD", "TOKEN_UNKNOWN",
		"PASSWORD_WEAK", "SIGN_IN_FAILED", "SIGN_IN_BUSY", "LOCKED", "SECOND_NEEDED", "SECOND_WRONG", "SECOND_NOT_BEGUN", "PERSON_DISABLED", "SESSION_EXPIRED",
		"CODE_FORMAT", "RATE_LIMITED", "OIDC_FAILED", "OIDC_UNKNOWN", "OIDC_SECOND_NEEDED", "ORGANISATION_FIELD", "PERSON_FIELD",
	} {
		what, mend, ok := gongxin.Message(code)
		if !ok || what.ZH == "" || what.EN == "" || mend.ZH == "" || mend.EN == "" {
			t.Errorf("%s lacks a text: %v %v", code, what, mend)
		}
	}
}
