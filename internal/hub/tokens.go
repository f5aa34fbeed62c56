package hub

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// A Token is an API token as the API tells it: without its secret.
type Token struct {
	ID           string            `json:"id" doc:"who acts, as the ledger records it"`
	Role         gongxin.Role      `json:"role"`
	Court        gongxin.CourtCode `json:"court,omitzero"`
	Organisation string            `json:"organisation,omitempty"`
	Gate         string            `json:"gate,omitempty"`
	Scope        string            `json:"scope,omitempty" doc:"operations that it is good for; none for all of its role"`
	Certificate  string            `json:"certificate,omitempty" doc:"SHA-256 of the client certificate with which alone it holds"`
	Created      time.Time         `json:"created"`
	Expires      time.Time         `json:"expires"`
	Revoked      time.Time         `json:"revoked,omitzero" doc:"since when it does not hold, or from when it will not"`
}

// NewToken tells of t what may be told.
func NewToken(t access.Token) Token {
	out := Token{ID: t.ID, Role: t.Role, Court: t.Court, Organisation: t.Organisation, Gate: t.Gate, Scope: t.Scope,
		Created: t.Created, Expires: t.Expires, Revoked: t.Revoked}
	if t.Certificate != [32]byte{} {
		out.Certificate = hex.EncodeToString(t.Certificate[:])
	}
	return out
}

// Tokens returns all tokens, by who acts with them.
func (h *Hub) Tokens(ctx context.Context) (all []access.Token, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Tokens(ctx)
		return err
	})
	return all, err
}

// IssueToken makes a secret for t, which is kept by its hash alone. Errors: those of
// access.Issue.
func (h *Hub) IssueToken(ctx context.Context, t access.Token) (secret string, err error) {
	if reserved(t.ID) {
		return "", gongxin.Invalid("TOKEN_FIELD", "id", string(t.Role))
	}
	secret, t, err = access.Issue(t, h.Random)
	if err != nil {
		return "", err
	}
	return secret, h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, t) })
}

// RevokeTokens ends every token of id at once and returns how many held. Error:
// TOKEN_UNKNOWN if none did.
func (h *Hub) RevokeTokens(ctx context.Context, id string) (revoked int, err error) {
	all, err := h.Tokens(ctx)
	if err != nil {
		return 0, err
	}
	now := gongxin.Millis(h.Now())
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		revoked = 0
		for _, t := range all {
			if t.ID != id || !t.Revoked.IsZero() && !t.Revoked.After(now) {
				continue
			}
			t.Revoked = now
			if err := tx.SaveToken(ctx, t); err != nil {
				return err
			}
			revoked++
		}
		if revoked == 0 {
			return gongxin.Missing("TOKEN_UNKNOWN")
		}
		return nil
	})
	return revoked, err
}

// RotateToken makes a token in place of the one with hash, which goes on for
// overlap. Errors: those of access.Rotate, OVERLAP for one beyond maxOverlap.
func (h *Hub) RotateToken(ctx context.Context, hash [32]byte, overlap time.Duration) (secret string, fresh, old access.Token, err error) {
	if overlap < 0 || overlap > maxOverlap {
		return "", fresh, old, gongxin.Invalid("OVERLAP", int(maxOverlap/time.Hour))
	}
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		t, err := tx.TokenByHash(ctx, hash)
		if err != nil {
			return err
		}
		if secret, fresh, old, err = access.Rotate(t, overlap, gongxin.Millis(h.Now()), h.Random); err != nil {
			return err
		}
		if err := tx.SaveToken(ctx, old); err != nil {
			return err
		}
		return tx.SaveToken(ctx, fresh)
	})
	return secret, fresh, old, err
}

// A token that is replaced goes on for a while, so that nothing stands still while
// the new one is put in place.
const (
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 7 * 24 * time.Hour
)

// CertificateHash gives the SHA-256 of a client certificate in PEM. Error:
// CERTIFICATE_FORMAT.
func CertificateHash(text []byte) ([32]byte, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			break
		}
		return sha256.Sum256(c.Raw), nil
	}
	return [32]byte{}, gongxin.Invalid("CERTIFICATE_FORMAT")
}

type tokensOutput struct {
	Body struct {
		Tokens []Token `json:"tokens"`
	}
}

// readTokens serves GET /v1/tokens.
func (a *api) readTokens(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
	all, err := a.hub.Tokens(ctx)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(tokensOutput)
	out.Body.Tokens = make([]Token, len(all))
	for i, t := range all {
		out.Body.Tokens[i] = NewToken(t)
	}
	return out, nil
}

type tokenInput struct {
	Body struct {
		ID           string            `json:"id" minLength:"1" maxLength:"100" doc:"who acts, as the ledger records it"`
		Role         gongxin.Role      `json:"role"`
		Court        gongxin.CourtCode `json:"court,omitzero"`
		Organisation string            `json:"organisation,omitempty" maxLength:"100"`
		Gate         string            `json:"gate,omitempty" maxLength:"64"`
		Scope        string            `json:"scope,omitempty" maxLength:"2000" doc:"operations that it is good for, separated by blanks; none for all of its role"`
		Certificate  string            `json:"certificate,omitempty" maxLength:"20000" doc:"PEM of the client certificate with which alone it holds"`
		Days         int               `json:"days,omitempty" minimum:"1" maximum:"1100" doc:"valid for so many days; 365 if not given"`
	}
}

// issuedOutput hands a secret over, once.
type issuedOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		ID      string    `json:"id"`
		Secret  string    `json:"secret" doc:"shown once, kept nowhere"`
		Expires time.Time `json:"expires"`
		Until   time.Time `json:"until,omitzero" doc:"of a rotation: until when the token before goes on"`
	}
}

// issueToken serves POST /v1/tokens.
func (a *api) issueToken(ctx context.Context, in *tokenInput) (*issuedOutput, error) {
	b := in.Body
	t := access.Token{ID: b.ID, Role: b.Role, Court: b.Court, Organisation: b.Organisation, Gate: b.Gate, Scope: b.Scope, Created: gongxin.Millis(a.hub.Now())}
	if b.Days == 0 {
		b.Days = 365
	}
	t.Expires = t.Created.AddDate(0, 0, b.Days)
	var err error
	if b.Certificate != "" {
		t.Certificate, err = CertificateHash([]byte(b.Certificate))
	}
	out := &issuedOutput{Cache: "no-store"}
	if err == nil {
		out.Body.Secret, err = a.hub.IssueToken(ctx, t)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out.Body.ID, out.Body.Expires = t.ID, t.Expires
	a.hub.Log.InfoContext(ctx, "token issued", "token", t.ID, "role", t.Role, "by", access.ActorFrom(ctx).ID)
	return out, nil
}

type tokenPath struct {
	ID string `path:"id" maxLength:"100" doc:"who acts with the token"`
}

type revokedOutput struct {
	Body struct {
		Revoked int `json:"revoked" doc:"how many held until now"`
	}
}

// revokeToken serves POST /v1/tokens/{id}/revocation.
func (a *api) revokeToken(ctx context.Context, in *tokenPath) (*revokedOutput, error) {
	n, err := a.hub.RevokeTokens(ctx, in.ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "tokens revoked", "token", in.ID, "tokens", n, "by", access.ActorFrom(ctx).ID)
	out := new(revokedOutput)
	out.Body.Revoked = n
	return out, nil
}

type rotationInput struct {
	Body struct {
		Hours *int `json:"hours,omitempty" minimum:"0" maximum:"168" doc:"for which the token so far goes on; 24 if not given"`
	}
}

// rotateToken serves POST /v1/tokens/rotation: the caller's own token.
func (a *api) rotateToken(ctx context.Context, in *rotationInput) (*issuedOutput, error) {
	t := access.TokenFrom(ctx)
	if t.ID == "" {
		return nil, a.answer(ctx, gongxin.Forbidden("TOKEN_REQUIRED"))
	}
	overlap := defaultOverlap
	if in.Body.Hours != nil {
		overlap = time.Duration(*in.Body.Hours) * time.Hour
	}
	secret, fresh, old, err := a.hub.RotateToken(ctx, t.Hash, overlap)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "token rotated", "token", t.ID, "until", old.Revoked)
	out := &issuedOutput{Cache: "no-store"}
	out.Body.ID, out.Body.Secret, out.Body.Expires, out.Body.Until = fresh.ID, secret, fresh.Expires, old.Revoked
	return out, nil
}
