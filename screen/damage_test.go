package screen

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// damagedList is a list of some rows in base and log, its files, and what it holds after
// each step.
func damagedList(t *testing.T) (files *disk, states map[string]naive) {
	files = newDisk(1)
	key := testKey()
	b := must[*Builder](t)(Build(files, key))
	var rows []Row
	for i := range 6 {
		rows = append(rows, row(key, i, i, propertyNames[i]))
	}
	if err := errors.Join(b.Add(rows), b.Write(nil, []gongxin.ListingID{rows[2].Listing})); err != nil {
		t.Fatal(err)
	}
	states = map[string]naive{"base": naive{}.with(rows, []gongxin.ListingID{rows[2].Listing})}
	x := must[*Index](t)(b.Finish([]byte("base")))
	put, gone := []Row{row(key, 7, 1, "王小明"), row(key, 0, 9, "李四")}, []gongxin.ListingID{rows[4].Listing}
	must[*Step](t)(x.Write(put, gone, []byte("one"))).Publish()
	states["one"] = states["base"].with(put, gone)
	put = []Row{row(key, 8, 8, "王小朋")}
	must[*Step](t)(x.Write(put, nil, []byte("two"))).Publish()
	states["two"] = states["one"].with(put, nil)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return files, states
}

// reopened opens what lies in files, compares it with what it should be at its stamp, and
// gives the stamp.
func reopened(t *testing.T, files *disk, states map[string]naive) (string, error) {
	t.Helper()
	x, stamp, err := Open(files, testKey())
	if err != nil {
		return "", err
	}
	defer x.Close()
	want, ok := states[string(stamp)]
	if !ok {
		t.Fatalf("the stamp %q", stamp)
	}
	if diff, err := want.differs(x.View()); diff != "" || err != nil {
		t.Fatalf("at %q: %s %v", stamp, diff, err)
	}
	return string(stamp), nil
}

func TestDamageOfAnyByteIsNamed(t *testing.T) {
	files, states := damagedList(t)
	if stamp, err := reopened(t, files, states); err != nil || stamp != "two" {
		t.Fatalf("%q, %v", stamp, err)
	}
	for _, name := range []string{currentName, "list-1.base", "list-1.log"} {
		f := files.names[name]
		whole := f.data
		put := func(b []byte) { f.data = b }
		named := func(what string) {
			t.Helper()
			var d *Damage
			if stamp, err := reopened(t, files, states); !errors.As(err, &d) || d.File != name {
				t.Errorf("%s: %s: %q, %v", name, what, stamp, err)
			}
		}
		step := 1
		if len(whole) > 4000 && testing.Short() {
			step = 7
		}
		for at := 0; at < len(whole); at += step {
			b := slices.Clone(whole)
			b[at] ^= byte(1 << (at % 8))
			put(b)
			named(fmt.Sprintf("byte %d of %d changed", at, len(whole)))
		}
		for size := 0; size < len(whole); size += step {
			put(whole[:size])
			if name != "list-1.log" {
				named(fmt.Sprintf("cut to %d of %d", size, len(whole)))
			} else if stamp, err := reopened(t, files, states); err != nil || stamp == "two" { // like a write that a kill cut off
				t.Errorf("%s cut to %d of %d: %q, %v", name, size, len(whole), stamp, err)
			}
		}
		put(append(slices.Clone(whole), "and more than was written, of any length at all, as long as it is not nothing: that is not a step"...))
		named("longer")
		delete(files.names, name)
		if name != currentName {
			named("missing")
		} else if _, err := reopened(t, files, states); !errors.Is(err, ErrNothing) {
			t.Errorf("without %s: %v", name, err)
		}
		files.names[name] = f
		put(whole)
	}
}

func TestRecordsOfOneSizeCannotChangePlaces(t *testing.T) {
	files, states := damagedList(t)
	whole := files.names["list-1.base"].data
	_, second, ok := cutRecord(whole, headerSize)
	_, third, also := cutRecord(whole, second)
	if !ok || !also || third-second != second-headerSize {
		t.Fatal("the first two records are not of one size")
	}
	swapped := slices.Clone(whole)
	copy(swapped[headerSize:], whole[second:third])
	copy(swapped[second:], whole[headerSize:second])
	files.names["list-1.base"].data = swapped
	var d *Damage
	if _, err := reopened(t, files, states); !errors.As(err, &d) {
		t.Errorf("%v", err)
	}
}

func TestAFileOfAnotherListIsDamage(t *testing.T) {
	files, states := damagedList(t)
	other, _ := damagedList(t)
	for _, name := range []string{"list-1.base", "list-1.log"} {
		own := files.names[name]
		files.names[name] = other.names[name]
		var d *Damage
		if _, err := reopened(t, files, states); !errors.As(err, &d) {
			t.Errorf("%s of another list: %v", name, err)
		}
		files.names[name] = own
	}
}

// TestDamageWhileServingIsAnErrorAndNeverAWrongAnswer changes bytes under an open index.
func TestDamageWhileServingIsAnErrorAndNeverAWrongAnswer(t *testing.T) {
	files, states := damagedList(t)
	x, _, err := Open(files, testKey())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	seen := 0
	for _, name := range []string{"list-1.base", "list-1.log"} {
		data := files.names[name].data
		for at := range min(len(data), 3000) {
			data[at] ^= 0x10
			var d *Damage
			switch diff, err := states["two"].differs(x.View()); {
			case errors.As(err, &d):
				seen++
			case err != nil || diff != "":
				t.Errorf("%s: byte %d changed: %s %v", name, at, diff, err)
			}
			data[at] ^= 0x10
		}
	}
	if seen < 1000 {
		t.Errorf("only %d changes were noticed", seen)
	}
}

func TestTheFilesTellNobodysNameOrNumber(t *testing.T) {
	files, _ := damagedList(t)
	for name, f := range files.names {
		for _, secret := range []string{"王", "小明", "永安", citizen(1).Full(), citizen(1).Full()[6:14], citizen(1).String(), "苏0505"} {
			if strings.Contains(string(f.data), secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
}

func TestADirectoryHasOneWriter(t *testing.T) {
	dir := t.TempDir()
	d := must[*Directory](t)(Dir(dir))
	if _, err := Dir(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("a second writer: %v", err)
	}
	d.Close()
	must[*Directory](t)(Dir(dir)).Close()
}
