package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gongxin"
)

// Secrets are 256 random bits behind a prefix by which a leaked one is found in
// logs and repositories.
const (
	secretPrefix = "gx_"
	secretBytes  = 32
)

// A Token lets a system or a person act through the API. It holds no secret: who
// has only the Token cannot act with it.
type Token struct {
	ID           string            // who acts, as the ledger records it, such as "railway" or "clerk.wang@苏0505"
	Hash         [32]byte          // SHA-256 of the secret
	Role         gongxin.Role      //
	Court        gongxin.CourtCode // courts' roles; zero for the system that submits for all courts of the province
	Organisation string            // name of the court or department
	Gate         string            // role department: the one gate that it speaks for
	Created      time.Time         // instants are UTC, whole milliseconds
	Expires      time.Time         // the first instant at which it no longer holds; needed
	Revoked      time.Time         // since when it no longer holds; zero while it does
	Scope        string            // operations of the matrix that it is good for, separated by blanks; "" for all that the role may
	Certificate  [32]byte          // SHA-256 of the client certificate (DER) with which alone it holds; zero if with any or none
	Replaces     [32]byte          // hash of the token that it was rotated from; zero if none
}

// Actor is who acts with t.
func (t Token) Actor() gongxin.Actor {
	return gongxin.Actor{ID: t.ID, Role: t.Role, Court: t.Court, Organisation: t.Organisation}
}

// LogValue leaves the hash out.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("token", t.ID), slog.String("role", string(t.Role)))
}

var issuable = []gongxin.Role{
	gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleCourtSystem, gongxin.RoleOperator, gongxin.RoleDepartment,
}

// Check tells whether t is one that may exist. Errors: TOKEN_ROLE for a role that
// no token carries (the hub's own jobs need none), TOKEN_FIELD naming a field
// that the role needs or must not have.
func (t Token) Check() error {
	if !slices.Contains(issuable, t.Role) {
		return gongxin.Invalid("TOKEN_ROLE", string(t.Role))
	}
	person := t.Role == gongxin.RoleClerk || t.Role == gongxin.RoleJudge
	department := t.Role == gongxin.RoleDepartment
	switch {
	case t.ID == "":
		return gongxin.Invalid("TOKEN_FIELD", "id", string(t.Role))
	case person && t.Court.IsZero(), !slices.Contains(court, t.Role) && !t.Court.IsZero():
		return gongxin.Invalid("TOKEN_FIELD", "court", string(t.Role))
	case department != (t.Gate != ""):
		return gongxin.Invalid("TOKEN_FIELD", "gate", string(t.Role))
	case department && t.Organisation == "":
		return gongxin.Invalid("TOKEN_FIELD", "organisation", string(t.Role))
	case !t.Expires.After(t.Created):
		return gongxin.Invalid("TOKEN_FIELD", "expires", string(t.Role))
	}
	return nil
}

// Issue makes a secret for t from random. It returns the secret, which is shown
// once and kept nowhere, and t with its hash, to be saved. Errors: those of Check.
func Issue(t Token, random io.Reader) (secret string, _ Token, err error) {
	if err := t.Check(); err != nil {
		return "", Token{}, err
	}
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", Token{}, fmt.Errorf("make token: %w", err)
	}
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(b)
	t.Hash = sha256.Sum256([]byte(secret))
	return secret, t, nil
}

// Tokens finds what Issue made. TokenByHash gives an error of kind missing, or
// the zero Token, if there is none.
type Tokens interface {
	TokenByHash(ctx context.Context, hash [32]byte) (Token, error)
}

// Authenticate tells who calls with the secret bearer at the instant at, over a
// connection whose client certificate has the SHA-256 certificate (zero without
// one). The hash of 256 random bits is what is looked up, so the time that it takes
// tells nothing about secrets. Errors: UNAUTHENTICATED for an unknown one, without
// saying what is wrong with it; TOKEN_REVOKED; TOKEN_ROTATED; TOKEN_EXPIRED;
// TOKEN_CERTIFICATE.
func Authenticate(ctx context.Context, tokens Tokens, bearer string, certificate [32]byte, at time.Time) (gongxin.Actor, Token, error) {
	if len(bearer) != len(secretPrefix)+base64.RawURLEncoding.EncodedLen(secretBytes) || !strings.HasPrefix(bearer, secretPrefix) {
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("UNAUTHENTICATED")
	}
	t, err := tokens.TokenByHash(ctx, sha256.Sum256([]byte(bearer)))
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing || err == nil && t.ID == "":
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("UNAUTHENTICATED")
	case err != nil:
		return gongxin.Actor{}, Token{}, fmt.Errorf("find token: %w", err)
	case !t.Revoked.IsZero() && !at.Before(t.Revoked):
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_REVOKED", t.ID, t.Revoked.Format(time.RFC3339))
	case !at.Before(t.Expires):
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_EXPIRED", t.ID, t.Expires.Format(time.RFC3339))
	}
	return t.Actor(), t, nil
}

// Permits tells whether t is good for operation: for its role's, or only for those
// of its scope.
func (t Token) Permits(operation string) bool { panic("to come") }

// Rotate makes a token in place of t, for as long as t was issued. Both are to be
// saved in one transaction in which t was read: old is t, which goes on for overlap
// and can be rotated no more. Until then old.Revoked lies in the future; who revokes
// it sooner sets an earlier one. Errors: TOKEN_REVOKED, TOKEN_ROTATED, TOKEN_EXPIRED.
func Rotate(t Token, overlap time.Duration, at time.Time, random io.Reader) (secret string, fresh, old Token, err error) {
	panic("to come")
}
