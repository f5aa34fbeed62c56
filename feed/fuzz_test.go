package feed

import (
	"bytes"
	"reflect"
	"testing"

	"gongxin"
)

func FuzzReadChanges(f *testing.F) {
	l := story(f)
	f.Add(encode(f, l.since(0)))
	f.Add(encode(f, Changes{After: 9, Checkpoint: l.heads[9]}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadChanges(bytes.NewReader(b))
		if err != nil {
			if gongxin.CodeOf(err) != "FEED_MALFORMED" {
				t.Errorf("got %v", err)
			}
			return
		}
		again, err := ReadChanges(bytes.NewReader(encode(t, c)))
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("read again: %v", err)
		}
	})
}

// The content of the blocks, behind the hash that keeps a fuzzer out of them.
func FuzzChangesContent(f *testing.F) {
	l := story(f)
	r, err := newBlockReader(bytes.NewReader(encode(f, l.since(0))), changesMagic)
	if err != nil {
		f.Fatal(err)
	}
	content, err := r.next()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	follower := l.follower()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > maxBlock {
			return
		}
		var file bytes.Buffer
		w, err := newBlockWriter(&file, changesMagic)
		if err != nil {
			t.Fatal(err)
		}
		w.block = b
		if _, err := w.end(); err != nil {
			t.Fatal(err)
		}
		c, err := ReadChanges(&file)
		if err != nil {
			return
		}
		if again, err := ReadChanges(bytes.NewReader(encode(t, c))); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("read again: %v", err)
		}
		if p, _, err := follower.Advance(Position{}, heldMap{}, c); err == nil && l.heads[p.Tree.Size()] == nil {
			t.Errorf("accepted a log of %d that was never signed", p.Tree.Size())
		}
	})
}

func FuzzReadSnapshot(f *testing.F) {
	l := story(f)
	f.Add(l.snapshot())
	follower := l.follower()
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _, err := read(follower, b)
		if err != nil && gongxin.CodeOf(err) == "" {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzPosition(f *testing.F) {
	l := story(f)
	p, _, err := l.follower().Advance(Position{}, heldMap{}, l.since(0))
	if err != nil {
		f.Fatal(err)
	}
	b, err := p.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again Position
		if p.UnmarshalBinary(b) != nil {
			return
		}
		c, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(c); err != nil || again != p {
			t.Errorf("read again: %v", err)
		}
	})
}
