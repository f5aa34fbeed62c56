package identity

// A Fold names what Parse changed in the writing of a number; a court is told.
type Fold string

// The folds, with the names used in quality reports.
const (
	FoldTrim      Fold = "TRIM"           // spaces around, or invisible characters
	FoldWidth     Fold = "FULLWIDTH"      // full-width digits or letters
	FoldUppercase Fold = "ID_UPPERCASE_X" // lower-case letters, such as a closing x
	FoldUpgrade   Fold = "ID_15_TO_18"    // a 15-digit citizen number (the result is derived, not given)
	FoldSeparator Fold = "ID_SEPARATOR"   // hyphens or spaces inside
)

// A Reason is the stable code of a fault in a number.
type Reason string

// The faults. A fault of length or characters is ID_FORMAT; a number of the right
// form whose arithmetic fails is ID_CHECKSUM; a date inside that does not exist is ID_FORMAT.
const (
	Format   Reason = "ID_FORMAT"
	Checksum Reason = "ID_CHECKSUM"
	Refer    Reason = "ID_AMBIGUOUS" // e.g. 15 digits with sequence 996–999, born 18yy
)

// An Error says why a string is not a number of the kind asked for. Its text
// never holds the number itself.
type Error struct {
	Kind   Kind // the kind asked for, or the likeliest
	Reason Reason
	Detail string // English, for engineers: "month 13 at positions 11-12"
}

// Error gives reason and detail.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Detail }
