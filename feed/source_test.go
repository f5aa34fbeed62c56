package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// serve offers l as a hub does.
func serve(t *testing.T, l *hubLog, snapshot []byte) HTTPSource {
	t.Helper()
	problem := func(w http.ResponseWriter, status int, code string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "detail": "as it is"})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/feed/changes", func(w http.ResponseWriter, r *http.Request) {
		after, err := strconv.ParseUint(r.FormValue("after"), 10, 64)
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			problem(w, http.StatusUnauthorized, "TOKEN_UNKNOWN")
		case err != nil:
			problem(w, http.StatusBadRequest, "QUERY_PARAMETER")
		case after > l.tree.Size():
			problem(w, http.StatusConflict, "FEED_AHEAD")
		default:
			if err := l.since(after).Encode(w); err != nil {
				t.Error(err)
			}
		}
	})
	mux.HandleFunc("GET /v1/feed/snapshot", func(w http.ResponseWriter, r *http.Request) {
		if snapshot == nil {
			problem(w, http.StatusNotFound, "FEED_NO_SNAPSHOT")
			return
		}
		_, _ = w.Write(snapshot)
	})
	mux.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, _ *http.Request) {
		if l.shown != nil {
			_, _ = w.Write(l.shown)
			return
		}
		problem(w, http.StatusServiceUnavailable, "STORE_BUSY")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return HTTPSource{URL: s.URL + "/", Token: "secret"}
}

func TestAFollowerFollowsOverHTTP(t *testing.T) {
	l := story(t)
	file := l.snapshot()
	src := serve(t, l, file)
	held := heldMap{}
	p, err := Bootstrap(t.Context(), src, l.follower(), Position{}, held)
	if err != nil || p.Head != l.head || !maps.Equal(held, l.held) {
		t.Fatalf("at %+v, %v", p.Head, err)
	}
	l.admit(4)
	l.sign()
	c, err := src.Changes(t.Context(), p.Tree.Size(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err = l.follower().Advance(p, held, c); err != nil || p.Head != l.head {
		t.Errorf("at %+v, %v", p.Head, err)
	}
}

func TestAnHTTPSourceSaysWhatTheHubSays(t *testing.T) {
	l := story(t)
	src := serve(t, l, nil)
	stranger := src
	stranger.Token = ""
	nobody := HTTPSource{URL: "http://127.0.0.1:1"}
	answers := func(status int, header, body string) HTTPSource {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return HTTPSource{URL: s.URL}
	}
	for _, tt := range []struct {
		name  string
		src   HTTPSource
		after uint64
		code  string
		kind  gongxin.Kind
		retry time.Duration
	}{
		{"no token", stranger, 0, "FEED_REFUSED", gongxin.KindForbidden, 0},
		{"nobody there", nobody, 0, "FEED_UNREACHABLE", gongxin.KindUnavailable, 0},
		{"not an address", HTTPSource{URL: "::"}, 0, "", "", 0},
		{"the hub is not as far", src, 10, "FEED_ROLLBACK", gongxin.KindConflict, 0},
		{"busy", answers(503, "7", "later"), 0, "FEED_UNREACHABLE", gongxin.KindUnavailable, 7 * time.Second},
		{"too many", answers(429, "x", ""), 0, "FEED_UNREACHABLE", gongxin.KindUnavailable, 0},
		{"a fault at the hub", answers(500, "", strings.Repeat("{", 1<<20)), 0, "FEED_UNREACHABLE", gongxin.KindUnavailable, 0},
		{"another server", answers(404, "", "<html>"), 0, "FEED_REFUSED", gongxin.KindInvalid, 0},
		{"a page instead", answers(200, "", "<html>sign in"), 0, "FEED_MALFORMED", gongxin.KindInvalid, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.src.Changes(t.Context(), tt.after, 0)
			if err == nil || gongxin.CodeOf(err) != tt.code || gongxin.KindOf(err) != tt.kind || RetryAfter(err) != tt.retry {
				t.Errorf("got %v (%s, again after %v)", err, gongxin.KindOf(err), RetryAfter(err))
			}
		})
	}
	if _, err := src.Snapshot(t.Context()); gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT" || gongxin.KindOf(err) != gongxin.KindMissing {
		t.Errorf("no snapshot: %v", err)
	}
}

func TestABrokenConnectionIsNoDamage(t *testing.T) {
	l := story(t)
	file := encode(t, l.since(0))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(file[:100])
		_ = http.NewResponseController(w).Flush()
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.Close()
	}))
	defer s.Close()
	if _, err := (HTTPSource{URL: s.URL}).Changes(t.Context(), 0, 0); err == nil {
		t.Error("no error")
	}
}

func TestAGivenUpRequestEndsAtOnce(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := (HTTPSource{URL: s.URL}).Changes(ctx, 0, time.Minute); !errors.Is(err, context.DeadlineExceeded) || gongxin.CodeOf(err) != "" {
		t.Errorf("got %v", err)
	}
}

// published writes a log as files, one for each commit.
func published(t *testing.T, l *hubLog, ends ...uint64) string {
	t.Helper()
	dir := t.TempDir()
	after := uint64(0)
	for _, end := range ends {
		if err := Publish(dir, Changes{After: after, Records: l.records[after:end], Checkpoint: l.heads[end]}); err != nil {
			t.Fatal(err)
		}
		after = end
	}
	return dir
}

func TestAFollowerFollowsADirectory(t *testing.T) {
	l := story(t)
	dir := published(t, l, 0, 3, 5, 9)
	for after := range uint64(10) { // also from the midst of a file
		c, err := DirSource{dir}.Changes(t.Context(), after, 0)
		if err != nil || c.After != after || len(c.Records) != 9-int(after) || !bytes.Equal(c.Checkpoint, l.heads[9]) {
			t.Fatalf("after %d: %d records after %d, %v", after, len(c.Records), c.After, err)
		}
	}
	c, err := DirSource{dir}.Changes(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err := l.follower().Advance(Position{}, heldMap{}, c); err != nil || p.Head != l.head {
		t.Errorf("at %+v, %v", p.Head, err)
	}
	if size, err := Published(dir); err != nil || size != 9 {
		t.Errorf("published %d, %v", size, err)
	}
	beat := Changes{After: 9, Checkpoint: l.sign()}
	if err := Publish(dir, beat); err != nil {
		t.Fatal(err)
	}
	if c, err := (DirSource{dir}).Changes(t.Context(), 9, 0); err != nil || !bytes.Equal(c.Checkpoint, beat.Checkpoint) {
		t.Errorf("the heartbeat did not arrive: %v", err)
	}
	if c, err := (DirSource{dir}).Changes(t.Context(), 12, time.Hour); err != nil || c.After != 12 || len(c.Records) != 0 {
		t.Errorf("a directory that is not as far: %+v, %v", c, err)
	}
}

func TestPublishingAgainChangesNothing(t *testing.T) {
	l := story(t)
	dir := published(t, l, 3, 5, 9)
	list := func() string {
		var s []string
		err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				s = append(s, fmt.Sprint(strings.TrimPrefix(path, dir), info.Size(), info.ModTime()))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(s, "\n")
	}
	before := list()
	if !strings.Contains(before, "/changes/00000000000000000003-5.gxc") {
		t.Errorf("files are\n%s", before)
	}
	if err := Publish(dir, Changes{After: 3, Records: l.records[3:5], Checkpoint: l.heads[5]}); err != nil {
		t.Fatal(err)
	}
	if after := list(); after != before {
		t.Errorf("files are\n%s\nand were\n%s", after, before)
	}
}

func TestADirectoryWithAMissingOrDamagedFileIsRefused(t *testing.T) {
	l := story(t)
	path := func(dir, name string) string { return filepath.Join(dir, "changes", name) }
	for _, tt := range []struct {
		name   string
		damage func(dir string) error
		after  uint64
		want   string
	}{
		{"the next file is missing", func(dir string) error { return os.Remove(path(dir, "00000000000000000003-5.gxc")) }, 3, "FEED_GAP"},
		{"a file under another name", func(dir string) error {
			return os.Rename(path(dir, "00000000000000000003-5.gxc"), path(dir, "00000000000000000003-6.gxc"))
		}, 3, "FEED_MALFORMED"},
		{"a file cut", func(dir string) error { return os.Truncate(path(dir, "00000000000000000003-5.gxc"), 100) }, 3, "FEED_MALFORMED"},
		{"no checkpoint", func(dir string) error { return os.Remove(filepath.Join(dir, "checkpoint")) }, 3, "FEED_UNREACHABLE"},
		{"a checkpoint of something else", func(dir string) error { return os.WriteFile(filepath.Join(dir, "checkpoint"), []byte("x"), 0o600) }, 3, "FEED_MALFORMED"},
		{"no directory", func(dir string) error { return os.RemoveAll(dir) }, 3, "FEED_UNREACHABLE"},
		{"strange files beside", func(dir string) error { return os.WriteFile(path(dir, "notes.txt"), nil, 0o600) }, 3, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := published(t, l, 3, 5, 9)
			if err := tt.damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := (DirSource{dir}).Changes(t.Context(), tt.after, 0); gongxin.CodeOf(err) != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestADirectoryIsWaitedFor(t *testing.T) {
	l := story(t)
	dir := published(t, l, 3)
	got := make(chan error)
	go func() {
		c, err := DirSource{dir}.Changes(t.Context(), 3, time.Minute)
		if err == nil && len(c.Records) != 2 {
			err = fmt.Errorf("%d records", len(c.Records))
		}
		got <- err
	}()
	if err := Publish(dir, Changes{After: 3, Records: l.records[3:5], Checkpoint: l.heads[5]}); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (DirSource{dir}).Changes(ctx, 5, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestADirectoryOffersItsNewestSnapshot(t *testing.T) {
	l := story(t)
	dir := published(t, l, 9)
	if _, err := (DirSource{dir}).Snapshot(t.Context()); gongxin.CodeOf(err) != "FEED_NO_SNAPSHOT" {
		t.Errorf("none there: %v", err)
	}
	file := l.snapshot()
	for size := uint64(7); size <= 9; size++ {
		content := file
		if size < 9 {
			content = []byte("old")
		}
		if err := PublishSnapshot(dir, size, bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Publish(dir, Changes{After: 9, Records: l.records[9:], Checkpoint: l.heads[10]}); err != nil {
		t.Fatal(err)
	}
	held := heldMap{}
	if p, err := Bootstrap(t.Context(), DirSource{dir}, l.follower(), Position{}, held); err != nil || p.Head != l.head {
		t.Errorf("at %+v, %v", p.Head, err)
	}
	if names, err := snapshotNames(dir); err != nil || len(names) != 2 {
		t.Errorf("kept %v, %v", names, err)
	}
}
