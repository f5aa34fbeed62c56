package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// rowsOf are n listings of the court 苏0505, from the from-th on.
func rowsOf(from, n int) []map[string]string {
	rows := make([]map[string]string, n)
	for i := range rows {
		rows[i] = fields(from + i)
	}
	return rows
}

// newStrict is a centre with ten listings in force since two hours, which holds what
// is more than 5 new and 40 %, or 2 ending and 10 %.
func newStrict(t *testing.T) *centre {
	t.Helper()
	at := today.Add(-2 * time.Hour)
	c := newCentreAt(t, func() time.Time { return at })
	c.Guard = Guard{SurgeCount: 5, SurgeShare: 0.4, DropCount: 2, DropShare: 0.1}
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(1, 10)) // a first load waits for nobody
	at = today
	return c
}

func (c *centre) inForce() uint64 {
	c.t.Helper()
	head, err := c.head(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return head.Count
}

func (c *centre) held(b []byte) Batch {
	c.t.Helper()
	var h Held
	if err := json.Unmarshal(b, &h); err != nil || h.Code != "BATCH_HELD" || h.Message.ZH == "" || h.Mend.EN == "" {
		c.t.Fatalf("not told that it is held: %v: %s", err, b)
	}
	return h.Batch
}

func (c *centre) files() int {
	c.t.Helper()
	files, err := os.ReadDir(filepath.Join(c.Dir, heldDir))
	if err != nil && !os.IsNotExist(err) {
		c.t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			c.t.Errorf("%s can be read by others: %v", f.Name(), info.Mode())
		}
	}
	return len(files)
}

// A surge waits for a second person: nothing of it is in the register until somebody
// other than who submitted it approves it.
func TestASurgeWaitsForASecondPerson(t *testing.T) {
	c := newStrict(t)
	b := c.held(c.want(202, "", "court", "POST", "/v1/intake?name=many.json", rowsOf(11, 6)))
	if b.Reason != Surge || b.Listings != 6 || b.Withdrawals != 0 || b.InForce != 10 || b.By != "court" || b.Name != "many.json" {
		t.Errorf("held: %+v", b)
	}
	if n := c.inForce(); n != 10 || c.files() != 1 {
		t.Fatalf("%d in force and %d files, want 10 and 1", n, c.files())
	}
	path := "/v1/batches/" + b.ID
	c.want(403, "NOT_ALLOWED", "court", "POST", path+"/approval", nil) // a system is nobody's second person
	c.want(403, "NOT_ENTITLED", "judge", "POST", path+"/approval", nil)
	c.want(403, "NOT_ALLOWED", "railway", "GET", "/v1/batches", nil)
	c.want(404, "BATCH_UNKNOWN", "operator", "POST", "/v1/batches/b20170901-0000000000/approval", nil)
	if got := c.want(200, "", "stranger", "GET", "/v1/batches", nil); bytes.Contains(got, []byte(b.ID)) {
		t.Errorf("a judge of another court sees the batch: %s", got)
	}
	c.want(200, "", "operator", "POST", path+"/approval", nil)
	if err := c.ApplyBatches(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.inForce(); n != 16 || c.files() != 0 {
		t.Errorf("after the approval %d are in force and %d files wait", n, c.files())
	}
	c.want(200, "", "operator", "POST", path+"/approval", nil) // again changes nothing
	c.want(409, "BATCH_DECIDED", "operator", "POST", path+"/refusal", map[string]string{"reason": "x"})
	list := c.want(200, "", "operator", "GET", "/v1/batches", nil)
	for _, want := range []string{`"state":"applied"`, `"decided_by":"operator"`, `"accepted":6`} {
		if !bytes.Contains(list, []byte(want)) {
			t.Errorf("the list lacks %s: %s", want, list)
		}
	}
	// The submitter learns what became of each record by sending the file again.
	again := c.want(200, "", "court", "POST", "/v1/intake", rowsOf(11, 6))
	if !bytes.Contains(again, []byte(`"unchanged":6`)) {
		t.Errorf("sent again: %s", again)
	}
}

// Who submitted a batch does not approve it, by whichever token or session they come.
func TestNobodyIsTheirOwnSecondPerson(t *testing.T) {
	c := newStrict(t)
	b := c.held(c.want(202, "", "judge", "POST", "/v1/intake", rowsOf(11, 6)))
	c.want(403, "SAME_PERSON", "judge", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	c.want(403, "SAME_PERSON", "judge", "POST", "/v1/batches/"+b.ID+"/refusal", map[string]string{"reason": "x"})
	court := gongxin.MustCourtCode("苏0505")
	c.issue("the same judge's other token", access.Token{ID: "judge", Role: gongxin.RoleJudge, Court: court, Created: today, Expires: today.AddDate(0, 0, 1)})
	c.want(403, "SAME_PERSON", "the same judge's other token", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	c.want(403, "NOT_ENTITLED", "stranger", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	c.issue("colleague", access.Token{ID: "colleague", Role: gongxin.RoleJudge, Court: court, Created: today, Expires: today.AddDate(0, 0, 1)})
	c.want(200, "", "colleague", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	if err := c.ApplyBatches(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.inForce(); n != 16 {
		t.Errorf("%d in force, want 16", n)
	}
	refusals := c.want(200, "", "operator", "GET", "/v1/refusals?from=2017-09-01", nil)
	if n := strings.Count(string(refusals), `"SAME_PERSON"`); n != 3 {
		t.Errorf("%d of 3 attempts to be one's own second person are on record: %s", n, refusals)
	}
}

// Of a refused batch nothing goes in, and its file is destroyed.
func TestARefusedDropLeavesTheListAsItWas(t *testing.T) {
	c := newStrict(t)
	ending := rowsOf(1, 3)
	for _, row := range ending {
		row["撤销时间"] = "2017-08-31"
	}
	b := c.held(c.want(202, "", "court", "POST", "/v1/intake", ending))
	if b.Reason != Drop || b.Withdrawals != 3 || b.Listings != 0 {
		t.Errorf("held: %+v", b)
	}
	c.want(422, "REQUEST_INVALID", "operator", "POST", "/v1/batches/"+b.ID+"/refusal", map[string]string{"reason": ""})
	got := c.want(200, "", "operator", "POST", "/v1/batches/"+b.ID+"/refusal", map[string]string{"reason": "文件截断"})
	if !bytes.Contains(got, []byte("文件截断")) {
		t.Errorf("the reason is not kept: %s", got)
	}
	c.want(409, "BATCH_DECIDED", "operator", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	if err := c.ApplyBatches(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.inForce(); n != 10 || c.files() != 0 {
		t.Errorf("after the refusal %d are in force and %d files are there", n, c.files())
	}
}

// What the register holds already is nothing new, however long the file is; rows
// that would be refused count for nothing; and small files add up.
func TestOnlyWhatChangesTheListCounts(t *testing.T) {
	c := newStrict(t)
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(1, 15)) // 10 known, 5 new
	bad := rowsOf(30, 8)
	for _, row := range bad {
		row["身份证号码"] = "x"
	}
	c.want(200, "", "court", "POST", "/v1/intake", bad)
	c.want(403, "NOT_ALLOWED", "operator", "POST", "/v1/intake", rowsOf(40, 8))
	foreign := c.want(200, "", "stranger", "POST", "/v1/intake", rowsOf(50, 8)) // another court's rows, all refused
	if !bytes.Contains(foreign, []byte(`"rejected":8`)) {
		t.Errorf("another court's rows: %s", foreign)
	}
	// The first load is more than an hour ago, so 5 are counted; the sixth waits.
	b := c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(16, 1)))
	if b.Listings != 1 || c.inForce() != 15 {
		t.Errorf("a small file after others: %+v, %d in force", b, c.inForce())
	}
	ending := rowsOf(1, 4)
	for _, row := range ending {
		row["撤销时间"] = "2017-08-31"
	}
	c.want(200, "", "court", "POST", "/v1/intake", ending[:1])
	c.want(200, "", "court", "POST", "/v1/intake", ending[:1]) // again: it has ended
	c.want(200, "", "court", "POST", "/v1/intake", ending[1:2])
	c.held(c.want(202, "", "court", "POST", "/v1/intake", ending[2:]))
}

// A file that is not what was submitted does not go in, and an interrupted
// application begins anew without doing anything twice.
func TestAHeldFileIsTakenAsItWasSubmittedOrNotAtAll(t *testing.T) {
	c := newStrict(t)
	b := c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(11, 6)))
	path := filepath.Join(c.Dir, heldDir, b.ID)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(bytes.Clone(whole), ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want(200, "", "operator", "POST", "/v1/batches/"+b.ID+"/approval", nil)
	if err := c.ApplyBatches(t.Context()); err == nil || c.inForce() != 10 {
		t.Fatalf("a changed file: %v, %d in force", err, c.inForce())
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	// As if a crash had come after some rows and before the batch was marked.
	c.Guard = Guard{SurgeCount: 1000, DropCount: 1000}
	c.want(200, "", "court", "POST", "/v1/intake", rowsOf(11, 3))
	if err := c.ApplyBatches(t.Context()); err != nil || c.inForce() != 16 {
		t.Fatalf("resumed: %v, %d in force", err, c.inForce())
	}
	var done store.Batch
	err = c.Store.Read(t.Context(), func(ctx context.Context, v *store.View) (err error) {
		done, err = v.Batch(ctx, b.ID)
		return err
	})
	if err != nil || done.Applied.IsZero() || !strings.Contains(done.Note, `"unchanged":3`) {
		t.Errorf("the batch afterwards: %v, %+v", err, done)
	}
}

// A file that is sent again while it waits is the same batch, and nobody can fill
// the disk with batches that wait.
func TestBatchesThatWaitAreBounded(t *testing.T) {
	c := newStrict(t)
	first := c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(11, 6)))
	if again := c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(11, 6))); again.ID != first.ID || c.files() != 1 {
		t.Errorf("sent again it is %s, want %s; %d files", again.ID, first.ID, c.files())
	}
	for i := 1; i < maxOwn; i++ {
		c.held(c.want(202, "", "court", "POST", "/v1/intake", rowsOf(11+i, 6)))
	}
	c.want(409, "BATCHES_WAITING", "court", "POST", "/v1/intake", rowsOf(11+maxOwn, 6))
	if n := c.files(); n != maxOwn {
		t.Errorf("%d files wait, want %d", n, maxOwn)
	}
	c.want(202, "", "judge", "POST", "/v1/intake", rowsOf(11, 6)) // another submitter's is another batch
	c.want(200, "", "operator", "POST", "/v1/batches/"+first.ID+"/refusal", map[string]string{"reason": "x"})
	c.want(202, "", "court", "POST", "/v1/intake", rowsOf(11+maxOwn, 6))
}
