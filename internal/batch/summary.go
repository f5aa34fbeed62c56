package batch

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"gongxin"
	"gongxin/measure"
)

// maxSummary is how many applicants a summary shows; what a person can read is far less.
const maxSummary = 100_000

func checkSummary(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case "", ".xlsx", ".html", ".htm":
		if path == "" || filepath.Ext(path) != "" {
			return nil
		}
	}
	return gongxin.Invalid("BATCH_SUMMARY_FORM", filepath.Base(path))
}

// A report is what a summary says of the whole file.
type report struct {
	File     string
	Scenario gongxin.Text
	ID       string // of the scenario
	Made     string
	AsOf     string
	First    uint64
	Last     uint64
	Counts
	Shown   int // applicants
	Omitted uint64
}

// summary writes the summary, if one is asked for: each applicant that is not clear,
// in the order of the file, and of the others how many they are.
func (r *run) summary() error {
	if r.Summary == "" {
		return nil
	}
	lines, err := r.journal.answers(maxSummary)
	if err != nil {
		return err
	}
	at := r.at.Counts
	rep := report{File: filepath.Base(r.In), ID: r.Scenario, Scenario: gongxin.Text{ZH: r.Scenario, EN: r.Scenario}, Counts: at, First: at.First, Last: at.Last,
		Made: clock(r.Now()), AsOf: clock(at.AsOf), Shown: len(lines)}
	for _, s := range measure.Embedded().Scenarios() {
		if s.ID == r.Scenario {
			rep.Scenario = s.Title
		}
	}
	if all := at.Refer + at.Block; all > uint64(len(lines)) {
		rep.Omitted = all - uint64(len(lines))
	}
	each := func(f func(applicant) error) error {
		for i, l := range lines {
			n, err := r.journal.noted(l.at)
			if err == nil {
				err = f(applicantOf(i+1, n))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if strings.EqualFold(filepath.Ext(r.Summary), ".xlsx") {
		return writeWhole(r.Summary, func(f *os.File) error { return summaryBook(f, rep, each) })
	}
	return writeWhole(r.Summary, func(f *os.File) error { return summaryPage(f, rep, each) })
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(gongxin.Shanghai).Format("2006-01-02 15:04:05")
}

// A place is where in the journal the answer about a row stands.
type place struct {
	row uint64
	at  int64
}

// answers returns where the answers stand, in the order of the rows, at most limit.
func (j *journal) answers(limit int) ([]place, error) {
	var all []place
	tidy := func() {
		slices.SortStableFunc(all, func(a, b place) int { return int(int64(a.row) - int64(b.row)) })
		all = slices.CompactFunc(all, func(a, b place) bool { return a.row == b.row }) // a row that was answered here again after an interruption
		all = all[:min(len(all), limit)]
	}
	_, err := j.each(func(at int64, e entry) error {
		if e.Answer != nil {
			if all = append(all, place{e.Answer.Row, at}); len(all) >= 2*limit {
				tidy()
			}
		}
		return nil
	})
	tidy()
	return all, err
}

// noted reads the answer at at.
func (j *journal) noted(at int64) (noted, error) {
	const step = 4 << 10
	var line []byte
	for bytes.IndexByte(line, '\n') < 0 {
		more := make([]byte, max(step, len(line)))
		n, err := j.file.ReadAt(more, at+int64(len(line)))
		if n == 0 {
			return noted{}, fmt.Errorf("read the journal: %w", err)
		}
		line = append(line, more[:n]...)
	}
	e, ok := parseLine(line[:bytes.IndexByte(line, '\n')+1])
	if !ok || e.Answer == nil {
		return noted{}, gongxin.Conflict("BATCH_RESUME_DAMAGED", filepath.Base(strings.TrimSuffix(j.file.Name(), ".journal")))
	}
	return *e.Answer, nil
}

// An applicant is one entry of a summary.
type applicant struct {
	No           int
	Row          uint64
	Name, Number string
	Outcome      gongxin.Outcome
	Word         gongxin.Text // the outcome in words
	Reasons      []gongxin.Reason
	Hits         []gongxin.Hit
	Reference    string
	Remedy       gongxin.Text
	Sequence     uint64
	AsOf         string
}

var outcomeWords = map[gongxin.Outcome]gongxin.Text{
	gongxin.Clear: {ZH: "可以办理", EN: "go ahead"},
	gongxin.Refer: {ZH: "请人工核实", EN: "a person must look"},
	gongxin.Block: {ZH: "依法限制", EN: "restricted"},
}

func applicantOf(no int, n noted) applicant {
	d := n.Decision
	a := applicant{No: no, Row: n.Row, Name: n.Name, Number: n.Number, Outcome: d.Outcome, Word: outcomeWords[d.Outcome], Reasons: d.Reasons, Hits: d.Hits,
		Reference: d.Reference, Sequence: d.Sequence, AsOf: clock(d.AsOf)}
	if d.Remedy != nil {
		a.Remedy = *d.Remedy
	} else {
		a.Remedy = gongxin.Text{ZH: "请核对申请人提交的信息后重新查询。", EN: "Check what the applicant handed in and screen again."}
	}
	return a
}

//go:embed summary.html
var summaryHTML string

var summaryTemplate = template.Must(template.New("summary").Funcs(template.FuncMap{
	"until": func(d gongxin.Day) string {
		if d.IsZero() {
			return "—"
		}
		return d.String()
	},
}).Parse(summaryHTML))

// summaryPage writes the summary as one HTML document that loads nothing and prints.
func summaryPage(f *os.File, rep report, each func(func(applicant) error) error) error {
	if err := summaryTemplate.ExecuteTemplate(f, "head", rep); err != nil {
		return err
	}
	if err := each(func(a applicant) error { return summaryTemplate.ExecuteTemplate(f, "applicant", a) }); err != nil {
		return err
	}
	return summaryTemplate.ExecuteTemplate(f, "foot", rep)
}

var summaryColumns = []string{"序号 No.", "行 Row", "姓名或名称 Name", "证件号码 Number", "结果 Outcome", "原因 Reasons", "措施 Measure", "条款 Clause", "依据 Basis", "案号 Case",
	"执行法院 Court", "发布日期 Published", "有效期至 Until", "严重程度 Severity", "编号 Reference", "救济途径 How to object", "名单时间 As of", "名单序号 Sequence"}

// summaryBook writes the summary as a workbook: a sheet of counts, and one with a row
// for each applicant and listing.
func summaryBook(f *os.File, rep report, each func(func(applicant) error) error) (err error) {
	book := excelize.NewFile()
	defer func() {
		if cerr := book.Close(); err == nil {
			err = cerr
		}
	}()
	const counts, people = "汇总 Summary", "申请人 Applicants"
	if err := book.SetSheetName("Sheet1", counts); err != nil {
		return err
	}
	for i, line := range [][2]any{
		{"申请人信用审查摘要 Credit review of applicants", ""},
		{"文件 File", rep.File}, {"业务 Business", rep.Scenario.ZH + " " + rep.Scenario.EN}, {"制作时间 Made", rep.Made}, {"名单时间 List as of", rep.AsOf},
		{"名单序号 Sequence", fmt.Sprintf("%d–%d", rep.First, rep.Last)},
		{"申请人 Applicants", rep.Rows}, {"可以办理 Clear", rep.Clear}, {"请人工核实 Refer", rep.Refer}, {"依法限制 Block", rep.Block},
		{"未列出 Not shown", rep.Omitted},
	} {
		if err := book.SetSheetRow(counts, fmt.Sprintf("A%d", i+1), &[]any{line[0], line[1]}); err != nil {
			return err
		}
	}
	if err := book.SetColWidth(counts, "A", "B", 44); err != nil {
		return err
	}
	if _, err := book.NewSheet(people); err != nil {
		return err
	}
	landscape, a4, wide, any := "landscape", 9, 1, 0
	if err := book.SetPageLayout(people, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &wide, FitToHeight: &any}); err != nil {
		return err
	}
	text, err := book.NewStyle(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	w, err := book.NewStreamWriter(people)
	if err != nil {
		return err
	}
	if err := w.SetColWidth(1, 2, 8); err != nil {
		return err
	}
	if err := w.SetColWidth(3, len(summaryColumns), 24); err != nil {
		return err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	n := 0
	set := func(cells []string) error {
		row := make([]interface{}, len(cells))
		for i, c := range cells {
			row[i] = excelize.Cell{StyleID: text, Value: c}
		}
		n++
		return w.SetRow(fmt.Sprintf("A%d", n), row)
	}
	if err := set(summaryColumns); err != nil {
		return err
	}
	if err := each(func(a applicant) error {
		var reasons []string
		for _, r := range a.Reasons {
			reasons = append(reasons, r.Code+" "+r.ZH+" "+r.EN)
		}
		hits := a.Hits
		if len(hits) == 0 {
			hits = []gongxin.Hit{{}}
		}
		for _, h := range hits {
			if n+1 >= excelize.TotalRows {
				return nil // a hundred thousand applicants with many listings each; the counts tell
			}
			line := []string{fmt.Sprint(a.No), fmt.Sprint(a.Row), a.Name, a.Number, a.Word.ZH + " " + string(a.Outcome), strings.Join(reasons, "\n"),
				"", "", "", "", "", "", "", "", a.Reference, a.Remedy.ZH + "\n" + a.Remedy.EN, a.AsOf, fmt.Sprint(a.Sequence)}
			if h.Measure != "" {
				copy(line[6:], []string{h.Measure, h.Clause, h.Basis.ZH + "\n" + h.Basis.EN, h.Case.String(), h.Court, h.Published.String(), "", string(h.Severity)})
				if !h.Until.IsZero() {
					line[12] = h.Until.String()
				}
			}
			if err := set(line); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return book.Write(f)
}
