package identity

import (
	_ "embed"
	"sort"
)

// areas holds the codes of GB/T 2260, in force and retired, ascending, six digits
// and a line feed each. See data/README.md for sources and licences.
//
//go:embed data/areas.txt
var areas string

const areaLine = len("110000\n")

// AreaCode returns the address code of a citizen number, its first six digits,
// "" for other kinds. It tells where the number was first given out, not where
// its holder lives.
func (n Number) AreaCode() string {
	if n.kind != CitizenID {
		return ""
	}
	return n.full[:6]
}

// KnownArea tells whether code is, or once was, a division of GB/T 2260: province,
// prefecture or county. Headings that are no places (市辖区) and development zones
// are not. An unknown code deserves a warning, never a rejection: the list is of 2023.
func KnownArea(code string) bool {
	if len(code) != areaLine-1 {
		return false
	}
	n := len(areas) / areaLine
	i := sort.Search(n, func(i int) bool { return areas[i*areaLine:i*areaLine+areaLine-1] >= code })
	return i < n && areas[i*areaLine:i*areaLine+areaLine-1] == code
}
