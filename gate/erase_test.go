package gate

import (
	"os"
	"path/filepath"
	"testing"

	"gongxin"
)

// years moves the clock and keeps the list fresh.
func (h *hub) years(t *testing.T, g *Gate, n int) {
	t.Helper()
	h.clock.mu.Lock()
	h.clock.t = h.clock.t.AddDate(n, 0, 1)
	h.clock.mu.Unlock()
	h.sign()
	h.catchUp(t, g)
}

func TestWhatIsOverIsErasedAfterTheRetentionTerm(t *testing.T) {
	for _, tt := range []struct {
		name   string
		do     func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, reference string)
		report bool
		stays  bool
	}{
		{"withdrawn and reported", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, _ string) { h.withdraw(id) }, true, false},
		{"withdrawn and not reported", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, _ string) { h.withdraw(id) }, false, true},
		{"in force", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, _ string) {}, true, true},
		{"lifted by a review, and the listing is in force", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, reference string) {
			answered(t, g, reference, true)
		}, true, true},
		{"reviewed and withdrawn", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, reference string) {
			answered(t, g, reference, false)
			h.withdraw(id)
		}, true, false},
		{"withdrawn while a review waits for its answer", func(t *testing.T, h *hub, g *Gate, id gongxin.ListingID, reference string) {
			if _, err := g.FileReview(t.Context(), reference, "请复核", "王"); err != nil {
				t.Fatal(err)
			}
			h.withdraw(id)
		}, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			id := h.admit(entry(t, 0))
			c := h.config(t.TempDir())
			g := reopened(t, c)
			h.catchUp(t, g)
			reference, referral := g.person(t, 0).Reference, g.ask(t, "flight", citizen(0), "李四").Reference
			if _, err := g.ProposeReview(t.Context(), id, "当事人出示了结案通知书"); err != nil {
				t.Fatal(err)
			}
			tt.do(t, h, g, id, reference)
			h.catchUp(t, g)
			if tt.report {
				for more := true; more; {
					var err error
					if more, err = g.DeliverOnce(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			h.years(t, g, 4)
			if g.stands(t, reference); g.stands(t, referral).State != stateReferred {
				t.Error("erased before its time")
			}
			h.years(t, g, 1)
			for range 2 { // and so it is after a restart
				for name, r := range map[string]string{"restriction": reference, "referral": referral} {
					_, err := g.Restriction(t.Context(), r)
					stays := tt.stays
					if name == "referral" && tt.name == "withdrawn while a review waits for its answer" {
						stays = false
					}
					if want := map[bool]string{true: "", false: "UNKNOWN_REFERENCE"}[stays]; gongxin.CodeOf(err) != want {
						t.Errorf("%s: got %v, want %q", name, err, want)
					}
				}
				if err := g.Close(); err != nil {
					t.Fatal(err)
				}
				g = reopened(t, c)
			}
			if s := g.Status(); !tt.stays && (s.Lifted != 0 || s.ReviewsOpen != 0) {
				t.Errorf("status: %+v", s)
			}
			var proposals int
			if err := g.outcomes.db.QueryRow(`SELECT count(*) FROM proposals`).Scan(&proposals); err != nil || (proposals == 0) != (tt.report && !inForce(g, id)) {
				t.Errorf("%d proposals (%v)", proposals, err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func inForce(g *Gate, id gongxin.ListingID) bool {
	_, in, err := g.listing(id)
	return in && err == nil
}

func answered(t *testing.T, g *Gate, reference string, upheld bool) {
	t.Helper()
	_, err := g.FileReview(t.Context(), reference, "请复核", "王")
	if err == nil {
		_, err = g.AnswerReview(t.Context(), reference, upheld, "已经核实", "赵")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The record is gone through page by page, and no page hides a reference.
func TestErasingComesToTheEndOfALongRecord(t *testing.T) {
	h := newHub(t)
	id := h.admit(entry(t, 0))
	stays := h.admit(entry(t, 1))
	c := h.config(t.TempDir())
	c.Random = nil
	g := h.openWith(t, c)
	h.catchUp(t, g)
	kept := g.person(t, 1).Reference
	var rows []outcome
	const n = 2*sweepPage + 100
	for i := range n {
		reference, err := g.newReference("R", noon)
		if err != nil {
			t.Fatal(err)
		}
		r := outcome{reference: reference, part: 1, kind: kindReferred, listing: id, scenario: "flight", measure: "3.6.flight", reason: "NAME_DIFFERS",
			sequence: g.Position().Head.Size, at: noon}
		rows = append(rows, r)
		if i%7 == 0 { // several parts
			for r.part < 5 {
				r.part++
				rows = append(rows, r)
			}
		}
	}
	if err := g.outcomes.record(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if _, err := g.outcomes.db.Exec(`DELETE FROM outbox WHERE kind = 'referred'`); err != nil { // as if the hub had them
		t.Fatal(err)
	}
	h.withdraw(id)
	h.catchUp(t, g)
	h.years(t, g, 5)
	for range 10 {
		g.settle(t.Context(), false)
	}
	var left int
	if err := g.outcomes.db.QueryRow(`SELECT count(*) FROM outcomes`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d rows are left (%v)", left, err)
	}
	if r := g.stands(t, kept); r.State != stateInForce || !inForce(g, stays) {
		t.Errorf("what is in force: %+v", r)
	}
}

// A gate that lost its list cannot tell from the snapshot that a listing was made
// another person's meanwhile; its record tells.
func TestAListFetchedAnewFreesWhomACorrectionFreed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after *gongxin.Entry
		key   bool // the key is lost as well: then nothing can be compared
		want  string
	}{
		{"another person", entry(t, 5), false, endedCorrected},
		{"the same person, in detail", entry(t, 0), false, ""},
		{"another person, and another key", entry(t, 5), true, ""},
		{"the same person, and another key", entry(t, 0), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHub(t)
			id := h.admit(entry(t, 0))
			c := h.config(t.TempDir())
			g := reopened(t, c)
			h.catchUp(t, g)
			reference := g.person(t, 0).Reference
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			h.event(gongxin.Event{Kind: gongxin.ListingCorrected, Listing: id, Entry: tt.after})
			h.snapshot()
			loseList(t, c.Dir)
			if tt.key {
				if err := os.WriteFile(filepath.Join(c.Dir, keyFile), []byte("damaged"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			g = h.openWith(t, c)
			h.catchUp(t, g)
			if got := because(g.stands(t, reference)); got != tt.want {
				t.Errorf("ended by %q, want %q", got, tt.want)
			}
		})
	}
}

// loseList removes the list of a gate that is not open.
func loseList(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, listDir)); err != nil {
		t.Fatal(err)
	}
}
