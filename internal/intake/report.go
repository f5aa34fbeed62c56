package intake

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"gongxin"
)

// A Report adds up what became of a file's records, for the court: totals,
// causes, normalisations, and the first rejected records. Personal values are masked.
type Report struct {
	Name           string
	Kind           Kind
	Encoding       string
	Unknown        []string // headings that no field claims
	Remarks        []gongxin.Text
	Records        int
	Accepted       int // as they are, and normalised
	Rejected       int
	Reasons        map[string]int // code → records
	Normalisations map[string]int
	Notes          map[string]int
	First          []Rejected
}

// A Rejected record, as far as a report shows it.
type Rejected struct {
	Row, Line     int
	Reason, Field string
	Message, Mend gongxin.Text
}

// shownRejected is how many rejected records a report lists.
const shownRejected = 20

// NewReport returns the report on f, before its records are added.
func NewReport(f *File) *Report {
	return &Report{Name: f.o.Name, Kind: f.Kind(), Encoding: f.Encoding(), Unknown: f.Unknown(), Remarks: f.Notes(),
		Reasons: map[string]int{}, Normalisations: map[string]int{}, Notes: map[string]int{}}
}

// Add counts r.
func (p *Report) Add(r Record) {
	p.Records++
	for _, n := range r.Notes {
		p.Notes[n]++
	}
	if r.Outcome != Reject {
		p.Accepted++
		for _, n := range r.Normalisations {
			p.Normalisations[n]++
		}
		return
	}
	p.Rejected++
	p.Reasons[r.Reason]++
	if len(p.First) < shownRejected {
		p.First = append(p.First, Rejected{r.Row, r.Line, r.Reason, r.Field, r.Message, r.Mend})
	}
}

// WriteTo writes the report for people, in Chinese and then in English.
func (p *Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	p.write(&b, true)
	b.WriteByte('\n')
	p.write(&b, false)
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

var kindWords = map[Kind]gongxin.Text{
	Persons: {ZH: "自然人名单", EN: "listings of persons"}, Organisations: {ZH: "单位名单", EN: "listings of organisations"},
	Withdrawals: {ZH: "撤销", EN: "withdrawals"},
}

func (p *Report) write(b *strings.Builder, chinese bool) {
	say := func(zh, en string, args ...any) {
		form := en
		if chinese {
			form = zh
		}
		fmt.Fprintf(b, form+"\n", args...)
	}
	in := func(t gongxin.Text) string {
		if chinese {
			return t.ZH
		}
		return t.EN
	}
	say("%s：%s，%s编码", "%s: %s, %s", p.Name, in(kindWords[p.Kind]), p.Encoding)
	say("共%d条：收取%d条，退回%d条", "%d records: %d taken, %d rejected", p.Records, p.Accepted, p.Rejected)
	for _, t := range p.Remarks {
		say("  说明：%s", "  remark: %s", in(t))
	}
	if len(p.Unknown) > 0 {
		say("  未识别的列（另行保留）：%s", "  columns not known, kept aside: %s", strings.Join(p.Unknown, "、"))
	}
	section := func(zh, en string, counts map[string]int) {
		if len(counts) == 0 {
			return
		}
		say(zh, en)
		for _, code := range byCount(counts) {
			fmt.Fprintf(b, "  %6d  %-28s %s\n", counts[code], code, in(meaning(code)))
		}
	}
	section("退回原因：", "causes of rejection:", p.Reasons)
	section("规范化：", "normalisations:", p.Normalisations)
	section("提示：", "notes:", p.Notes)
	if len(p.First) > 0 {
		say("退回的前%d条：", "the first %d rejected:", len(p.First))
		for _, r := range p.First {
			say("  第%d条（第%d行）%s：%s；%s", "  record %d (line %d) %s: %s; %s", r.Row, r.Line, r.Reason, in(r.Message), in(r.Mend))
		}
	}
}

// meaning is the general text of a code: the part before its values.
func meaning(code string) gongxin.Text {
	code, _, _ = strings.Cut(code, ":")
	what, _, _ := gongxin.Message(code)
	if strings.Contains(what.ZH+what.EN, "%") {
		return gongxin.Text{}
	}
	return what
}

// byCount orders codes by how often they stand, then by name.
func byCount(counts map[string]int) []string {
	codes := make([]string, 0, len(counts))
	for c := range counts {
		codes = append(codes, c)
	}
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	return codes
}
