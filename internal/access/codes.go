package access

import (
	"io"
	"time"

	"gongxin"
)

// IssueCode makes an access code of 80 bits from random: 16 characters in groups of
// four. It returns the code, to be printed and kept nowhere, and c, to be saved.
func IssueCode(listing gongxin.ListingID, by string, at time.Time, random io.Reader) (code string, c Code, err error) {
	panic("to come")
}

// ParseCode reads a code as somebody typed it and gives its hash. Error: CODE_FORMAT.
func ParseCode(s string) (hash [32]byte, err error) { panic("to come") }
