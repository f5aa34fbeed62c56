package documents

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"gongxin"
)

// What Print adds stands between these comments, so that Archived finds it again.
// No page has them by itself: text in it is escaped.
const (
	addedFrom = "<!--printed-->"
	addedTo   = "<!--/printed-->"
)

// Print returns the page of d as it goes to the person: with the access code, the
// address at which it can be used, and the hash that stands in the ledger. code is
// "" for a copy without one; the archived bytes stay as they are, and no code is
// ever in them. Errors: DOCUMENT_ERASED; DOCUMENT_TAKES_NO_CODE; another if the page
// is not the one that the ledger commits to.
func Print(d gongxin.Document, code, address string) ([]byte, error) {
	switch {
	case d.Page == nil:
		return nil, gongxin.Missing("DOCUMENT_ERASED", d.Number)
	case sha256.Sum256(d.Page) != d.Hash:
		return nil, fmt.Errorf("print document %s: its page is not what its hash says", d.Number)
	case code != "" && !TakesCode(d.Kind):
		return nil, gongxin.Invalid("DOCUMENT_TAKES_NO_CODE", d.Number)
	}
	out := d.Page
	if code != "" {
		out = add(out, codePlace, code)
		out = add(out, addressPlace, address)
	}
	return add(out, hashPlace, "存档哈希 archive hash (SHA-256): "+hex.EncodeToString(d.Hash[:])), nil
}

// add returns page with text at place, or as it is if it has no such place.
func add(page []byte, place, text string) []byte {
	before, after, found := bytes.Cut(page, []byte(place))
	if !found {
		return page
	}
	p := &sheet{b: make([]byte, 0, len(page)+len(text)+64)}
	p.b = append(p.b, before...)
	p.raw(place + addedFrom)
	p.text(text)
	p.raw(addedTo)
	p.b = append(p.b, after...)
	return p.b
}

// Archived returns a printed page without what Print added: the bytes whose
// SHA-256 stands in the ledger, if nobody has changed them.
func Archived(printed []byte) []byte {
	var page []byte
	for {
		before, rest, found := bytes.Cut(printed, []byte(addedFrom))
		page = append(page, before...)
		if !found {
			return page
		}
		_, after, closed := bytes.Cut(rest, []byte(addedTo))
		if !closed {
			return append(append(page, addedFrom...), rest...)
		}
		printed = after
	}
}
