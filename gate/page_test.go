package gate

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

func TestOfficersSeeAndAcknowledgeAlertsOnThePage(t *testing.T) {
	h, _, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	nasty := holder(0)
	nasty.Subject = `<script>alert("x")</script>`
	g.watch(t, nasty, holder(1))
	id := h.admit(entry(t, 0))
	h.catchUp(t, g)
	s := httptest.NewServer(g.Handler())
	defer s.Close()
	get := func(path string) (int, string) {
		t.Helper()
		answer, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); answer.StatusCode == http.StatusOK && !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		return answer.StatusCode, string(b)
	}
	status, page := get("/alerts")
	for _, want := range []string{"关注对象提醒", "Alerts about watched subjects", "号码和姓名一致", "苏州市虎丘区人民法院", nameOf(0), "320000********", "&lt;script&gt;", "建筑业资质", "待处理"} {
		if !strings.Contains(page, want) {
			t.Errorf("%d: the page lacks %s", status, want)
		}
	}
	if strings.Contains(page, citizen(0)) || strings.Contains(page, "<script>") {
		t.Error("the page shows what it must not")
	}
	if status, css := get("/alerts/style.css"); status != http.StatusOK || !strings.Contains(css, "--deep") {
		t.Errorf("style: %d", status)
	}
	all, err := g.Alerts(t.Context(), stateOpen, "", 10)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	reference := all[0].Reference

	post := func(origin string, form url.Values) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.URL+"/alerts/"+reference+"?state=waiting", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := post("https://elsewhere.example", url.Values{"by": {"李科长"}}); got != http.StatusForbidden {
		t.Errorf("another site's form: %d", got)
	}
	if got := post(s.URL, url.Values{"by": {" "}}); got != http.StatusUnprocessableEntity {
		t.Errorf("nobody: %d", got)
	}
	if got := post(s.URL, url.Values{"by": {"李科长"}, "remark": {"已约谈"}}); got != http.StatusSeeOther {
		t.Errorf("seen: %d", got)
	}
	if _, page := get("/alerts"); !strings.Contains(page, "没有提醒") {
		t.Error("it still waits")
	}
	if _, page := get("/alerts?state=open"); !strings.Contains(page, "李科长") || !strings.Contains(page, "已约谈") {
		t.Error("who has seen it is not shown")
	}
	h.withdraw(id)
	h.catchUp(t, g)
	if _, page := get("/alerts"); !strings.Contains(page, "法院已撤销") || !strings.Contains(page, "measures lifted") || strings.Contains(page, nameOf(0)) {
		t.Error("the withdrawal waits for who saw the alert, and no longer shows who was listed")
	}
	if got := post(s.URL, url.Values{"by": {"李科长"}}); got != http.StatusSeeOther {
		t.Errorf("closing seen: %d", got)
	}
	if a, err := g.Alert(t.Context(), reference); err != nil || a.Undone == nil {
		t.Errorf("%+v, %v", a, err)
	}
	if status, _ := get("/alerts?state=x"); status != http.StatusUnprocessableEntity {
		t.Errorf("a state that is none: %d", status)
	}
}

func TestTheFileOfAlertsHoldsWholeLinesAndNobodyElsesAreCut(t *testing.T) {
	h, o, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0))
	id := h.admit(entry(t, 0))
	h.catchUp(t, g)
	g.toldTo(t, o)
	whole, err := os.ReadFile(c.Alerts)
	if err != nil {
		t.Fatal(err)
	}
	h.withdraw(id)
	h.catchUp(t, g)

	put(t, c.Alerts, append(slices.Clone(whole), `{"id":"A-railway-2017`...)) // a kill while the next was written
	if _, err := g.noteSome(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(c.Alerts)
	if err != nil || strings.Count(string(b), "\n") != 2 || !strings.HasPrefix(string(b), string(whole)) || strings.Count(string(b), `"id"`) != 2 {
		t.Errorf("%q, %v", b, err)
	}

	// A file of somebody else's stays as it is, and the message waits.
	h.admit(entry(t, 0))
	h.catchUp(t, g)
	foreign := []byte("不是提醒文件，没有换行")
	put(t, c.Alerts, foreign)
	if _, err := g.noteSome(t.Context()); gongxin.CodeOf(err) != "ALERT_FILE" {
		t.Error(err)
	}
	if b, err := os.ReadFile(c.Alerts); err != nil || string(b) != string(foreign) {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.Remove(c.Alerts); err != nil { // taken away by a rotation
		t.Fatal(err)
	}
	if _, err := g.noteSome(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(c.Alerts); err != nil || strings.Count(string(b), "\n") != 1 {
		t.Errorf("%q, %v", b, err)
	}
	if err := appendMessages(filepath.Join(t.TempDir(), "none", "x"), nil); err == nil {
		t.Error("a directory that is not there")
	}
}

func TestAWatchingGateTellsByItself(t *testing.T) {
	h, o, c := watched(t)
	g := h.openWith(t, c)
	h.catchUp(t, g)
	g.watch(t, holder(0))
	run(t, g)
	id := h.admit(entry(t, 0))
	until(t, "the webhook is told", func() bool { return len(o.messages()) == 1 })
	h.withdraw(id)
	until(t, "the webhook is told of the end", func() bool { return len(o.messages()) == 2 })
	until(t, "the file as well", func() bool {
		b, _ := os.ReadFile(c.Alerts)
		return strings.Count(string(b), "\n") == 2
	})
	m := o.taken[1]
	if m.Kind != kindClosed || m.Subject != "许可-000" || m.What != whatBlock || m.State != stateClosed || m.Because != endedWithdrawn || m.Sequence != 2 || m.ID != m.Reference+"."+kindClosed {
		t.Errorf("%+v", m)
	}
}
