package store

import (
	"context"
	"fmt"
	"time"

	"gongxin"
	"gongxin/internal/access"
)

// millis gives an instant as it is stored; 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

const saveToken = `
	INSERT INTO tokens (hash, id, role, court, organisation, gate, created, expires, revoked, scope, certificate, replaces)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
	ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires,
		revoked = CASE WHEN tokens.revoked = 0 THEN excluded.revoked ELSE tokens.revoked END`

// SaveToken keeps t. Of one that is kept already only Expires and Revoked change,
// and what was revoked stays so since then.
func (tx *Tx) SaveToken(ctx context.Context, t access.Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveToken, t.Hash[:], t.ID, string(t.Role), t.Court.String(), t.Organisation, t.Gate,
		millis(t.Created), millis(t.Expires), millis(t.Revoked), t.Scope, hashValue(t.Certificate), hashValue(t.Replaces))
	if err != nil {
		return fmt.Errorf("save token %s: %w", t.ID, err)
	}
	return nil
}

const (
	tokenColumns = `SELECT hash, id, role, court, organisation, gate, created, expires, revoked, scope, certificate, replaces FROM tokens `
	tokenByHash  = tokenColumns + `WHERE hash = $1`
	allTokens    = tokenColumns + `ORDER BY id, created, hash`
)

func scanToken(scan func(...any) error) (t access.Token, err error) {
	var hash, certificate, replaces []byte
	var court string
	var created, expires, revoked int64
	if err := scan(&hash, &t.ID, &t.Role, &court, &t.Organisation, &t.Gate, &created, &expires, &revoked, &t.Scope, &certificate, &replaces); err != nil {
		return t, err
	}
	copy(t.Hash[:], hash)
	copy(t.Certificate[:], certificate)
	copy(t.Replaces[:], replaces)
	if t.Court, err = courtCode(court); err != nil {
		return t, &unreadable{fmt.Errorf("token %s: %w", t.ID, err)}
	}
	t.Created, t.Expires, t.Revoked = instant(created), instant(expires), instant(revoked)
	return t, nil
}

// TokenByHash returns the token whose secret has that SHA-256. Error: TOKEN_UNKNOWN.
func (r *reader) TokenByHash(ctx context.Context, hash [32]byte) (t access.Token, err error) {
	found, err := r.one(ctx, tokenByHash, []any{hash[:]}, func(scan func(...any) error) (err error) {
		t, err = scanToken(scan)
		return err
	})
	if err != nil {
		return access.Token{}, fmt.Errorf("read token: %w", err)
	}
	if !found {
		return access.Token{}, gongxin.Missing("TOKEN_UNKNOWN")
	}
	return t, nil
}

// hashValue is what a column holds that need not have a hash.
func hashValue(hash [32]byte) any {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// Tokens returns all tokens, by who acts with them.
func (r *reader) Tokens(ctx context.Context) (tokens []access.Token, err error) {
	err = r.each(ctx, allTokens, nil, func(scan func(...any) error) error {
		t, err := scanToken(scan)
		tokens = append(tokens, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return tokens, nil
}
