package gongxin

// A Fact is one thing that was compared between a listing and whoever is asked
// about, with both values as they were compared. Values that stand for a person's
// number are masked.
type Fact struct {
	About   string  `json:"about"`   // what was compared: "number", "name", "born", "sex", "region", … (docs/matching.md)
	Verdict Verdict `json:"verdict"` // how it came out
	Listed  string  `json:"listed"`
	Given   string  `json:"given"`
}

// A Verdict says how one comparison came out.
type Verdict string

// The verdicts. A contradiction excludes that the two are the same subject.
const (
	VerdictSame        Verdict = "same"        // letter by letter, or after folding what is only written differently
	VerdictVariant     Verdict = "variant"     // another standard shape of the same characters, another form of the same name
	VerdictHomophone   Verdict = "homophone"   // sounds alike
	VerdictLookAlike   Verdict = "look_alike"  // looks alike
	VerdictNeighbour   Verdict = "neighbour"   // one character is another one
	VerdictDiffers     Verdict = "differs"     // different, which does not exclude
	VerdictContradicts Verdict = "contradicts" // different, which excludes
)

// A Grade says how far two names or subjects agree. It follows from the facts by the
// rule in package match, and is no probability.
type Grade string

// The grades, the strongest first.
const (
	GradeEqual  Grade = "equal"  // the same name
	GradeStrong Grade = "strong" // another form of the same name
	GradeWeak   Grade = "weak"   // a hint for a person who looks, and never more
	GradeNone   Grade = "none"   // another one
)
