package identity

import "strconv"

// A Fold names what Parse changed in the writing of a number; a court is told.
type Fold string

// The folds, with the names used in quality reports.
const (
	FoldTrim      Fold = "TRIM"           // spaces around, invisible characters, an apostrophe in front
	FoldWidth     Fold = "FULLWIDTH"      // full-width digits or letters
	FoldUppercase Fold = "ID_UPPERCASE_X" // lower-case letters, such as a closing x
	FoldUpgrade   Fold = "ID_15_TO_18"    // a 15-digit citizen number (the result is derived, not given)
	FoldSeparator Fold = "ID_SEPARATOR"   // hyphens or spaces inside
)

// A Reason is the stable code of a fault in a number.
type Reason string

// The faults. A fault of length or characters is ID_FORMAT; a number of the right
// form whose arithmetic fails is ID_CHECKSUM, whatever else is wrong with it; a
// number whose arithmetic holds but whose date does not exist is ID_FORMAT.
const (
	Format   Reason = "ID_FORMAT"
	Checksum Reason = "ID_CHECKSUM"
	Refer    Reason = "ID_AMBIGUOUS" // 15 digits with sequence 996–999, born 18yy: a person must look
)

// An Error says why a string is not a number of the kind asked for. Its text
// never holds the number itself.
type Error struct {
	Kind   Kind // the kind asked for, or the likeliest; 0 if no kind has such a length
	Reason Reason
	Detail string // English, for engineers: "no such day at positions 7-14"
}

// Error gives reason and detail.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Detail }

// A fault is an Error before it is known to be the one to tell; the zero fault is none.
type fault struct {
	reason Reason
	detail string
}

// weight orders faults: the nearer a string came to being a number of some kind,
// the more its fault says.
func (f fault) weight() int {
	switch f.reason {
	case Checksum:
		return 3
	case Refer:
		return 2
	case Format:
		return 1
	}
	return 0
}

// A form is one way in which numbers of a kind are written. read takes a folded
// string of length n and returns the canonical number.
type form struct {
	kind Kind
	n    int
	read func(s string) (full string, f fault)
}

// forms stand in the order in which they are tried. Where lengths meet, those
// with a check stand before those without; nine digits that check as an organisation
// code are one before they are a passport of the oldest series.
var forms = []form{
	{CitizenID, 18, readCitizen18},
	{ResidencePermit, 18, readResidencePermit},
	{CreditCode, 18, readCreditCode},
	{ForeignPermanentID, 18, readForeign2023},
	{CitizenID, 15, readCitizen15},
	{ForeignPermanentID, 15, readForeign2017},
	{HongKongMacaoPermit, 9, readHongKongMacaoPermit},
	{HongKongMacaoPermit, 11, readHongKongMacaoPermit},
	{TaiwanPermit, 8, readTaiwanPermit},
	{TaiwanPermit, 13, readTaiwanBooklet},
	{Passport, 9, readPassport},
	{OrganisationCode, 9, readOrganisationCode},
	{Passport, 9, readOldestPassport},
}

// maxLength is that of the longest form.
const maxLength = 18

// Parse reads a number of one of kinds, of any kind if none is named, and returns
// it in canonical form with what had to be folded. Kinds are tried in a fixed
// order, whatever the order of the arguments. The error is an *Error; of several
// faults it tells the one that came nearest to being a number.
//
// A canonical string is kept as it is, without a copy: clone it first if it is a
// small part of a large one that should not stay in memory.
func Parse(s string, kinds ...Kind) (Number, []Fold, error) {
	if len(kinds) == 0 && isCitizen18(s) {
		return Number{CitizenID, s}, nil, nil
	}
	return parse(s, kinds...)
}

// parse is Parse without a short way.
func parse(s string, kinds ...Kind) (Number, []Fold, error) {
	var f folding
	if !canonical(s) {
		s, f = fold(s)
	}
	var asked uint16
	for _, k := range kinds {
		asked |= 1 << k
	}
	var worst fault
	var likeliest Kind
	for i := range forms {
		form := &forms[i]
		if form.n != len(s) || len(kinds) > 0 && asked&(1<<form.kind) == 0 {
			continue
		}
		full, bad := form.read(s)
		if bad.reason == "" {
			return Number{form.kind, full}, f.list(form), nil
		}
		if bad.weight() > worst.weight() {
			worst, likeliest = bad, form.kind
		}
	}
	if worst.reason == "" {
		if len(kinds) > 0 {
			likeliest = kinds[0]
		}
		worst = fault{Format, wrongLength(s)}
	}
	return Number{}, nil, &Error{Kind: likeliest, Reason: worst.reason, Detail: worst.detail}
}

func wrongLength(s string) string {
	if len(s) > maxLength {
		return "more than " + strconv.Itoa(maxLength) + " characters, or characters that no number has"
	}
	return "no number of the kind has " + strconv.Itoa(len(s)) + " characters"
}
