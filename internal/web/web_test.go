package web

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gongxin"
	"gongxin/identity"
)

var update = flag.Bool("update", false, "write the golden files anew; then read the diff")

// board is a Source that a test can change.
type board struct {
	mu     sync.Mutex
	status Status
	err    error
	asked  int
}

func (b *board) Status(context.Context) (Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return b.status, b.err
}

func (b *board) set(s Status, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.err = s, err
}

var nine = time.Date(2017, 9, 1, 1, 0, 0, 0, time.UTC) // 09:00 in Shanghai

func number(t testing.TB, s string) identity.Number {
	t.Helper()
	n, _, err := identity.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// citizen has a province-level address code, which is never issued.
const citizen = "320000198001010018"

const organisation = "91320000QQ00000129" // no such company

func inForce(t testing.TB) gongxin.Listing {
	return gongxin.Listing{
		Entry: gongxin.Entry{
			CourtName: "苏州市虎丘区人民法院", Case: gongxin.MustCaseNumber("（2016）苏0505执123号"),
			Subject: gongxin.Subject{Name: "赵试样", Number: number(t, citizen)},
		},
		State: gongxin.InForce, Origin: gongxin.FromCourtFile,
	}
}

func ended(t testing.TB) gongxin.Listing {
	l := inForce(t)
	l.Entry.Case = gongxin.MustCaseNumber("（2015）姑苏执字第00232号")
	l.Entry.CourtName = "苏州市姑苏区人民法院"
	l.State = gongxin.Withdrawn
	l.Exit = gongxin.Exit{Ground: gongxin.GroundPerformed, Sequence: 9, At: nine.Add(2 * time.Hour)}
	return l
}

// lateOnes are gates that have not confirmed in time.
func lateOnes() []LateGate {
	return []LateGate{
		{Name: "hotels", Organisation: "旅游部门", Behind: 3, Since: nine.Add(-2 * time.Hour)},
		{Name: "housing", Organisation: "住房和城乡建设部门", Behind: 81204, Since: nine.Add(-time.Hour)},
		{Name: "island", Organisation: "渡口管理所", What: gongxin.Text{ZH: "数据包尚未回执", EN: "package not confirmed"}, Since: nine.AddDate(0, 0, -3)},
	}
}

// busy is a Status with one of everything.
func busy(t testing.TB) Status {
	gates := []Gate{
		{Name: "railway", Organisation: "铁路部门", Sequence: 81204, Receipt: nine.Add(time.Hour), Agrees: true, Receipts: 812, Open: 2, Lifted: 1, Referred: 3},
		{Name: "hotels", Organisation: "旅游部门", Sequence: 81201, Receipt: nine.Add(time.Minute), Agrees: true, Receipts: 790},
		{Name: "procurement", Organisation: "财政部门（政府采购）", Sequence: 81204, Receipt: nine.Add(time.Hour), Receipts: 5},
		{Name: "housing", Organisation: "住房和城乡建设部门"},
	}
	a, ok := NewListing(inForce(t))
	if !ok {
		t.Fatal("a public listing in force is not shown")
	}
	a.Begin = Step{Sequence: 8, At: nine, Arrivals: []Arrival{
		{Gate: "铁路部门", At: nine.Add(80 * time.Millisecond)}, {Gate: "旅游部门", At: nine.Add(3*time.Minute + 12*time.Second)}, {Gate: "财政部门（政府采购）"},
	}}
	b, ok := NewListing(ended(t))
	if !ok {
		t.Fatal("a withdrawn listing is not shown")
	}
	b.Begin = Step{Sequence: 3, At: nine.Add(-48 * time.Hour), Arrivals: []Arrival{
		{Gate: "铁路部门", At: nine.Add(-47 * time.Hour)}, {Gate: "旅游部门", At: nine.Add(-20 * time.Hour)},
	}}
	b.End.Arrivals = []Arrival{{Gate: "铁路部门", At: b.End.At.Add(90 * time.Millisecond), Lifted: 1}, {Gate: "旅游部门"}}
	held := inForce(t)
	held.Entry.Case, held.State = gongxin.MustCaseNumber("（2017）苏0505执8号"), gongxin.Suspended
	c, ok := NewListing(held)
	if !ok {
		t.Fatal("a suspended listing is not shown")
	}
	c.Begin = Step{Sequence: 4, At: nine.Add(-30 * time.Hour)}
	c.End = Step{Sequence: 7, At: nine.Add(-time.Hour), Arrivals: []Arrival{{Gate: "铁路部门", At: nine.Add(-59 * time.Minute)}}}
	return Status{
		Hub:  Hub{VerifierKey: "gongxin.example/jiangsu+1a2b3c4d+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw=="},
		Head: Head{Sequence: 81204, InForce: 52310, At: nine.Add(time.Hour)}, Gates: gates, Late: lateOnes(), Listings: []Listing{a, b, c},
	}
}

func get(t *testing.T, s Source, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(s).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestThePageLooksAsKept(t *testing.T) {
	exercise := busy(t)
	exercise.Hub.Exercise = true
	for _, tt := range []struct {
		name, path string
		status     Status
		err        error
	}{
		{"zh", "/", busy(t), nil},
		{"en", "/?lang=en", busy(t), nil},
		{"exercise", "/", exercise, nil},
		{"empty", "/?lang=en", Status{}, nil},
		{"unreadable", "/", Status{}, errors.New("no database")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, tt.name, get(t, &board{status: tt.status, err: tt.err}, tt.path).Body.String())
		})
	}
}

func TestNobodySeesWhatIsNotPublic(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*gongxin.Listing)
		begin  uint64 // sequence at which it came into force
		shown  bool
	}{
		{"in force", func(*gongxin.Listing) {}, 1, true},
		{"withdrawn", func(l *gongxin.Listing) { l.State = gongxin.Withdrawn }, 1, true},
		{"non-public", func(l *gongxin.Listing) { l.Entry.NonPublic = true }, 1, false},
		{"non-public and withdrawn", func(l *gongxin.Listing) { l.Entry.NonPublic, l.State = true, gongxin.Withdrawn }, 1, false},
		{"suspended", func(l *gongxin.Listing) { l.State = gongxin.Suspended }, 1, true},
		{"noticed", func(l *gongxin.Listing) { l.State = gongxin.Noticed }, 0, false},
		{"dropped", func(l *gongxin.Listing) { l.State = gongxin.Dropped }, 0, false},
		{"delivered", func(l *gongxin.Listing) { l.State = gongxin.Delivered }, 0, false},
		{"decided", func(l *gongxin.Listing) { l.State = gongxin.Decided }, 0, false},
		{"revoked before it was in force", func(l *gongxin.Listing) { l.State = gongxin.Revoked }, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := inForce(t)
			tt.change(&l)
			var s Status
			if v, ok := NewListing(l); ok {
				v.Begin = Step{Sequence: tt.begin, At: nine}
				s.Listings = []Listing{v}
			}
			for _, path := range []string{"/", "/status/fragment"} {
				html := get(t, &board{status: s}, path).Body.String()
				if got := strings.Contains(html, l.Entry.Case.String()); got != tt.shown {
					t.Errorf("%s shows it: %v, want %v", path, got, tt.shown)
				}
			}
		})
	}
}

func TestNamesAndNumbersAreMaskedAndGoneOnceEnded(t *testing.T) {
	l, _ := NewListing(inForce(t))
	if l.Subject != "赵**" || strings.Contains(l.Number, "19800101") || l.Number == "" {
		t.Errorf("in force: %q %q", l.Subject, l.Number)
	}
	org := inForce(t)
	org.Entry.Subject = gongxin.Subject{Name: "苏州试样有限公司", Number: number(t, organisation)}
	if l, _ := NewListing(org); l.Subject != "苏州试样有限公司" {
		t.Errorf("an organisation is shown as %q", l.Subject)
	}
	held := inForce(t)
	held.State = gongxin.Suspended
	if l, ok := NewListing(held); !ok || l.Subject != "" || l.Number != "" || l.Ground != gongxin.GroundSecurity {
		t.Errorf("suspended: %+v", l)
	}
	l, _ = NewListing(ended(t))
	if l.Subject != "" || l.Number != "" || l.End.Sequence != 9 {
		t.Errorf("ended: %+v", l)
	}
	for _, lang := range []string{"zh", "en"} {
		html := get(t, &board{status: busy(t)}, "/?lang="+lang).Body.String()
		for _, secret := range []string{"试样", citizen, "19800101"} {
			if strings.Contains(html, secret) {
				t.Errorf("%s: the page shows %q", lang, secret)
			}
		}
	}
}

func TestBothLanguagesAreComplete(t *testing.T) {
	for _, w := range []*words{&zh, &en} {
		for _, v := range []reflect.Value{reflect.ValueOf(*w), reflect.ValueOf(w.deskWords)} {
			for i := range v.NumField() {
				if v.Field(i).IsZero() {
					t.Errorf("%s lacks %s", w.Lang, v.Type().Field(i).Name)
				}
			}
		}
		for _, s := range []standing{silent, differs, behind, current} {
			if w.stands[s] == "" {
				t.Errorf("%s lacks the standing %s", w.Lang, s)
			}
		}
		for _, o := range []gongxin.Origin{gongxin.FromProcedure, gongxin.FromCourtFile} {
			if w.origins[o] == "" {
				t.Errorf("%s lacks the origin %s", w.Lang, o)
			}
		}
		for _, s := range []gongxin.State{gongxin.Withdrawn, gongxin.Expired, gongxin.Revoked, gongxin.Suspended} {
			if w.ends[s] == "" {
				t.Errorf("%s lacks the state %s", w.Lang, s)
			}
		}
		for _, g := range []gongxin.Ground{
			gongxin.GroundPerformed, gongxin.GroundSettled, gongxin.GroundClosed, gongxin.GroundNoProperty,
			gongxin.GroundSecurity, gongxin.GroundWrong, gongxin.GroundTerm, gongxin.GroundUnstated, gongxin.GroundCreditor, gongxin.GroundEarly,
		} {
			if w.grounds[g] == "" {
				t.Errorf("%s lacks the ground %s", w.Lang, g)
			}
		}
	}
}

func TestADelayIsToldInItsTwoLargestUnits(t *testing.T) {
	for _, tt := range []struct {
		d      time.Duration
		zh, en string
	}{
		{-time.Second, "+0.00 秒", "+0.00 s"}, // the gate's clock is behind
		{80 * time.Millisecond, "+0.08 秒", "+0.08 s"},
		{59900 * time.Millisecond, "+59.90 秒", "+59.90 s"},
		{3*time.Minute + 12*time.Second, "+3 分 12 秒", "+3 min 12 s"},
		{2*time.Hour + 5*time.Minute, "+2 小时 5 分", "+2 h 5 min"},
		{51 * time.Hour, "+2 天 3 小时", "+2 d 3 h"},
	} {
		if got := zh.delay(nine, nine.Add(tt.d)); got != tt.zh {
			t.Errorf("%v: %q, want %q", tt.d, got, tt.zh)
		}
		if got := en.delay(nine, nine.Add(tt.d)); got != tt.en {
			t.Errorf("%v: %q, want %q", tt.d, got, tt.en)
		}
	}
}

func TestTheFragmentIsSentOnlyWhenItWouldShowSomethingElse(t *testing.T) {
	b := &board{status: busy(t)}
	first := get(t, b, "/status/fragment?lang=en")
	_, rest, _ := strings.Cut(first.Body.String(), "seen=")
	seen, _, _ := strings.Cut(rest, `"`)
	if first.Code != http.StatusOK || len(seen) != 16 {
		t.Fatalf("status %d, tag %q", first.Code, seen)
	}
	if again := get(t, b, "/status/fragment?lang=en&seen="+seen); again.Code != http.StatusNoContent || again.Body.Len() > 0 {
		t.Errorf("the same: status %d with %d bytes, want 204", again.Code, again.Body.Len())
	}
	if other := get(t, b, "/status/fragment?lang=zh&seen="+seen); other.Code != http.StatusOK {
		t.Errorf("in the other language: status %d", other.Code)
	}
	s := busy(t)
	s.Head.At = s.Head.At.Add(time.Second)
	b.set(s, nil)
	if newer := get(t, b, "/status/fragment?lang=en&seen="+seen); newer.Code != http.StatusOK {
		t.Errorf("after a new checkpoint: status %d", newer.Code)
	}
	b.set(Status{}, errors.New("no database"))
	if failed := get(t, b, "/status/fragment"); failed.Code != http.StatusServiceUnavailable || strings.Contains(failed.Body.String(), "database") {
		t.Errorf("of a broken source: status %d, %q", failed.Code, failed.Body)
	}
}

func TestAThousandReadersCostTheHubNoMoreThanOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &board{status: busy(t)}
		h := Handler(b)
		ask := func() int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
			return w.Code
		}
		for range 1000 {
			ask()
		}
		if b.asked != 1 {
			t.Errorf("the hub was asked %d times, want once", b.asked)
		}
		time.Sleep(sharedFor)
		b.set(Status{}, errors.New("no database"))
		if got := ask(); got != http.StatusServiceUnavailable {
			t.Errorf("a broken source is answered with %d", got)
		}
		b.set(busy(t), nil)
		if got := ask(); got != http.StatusOK {
			t.Errorf("a failure is remembered: %d", got)
		}
	})
}

func TestEveryAnswerForbidsForeignCode(t *testing.T) {
	for _, path := range []string{"/", "/?lang=en", "/status/fragment", "/assets/htmx.min.js", "/assets/style.css?v=" + version, "/nowhere"} {
		w := get(t, &board{status: busy(t)}, path)
		if got := w.Header().Get("Content-Security-Policy"); got != policy || strings.Contains(got, "unsafe") {
			t.Errorf("%s: policy %q", path, got)
		}
		if strings.Contains(path, "assets") {
			continue
		}
		html := w.Body.String()
		for _, forbidden := range []string{"<style", "style=", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(html, forbidden) {
				t.Errorf("%s contains %q", path, forbidden)
			}
		}
	}
	if got := get(t, &board{}, "/nowhere").Code; got != http.StatusNotFound {
		t.Errorf("/nowhere: %d", got)
	}
}

func TestAssetsAreKeptForEverUnderTheirVersionAlone(t *testing.T) {
	for path, want := range map[string]string{
		"/assets/style.css?v=" + version: "public, max-age=31536000, immutable",
		"/assets/style.css?v=old":        "no-store",
		"/assets/style.css":              "no-store",
		"/":                              "no-store",
	} {
		if got := get(t, &board{}, path).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestATextFromACourtCannotBecomeMarkup(t *testing.T) {
	s := busy(t)
	s.Listings[0].Court = `<script>alert(1)</script>`
	s.Gates[0].Organisation = `"><img src=x>`
	html := get(t, &board{status: s}, "/").Body.String()
	if strings.Contains(html, "<script>alert") || strings.Contains(html, "<img") {
		t.Error("markup came through")
	}
}
