package feed

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// What The Update Framework calls the classic attacks on those who fetch from
// somebody they need not trust. Whoever carries the feed can delay it and nothing else.

func TestAttackRollback(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))
	for _, size := range []uint64{0, 3, 5} {
		r.want("an old answer that ends before", "FEED_ROLLBACK", r.take(Changes{After: size, Checkpoint: l.heads[size]}))
		r.want("an old answer from the beginning", "FEED_ROLLBACK", r.take(Changes{Records: l.records[:size], Checkpoint: l.heads[size]}))
	}
	r.want("all of it again", "FEED_GAP", r.take(l.since(0)))

	// Through sources: a directory from last week, a hub that says it is not as far.
	src := DirSource{published(t, l, 3, 5)}
	c, err := src.Changes(t.Context(), 9, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.want("an old directory", "FEED_ROLLBACK", r.take(c))
	old := story(t)
	old.shown = old.heads[9]
	l.admit(5)
	l.sign()
	r.want("one more", "", r.all(l))
	c, err = serve(t, old, nil).Changes(t.Context(), 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.want("an old copy of the hub", "FEED_ROLLBACK", r.take(c))
	old.now = l.now.Add(time.Hour)
	old.shown = old.sign()
	c, err = serve(t, old, nil).Changes(t.Context(), 10, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.want("a hub that went back and went on", "FEED_FORK", r.take(c))
}

func TestAttackFreeze(t *testing.T) {
	l := story(t)
	r := follow(t, l)
	r.want("the log", "", r.all(l))
	signed := r.at.Head.At
	first := l.heads[9]
	beats := [][]byte{first, l.sign(), l.sign()}
	l.admit(5)
	l.sign()
	for range 3 { // whoever withholds what is new can repeat what was
		r.want("the same again", "", r.take(Changes{After: 9, Checkpoint: beats[0]}))
	}
	if r.at.Head.At != signed {
		t.Errorf("repeating has made the copy younger: %v, signed at %v", r.at.Head.At, signed)
	}
	r.want("a later heartbeat", "", r.take(Changes{After: 9, Checkpoint: beats[2]}))
	r.want("back to an earlier one", "FEED_TIME", r.take(Changes{After: 9, Checkpoint: beats[1]}))
	r.want("back to the first", "FEED_TIME", r.take(Changes{After: 9, Checkpoint: beats[0]}))
	if want := signed.Add(2 * time.Second); r.at.Head.At != want {
		t.Errorf("the age shows as of %v, want %v", r.at.Head.At, want)
	}
}

func TestAttackMixAndMatch(t *testing.T) {
	l := story(t)
	first := l.snapshot() // at 9, in 10
	at10 := l.tree.Size()
	l.admit(5)
	second := l.snapshot() // at 11, in 12
	for _, tt := range []struct {
		name string
		c    Changes
		want string
	}{
		{"a newer checkpoint over fewer changes", Changes{Records: l.records[:9], Checkpoint: l.heads[11]}, "FEED_GAP"},
		{"an older checkpoint over more changes", Changes{Records: l.records[:9], Checkpoint: l.heads[5]}, "FEED_GAP"},
		{"changes of another place", Changes{Records: l.records[3:8], Checkpoint: l.heads[5]}, "FEED_ROOT"},
		{"changes of another place, as if they followed", Changes{After: 3, Records: l.records[3:5], Checkpoint: l.heads[5]}, "FEED_GAP"},
	} {
		r := follow(t, l)
		r.want(tt.name, tt.want, r.take(tt.c))
	}

	header := func(file []byte) (head, rest []byte) {
		var content []byte
		reseal(t, file, func(b []byte) []byte { content = b; return b })
		in := cursor{b: content}
		in.bytes(1)
		in.text(ledger.MaxCheckpoint)
		in.text(maxTree)
		return content[:len(content)-len(in.b)], in.b
	}
	oldHead, oldList := header(first)
	newHead, newList := header(second)
	mixed := func(head, list []byte) []byte {
		return reseal(t, first, func([]byte) []byte { return append(bytes.Clone(head), list...) })
	}
	for _, tt := range []struct {
		name string
		file []byte
		to   uint64
		want string
	}{
		{"the snapshot of one moment", mixed(newHead, newList), 0, ""},
		{"the head of one and the list of another", mixed(newHead, oldList), 0, "FEED_COUNT"},
		{"the list of one and the head of another", mixed(oldHead, newList), 0, "FEED_MALFORMED"},
		{"a snapshot with changes that do not reach what commits to it", second, at10, "FEED_ROLLBACK"},
		{"an old snapshot with all that came since", first, 0, ""},
	} {
		src := logSource{l: l, snapshot: tt.file, to: tt.to}
		_, err := Bootstrap(t.Context(), src, l.follower(), Position{}, heldMap{})
		if got := gongxin.CodeOf(err); got != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAttackWrongKey(t *testing.T) {
	l := story(t)
	mallory, _ := newKeys(t, testOrigin, 66)
	other, _ := newKeys(t, "credit.example/other", 1)
	r := follow(t, l)
	own := l.signer
	for _, tt := range []struct {
		name string
		by   *ledger.Signer
		want string
	}{{"a key of the same name", mallory, "FEED_KEY"}, {"a key of another name", other, "FEED_ORIGIN"}} {
		l.signer = tt.by
		l.sign()
		r.want(tt.name, tt.want, r.all(l))
		file := l.snapshot()
		if _, err := Bootstrap(t.Context(), logSource{l: l, snapshot: file}, r.f, Position{}, heldMap{}); gongxin.CodeOf(err) != tt.want {
			t.Errorf("a snapshot by %s: %v", tt.name, err)
		}
	}
	// Beside the right signature another one changes nothing: it may be a witness's.
	l.signer = own
	right := l.sign()
	l.signer = mallory
	wrong := l.sign()
	line := wrong[bytes.LastIndex(wrong, []byte("\n— "))+1:]
	l.heads[l.tree.Size()] = append(bytes.Clone(right), line...)
	r.want("both signatures", "", r.all(l))
	if r.at.Seen[0].Checkpoint != string(right) {
		t.Errorf("kept %q", r.at.Seen[0].Checkpoint)
	}
}

// A counter counts what is read of it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// A repeater gives b again and again.
type repeater struct{ b, rest []byte }

func (e *repeater) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.b
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestAttackEndlessData(t *testing.T) {
	l := story(t)
	block := func(content []byte) []byte {
		frame := encoder.EncodeAll(content, nil)
		b := binary.BigEndian.AppendUint32(nil, uint32(len(frame)))
		return append(binary.BigEndian.AppendUint32(b, uint32(len(content))), frame...)
	}
	record, err := appendRecord(nil, l.records[0])
	if err != nil {
		t.Fatal(err)
	}
	head := appendText(binary.AppendUvarint([]byte{0}, 1<<40), l.heads[9]) // so many are promised
	edge, err := l.trees[9].MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	beginning := appendText(appendText([]byte{byte(l.audience)}, l.heads[9]), edge)
	records := bytes.Repeat(record, 500)
	listings := bytes.Repeat(append([]byte{1}, record...), 500)
	after := func(parts ...[]byte) io.Reader {
		return io.MultiReader(bytes.NewReader(bytes.Join(parts[:len(parts)-1], nil)), &repeater{b: parts[len(parts)-1]})
	}
	huge := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, maxStored), maxBlock)
	const bound = MaxChanges + 3*maxStored
	for _, tt := range []struct {
		name string
		r    io.Reader
		read func(io.Reader) error
	}{
		{"nothing but zeros", &repeater{b: make([]byte, 4096)}, changesOf},
		{"blocks without end", after([]byte(changesMagic), block(head), block(records)), changesOf},
		{"a block without end", after([]byte(changesMagic), huge, make([]byte, 4096)), changesOf},
		{"a block that decodes to more than it says", after([]byte(changesMagic), binary.BigEndian.AppendUint32(block(make([]byte, 1<<22))[:4], 100), block(make([]byte, 1<<22))[8:], records), changesOf},
		{"a snapshot of zeros", &repeater{b: make([]byte, 4096)}, snapshotOfAny(l)},
		{"a snapshot without end", after([]byte(snapshotMagic), block(beginning), block(listings)), snapshotOfAny(l)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &counter{r: tt.r}
			err := tt.read(c)
			if code := gongxin.CodeOf(err); code == "" || c.n > bound {
				t.Errorf("read %d bytes, then %v", c.n, err)
			}
		})
	}

	// A checkpoint without end, from a hub and on a disk.
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/checkpoint" {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"FEED_AHEAD"}`)
			return
		}
		_, _ = io.CopyN(w, after(l.heads[9], []byte("— x AAAAAAA=\n")), 1<<30) // ends when the client does
	}))
	t.Cleanup(s.Close)
	if _, err := (HTTPSource{URL: s.URL}).Changes(t.Context(), 12, 0); gongxin.CodeOf(err) != "FEED_ROLLBACK" {
		t.Errorf("a hub with a checkpoint without end: %v", err)
	}
	dir := published(t, l, 9)
	if err := os.Truncate(filepath.Join(dir, checkpointFile), 1<<33); err != nil { // sparse: 8 GiB that take no room
		t.Fatal(err)
	}
	c, err := DirSource{dir}.Changes(t.Context(), 9, 0)
	if err == nil && len(c.Checkpoint) > ledger.MaxWitnessed+1 {
		t.Errorf("read a checkpoint of %d bytes", len(c.Checkpoint))
	}
}

func changesOf(r io.Reader) error { _, err := ReadChanges(r); return err }

func snapshotOfAny(l *hubLog) func(io.Reader) error {
	return func(r io.Reader) error {
		_, _, err := ReadSnapshot(r, l.follower(), func(Change) error { return nil })
		return err
	}
}
