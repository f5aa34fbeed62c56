package access

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"gongxin"
)

// An access code is 80 random bits in Crockford's base 32, printed in groups of four
// and in capitals, which read better on paper: 7K2M-9QRT-0ZVX-4B8H.
const (
	codeBytes      = 10
	codeCharacters = 16
	codeGroup      = 4
	codeYears      = 1
	longestCode    = 128 // bytes, as typed
)

var codeText = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// codeFolds makes one of what people write for one character: letters that look like
// digits, as Crockford has it, and what separates groups.
var codeFolds = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", "‐", "", "–", "", "—", "", "－", "", " ", "")

// IssueCode makes an access code for listing from random, valid for one year. It
// returns the code, to be printed and kept nowhere, and c, to be saved. by is the
// Actor.ID of who has it printed.
func IssueCode(listing gongxin.ListingID, by string, at time.Time, random io.Reader) (code string, c Code, err error) {
	b := make([]byte, codeBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", Code{}, fmt.Errorf("make access code: %w", err)
	}
	plain := codeText.EncodeToString(b)
	groups := make([]string, 0, codeCharacters/codeGroup)
	for i := 0; i < codeCharacters; i += codeGroup {
		groups = append(groups, plain[i:i+codeGroup])
	}
	at = gongxin.Millis(at)
	c = Code{Hash: sha256.Sum256([]byte(plain)), Listing: listing, By: by, Issued: at, Expires: at.AddDate(codeYears, 0, 0)}
	return strings.Join(groups, "-"), c, nil
}

// ParseCode reads a code as somebody typed it and gives its hash: in any case, with
// or without hyphens and blanks, in full-width characters too, with o, i and l for 0
// and 1. Error: CODE_FORMAT, without what was typed, which may be nearly right.
func ParseCode(s string) (hash [32]byte, err error) {
	if len(s) > longestCode {
		return hash, gongxin.Invalid("CODE_FORMAT")
	}
	plain := codeFolds.Replace(strings.ToUpper(norm.NFKC.String(strings.TrimSpace(s))))
	if b, err := codeText.DecodeString(plain); err != nil || len(b) != codeBytes || len(plain) != codeCharacters {
		return hash, gongxin.Invalid("CODE_FORMAT")
	}
	return sha256.Sum256([]byte(plain)), nil
}
