package packages

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/ledger"
)

// The list for people: first what has left, because that is what is overlooked,
// then everything that is in force, in the order of the log.
var columns = []string{"变动", "变动日期", "名单编号", "案号", "执行法院", "法院代码", "姓名或单位名称", "证件号码", "证件类型",
	"法定代表人", "发布时间", "有效期至", "失信严重程度", "是否不公开", "退出事由", "决定文书号"}

const (
	bom       = "\ufeff"
	sheetRows = 1_000_000 // a sheet takes 1 048 576
	listSheet = "名单"
)

// leaving says how a listing left.
var leaving = map[gongxin.EventKind]string{
	gongxin.ListingWithdrawn: "撤销", gongxin.ListingExpired: "期满失效", gongxin.ListingRevoked: "撤销（纳入错误）", gongxin.ListingSuspended: "暂停",
}

// change says what happened to a listing in force; nil: nothing within the package.
func (m *move) change() string {
	switch {
	case m == nil:
		return "在册"
	case m.first == gongxin.ListingAdmitted, m.first == gongxin.ListingPublished:
		return "新增"
	case m.first == gongxin.SuspensionEnded, m.first.Force() == gongxin.ForceLeaves:
		return "恢复"
	case m.last == gongxin.TermExtended:
		return "延长期限"
	}
	return "更正"
}

// left tells whether a department that held the listing must let it go. One that
// came and went within the package it never had.
func (m *move) left() bool {
	return m.last.Force() == gongxin.ForceLeaves && m.first.Force() != gongxin.ForceEnters
}

var kinds = map[identity.Kind]string{
	identity.CitizenID: "居民身份证", identity.CreditCode: "统一社会信用代码", identity.OrganisationCode: "组织机构代码",
	identity.HongKongMacaoPermit: "港澳居民来往内地通行证", identity.TaiwanPermit: "台湾居民来往大陆通行证", identity.ResidencePermit: "港澳台居民居住证",
	identity.ForeignPermanentID: "外国人永久居留身份证", identity.Passport: "护照",
}

var grounds = map[gongxin.Ground]string{
	gongxin.GroundPerformed: "全部履行完毕", gongxin.GroundSettled: "和解并经确认履行完毕", gongxin.GroundClosed: "依法终结执行",
	gongxin.GroundNoProperty: "终结本次执行后未发现可供执行财产", gongxin.GroundSecurity: "提供有效担保", gongxin.GroundWrong: "纳入错误",
	gongxin.GroundCreditor: "申请执行人申请删除", gongxin.GroundEarly: "积极履行或主动纠正", gongxin.GroundTerm: "有效期届满",
}

// cells gives what departments get of e in the order of columns.
func cells(change string, day gongxin.Day, id gongxin.ListingID, e gongxin.Entry, number string) []string {
	nonpublic := ""
	if e.NonPublic {
		nonpublic = "不公开"
	}
	return []string{change, day.String(), id.String(), e.Case.String(), e.CourtName, e.Court.String(), e.Subject.Name, number,
		kinds[e.Subject.Number.Kind()], e.Subject.LegalRep, e.Published.String(), e.Until.String(), string(e.Severity), nonpublic, "", ""}
}

// A table is a list that is being written, a row at a time.
type table interface{ row(cells []string) error }

// addLists writes both forms of the list in one go.
func (b *builder) addLists(ctx context.Context, v View, head ledger.Head) error {
	var rows uint64
	return b.addFile(feed.PackageList, func(text *os.File) error {
		return b.addFile(feed.PackageSheet, func(book *os.File) error {
			w := bufio.NewWriterSize(text, 256<<10)
			c, x := newCSV(w), newSheets(b.dir)
			both := tables{c, x}
			err := both.row(columns)
			if err == nil {
				err = b.leaving(ctx, v, both)
			}
			if err == nil {
				err = v.InForce(ctx, func(_ uint64, r feed.Record) error {
					rows++
					return b.inForce(r, both)
				})
			}
			if err == nil && rows != head.Count {
				err = fmt.Errorf("%d listings in force instead of %d", rows, head.Count)
			}
			if err == nil {
				err = c.end()
			}
			if err == nil {
				err = w.Flush()
			}
			if err == nil {
				return x.end(book)
			}
			return x.drop(err)
		})
	})
}

// leaving writes what a department must let go. It holds the full number already,
// under the same 名单编号: once somebody is off the list it does not travel again.
func (b *builder) leaving(ctx context.Context, v View, to table) error {
	gone := slices.DeleteFunc(slices.Clone(b.order), func(id gongxin.ListingID) bool { return !b.moves[id].left() })
	for _, id := range gone {
		m := b.moves[id]
		e, _, err := v.Entry(ctx, id) // without what was erased
		if err != nil {
			return err
		}
		row := cells(leaving[m.last], gongxin.DayOf(m.event.At), id, e, e.Subject.Number.String())
		row[len(row)-2], row[len(row)-1] = grounds[m.event.Ground], m.event.Decision
		if err := to.row(row); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) inForce(r feed.Record, to table) error {
	e, err := opened(r)
	if err != nil {
		return err
	}
	if e.Entry == nil {
		return fmt.Errorf("listing %s is in force without an entry", e.Listing)
	}
	m, day := b.moves[e.Listing], gongxin.Day(0)
	if m != nil {
		day = gongxin.DayOf(m.event.At)
	}
	return to.row(cells(m.change(), day, e.Listing, *e.Entry, e.Entry.Subject.Number.Full()))
}

type tables []table

func (t tables) row(cells []string) error {
	for _, one := range t {
		if err := one.row(cells); err != nil {
			return err
		}
	}
	return nil
}

// A csvTable writes UTF-8 with a byte order mark, which is what Excel takes for UTF-8.
type csvTable struct {
	w     *csv.Writer
	to    *bufio.Writer
	begun bool
}

func newCSV(w *bufio.Writer) *csvTable {
	c := &csvTable{w: csv.NewWriter(w), to: w}
	c.w.UseCRLF = true
	return c
}

func (c *csvTable) row(cells []string) error {
	if !c.begun {
		c.begun = true
		if _, err := c.to.WriteString(bom); err != nil {
			return err
		}
	}
	safe := make([]string, len(cells))
	for i, s := range cells {
		safe[i] = defused(s)
	}
	return c.w.Write(safe)
}

func (c *csvTable) end() error {
	c.w.Flush()
	return c.w.Error()
}

// defused puts an apostrophe before what a spreadsheet would take for a formula,
// also as full-width signs, which some take for the same.
func defused(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}

// sheets writes the rows into a workbook as text, so that numbers keep all their
// digits and nothing is a formula, a new sheet after a million of them.
type sheets struct {
	book   *excelize.File
	stream *excelize.StreamWriter
	header []string
	rows   int
	count  int
}

func newSheets(dir string) *sheets {
	return &sheets{book: excelize.NewFile(excelize.Options{TmpDir: dir})}
}

func (x *sheets) row(cells []string) error {
	if x.header == nil {
		x.header = cells
		return x.next()
	}
	if x.rows == sheetRows {
		if err := x.next(); err != nil {
			return err
		}
	}
	return x.write(cells)
}

func (x *sheets) next() (err error) {
	x.count++
	name := listSheet
	if x.count == 1 {
		err = x.book.SetSheetName("Sheet1", name)
	} else {
		if err := x.stream.Flush(); err != nil {
			return err
		}
		name = fmt.Sprintf("%s%d", listSheet, x.count)
		_, err = x.book.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if x.stream, err = x.book.NewStreamWriter(name); err != nil {
		return err
	}
	x.rows = 0
	if err := x.stream.SetColWidth(1, len(x.header), 20); err != nil {
		return err
	}
	return x.write(x.header)
}

func (x *sheets) write(cells []string) error {
	x.rows++
	row := make([]any, len(cells))
	for i, s := range cells {
		if s != "" {
			row[i] = s
		}
	}
	return x.stream.SetRow(fmt.Sprintf("A%d", x.rows), row)
}

// end writes the workbook.
func (x *sheets) end(f *os.File) error {
	err := x.stream.Flush()
	if err == nil {
		err = x.book.Write(f)
	}
	return x.drop(err)
}

// drop lets the workbook go and returns err, or what went wrong with that.
func (x *sheets) drop(err error) error {
	if closing := x.book.Close(); err == nil {
		return closing
	}
	return err
}
