package store

import (
	"context"
	"database/sql"
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
	INSERT INTO tokens (hash, id, role, court, organisation, gate, created, expires, revoked)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires, revoked = excluded.revoked`

// SaveToken keeps t. Of one that is kept already only Expires and Revoked change.
func (tx *Tx) SaveToken(ctx context.Context, t access.Token) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveToken, t.Hash[:], t.ID, string(t.Role), t.Court.String(), t.Organisation, t.Gate,
		millis(t.Created), millis(t.Expires), millis(t.Revoked))
	if err != nil {
		return fmt.Errorf("save token %s: %w", t.ID, err)
	}
	return nil
}

const (
	tokenColumns = `SELECT hash, id, role, court, organisation, gate, created, expires, revoked FROM tokens `
	tokenByHash  = tokenColumns + `WHERE hash = $1`
	allTokens    = tokenColumns + `ORDER BY id, created, hash`
)

func scanToken(scan func(...any) error) (t access.Token, err error) {
	var hash []byte
	var court string
	var created, expires, revoked int64
	if err := scan(&hash, &t.ID, &t.Role, &court, &t.Organisation, &t.Gate, &created, &expires, &revoked); err != nil {
		return t, err
	}
	copy(t.Hash[:], hash)
	if err := t.Court.UnmarshalText([]byte(court)); err != nil {
		return t, fmt.Errorf("token %s: %w", t.ID, err)
	}
	t.Created, t.Expires, t.Revoked = instant(created), instant(expires), instant(revoked)
	return t, nil
}

// TokenByHash returns the token whose secret has that SHA-256. Error: TOKEN_UNKNOWN.
func (v *View) TokenByHash(ctx context.Context, hash [32]byte) (access.Token, error) {
	t, err := scanToken(func(dest ...any) error { return v.s.row(ctx, tokenByHash, []any{hash[:]}, dest...) })
	if err == sql.ErrNoRows {
		return access.Token{}, gongxin.Missing("TOKEN_UNKNOWN")
	}
	if err != nil {
		return access.Token{}, fmt.Errorf("read token: %w", err)
	}
	return t, nil
}

// Tokens returns all tokens, by who acts with them.
func (v *View) Tokens(ctx context.Context) (tokens []access.Token, err error) {
	err = v.s.each(ctx, allTokens, nil, func(scan func(...any) error) error {
		t, err := scanToken(scan)
		tokens = append(tokens, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return tokens, nil
}
