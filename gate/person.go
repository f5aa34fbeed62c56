package gate

import (
	"crypto/hmac"
	"crypto/sha256"

	"gongxin/screen"
)

// A person stands for whom a listing is about in the record of outcomes: the
// identifier's mark, and before it four bytes that name the key, because another key
// makes other marks of the same person. It is for one question: whether the listing
// that restricted somebody is somebody else's by now. The zero person is nobody known.
//
// It helps where the list does not tell: in a list fetched anew, from a snapshot,
// nothing says that a listing was corrected to another person meanwhile. The name is
// not in it, since how names are folded may change with the software.
type person [personSize]byte

const (
	personKeySize = 4
	personSize    = personKeySize + 16
)

// A personMarker makes persons under one gate's key.
type personMarker [personKeySize]byte

func newPersonMarker(key screen.Key) (m personMarker) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("gongxin gate person"))
	copy(m[:], mac.Sum(nil))
	return m
}

// of returns the person whom e is about, the zero one if e has no identifier.
func (m personMarker) of(e screen.Entry) (p person) {
	if !e.Mark.IsZero() {
		copy(p[:], m[:])
		copy(p[personKeySize:], e.Mark.Tag[:])
	}
	return p
}

// other tells whether p and q are known to be different persons: both are known,
// and under one key.
func (p person) other(q person) bool {
	return p != (person{}) && q != (person{}) && [personKeySize]byte(p[:]) == [personKeySize]byte(q[:]) && p != q
}
