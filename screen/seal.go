package screen

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Everything in a file is sealed with AES-256-GCM under a key of that file, which
// comes from the gate's key and random salt that stands at its beginning. The nonce is
// where the sealed bytes stand and what they are, so that no two of a file are the
// same, and none can stand in another's place. What is written over again, after a
// kill or a failure, is written under new salt.
type seal struct{ aead cipher.AEAD }

// What sealed bytes are.
const (
	sealedRecord = iota + 1
	sealedTable
	sealedStamp
	sealedFooter
	sealedCurrent
	sealedEpoch
	sealedFrame
	sealedTail
)

const (
	saltSize = 32
	overhead = 16 // of a seal
)

func newSeal(key Key, salt []byte, use string) seal {
	block, err := aes.NewCipher(key.derive(salt, use, 32))
	if err != nil {
		panic(fmt.Sprintf("screen: %v", err)) // no such size of key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("screen: %v", err))
	}
	return seal{aead}
}

// A nonce is room for one; it is reused so that sealing allocates nothing.
type nonce [12]byte

func (n *nonce) at(what uint32, off int64) []byte {
	binary.BigEndian.PutUint32(n[:], what)
	binary.BigEndian.PutUint64(n[4:], uint64(off))
	return n[:]
}

// seal appends to dst what was sealed of plain, which is to stand at off. plain may
// be dst[len(dst):].
func (s seal) seal(n *nonce, what uint32, off int64, dst, plain []byte) []byte {
	return s.aead.Seal(dst, n.at(what, off), plain, nil)
}

// open opens sealed, which stands at off, in place.
func (s seal) open(n *nonce, what uint32, off int64, sealed []byte) ([]byte, error) {
	return s.aead.Open(sealed[:0], n.at(what, off), sealed, nil)
}

// Damage says that a file is not as it was written: changed, cut short, exchanged,
// or written under another key. What was read is not to be used.
type Damage struct {
	File   string
	Offset int64
	What   string // that is not as it was written
}

func (d *Damage) Error() string {
	return fmt.Sprintf("the list is damaged: %s, at %d: %s", d.File, d.Offset, d.What)
}
