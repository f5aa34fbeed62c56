package gate

import (
	"crypto/hmac"
	"crypto/sha256"

	"gongxin/match"
	"gongxin/screen"
)

// A person stands for whom a listing is about in the record of outcomes: a keyed
// sum of the identifier's mark and of what all writings of the name have in common.
// Four bytes of it name the key, because another key makes other sums of the same
// person. It is for one question: whether the listing that restricted somebody is
// somebody else's by now. The zero person is nobody known.
//
// It helps where the list does not tell: in a list fetched anew, from a snapshot,
// nothing says that a listing was corrected to another person meanwhile.
type person [personSize]byte

const (
	personKeySize = 4
	personSize    = personKeySize + 16
)

// A personMarker makes persons under one gate's key.
type personMarker struct {
	key []byte
	id  [personKeySize]byte
}

func newPersonMarker(key screen.Key) personMarker {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("gongxin gate person"))
	m := personMarker{key: mac.Sum(nil)}
	id := sha256.Sum256(m.key)
	copy(m.id[:], id[:])
	return m
}

// of returns the person whom e is about, the zero one if e has no identifier.
func (m personMarker) of(e screen.Entry) (p person) {
	if e.Mark.IsZero() {
		return p
	}
	mac := hmac.New(sha256.New, m.key)
	mac.Write(e.Mark.Tag[:])
	mac.Write([]byte(match.Key(e.Name)))
	copy(p[:], m.id[:])
	copy(p[personKeySize:], mac.Sum(nil))
	return p
}

// other tells whether p and q are known to be different persons: both are known,
// and under one key.
func (p person) other(q person) bool {
	return p != (person{}) && q != (person{}) && [personKeySize]byte(p[:]) == [personKeySize]byte(q[:]) && p != q
}
