package gate

import (
	"strings"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
)

// A Query asks whether one person or organisation may go ahead with one
// business. It is forgotten with the answer. Scenario and Number or Name are
// needed; the others are what else is known, each left out where it is not.
type Query struct {
	Scenario string `json:"scenario"` // id of the catalogue, such as "flight"
	Number   string `json:"number"`   // identifier, in any writing that identity.Parse reads
	Name     string `json:"name"`

	Masked  string       `json:"masked,omitempty"`  // number of which only a part is known, * for each character that is not: 3205**********1234
	Born    int          `json:"born,omitempty"`    // year of birth
	Sex     identity.Sex `json:"sex,omitempty"`     // 男 or 女 (GB/T 2261.1)
	Region  string       `json:"region,omitempty"`  // address code of GB/T 2260, two, four or six digits
	Subject string       `json:"subject,omitempty"` // the department's own reference of the applicant, for remembered differences; no identifier
	Hints   bool         `json:"hints,omitempty"`   // of a search by name: tell of similar names as well
}

const (
	maxSubject = 64 // characters of a department's own reference
	maxMasked  = 32
	eldest     = 1880 // no year of birth before it is of anybody who lives
)

// plain tells whether q holds a number and a name and nothing else that decides.
func (q *Query) plain() bool {
	return q.Masked == "" && q.Born == 0 && q.Sex == "" && q.Region == "" && q.Subject == ""
}

// Check looks at what need not be given, as of now, and trims Subject. Errors: QUERY_FIELD;
// REMARK_MALFORMED, REMARK_TOO_LONG and REMARK_WITH_NUMBER for Subject.
func (q *Query) Check(now time.Time) error {
	switch {
	case q.Masked != "" && !isMasked(q.Masked):
		return gongxin.Invalid("QUERY_FIELD", "masked")
	case q.Born != 0 && (q.Born < eldest || q.Born > now.Year()):
		return gongxin.Invalid("QUERY_FIELD", "born")
	case q.Sex != "" && q.Sex != identity.Male && q.Sex != identity.Female:
		return gongxin.Invalid("QUERY_FIELD", "sex")
	case q.Region != "" && !isRegion(q.Region):
		return gongxin.Invalid("QUERY_FIELD", "region")
	}
	subject, err := plainText("subject", q.Subject, maxSubject)
	if err != nil {
		return err
	}
	q.Subject = subject
	return nil
}

// isMasked tells whether s is a number of which some characters are hidden and some are not.
func isMasked(s string) bool {
	hidden, shown := 0, 0
	for _, r := range s {
		switch {
		case r == '*' || r == '＊':
			hidden++
		case '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z':
			shown++
		default:
			return false
		}
	}
	return hidden > 0 && shown > 0 && hidden+shown <= maxMasked
}

func isRegion(s string) bool {
	return (len(s) == 2 || len(s) == 4 || len(s) == 6) && strings.Trim(s, "0123456789") == ""
}

// party is what q says of whom it asks about. A number that was typed where the name
// belongs is masked, since answers repeat the name; nobody is listed under either.
func (q *Query) party(number identity.Number) match.Party {
	name := q.Name
	if typed, _, err := identity.Parse(name); err == nil {
		name = typed.String()
	}
	return match.Party{Name: name, Number: number, Masked: strings.ReplaceAll(q.Masked, "＊", "*"), Born: q.Born, Sex: q.Sex, Region: q.Region}
}
