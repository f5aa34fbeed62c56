package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"sync"

	"gongxin"
	"gongxin/identity"
)

// blind makes the values by which persons and cases are found: HMAC-SHA256 under
// a key that is not in the database, over a domain and length-prefixed parts.
// Whoever has the database alone can neither read a number out of it nor try
// numbers on it (docs/decisions/blind-index.md).
type blind struct{ macs sync.Pool }

// A mac is an HMAC with the memory that it needs.
type mac struct {
	hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

func newBlind(key []byte) *blind {
	key = append([]byte(nil), key...)
	return &blind{sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

func (b *blind) sum(domain string, parts ...string) [sha256.Size]byte {
	m := b.macs.Get().(*mac)
	defer b.macs.Put(m)
	m.Reset()
	m.text = append(append(m.text[:0], domain...), 0)
	for _, p := range parts {
		m.text = append(binary.AppendUvarint(m.text, uint64(len(p))), p...)
	}
	m.Write(m.text)
	m.Sum(m.sum[:0])
	return m.sum
}

// short is the first 64 bits as the signed integer that both engines index: it
// narrows a search to a row or few, which then are compared for good.
func short(sum [sha256.Size]byte) int64 { return int64(binary.BigEndian.Uint64(sum[:8])) }

// A keyIndex stands for a ListingKey.
type keyIndex [16]byte

func (b *blind) key(k gongxin.ListingKey) keyIndex {
	n := subjectOf(k.Subject)
	sum := b.sum("listing key", k.Court, k.Case, string(rune(n.Kind())), n.Full())
	return keyIndex(sum[:16])
}

func (b *blind) caseValue(caseKey string) int64 { return short(b.sum("case", caseKey)) }

func (b *blind) subjectValue(n identity.Number) int64 {
	n = subjectOf(n)
	return short(b.sum("subject", string(rune(n.Kind())), n.Full()))
}

// subjectOf gives the number by which a subject is one: the organisation code for
// organisations, whichever of their numbers was given.
func subjectOf(n identity.Number) identity.Number {
	if org, ok := n.Organisation(); ok {
		return org
	}
	return n
}

// seal encrypts text (AES-256-GCM, under a key derived for the domain), so that
// who has the database alone cannot use it. It opens for the same owner only. ""
// gives nil.
func (b *blind) seal(domain, owner, text string, random io.Reader) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	nonce := make([]byte, 12)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := b.cipher(domain)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, []byte(text), []byte(owner)), nil
}

// open gives back what seal was given.
func (b *blind) open(domain, owner string, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	aead, err := b.cipher(domain)
	if err != nil {
		return "", err
	}
	if len(sealed) < aead.NonceSize() {
		return "", fmt.Errorf("open: %d bytes", len(sealed))
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(owner))
	if err != nil {
		return "", fmt.Errorf("open: %w", err)
	}
	return string(text), nil
}

func (b *blind) cipher(domain string) (cipher.AEAD, error) {
	key := b.sum("seal", domain)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// blindCheck is the name of the value in meta that only the right key gives.
const blindCheck = "blind_key_check"

// check refuses to work with another key than the one that the database was made
// with: nothing would be found, and everything listed twice. Error: STORE_KEY.
func (b *blind) check(ctx context.Context, s *session) error {
	sum := b.sum("check")
	want := base64.StdEncoding.EncodeToString(sum[:16])
	got, err := s.meta(ctx, blindCheck)
	switch {
	case err != nil:
		return err
	case got == "":
		_, err := s.exec(ctx, putMeta, blindCheck, want)
		return err
	case got != want:
		return gongxin.Conflict("STORE_KEY")
	}
	return nil
}
