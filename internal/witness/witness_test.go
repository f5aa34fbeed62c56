package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"gongxin/ledger"
)

var noon = time.Date(2017, 4, 1, 4, 0, 0, 0, time.UTC)

// A testLog grows leaf by leaf and keeps its stored hashes, with the packages of
// x/mod and none of ours.
type testLog struct {
	t      *testing.T
	signer note.Signer
	key    string
	name   string
	hashes []tlog.Hash
	n      int64
}

func newLog(t *testing.T, name string, salt byte) *testLog {
	t.Helper()
	secret, key, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{salt, 1, 2, 3}, 64)), name)
	if err != nil {
		t.Fatal(err)
	}
	l := &testLog{t: t, key: key, name: name}
	if l.signer, err = note.NewSigner(secret); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *testLog) read(at []int64) (hs []tlog.Hash, err error) {
	for _, i := range at {
		hs = append(hs, l.hashes[i])
	}
	return hs, nil
}

func (l *testLog) grow(n int, word string) *testLog {
	for range n {
		hs, err := tlog.StoredHashes(l.n, []byte(fmt.Sprint(word, l.n)), tlog.HashReaderFunc(l.read))
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes, l.n = append(l.hashes, hs...), l.n+1
	}
	return l
}

// request asks for a cosignature of the log at size, from old.
func (l *testLog) request(old, size int64) []byte {
	l.t.Helper()
	root, err := tlog.TreeHash(size, tlog.HashReaderFunc(l.read))
	if err != nil {
		l.t.Fatal(err)
	}
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\nan extension\n", l.name, size, base64.StdEncoding.EncodeToString(root[:]))}, l.signer)
	if err != nil {
		l.t.Fatal(err)
	}
	var proof tlog.TreeProof
	if old > 0 && old < size {
		if proof, err = tlog.ProveTree(size, old, tlog.HashReaderFunc(l.read)); err != nil {
			l.t.Fatal(err)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	fmt.Fprintln(&b)
	b.Write(checkpoint)
	return b.Bytes()
}

func open(t *testing.T, dir string, logs ...*testLog) *Witness {
	t.Helper()
	c, err := ledger.NewCosigner("witness.example/court", bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Dir: dir, Cosigner: c, Now: func() time.Time { return noon }}
	for _, l := range logs {
		config.Logs = append(config.Logs, l.key)
	}
	w, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func status(err error) int {
	var r *Refusal
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &r):
		return r.Status
	}
	return http.StatusInternalServerError
}

// It cosigns what goes on from what it cosigned, and nothing else; also after it was
// started anew.
func TestItCosignsOnlyALogThatGoesOn(t *testing.T) {
	l, other := newLog(t, "log.example/a", 1).grow(40, "leaf"), newLog(t, "log.example/b", 2).grow(9, "leaf")
	fork := newLog(t, "log.example/a", 1).grow(10, "leaf").grow(30, "changed") // the same key, another history from the eleventh leaf on
	thief := newLog(t, "log.example/a", 3).grow(40, "leaf")
	dir := t.TempDir()
	for _, step := range []struct {
		name    string
		request []byte
		want    int
		size    uint64
	}{
		{"the first", l.request(0, 11), 200, 0},
		{"the same again", l.request(11, 11), 200, 0},
		{"from the beginning again", l.request(0, 12), 409, 11},
		{"further", l.request(11, 12), 200, 0},
		{"a smaller one", l.request(12, 11), 400, 0},
		{"a smaller one, said to be first", l.request(0, 11), 409, 12},
		{"another history of the same size", fork.request(12, 12), 422, 0},
		{"another history, longer", fork.request(12, 40), 422, 0},
		{"no proof", append([]byte("old 12\n"), l.request(0, 40)[len("old 0\n"):]...), 422, 0},
		{"a proof too many", append([]byte("old 12\n"+strings.Repeat("A", 43)+"=\n"), l.request(12, 12)[len("old 12\n"):]...), 422, 0},
		{"another log", other.request(0, 9), 404, 0},
		{"another key", thief.request(12, 40), 403, 0},
		{"nonsense", []byte("old x\n\n"), 400, 0},
		{"far", l.request(12, 40), 200, 0},
	} {
		w := open(t, dir, l)
		line, err := w.Add(step.request)
		if got := status(err); got != step.want {
			t.Errorf("%s: got %d, %v, want %d", step.name, got, err, step.want)
			continue
		}
		var r *Refusal
		if errors.As(err, &r) && r.Size != step.size {
			t.Errorf("%s: says %d, want %d", step.name, r.Size, step.size)
		}
		if err == nil && bytes.Count(line, []byte("\n")) != 1 {
			t.Errorf("%s: answered %q", step.name, line)
		}
	}
}

// What it signs is read by a package that others wrote, and holds the time.
func TestItsLineIsACosignatureV1(t *testing.T) {
	l := newLog(t, "log.example/a", 1).grow(3, "leaf")
	w := open(t, t.TempDir(), l)
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	request := l.request(0, 3)
	resp, err := http.Post(server.URL+"/add-checkpoint", "", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %d %q, %v", resp.StatusCode, line, err)
	}
	v, err := fnote.NewVerifierForCosignatureV1(w.Cosigner.WitnessKey())
	if err != nil {
		t.Fatal(err)
	}
	_, checkpoint, _ := bytes.Cut(request, []byte("\n\n"))
	n, err := note.Open(append(checkpoint, line...), note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := fnote.CoSigV1Timestamp(n.Sigs[0]); err != nil || !at.Equal(noon) {
		t.Errorf("at %v, %v", at, err)
	}
	if resp, err = http.Post(server.URL+"/add-checkpoint", "", bytes.NewReader(request)); err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 409 || string(b) != "3\n" || resp.Header.Get("Content-Type") != "text/x.tlog.size" {
		t.Errorf("got %d %q, %v", resp.StatusCode, b, err)
	}
}

// A witness that has forgotten would cosign anything: it does not start.
func TestADamagedMemoryIsNoEmptyOne(t *testing.T) {
	l := newLog(t, "log.example/a", 1).grow(3, "leaf")
	dir := t.TempDir()
	w := open(t, dir, l)
	if _, err := w.Add(l.request(0, 3)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*.checkpoint")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("log.example/a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(w.Config); err == nil {
		t.Error("it started")
	}
	if _, err := w.Add(l.request(0, 3)); status(err) != 500 {
		t.Errorf("it answered: %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	t := &testing.T{}
	l := newLog(t, "log.example/a", 1).grow(5, "leaf")
	f.Add(l.request(0, 5))
	f.Add(l.request(3, 5))
	f.Add([]byte("old 0\n\nlog.example/a\n5\n"))
	c, err := ledger.NewCosigner("witness.example/court", bytes.Repeat([]byte{9}, 32))
	if err != nil {
		f.Fatal(err)
	}
	w, err := Open(Config{Dir: f.TempDir(), Cosigner: c, Logs: []string{l.key}, Now: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if line, err := w.Add(b); (err == nil) != (len(line) > 0) || err != nil && status(err) == 500 {
			t.Errorf("%q: %q, %v", b, line, err)
		}
	})
}
