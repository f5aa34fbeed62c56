package intake

import "gongxin/identity"

// norms is a set of normalisations. The bits stand in the order in which a
// record tells them.
type norms uint32

// The normalisations. Their names and meanings stand in docs/intake.md.
const (
	normTrim norms = 1 << iota
	normInvisible
	normTextFormula
	normEmptyMark
	normWidth
	normUppercase
	normUpgrade
	normSeparator
	normBrackets
	normCase
	normDate
	normTerm
	normTermOpen
	normInnerSpace
	normDot
	normNFC
	normPrivate
	normSex
	normAge
	normGround
	normEnd
)

var normNames = map[norms]string{
	normTrim: "TRIM", normInvisible: "INVISIBLE", normTextFormula: "TEXT_FORMULA", normEmptyMark: "EMPTY_MARK", normWidth: "FULLWIDTH",
	normUppercase: "ID_UPPERCASE_X", normUpgrade: "ID_15_TO_18", normSeparator: "ID_SEPARATOR", normBrackets: "CASE_BRACKETS",
	normCase: "CASE_FORMAT", normDate: "DATE_FORMAT", normTerm: "TERM_TO_DATE", normTermOpen: "TERM_OPEN", normInnerSpace: "NAME_INNER_SPACE",
	normDot: "MIDDLE_DOT", normNFC: "UNICODE_NFC", normPrivate: "PUA_TO_UNICODE", normSex: "SEX_FORMAT", normAge: "AGE_FORMAT",
	normGround: "GROUND_FORMAT",
}

// names lists the members of n in order.
func (n norms) names() []string {
	var names []string
	for bit := norms(1); bit < normEnd; bit <<= 1 {
		if n&bit != 0 {
			names = append(names, normNames[bit])
		}
	}
	return names
}

// folded are the normalisations that identity reports as folds.
var folded = map[identity.Fold]norms{
	identity.FoldTrim: normTrim, identity.FoldWidth: normWidth, identity.FoldUppercase: normUppercase,
	identity.FoldUpgrade: normUpgrade, identity.FoldSeparator: normSeparator,
}

// Normalisations returns the names of all normalisations, in the order in which
// a record tells them.
func Normalisations() []string { return (normEnd - 1).names() }
