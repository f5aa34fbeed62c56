package packages

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
)

// made makes a package and reads it again.
func made(t *testing.T, r *Room, l *memoryLog, o Order) (*feed.Package, Made) {
	t.Helper()
	if o.Out == "" {
		o.Out = t.TempDir()
	}
	m, err := r.Make(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	p, f, err := ReadFile(m.Path, l.verifier())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, m
}

// list reads both forms of the list and returns the rows, which must be the same.
func list(t *testing.T, p *feed.Package) [][]string {
	t.Helper()
	b, err := io.ReadAll(p.Open(feed.PackageList))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte(bom)) {
		t.Error("the list begins without a byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte(bom)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(p.Open(feed.PackageSheet))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet, err := book.GetRows(listSheet)
	if err != nil || len(sheet) != len(rows) {
		t.Fatalf("%d rows in the workbook, %d in the list: %v", len(sheet), len(rows), err)
	}
	for i, row := range sheet {
		for j, cell := range row {
			if want := rows[i][j]; cell != want && "'"+cell != want {
				t.Errorf("cell %d of row %d is %q in the workbook, %q in the list", j, i, cell, want)
			}
		}
	}
	return rows
}

// follow takes a package to its end and returns how many are in force there.
func follow(t *testing.T, l *memoryLog, p *feed.Package, at feed.Position, held inForce) feed.Position {
	t.Helper()
	f := feed.Follower{Verifier: l.verifier(), Audience: gongxin.AudiencePartner}
	if p.Full {
		var err error
		if at, err = feed.Bootstrap(context.Background(), p.Source(), f, feed.Position{}, held); err != nil {
			t.Fatal(err)
		}
	}
	for at.Tree.Size() < p.To {
		c, err := p.Source().Changes(context.Background(), at.Tree.Size(), 0)
		if err != nil {
			t.Fatal(err)
		}
		next, changes, err := f.Advance(at, held, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := held.Apply(changes); err != nil {
			t.Fatal(err)
		}
		at = next
	}
	return at
}

type inForce map[gongxin.ListingID]ledger.Digest

func (h inForce) Element(id gongxin.ListingID) (ledger.Digest, bool) { e, ok := h[id]; return e, ok }

func (h inForce) Apply(changes []feed.Change) error {
	for _, c := range changes {
		switch c.Event.Kind.Force() {
		case gongxin.ForceEnters, gongxin.ForceReplaces:
			h[c.Event.Listing] = c.Element
		case gongxin.ForceLeaves:
			delete(h, c.Event.Listing)
		}
	}
	return nil
}

func TestADepartmentFollowsItsPackages(t *testing.T) {
	l := newLog(t)
	r, held := l.room(), inForce{}
	l.admit("甲某某")
	l.admit("乙某")
	full, m := made(t, r, l, Order{Gate: "island", Department: "海岛部门"})
	if !full.Full || filepath.Base(m.Path) != "island-full-3.gxp" { // a department that confirmed nothing gets all of it
		t.Errorf("%s, full %t", m.Path, full.Full)
	}
	at := follow(t, l, full, feed.Position{}, held)
	if err := r.Confirm("island", at.Head.Size, "岛函3号"); err != nil {
		t.Fatal(err)
	}
	third := l.admit("丙某某")
	l.do(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: third, Ground: gongxin.GroundPerformed})
	delta, _ := made(t, r, l, Order{Gate: "island"})
	if delta.Full || delta.From != at.Head.Size || delta.Department != "海岛部门" {
		t.Errorf("got %+v", delta.Manifest)
	}
	at = follow(t, l, delta, at, held)
	if at.Head != l.head || len(held) != 2 {
		t.Errorf("at %v with %d in force", at.Head, len(held))
	}
	// Nothing happened: still a package, with a newer checkpoint.
	again, _ := made(t, r, l, Order{Gate: "island", Since: &at.Head.Size})
	if again.From != again.To || len(list(t, again)) != 3 {
		t.Errorf("from %d to %d with %d rows", again.From, again.To, len(list(t, again)))
	}
}

// A department that has the old key alone sees in its package that the log was
// handed over, before anything that the new key signed.
func TestAPackageCarriesTheHandOverToAnotherKey(t *testing.T) {
	for before := range 4 { // wherever the announcement falls
		l := newLog(t)
		old, held := l.verifier(), inForce{}
		for range 2 + before {
			l.admit("甲某某")
		}
		l.handOver()
		l.admit("乙某")
		since := uint64(1)
		m, err := l.room().Make(context.Background(), Order{Gate: "island", Department: "海岛部门", Since: &since, Out: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		p, file, err := ReadFile(m.Path, old, l.verifier())
		if err != nil {
			t.Fatal(err)
		}
		f := feed.Follower{Verifier: old, Audience: gongxin.AudiencePartner}
		at, changes, err := f.Advance(feed.Position{}, held, feed.Changes{Records: l.records[:1], Checkpoint: l.heads[1]})
		for err == nil && held.Apply(changes) == nil && at.Tree.Size() < p.To {
			var c feed.Changes
			if c, err = p.Source().Changes(context.Background(), at.Tree.Size(), 0); err == nil {
				at, changes, err = f.Advance(at, held, c)
			}
		}
		if err != nil || at.Head != l.head || at.Keys.Current != l.signer.VerifierKey() {
			t.Errorf("announced after %d events: at %d by %q, %v", 2+before, at.Head.Size, at.Keys.Current, err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheListSaysWhatChanged(t *testing.T) {
	l := newLog(t)
	r := l.room()
	stays, corrected, longer, gone, expired, suspended, back := l.admit("在某"), l.admit("改某"), l.admit("延某"), l.admit("走某"), l.admit("期某"), l.admit("停某"), l.admit("回某")
	since := l.tree.Size()
	l.now = l.now.AddDate(0, 0, 1)
	new := l.admit("新某")
	passing := l.admit("过某")
	l.do(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: new, Entry: l.entry("=新某", 8)})
	l.do(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: corrected, Entry: l.entry("改某某", 2)})
	l.do(gongxin.Event{Kind: gongxin.TermExtended, Listing: longer, Entry: l.entry("延某", 3)})
	l.do(gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: gone, Ground: gongxin.GroundPerformed, Decision: "（2018）苏0505执1号"})
	l.do(gongxin.Event{Kind: gongxin.ListingExpired, Listing: expired, Ground: gongxin.GroundTerm})
	l.do(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: suspended, Ground: gongxin.GroundSecurity})
	l.do(gongxin.Event{Kind: gongxin.ListingSuspended, Listing: back, Ground: gongxin.GroundSecurity})
	l.do(gongxin.Event{Kind: gongxin.SuspensionEnded, Listing: back, Entry: l.entry("回某", 7)})
	l.do(gongxin.Event{Kind: gongxin.ListingRevoked, Listing: passing, Ground: gongxin.GroundWrong})
	p, _ := made(t, r, l, Order{Gate: "island", Department: "海岛部门", Since: &since})
	rows := list(t, p)
	got := map[string]string{}
	for i, row := range rows[1:] {
		got[row[2]] = row[0] + " " + row[1] + " " + row[6]
		if full, masked := strings.HasPrefix(row[7], "32000019600101"), strings.Contains(row[7], "*"); full == masked || masked != (i < 3) {
			t.Errorf("row %d (%s) has the number %s", i, row[0], row[7]) // who left comes first, and masked
		}
	}
	want := map[gongxin.ListingID]string{
		stays: "在册  在某", corrected: "更正 2018-01-03 改某某", longer: "延长期限 2018-01-03 延某", gone: "撤销 2018-01-03 走某",
		expired: "期满失效 2018-01-03 期某", suspended: "暂停 2018-01-03 停某", back: "恢复 2018-01-03 回某", new: "新增 2018-01-03 '=新某",
	}
	for id, row := range want {
		if got[id.String()] != row {
			t.Errorf("got %q, want %q", got[id.String()], row)
		}
	}
	if len(got) != len(want) || rows[1][14] != "全部履行完毕" || rows[1][15] != "（2018）苏0505执1号" {
		t.Errorf("%d rows, the first is %q", len(got), rows[1])
	}
	// A full one has what is in force and no changes.
	full, _ := made(t, r, l, Order{Gate: "island", Full: true})
	for _, row := range list(t, full)[1:] {
		if row[0] != "在册" {
			t.Errorf("a full package says %q", row)
		}
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+86": "'+86", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "＝1": "'＝1", "－1": "'－1",
		"张三": "张三", "": "", "（2016）苏0505执1号": "（2016）苏0505执1号", "a=1": "a=1",
	} {
		if got := defused(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestWhatCannotBeMade(t *testing.T) {
	l := newLog(t)
	r := l.room()
	l.admit("甲某某")
	there := filepath.Join(t.TempDir(), "there.gxp")
	if err := os.WriteFile(there, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	ahead := uint64(99)
	for _, tt := range []struct {
		name string
		o    Order
		want string
	}{
		{"a gate that is no short name", Order{Gate: "海岛", Department: "海岛部门"}, "PACKAGE_GATE"},
		{"a new department without a name", Order{Gate: "island"}, "PACKAGE_DEPARTMENT"},
		{"a name that is taken", Order{Gate: "island", Department: "海岛部门", Out: there}, "PACKAGE_EXISTS"},
		{"since what has not happened", Order{Gate: "island", Department: "海岛部门", Since: &ahead}, "FEED_AHEAD"},
	} {
		if tt.o.Out == "" {
			tt.o.Out = t.TempDir()
		}
		if _, err := r.Make(context.Background(), tt.o); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	if all, err := r.Standings(); err != nil || len(all) != 0 {
		t.Errorf("%v were noted, %v", all, err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	l := newLog(t)
	r, out := l.room(), t.TempDir()
	l.admit("甲某某")
	killed := filepath.Join(r.dir, makingPrefix+"1")
	if err := os.Mkdir(killed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, m := made(t, r, l, Order{Gate: "island", Department: "海岛部门", Out: out})
	info, err := os.Stat(m.Path)
	if err != nil || info.Mode().Perm() != 0o600 { // it holds identity numbers
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	r.Sign = func(string) ([]byte, error) { return nil, os.ErrPermission }
	if _, err := r.Make(context.Background(), Order{Gate: "island", Out: out}); err == nil {
		t.Error("made without a signature")
	}
	if left, err := filepath.Glob(filepath.Join(r.dir, makingPrefix+"*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if files, err := os.ReadDir(out); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}
