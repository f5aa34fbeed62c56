package oversight

import (
	"unicode/utf8"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
)

// EscalationRule is the policy rule that says after how long an overdue duty is
// told one court higher. The number is this system's own setting: the document
// asks for accountability (2.5) and names no interval.
const EscalationRule = "escalation"

// A Note tells a higher court that a duty is overdue (2.5). Listing, kind and
// opening event of the duty, with Level, identify it.
type Note struct {
	Duty  gongxin.Duty
	Level int               // 1 for the next higher court of the one that owes it
	To    gongxin.CourtCode // that is told
	Since gongxin.Day       // first day on which it was to be written
}

// Notes returns the notes about d that are to be written by the end of today, level
// 1 first: the first on the day after the last one for the duty, one court higher
// each time the interval of EscalationRule has passed since, up to the high court.
// Of a duty that was met since, those that became due while it was open. It does
// not depend on when it is asked, so a job that was down finds the same notes.
//
// Where the interval cannot be counted, because the calendar does not know the
// year or no rule was in force, the first note is the only one so far.
func Notes(d gongxin.Duty, today gongxin.Day, p *policy.Policy, c *calendar.Calendar, table *courts.Directory) []Note {
	until := today
	if !d.Open() {
		until = min(until, d.Met)
	}
	if d.Due.IsZero() || d.Due >= until {
		return nil
	}
	var notes []Note
	since := d.Due.Add(1)
	for i, court := range above(d.Court, table) {
		if i > 0 {
			rule, err := p.Rule(EscalationRule, d.Due)
			if err != nil {
				break
			}
			last, err := c.Deadline(d.Due, i*rule.Count, rule.Unit)
			if err != nil {
				break
			}
			since = last.Add(1)
		}
		if since > until {
			break
		}
		notes = append(notes, Note{Duty: d, Level: i + 1, To: court, Since: since})
	}
	return notes
}

// above returns the courts over court, the next first, up to the high court of the
// province. Where the table does not say for sure which is next, it is the high
// court, which stands over all courts of its province; for a court without a known
// code there is none.
func above(court gongxin.CourtCode, table *courts.Directory) (chain []gongxin.CourtCode) {
	for at := court; !at.IsZero(); {
		next, ok := table.Superior(at)
		if !ok {
			next = highCourt(at)
		}
		if next == at || next.IsZero() {
			break
		}
		chain = append(chain, next)
		at = next
	}
	return chain
}

// highCourt is the one whose code all codes of its province begin with, such as 苏.
func highCourt(court gongxin.CourtCode) gongxin.CourtCode {
	code := court.String()
	_, size := utf8.DecodeRuneInString(code)
	high, err := gongxin.ParseCourtCode(code[:size])
	if err != nil {
		return gongxin.CourtCode{}
	}
	return high
}
