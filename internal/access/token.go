package access

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
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
	Hash         [32]byte          `json:"-"` // SHA-256 of the secret
	Role         gongxin.Role      //
	Court        gongxin.CourtCode // courts' roles; zero for the system that submits for all courts of the province
	Organisation string            // name of the court or department
	Gate         string            // department's roles: the one gate that it speaks for
	Created      time.Time         // instants are UTC, whole milliseconds
	Expires      time.Time         // the first instant at which it no longer holds; needed
	Revoked      time.Time         // since when it no longer holds; zero while it does; in the future while a newer one takes its place
	Scope        string            // operations of the matrix that it is good for, separated by blanks; "" for all that the role may
	Certificate  [32]byte          // SHA-256 of the client certificate (DER) with which alone it holds; zero if with any or none
	Replaces     [32]byte          `json:"-"` // hash of the token that it was rotated from; zero if none
}

// Actor is who acts with t.
func (t Token) Actor() gongxin.Actor {
	return gongxin.Actor{ID: t.ID, Role: t.Role, Court: t.Court, Organisation: t.Organisation}
}

// issuable are the roles that a token may carry: those of systems, and of people who
// use the API from tools of their own. The person concerned has codes, the hub's own
// jobs need nothing.
var issuable = []gongxin.Role{
	gongxin.RoleClerk, gongxin.RoleJudge, gongxin.RoleHigherCourt, gongxin.RoleCourtSystem, gongxin.RoleOperator,
	gongxin.RoleDepartment, gongxin.RoleOfficer, gongxin.RoleSupervisor, gongxin.RoleAuditor,
}

// Check tells whether t is one that may exist. Errors: TOKEN_ROLE for a role that
// no token carries, TOKEN_FIELD naming a field that the role needs or must not have.
func (t Token) Check() error {
	if !slices.Contains(issuable, t.Role) {
		return gongxin.Invalid("TOKEN_ROLE", string(t.Role))
	}
	needsOrganisation := slices.Contains(bureau, t.Role) || t.Role == gongxin.RoleSupervisor
	switch {
	case t.ID == "":
		return gongxin.Invalid("TOKEN_FIELD", "id", string(t.Role))
	case slices.Contains(bench, t.Role) && t.Court.IsZero(), !ofCourts(t.Role) && !t.Court.IsZero():
		return gongxin.Invalid("TOKEN_FIELD", "court", string(t.Role))
	case t.Role == gongxin.RoleDepartment && t.Gate == "", !slices.Contains(bureau, t.Role) && t.Gate != "":
		return gongxin.Invalid("TOKEN_FIELD", "gate", string(t.Role))
	case needsOrganisation && t.Organisation == "":
		return gongxin.Invalid("TOKEN_FIELD", "organisation", string(t.Role))
	case !t.Expires.After(t.Created):
		return gongxin.Invalid("TOKEN_FIELD", "expires", string(t.Role))
	case !slices.ContainsFunc(strings.Fields(t.Scope), func(o string) bool { return !Allowed(o, t.Role) }):
		return nil
	}
	return gongxin.Invalid("TOKEN_FIELD", "scope", string(t.Role))
}

// ofCourts tells whether who acts in role does so for a court.
func ofCourts(role gongxin.Role) bool {
	return slices.Contains(court, role) || role == gongxin.RoleHigherCourt
}

// Issue makes a secret for t from random. It returns the secret, which is shown
// once and kept nowhere, and t with its hash, to be saved. Errors: those of Check.
func Issue(t Token, random io.Reader) (secret string, _ Token, err error) {
	if err := t.Check(); err != nil {
		return "", Token{}, err
	}
	secret, t.Hash, err = newSecret(secretPrefix, random)
	if err != nil {
		return "", Token{}, fmt.Errorf("make token: %w", err)
	}
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
	if !isSecret(secretPrefix, bearer) {
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("UNAUTHENTICATED")
	}
	t, err := tokens.TokenByHash(ctx, sha256.Sum256([]byte(bearer)))
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing || err == nil && t.ID == "":
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("UNAUTHENTICATED")
	case err != nil:
		return gongxin.Actor{}, Token{}, fmt.Errorf("find token: %w", err)
	case t.rotated() && !at.Before(t.Revoked):
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_ROTATED", t.ID)
	case !t.Revoked.IsZero() && !at.Before(t.Revoked):
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_REVOKED", t.ID, t.Revoked.Format(time.RFC3339))
	case !at.Before(t.Expires):
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_EXPIRED", t.ID, t.Expires.Format(time.RFC3339))
	case t.Certificate != [32]byte{} && t.Certificate != certificate: // neither is a secret
		return gongxin.Actor{}, Token{}, gongxin.Forbidden("TOKEN_CERTIFICATE", t.ID)
	}
	return t.Actor(), t, nil
}

// Permits tells whether t is good for operation: for its role's, or only for those
// of its scope.
func (t Token) Permits(operation string) bool {
	return Allowed(operation, t.Role) && (t.Scope == "" || slices.Contains(strings.Fields(t.Scope), operation))
}

// rotated tells whether another token took the place of t: who revokes one in any
// other way does so before it expires.
func (t Token) rotated() bool { return !t.Revoked.IsZero() && t.Revoked.Equal(t.Expires) }

// Rotate makes a token in place of t, for as long as t was issued. Both are to be
// saved in one transaction in which t was read: old is t, which goes on for overlap,
// so that a system with several parts can change one after the other, but can be
// rotated no more, so that who stole it gains nothing by rotating it later. Until
// then old.Revoked lies in the future; who revokes it sooner sets an earlier instant.
// Errors: TOKEN_REVOKED, TOKEN_ROTATED, TOKEN_EXPIRED.
func Rotate(t Token, overlap time.Duration, at time.Time, random io.Reader) (secret string, fresh, old Token, err error) {
	at = gongxin.Millis(at)
	switch {
	case t.rotated():
		return "", Token{}, Token{}, gongxin.Conflict("TOKEN_ROTATED", t.ID)
	case !t.Revoked.IsZero():
		return "", Token{}, Token{}, gongxin.Forbidden("TOKEN_REVOKED", t.ID, t.Revoked.Format(time.RFC3339))
	case !at.Before(t.Expires):
		return "", Token{}, Token{}, gongxin.Forbidden("TOKEN_EXPIRED", t.ID, t.Expires.Format(time.RFC3339))
	}
	fresh = t
	fresh.Created, fresh.Expires, fresh.Replaces = at, at.Add(t.Expires.Sub(t.Created)), t.Hash
	secret, fresh, err = Issue(fresh, random)
	if err != nil {
		return "", Token{}, Token{}, err
	}
	old = t
	if ends := at.Add(max(overlap, 0)); ends.Before(old.Expires) {
		old.Expires = ends
	}
	old.Revoked = old.Expires
	return secret, fresh, old, nil
}
