package screen

import (
	"errors"
	"sync"
	"testing"

	"gongxin"
)

func TestAReaderSeesTheListBesideAWriter(t *testing.T) {
	dir, key := t.TempDir(), testKey()
	beside := DirReader(dir)
	if _, err := OpenReader(beside, key); !errors.Is(err, ErrNothing) {
		t.Fatalf("without a list: %v", err)
	}
	files := must[*Directory](t)(Dir(dir))
	defer files.Close()
	b := must[*Builder](t)(Build(files, key))
	var rows []Row
	for i := range 300 {
		rows = append(rows, row(key, i, i, "王小明"))
	}
	if err := b.Add(rows); err != nil {
		t.Fatal(err)
	}
	x := must[*Index](t)(b.Finish([]byte("base")))
	defer x.Close()
	must[*Step](t)(x.Write([]Row{row(key, 500, 500, "李四")}, []gongxin.ListingID{listing(3)}, []byte("one"))).Publish()
	r := must[*Reader](t)(OpenReader(beside, key))
	defer r.Close()
	must[*Step](t)(x.Write([]Row{row(key, 600, 600, "李四")}, nil, []byte("two"))).Publish()
	if err := x.Compact(); err != nil { // removes the files that r reads
		t.Fatal(err)
	}
	if string(r.Stamp()) != "one" || r.Len() != 300 {
		t.Errorf("%q, %d listings", r.Stamp(), r.Len())
	}
	for i := range 700 {
		want := i < 300 && i != 3 || i == 500
		n := citizen(i)
		hits, err := r.Lookup(n, nil)
		if err != nil || (len(hits) == 1) != want || want && hits[0].Listing != listing(i) {
			t.Fatalf("%d: %v, %v", i, hits, err)
		}
		out := []bool{false}
		r.Candidates([][]byte{[]byte(n.Full())}, out)
		if got := r.Candidate([]byte(n.Full())); want && !got || got != out[0] {
			t.Errorf("%d: a candidate %v, %v", i, got, out[0])
		}
	}
	for _, s := range []string{"", "1", "320000198001010018320000198001010018"} {
		r.Candidate([]byte(s)) // nothing is demanded but that it answers
	}
	if _, err := beside.Create("x"); err == nil {
		t.Error("a reader may write")
	}
	if _, err := OpenReader(beside, Key{1}); err == nil {
		t.Error("another key")
	}
}

// TestAReaderOpensWhileTheListChanges opens while a writer writes, compacts and builds.
func TestAReaderOpensWhileTheListChanges(t *testing.T) {
	dir, key := t.TempDir(), testKey()
	files := must[*Directory](t)(Dir(dir))
	defer files.Close()
	x := must[*Index](t)(Create(files, key, nil))
	must[*Step](t)(x.Write([]Row{row(key, 1, 1, "王小明")}, nil, nil)).Publish()
	stop, opened := make(chan struct{}), make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			r, err := OpenReader(DirReader(dir), key)
			if err != nil {
				t.Error(err)
				return
			}
			if hits, err := r.Lookup(citizen(1), nil); err != nil || len(hits) != 1 {
				t.Errorf("%v, %v", hits, err)
			}
			r.Close()
			if n == 20 {
				opened <- struct{}{}
			}
		}
	})
	for i := 0; ; i++ {
		s, err := x.Write([]Row{row(key, 1, 1, "王小明"), row(key, i+10, i+10, "李四")}, nil, nil)
		if err != nil {
			t.Error(err)
			break
		}
		s.Publish()
		if i%5 == 4 {
			if err := x.Compact(); err != nil {
				t.Error(err)
				break
			}
		}
		if len(opened) > 0 || t.Failed() {
			break
		}
	}
	close(stop)
	wg.Wait()
	x.Close()
}

func FuzzParseRow(f *testing.F) {
	r := row(testKey(), 1, 1, "王小明")
	f.Add(appendRow(nil, &r))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := parseRow(b)
		if !ok {
			return
		}
		again, ok := parseRow(appendRow(nil, &r))
		if !ok || again != r {
			t.Errorf("%+v became %+v", r, again)
		}
	})
}

func FuzzFooter(f *testing.F) {
	whole := footer{n: 1, recordsEnd: 100, at: 200, shapes: [3]shape{{2, 1, 0, 100}}}
	f.Add(whole.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, again footer
		if got.parse(b) && (!again.parse(got.append(nil)) || again != got) {
			t.Errorf("%+v became %+v", got, again)
		}
	})
}

func FuzzCutRecord(f *testing.F) {
	s := sealer{seal: newSeal(testKey(), nil, "test")}
	r := row(testKey(), 1, 1, "王小明")
	f.Add(s.appendSealed(nil, 48, appendRow(nil, &r)), 0)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		if at < 0 || at > len(b) {
			return
		}
		sealed, next, ok := cutRecord(b, at)
		if ok && (next <= at && at < len(b) || next > len(b) || sealed != nil && len(sealed) < overhead) {
			t.Errorf("%d bytes of record, next %d after %d of %d", len(sealed), next, at, len(b))
		}
	})
}
