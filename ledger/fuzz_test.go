package ledger

import (
	"bytes"
	"testing"
)

func FuzzParseLeaf(f *testing.F) {
	f.Add(someLeaf().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := ParseLeaf(b); err == nil && !bytes.Equal(l.Append(nil), b) {
			t.Errorf("%x is written as %x", b, l.Append(nil))
		}
	})
}

func FuzzOpen(f *testing.F) {
	s, v := newKeys(f, testOrigin, 1)
	b, err := s.Sign(someHead())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, c []byte) {
		if h, err := v.Open(c); err == nil && (h != someHead() || !bytes.Equal(b, c)) {
			t.Errorf("opened %+v from %q", h, c)
		}
		if origin, h, err := parseHead(string(c)); err == nil && h.text(origin) != string(c) {
			t.Errorf("%q is written as %q", c, h.text(origin))
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/8")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		level, index, width, err := ParseTilePath(path)
		if err == nil && TilePath(level, index, width) != path {
			t.Errorf("%q is written as %q", path, TilePath(level, index, width))
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add(make([]byte, 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		var tree Tree
		if tree.UnmarshalBinary(b) != nil {
			return
		}
		tree.Root()
		if again, err := tree.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x, %v", b, again, err)
		}
	})
}
