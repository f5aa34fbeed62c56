package screen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/synthetic"
)

// citizen returns the n-th citizen number of the province level, which no area
// of a person has.
func citizen(n int) identity.Number {
	s := fmt.Sprintf("320000%04d%02d%02d%03d", 1950+n/1000/28/12%50, 1+n/1000/28%12, 1+n/1000%28, n%1000)
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	number, _, err := identity.Parse(s+string("10X98765432"[sum%11]), identity.CitizenID)
	if err != nil {
		panic(err)
	}
	return number
}

func testKey() Key { return Key(bytes.Repeat([]byte{7}, 32)) }

func listing(n int) (id gongxin.ListingID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

// row is listing n, of citizen who, under key.
func row(key Key, n, who int, name string) Row {
	number := citizen(who)
	r := Row{Listing: listing(n), Sequence: uint64(n + 1), Since: uint64(n + 1), Element: [32]byte{31: byte(n), 30: byte(n >> 8), 0: byte(n)}}
	r.Entry = Entry{Mark: newSecrets(key).mark(number), Name: name, Masked: number.String(), Case: fmt.Sprintf("（2016）苏0505执%d号", n),
		Court: "苏州市虎丘区人民法院", Severity: "一般", Published: 20160101, Until: 20180101, Born: 1950, Sex: number.Sex()}
	return r
}

func newDir(t testing.TB) *Directory {
	t.Helper()
	d, err := Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestIndexKeepsWhatWasWrittenOverReopening(t *testing.T) {
	files, key := newDir(t), testKey()
	if _, _, err := Open(files, key); !errors.Is(err, ErrNothing) {
		t.Fatalf("an empty directory: %v", err)
	}
	x := must[*Index](t)(Create(files, key, []byte("start")))
	a, b := row(key, 1, 1, "王小明"), row(key, 2, 2, "苏州永安（集团）有限公司")
	must[*Step](t)(x.Write([]Row{a, b}, nil, []byte("one"))).Publish()
	moved := a
	moved.Sequence, moved.Mark, moved.Masked = 3, x.Mark(citizen(3)), citizen(3).String()
	s := must[*Step](t)(x.Write([]Row{moved}, []gongxin.ListingID{b.Listing}, []byte("two")))
	check := func(what string, v *View, number identity.Number, want ...Row) {
		t.Helper()
		hits, err := v.Lookup(number, nil)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var hit []Hit
		for _, r := range want {
			hit = append(hit, Hit{r.Listing, r.Sequence, r.Entry})
		}
		if !slices.Equal(hits, hit) {
			t.Errorf("%s: got %+v, want %+v", what, hits, hit)
		}
	}
	before := x.View()
	check("not published", before, citizen(1), a)
	check("not published", before, citizen(3))
	check("the step", s.View(), citizen(3), moved)
	check("the step", s.View(), citizen(1))
	s.Publish()
	if _, err := before.Lookup(citizen(1), nil); !errors.Is(err, ErrPast) {
		t.Errorf("a view that is past: %v", err)
	}
	after := func(what string, x *Index) {
		t.Helper()
		v := x.View()
		check(what, v, citizen(3), moved)
		check(what, v, citizen(1))
		check(what, v, citizen(2))
		if v.Len() != 1 || v.Sum() != moved.Element {
			t.Errorf("%s: %d listings, sum %x", what, v.Len(), v.Sum())
		}
		hits, err := v.ByName(" 王小明", 9, nil)
		if err != nil || len(hits) != 1 || hits[0].Listing != moved.Listing {
			t.Errorf("%s: by name: %v, %v", what, hits, err)
		}
		got, ok, err := v.Get(moved.Listing)
		if err != nil || !ok || !reflect.DeepEqual(got, moved) {
			t.Errorf("%s: got %+v, %v, %v", what, got, ok, err)
		}
		var all []Row
		if err := v.All(func(r Row) error { all = append(all, r); return nil }); err != nil || len(all) != 1 || all[0] != moved {
			t.Errorf("%s: all: %+v, %v", what, all, err)
		}
		out := make([]bool, 3)
		v.Maybe([]identity.Number{citizen(3), citizen(1), {}}, out)
		if !slices.Equal(out, []bool{true, false, false}) {
			t.Errorf("%s: maybe: %v", what, out)
		}
	}
	after("published", x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x, stamp, err := Open(files, key)
	if err != nil || string(stamp) != "two" {
		t.Fatalf("opened again: %q, %v", stamp, err)
	}
	after("opened again", x)
	if err := x.Compact(); err != nil {
		t.Fatal(err)
	}
	after("compacted", x)
	must[*Step](t)(x.Write([]Row{row(key, 9, 9, "李四")}, nil, nil)).Publish()
	must[*Step](t)(x.Write(nil, []gongxin.ListingID{listing(9)}, []byte("four"))).Publish()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x, stamp, err = Open(files, key)
	if err != nil || string(stamp) != "four" {
		t.Fatalf("opened after compaction: %q, %v", stamp, err)
	}
	after("opened after compaction", x)
	other := key
	other[0]++
	var damage *Damage
	if _, _, err := Open(files, other); !errors.As(err, &damage) {
		t.Errorf("another key: %v", err)
	}
	x.Close()
}

func TestBuilderTakesTheListsPlaceAndTheOldOneStaysReadable(t *testing.T) {
	files, key := newDir(t), testKey()
	x := must[*Index](t)(Create(files, key, nil))
	must[*Step](t)(x.Write([]Row{row(key, 1, 1, "王小明")}, nil, []byte("old"))).Publish()
	b := must[*Builder](t)(Build(files, key))
	const n = 20000
	var rows []Row
	for i := range n {
		rows = append(rows, row(key, i+10, i, fmt.Sprint("王", i%50)))
	}
	if err := b.Add(rows[:n/2]); err != nil {
		t.Fatal(err)
	}
	if r, ok, err := b.Get(rows[77].Listing); err != nil || !ok || r != rows[77] {
		t.Fatalf("%+v, %v, %v", r, ok, err)
	}
	if err := b.Add(rows[n/2:]); err != nil {
		t.Fatal(err)
	}
	changed := rows[5]
	changed.Name = "李四"
	if err := b.Write([]Row{changed}, []gongxin.ListingID{rows[6].Listing, listing(999999)}); err != nil {
		t.Fatal(err)
	}
	y := must[*Index](t)(b.Finish([]byte("new")))
	if hits, err := x.View().Lookup(citizen(1), nil); err != nil || len(hits) != 1 || hits[0].Name != "王小明" {
		t.Errorf("the old list: %v, %v", hits, err)
	}
	if _, err := x.Write(nil, nil, nil); err == nil {
		t.Error("the old list was written to after another took its place")
	}
	x.Close()
	for range 2 {
		v := y.View()
		if v.Len() != n-1 {
			t.Fatalf("%d listings", v.Len())
		}
		for i, r := range rows {
			hits, err := v.Lookup(citizen(i), nil)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case i == 6:
				if len(hits) != 0 {
					t.Errorf("taken out: %v", hits)
				}
			case len(hits) != 1 || hits[0].Listing != r.Listing || i != 5 && hits[0].Entry != r.Entry:
				t.Fatalf("%d: %v", i, hits)
			}
		}
		if hits, err := v.ByName("王7", n, nil); err != nil || len(hits) != n/50 {
			t.Errorf("%d by name, %v", len(hits), err)
		}
		y.Close()
		var stamp []byte
		var err error
		if y, stamp, err = Open(files, key); err != nil || string(stamp) != "new" {
			t.Fatalf("%q, %v", stamp, err)
		}
	}
	y.Close()
}

func TestNamesAreFoundThoughTheFileWasWrittenWithAnotherFolding(t *testing.T) {
	files, key := newDisk(1), testKey()
	now := namesNow
	defer func() { namesNow = now }()
	namesNow = func() uint64 { return now() + 1 }
	b := must[*Builder](t)(Build(files, key))
	var rows []Row
	for i := range 200 {
		rows = append(rows, row(key, i, i, fmt.Sprint("王", i%10)))
	}
	if err := errors.Join(b.Add(rows), b.Write(nil, []gongxin.ListingID{listing(3)})); err != nil {
		t.Fatal(err)
	}
	b.view.name = newTable(0, loadOfOthers) // what the file has is of no use
	x := must[*Index](t)(b.Finish(nil))
	must[*Step](t)(x.Write([]Row{row(key, 500, 500, "王3")}, []gongxin.ListingID{listing(13)}, nil)).Publish()
	x.Close()
	namesNow = now
	x, _, err := Open(files, key)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range 10 {
		want := 20
		if i == 3 {
			want = 19
		}
		if hits, err := x.View().ByName(fmt.Sprint("王", i), 1000, nil); err != nil || len(hits) != want {
			t.Errorf("%d: %d hits, %v", i, len(hits), err)
		}
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	if s := fmt.Sprintf("%v %+v %#v %s", testKey(), testKey(), testKey(), testKey()); strings.Contains(s, "7") {
		t.Errorf("printed: %s", s)
	}
}

func TestMarksAreOfTheNumberAndTheKeyAlone(t *testing.T) {
	a, b := newSecrets(testKey()), newSecrets(Key{1})
	if x, y := a.mark(citizen(1)), b.mark(citizen(1)); x.Hash == y.Hash || x.Tag == y.Tag || x.IsZero() {
		t.Error("marks do not depend on the key")
	}
	if !a.mark(identity.Number{}).IsZero() {
		t.Error("no number has a mark")
	}
	credit, _, err := identity.Parse(synthetic.CreditCode(1), identity.CreditCode)
	if err != nil {
		t.Fatal(err)
	}
	code, ok := credit.Organisation()
	if !ok || a.mark(credit) != a.mark(code) || a.mark(credit) == a.mark(citizen(1)) {
		t.Error("a credit code and the organisation code inside it have different marks")
	}
	if n := citizen(1); a.numbers.hashBytes([]byte(n.Full())) != a.mark(n).Hash || a.numbers.hashBytes([]byte(code.Full())) != a.mark(code).Hash {
		t.Error("bytes have another hash than the number")
	}
}

func TestBirthAndSexComeFromTheCitizenNumber(t *testing.T) {
	s := newSecrets(testKey())
	n := citizen(17)
	if e := s.entry(gongxin.Entry{Subject: gongxin.Subject{Name: "王小明", Number: n}}); e.Born != 1950 || e.Sex != n.Sex() || e.Mark != s.mark(n) || e.Masked != n.String() {
		t.Errorf("%+v", e)
	}
	if e := s.entry(gongxin.Entry{Subject: gongxin.Subject{Name: "王小明", Sex: identity.Male, Age: 40}}); e.Born != 0 || e.Sex != "" || !e.Mark.IsZero() {
		t.Errorf("without a number: %+v", e)
	}
}
