package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/feed"
)

// petitions is how many reports fill makes beside those of outcomes.
const petitions = 4

// fill makes a gate's directory with a list of people, every third of them
// withdrawn, a few outcomes, and what officers did with two of those that stand,
// and returns who is listed.
func (h *hub) fill(t *testing.T, dir string) map[int]gongxin.ListingID {
	t.Helper()
	listed := map[int]gongxin.ListingID{}
	for n := range people {
		listed[n] = h.admit(entry(t, n))
	}
	g, err := Open(h.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	h.catchUp(t, g)
	for n := range people {
		d := g.person(t, n)
		if n != 1 && n != 2 {
			continue
		}
		if err := g.Keep(t.Context(), Keep{Reference: d.Reference, Ground: law, Until: gongxin.MustDay("2017-05-01"), By: "李科长"}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.FileReview(t.Context(), d.Reference, "请复核", "王"); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			_, err = g.AnswerReview(t.Context(), d.Reference, false, "名单仍然有效", "赵")
		} else {
			_, err = g.ProposeReview(t.Context(), listed[n], "当事人出示了结案通知书")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 0; n < people; n += 3 {
		h.withdraw(listed[n])
		delete(listed, n)
	}
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return listed
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte of the file at path: any one, or half the time one that is
// not 0, because databases are mostly empty.
func flip(t *testing.T, path string, r *rand.Rand) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := r.IntN(len(b))
	for full := r.IntN(2) == 0; full && b[i] == 0; {
		i = r.IntN(len(b))
	}
	b[i] ^= byte(1 + r.IntN(255))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// listFiles are the files of the list in the gate's directory dir.
func listFiles(t *testing.T, dir string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, listDir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "lock" {
			paths = append(paths, filepath.Join(dir, listDir, e.Name()))
		}
	}
	return paths
}

// ruin writes over all of the list in dir.
func ruin(t *testing.T, dir string) {
	t.Helper()
	for _, path := range listFiles(t, dir) {
		put(t, path, bytes.Repeat([]byte("junk"), 5000))
	}
}

// harm damages a file of the list in dir in some way, and says how. older is the
// directory of the same gate some time before.
func harm(t *testing.T, dir, older string, r *rand.Rand) string {
	t.Helper()
	paths := listFiles(t, dir)
	path := paths[r.IntN(len(paths))]
	name := filepath.Base(path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch n := r.IntN(14); n {
	case 0:
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return name + " is gone"
	case 1:
		cut := r.IntN(len(b) + 1)
		put(t, path, b[:cut])
		return fmt.Sprintf("%s is cut at %d of %d", name, cut, len(b))
	case 2:
		put(t, path, append(b, bytes.Repeat([]byte{byte(n)}, 1+r.IntN(5000))...))
		return name + " is longer"
	case 3:
		from := r.IntN(len(b) + 1)
		to := from + r.IntN(len(b)-from+1)
		clear(b[from:to])
		put(t, path, b)
		return fmt.Sprintf("%s is zero from %d to %d", name, from, to)
	case 4:
		other := paths[r.IntN(len(paths))]
		o, err := os.ReadFile(other)
		if err != nil {
			t.Fatal(err)
		}
		put(t, path, o)
		return name + " is " + filepath.Base(other)
	case 5:
		before := listFiles(t, older)
		from := before[r.IntN(len(before))]
		o, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		put(t, path, o)
		return name + " is an older " + filepath.Base(from)
	}
	flip(t, path, r)
	return "a byte of " + name + " is another"
}

// damages is how many random ones a list is put through.
var damages = 400

func TestDamagedListIsNoticedAndFetchedAgainAndNeverAnswersWrongly(t *testing.T) {
	h := newHub(t)
	whole, older, dir := t.TempDir(), filepath.Join(t.TempDir(), "older"), filepath.Join(t.TempDir(), "gate")
	listed := h.fill(t, whole)
	copyDir(t, whole, older)
	g := reopened(t, h.config(whole)) // and goes on a little, so that the older files differ
	h.correct(listed[1], entry(t, 1))
	h.catchUp(t, g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	noticed, named := 0, 0
	for range damages {
		copyDir(t, whole, dir)
		how := "the key is another"
		if r.IntN(20) == 0 {
			flip(t, filepath.Join(dir, keyFile), r)
		} else {
			how = harm(t, dir, older, r)
		}
		g, err := Open(h.config(dir))
		if err != nil {
			t.Fatalf("%s: the gate does not start: %v", how, err)
		}
		if s := g.Status(); s.Fresh { // what was changed says nothing
			h.compare(t, g, listed)
		} else {
			noticed++
			if s.LastError != nil && s.LastError.Code == "GATE_STATE_CORRUPT" {
				named++
			}
			if d, err := g.peek(1); err != nil || d.Outcome != gongxin.Refer {
				t.Fatalf("%s: before the list is fetched: %s, %v", how, d.Outcome, err)
			}
		}
		if s := g.Status(); s.RestrictionsOpen != len(listed) {
			t.Fatalf("%s: %d restrictions are open, want %d", how, s.RestrictionsOpen, len(listed))
		}
		h.catchUp(t, g)
		h.compare(t, g, listed)
		if s := g.Status(); s.RestrictionsOpen != len(listed) {
			t.Fatalf("%s: %d restrictions are open after fetching, want %d", how, s.RestrictionsOpen, len(listed))
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if noticed < damages/4 || named < damages/4 {
		t.Errorf("only %d of %d were noticed and %d named: the test shows little", noticed, damages, named)
	}
	t.Logf("%d of %d changes were noticed and %d of them named; the others hit nothing, or the last step alone, which was fetched again", noticed, damages, named)
}

// TestAPieceDamagedWhileTheGateRunsIsReferredAndFetchedAgain damages the file under a
// gate that has checked it when it opened.
func TestAPieceDamagedWhileTheGateRunsIsReferredAndFetchedAgain(t *testing.T) {
	for _, snapshot := range []bool{true, false} {
		h := newHub(t)
		dir := t.TempDir()
		listed := h.fill(t, dir)
		if snapshot {
			h.snapshot()
		}
		g := h.open(t, dir)
		h.catchUp(t, g)
		open := g.Status().RestrictionsOpen
		for _, path := range listFiles(t, dir) {
			overwrite(t, path)
		}
		referred := 0
		for n := range people {
			d, err := g.peek(n)
			if err != nil {
				t.Fatal(err)
			}
			if _, in := listed[n]; !in && d.Outcome != gongxin.Clear || in && d.Outcome != gongxin.Refer {
				t.Errorf("person %d, listed %v: %s %v", n, in, d.Outcome, codes(d))
			}
			if slices.Contains(codes(d), "LIST_DAMAGED") {
				referred++
			}
		}
		if s := g.Status(); referred != len(listed) || s.LastError == nil || s.LastError.Code != "GATE_STATE_CORRUPT" {
			t.Errorf("%d referred for it; status %+v", referred, s)
		}
		if d := g.person(t, 1); d.Reference == "" || d.Outcome != gongxin.Refer { // and that is recorded like any other referral
			t.Errorf("got %+v", d)
		}
		h.catchUp(t, g)
		h.compare(t, g, listed)
		if s := g.Status(); s.RestrictionsOpen != open || s.Lifted != people-len(listed) {
			t.Errorf("%d restrictions are open, %d before; %d lifted", s.RestrictionsOpen, open, s.Lifted)
		}
	}
}

// overwrite changes every byte of the file at path in its place.
func overwrite(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	for i := range b {
		b[i] ^= 0x55
	}
	if err == nil {
		_, err = f.WriteAt(b, 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func fileSize(t *testing.T, path string) int {
	t.Helper()
	i, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(i.Size())
}

func TestDamagedListIsPutAsideAndNamed(t *testing.T) {
	h := newHub(t)
	dir := t.TempDir()
	h.fill(t, dir)
	ruin(t, dir)
	g := h.open(t, dir)
	if s := g.Status(); s.LastError == nil || s.LastError.Code != "GATE_STATE_CORRUPT" {
		t.Errorf("status: %+v", s)
	}
	files, err := os.ReadDir(dir)
	if err != nil || !slices.ContainsFunc(files, func(f os.DirEntry) bool { return strings.HasPrefix(f.Name(), listDir+".damaged-") }) {
		t.Errorf("it was not put aside: %v, %v", files, err)
	}
}

// Damage that comes again at once puts nothing in the place of what was put aside before.
func TestWhatIsPutAsideStays(t *testing.T) {
	h := newHub(t)
	dir := t.TempDir()
	h.fill(t, dir)
	for n := range 3 {
		ruin(t, dir)
		g, err := Open(h.config(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		aside, err := filepath.Glob(filepath.Join(dir, listDir+".damaged-*"))
		if err != nil || len(aside) != n+1 {
			t.Fatalf("after %d: %v, %v", n+1, aside, err)
		}
	}
}

func TestDamagedRecordOfRestrictionsStopsTheGate(t *testing.T) {
	h := newHub(t)
	whole, dir := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	listed := h.fill(t, whole)
	r := rand.New(rand.NewPCG(7, 8))
	refused := 0
	for range 300 {
		copyDir(t, whole, dir)
		flip(t, filepath.Join(dir, "outcomes.db"), r)
		g, err := Open(h.config(dir))
		if err != nil {
			if gongxin.CodeOf(err) != "GATE_OUTCOMES_CORRUPT" {
				t.Fatalf("got %v", err)
			}
			refused++
			continue
		}
		if s := g.Status(); s.RestrictionsOpen != len(listed) || s.Lifted != people-len(listed) || s.Outbox != 2*people-len(listed)+petitions || s.ReviewsOpen != 1 {
			t.Fatalf("it starts with another record: %+v", s)
		}
		waiting, err := g.outcomes.waiting(t.Context(), 1000)
		if err != nil || len(waiting) != 2*people-len(listed)+petitions {
			t.Fatalf("outbox: %d, %v", len(waiting), err)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if refused < 50 {
		t.Errorf("only %d of 300 were refused: the test shows little", refused)
	}
	t.Logf("%d of 300 changes were refused, the others hit nothing", refused)
}

func TestMissingRecordOfRestrictionsStopsTheGate(t *testing.T) {
	h := newHub(t)
	dir := t.TempDir()
	h.fill(t, dir)
	if err := os.Remove(filepath.Join(dir, "outcomes.db")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(h.config(dir)); gongxin.CodeOf(err) != "GATE_OUTCOMES_CORRUPT" {
		t.Errorf("got %v", err)
	}
}

func TestRecordOfRestrictionsCutShortStopsTheGate(t *testing.T) {
	h := newHub(t)
	whole, dir := t.TempDir(), filepath.Join(t.TempDir(), "gate")
	h.fill(t, whole)
	size := fileSize(t, filepath.Join(whole, "outcomes.db"))
	for cut := 1; cut <= size; cut += (size - 1) / 60 {
		copyDir(t, whole, dir)
		if err := os.Truncate(filepath.Join(dir, "outcomes.db"), int64(size-cut)); err != nil {
			t.Fatal(err)
		}
		if g, err := Open(h.config(dir)); gongxin.CodeOf(err) != "GATE_OUTCOMES_CORRUPT" {
			t.Errorf("%d of %d bytes: %v %v", size-cut, size, g, err)
		}
	}
}

func TestListFetchedAgainIsNeverAnOlderOne(t *testing.T) {
	h := newHub(t)
	dir := t.TempDir()
	h.fill(t, dir)
	loseList(t, dir)
	older := newHub(t) // the same history, cut off early, by a signature of today
	for n := range people {
		older.admit(entry(t, n))
	}
	g := h.open(t, dir)
	g.config.Source = older
	if _, err := g.step(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := g.step(t.Context(), false); gongxin.CodeOf(err) != "FEED_ROLLBACK" {
		t.Errorf("got %v", err)
	}
	if d, err := g.peek(0); err != nil || d.Outcome != gongxin.Refer {
		t.Errorf("answers from an older list: %s, %v", d.Outcome, err)
	}
}

// TestChangedFeedChangesNothing flips every byte of what a source sends.
func TestChangedFeedChangesNothing(t *testing.T) {
	h := newHub(t)
	first := h.admit(entry(t, 0))
	c := h.config(t.TempDir())
	g := h.openWith(t, c)
	h.catchUp(t, g)
	before := g.Position()
	h.admit(entry(t, 1))
	h.withdraw(first)
	sent, err := h.Changes(t.Context(), before.Tree.Size(), 0)
	if err != nil {
		t.Fatal(err)
	}
	parts := [][]byte{sent.Checkpoint}
	for _, r := range sent.Records {
		parts = append(parts, r.Leaf, r.Salt, r.Body)
	}
	for p := range parts {
		for i := range parts[p] {
			changed := feed.Changes{After: sent.After, Records: slices.Clone(sent.Records), Checkpoint: slices.Clone(sent.Checkpoint)}
			if p == 0 {
				changed.Checkpoint[i] ^= 1
			} else {
				r := &changed.Records[(p-1)/3]
				field := []*[]byte{&r.Leaf, &r.Salt, &r.Body}[(p-1)%3]
				*field = slices.Clone(*field)
				(*field)[i] ^= 1
			}
			if err := g.apply(t.Context(), changed); err == nil || gongxin.CodeOf(err) == "" {
				t.Fatalf("part %d, byte %d: %v", p, i, err)
			}
			if g.Position() != before {
				t.Fatalf("part %d, byte %d: the gate moved", p, i)
			}
		}
	}
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("person 0: %s", d.Outcome)
	}
	if d := g.person(t, 1); d.Outcome != gongxin.Clear {
		t.Errorf("person 1: %s", d.Outcome)
	}
	if err := g.apply(t.Context(), sent); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	kept, err := os.ReadDir(filepath.Join(c.Dir, "evidence"))
	if err != nil || len(kept) == 0 || len(kept) > maxEvidence {
		t.Errorf("evidence: %d files, %v", len(kept), err)
	}
}

// TestChangedSnapshotChangesNothing flips bytes all over a snapshot; package feed
// flips every one.
func TestChangedSnapshotChangesNothing(t *testing.T) {
	h := newHub(t)
	h.admit(entry(t, 0))
	h.snapshot()
	g := h.open(t, t.TempDir())
	good := h.file
	for i := 0; i < len(good); i += 7 {
		bad := slices.Clone(good)
		bad[i] ^= 1
		h.set(func() { h.file = bad })
		if err := g.fetchAnew(t.Context()); err == nil || gongxin.CodeOf(err) == "" {
			t.Fatalf("byte %d: %v", i, err)
		}
		if s := g.Status(); s.Sequence != 0 || s.Listings != 0 {
			t.Fatalf("byte %d: %+v", i, s)
		}
	}
	h.set(func() { h.file = good })
	h.catchUp(t, g)
	if d := g.person(t, 0); d.Outcome != gongxin.Block {
		t.Errorf("unchanged: %s", d.Outcome)
	}
}
