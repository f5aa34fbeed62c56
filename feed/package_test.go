package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// manifest describes a package of l from one sequence to its end.
func (l *hubLog) manifest(from uint64) Manifest {
	return Manifest{Origin: testOrigin, From: from, To: l.tree.Size(), Made: noon, Next: gongxin.MustDay("2017-04-10"), Gate: "island", Department: "海岛部门"}
}

// pack writes the package that m describes with what l holds.
func (l *hubLog) pack(m Manifest, snapshot []byte, more ...Content) []byte {
	l.t.Helper()
	b, err := l.tryPack(m, snapshot, more...)
	if err != nil {
		l.t.Fatal(err)
	}
	return b
}

func (l *hubLog) tryPack(m Manifest, snapshot []byte, more ...Content) ([]byte, error) {
	l.t.Helper()
	begins, content := m.From, []Content{BytesContent(CheckpointMember, l.heads[m.To]), BytesContent(PackageList, []byte("名单\r\n"))}
	if snapshot != nil {
		begins = l.sizeOf(snapshot)
		content = append(content, BytesContent(SnapshotMember(begins), snapshot))
	}
	for at := begins; at < m.To; { // two members, so that one continues the other
		end := m.To
		for size := range l.heads {
			if size > at && size < end {
				end = size
			}
		}
		c := Changes{After: at, Records: l.records[at:end], Checkpoint: l.heads[end]}
		content = append(content, BytesContent(ChangesMember(at, end), encode(l.t, c)))
		at = end
	}
	var b bytes.Buffer
	_, err := WritePackage(&b, l.signer.SignText, m, append(content, more...))
	return b.Bytes(), err
}

// sizeOf returns the size of a snapshot of l.
func (l *hubLog) sizeOf(file []byte) uint64 {
	at, _, err := ReadSnapshot(bytes.NewReader(file), l.follower(), func(Change) error { return nil })
	if err != nil {
		l.t.Fatal(err)
	}
	return at.Head.Size
}

func (l *hubLog) read(b []byte) (*Package, error) {
	return ReadPackage(bytes.NewReader(b), int64(len(b)), l.verifier)
}

func TestPackageOfChangesIsFollowed(t *testing.T) {
	l := story(t)
	p, err := l.read(l.pack(l.manifest(0), nil))
	if err != nil {
		t.Fatal(err)
	}
	at, held := Position{}, heldMap{}
	for at.Tree.Size() < p.To {
		c, err := p.Source().Changes(context.Background(), at.Tree.Size(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		next, changes, err := l.follower().Advance(at, held, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := held.Apply(changes); err != nil {
			t.Fatal(err)
		}
		at = next
	}
	if at.Head != p.Head || len(held) != int(p.Head.Count) {
		t.Errorf("at %v with %d in force, want %v", at.Head, len(held), p.Head)
	}
	c, err := p.Source().Changes(context.Background(), p.To, time.Hour)
	if err != nil || len(c.Records) != 0 || !bytes.Equal(c.Checkpoint, p.Checkpoint()) {
		t.Errorf("at its end it gives %d records, %v", len(c.Records), err)
	}
	// From within a member as well.
	if c, err = p.Source().Changes(context.Background(), 1, 0); err != nil || c.After != 1 || len(c.Records) == 0 {
		t.Errorf("after 1: after %d, %d records, %v", c.After, len(c.Records), err)
	}
	if _, err := p.Source().Snapshot(context.Background()); gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT" {
		t.Errorf("snapshot of a delta: %v", err)
	}
}

func TestAPackageMayEndWithACheckpointOfManyWitnesses(t *testing.T) {
	l := story(t)
	own := bytes.Clone(l.heads[l.tree.Size()])
	var known []*ledger.Witness
	with := bytes.Clone(own)
	for i := range 16 {
		w, ours := newWitness(t, strings.Repeat("w", 100)+string(rune('a'+i))+".example", uint64(100+i), l)
		line, err := w.add(own, nil)
		if err != nil {
			t.Fatal(err)
		}
		with, known = append(with, line...), append(known, ours)
	}
	if len(with) <= ledger.MaxCheckpoint {
		t.Fatalf("only %d bytes", len(with))
	}
	l.heads[l.tree.Size()] = with
	p, err := l.read(l.pack(l.manifest(0), nil))
	if err != nil || !bytes.Equal(p.Checkpoint(), with) {
		t.Fatalf("%v", err)
	}
	f := l.follower()
	f.Witnesses = Witnesses{known, 16}
	c, err := p.Source().Changes(context.Background(), p.To, 0)
	if err == nil {
		_, err = f.Open(Position{}, c.Checkpoint)
	}
	if err != nil {
		t.Errorf("the witnesses are not found: %v", err)
	}
}

func TestFullPackageBeginsWithTheSnapshot(t *testing.T) {
	l := story(t)
	snapshot := l.snapshot()
	l.admit(7)
	l.sign()
	m := l.manifest(0)
	m.Full = true
	p, err := l.read(l.pack(m, snapshot))
	if err != nil {
		t.Fatal(err)
	}
	held := heldMap{}
	at, err := Bootstrap(context.Background(), p.Source(), l.follower(), Position{}, held)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Source().Changes(context.Background(), at.Tree.Size(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if at, _, err = l.follower().Advance(at, held, c); err != nil || at.Head != p.Head {
		t.Errorf("at %v: %v", at.Head, err)
	}
	if _, err := p.Source().Changes(context.Background(), 2, 0); gongxin.CodeOf(err) != "FEED_GAP" {
		t.Errorf("changes from before the snapshot: %v", err)
	}
}

func TestPackageThatDoesNotContinue(t *testing.T) {
	l := story(t)
	p, err := l.read(l.pack(l.manifest(3), nil))
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[uint64]string{0: "PACKAGE_GAP", 2: "PACKAGE_GAP", 3: "", 4: "", 99: ""} {
		if got := gongxin.CodeOf(p.Continues(size)); got != want {
			t.Errorf("held %d: got %q, want %q", size, got, want)
		}
	}
	var e *gongxin.Error
	if err := p.Continues(1); !errors.As(err, &e) || !strings.Contains(e.What().EN, "events 2 to 3 are missing") {
		t.Errorf("got %v", err)
	}
}

// A hub that has handed its log over signs with the new key.
func TestPackageOfAHubWithAnotherKey(t *testing.T) {
	l := story(t)
	old := l.verifier
	l.signer, l.verifier = newKeys(t, testOrigin, 99)
	l.sign()
	b := l.pack(l.manifest(0), nil)
	for name, tt := range map[string]struct {
		keys []*ledger.Verifier
		want string
	}{"the old key": {[]*ledger.Verifier{old}, "PACKAGE_KEY"}, "the new key": {[]*ledger.Verifier{l.verifier}, ""}, "both": {[]*ledger.Verifier{old, l.verifier}, ""}} {
		if _, err := ReadPackage(bytes.NewReader(b), int64(len(b)), tt.keys...); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// Whatever byte is changed, and however it is cut or continued, it is found.
func TestEveryChangedByteOfAPackageIsFound(t *testing.T) {
	l := newLog(t)
	l.admit(0)
	l.sign()
	whole := l.pack(l.manifest(0), nil, BytesContent(PackageReadmeZH, []byte("说明")))
	if _, err := l.read(whole); err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(whole)
	for i := range b {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			b[i] ^= flip
			if _, err := l.read(b); !strings.HasPrefix(gongxin.CodeOf(err), "PACKAGE_") {
				t.Errorf("byte %d with %02x flipped: %v", i, flip, err)
			}
			b[i] ^= flip
		}
	}
	for n := range whole {
		if _, err := l.read(whole[:n]); gongxin.CodeOf(err) != "PACKAGE_MALFORMED" && gongxin.CodeOf(err) != "PACKAGE_KEY" {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := l.read(append(bytes.Clone(whole), 0)); gongxin.CodeOf(err) != "PACKAGE_MALFORMED" {
		t.Errorf("with a byte more: %v", err)
	}
}

func TestPackageOfSomebodyElse(t *testing.T) {
	l := story(t)
	b := l.pack(l.manifest(0), nil)
	for name, key := range map[string]struct {
		origin string
		seed   uint64
	}{"another key": {testOrigin, 99}, "another log": {"other.example/list", 1}} {
		_, v := newKeys(t, key.origin, key.seed)
		if _, err := ReadPackage(bytes.NewReader(b), int64(len(b)), v); gongxin.CodeOf(err) != "PACKAGE_KEY" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatNoPackageCanBe(t *testing.T) {
	l := story(t)
	snapshot := l.snapshot()
	for _, tt := range []struct {
		name   string
		change func(*Manifest)
		with   []byte
		more   []Content
		want   string
	}{
		{"a path outside", func(*Manifest) {}, nil, []Content{BytesContent("../hub.key", nil)}, "PACKAGE_MALFORMED"},
		{"an absolute path", func(*Manifest) {}, nil, []Content{BytesContent("/etc/passwd", nil)}, "PACKAGE_MALFORMED"},
		{"a path within another", func(*Manifest) {}, nil, []Content{BytesContent("changes/../x.gxc", nil)}, "PACKAGE_MALFORMED"},
		{"two members of one name", func(*Manifest) {}, nil, []Content{BytesContent(PackageList, nil)}, "PACKAGE_MALFORMED"},
		{"changes twice", func(*Manifest) {}, nil, []Content{BytesContent(ChangesMember(0, 1), nil)}, "PACKAGE_MALFORMED"},
		{"a snapshot in a delta", func(*Manifest) {}, snapshot, nil, "PACKAGE_MALFORMED"},
		{"a full one that begins later", func(m *Manifest) { m.Full, m.From = true, 3 }, nil, nil, "PACKAGE_MALFORMED"},
		{"a department of two lines", func(m *Manifest) { m.Department = "甲\n乙" }, nil, nil, "PACKAGE_MALFORMED"},
		{"no department", func(m *Manifest) { m.Department = "" }, nil, nil, "PACKAGE_MALFORMED"},
		{"a gate that is a path", func(m *Manifest) { m.Gate = "../x" }, nil, nil, "PACKAGE_MALFORMED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := l.manifest(0)
			tt.change(&m)
			if _, err := l.tryPack(m, tt.with, tt.more...); gongxin.CodeOf(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAPackageIsAZIPThatOthersRead(t *testing.T) {
	for _, largest := range []uint64{zipLargest, 100} { // with fields of 64 bits as well
		var b bytes.Buffer
		z := newZIPWriter(&b)
		z.largest = largest
		files := map[string]string{"manifest": "signed", "changes/1-2.gxc": strings.Repeat("x", 300), "说明.txt": "内容"}
		for _, name := range []string{"manifest", "changes/1-2.gxc", "说明.txt"} {
			if err := z.member(name, uint64(len(files[name])), crc(files[name])); err != nil {
				t.Fatal(err)
			}
			if _, err := z.Write([]byte(files[name])); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.end(); err != nil {
			t.Fatal(err)
		}
		r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatalf("largest %d: %v", largest, err)
		}
		for _, f := range r.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in)
			if err != nil || string(got) != files[f.Name] || f.Mode() != 0o600 {
				t.Errorf("largest %d: %s is %q, %v, %v", largest, f.Name, got, f.Mode(), err)
			}
		}
		if len(r.File) != len(files) {
			t.Errorf("largest %d: %d files", largest, len(r.File))
		}
	}
}

func TestPublishingPackagesIntoADirectory(t *testing.T) {
	ctx, l, dir := context.Background(), story(t), filepath.Join(t.TempDir(), "feed")
	first, err := l.read(l.pack(l.manifest(0), nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := first.Publish(ctx, dir); err != nil {
			t.Fatal(err)
		}
	}
	before := l.tree.Size()
	l.admit(8)
	l.sign()
	middle := l.tree.Size()
	l.admit(9)
	l.sign()
	late, err := l.read(l.pack(l.manifest(middle), nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := late.Publish(ctx, dir); gongxin.CodeOf(err) != "PACKAGE_GAP" {
		t.Errorf("a package that does not continue: %v", err)
	}
	next, err := l.read(l.pack(l.manifest(before), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Package{next, first} { // the older one again changes nothing
		if err := p.Publish(ctx, dir); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil || !bytes.Equal(checkpoint, next.Checkpoint()) {
		t.Errorf("the checkpoint is %q, %v", checkpoint, err)
	}
	c, err := DirSource{dir}.Changes(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if at, _, err := l.follower().Advance(Position{}, heldMap{}, c); err != nil || at.Head != next.Head {
		t.Errorf("follows to %v: %v", at.Head, err)
	}
}

func FuzzReadPackage(f *testing.F) {
	l := newLog(f)
	l.admit(0)
	l.sign()
	whole := l.pack(l.manifest(0), nil)
	f.Add(whole)
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		switch _, err := l.read(b); {
		case err != nil && !strings.HasPrefix(gongxin.CodeOf(err), "PACKAGE_"):
			t.Errorf("got %v", err)
		case err == nil && !bytes.Equal(b, whole):
			t.Error("another file passes for the package")
		}
	})
}

// The manifest, behind the signature that keeps a fuzzer out of it.
func FuzzManifest(f *testing.F) {
	l := story(f)
	p, err := l.read(l.pack(l.manifest(0), nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Manifest.text())
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest(text)
		if err != nil {
			if gongxin.CodeOf(err) != "PACKAGE_MALFORMED" {
				t.Errorf("got %v", err)
			}
			return
		}
		if m.text() != text {
			t.Errorf("%q is read as %q", text, m.text())
		}
	})
}

func crc(s string) uint32 { return crc32.ChecksumIEEE([]byte(s)) }
