package identity

import "strings"

// String prints n masked, as the law on personal information wants it shown:
// 320000********1234. Organisations' numbers are public and print whole; the
// shorter numbers of persons keep one or two characters in front and two at the end.
func (n Number) String() string {
	front, back := 2, 2
	switch {
	case n.IsZero() || n.IsOrganisation():
		return n.full
	case n.builtLikeCitizens():
		front, back = 6, 4
	case n.kind == HongKongMacaoPermit || n.kind == Passport:
		front = 1
	}
	return n.full[:front] + stars[:len(n.full)-front-back] + n.full[len(n.full)-back:]
}

var stars = strings.Repeat("*", maxLength)
