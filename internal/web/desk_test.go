package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"gongxin"
)

// owed is a board with one of everything.
func owed() Board {
	day := gongxin.MustDay
	text := func(zh, en string) gongxin.Text { return gongxin.Text{ZH: zh, EN: en} }
	review, withdraw := text("审查纠正申请", "Review the objection"), text("屏蔽或者撤销", "Withdraw the listing")
	tell := text("告知所在单位", "Tell the subject’s organisation")
	huqiu, gusu := "苏州市虎丘区人民法院", "苏州市姑苏区人民法院"
	return Board{
		Reader: Reader{Name: "王法官", Role: text("法官", "judge")}, Today: day("2017-03-06"),
		Scope: text("江苏省苏州市中级人民法院及下级法院", "the court 苏05 and those below it"),
		States: []Section{
			{"overdue", text("已逾期", "Overdue"), 2, 2, []Duty{
				{Case: "（2016）苏0505执123号", What: review, Clause: "2.3", Court: huqiu, Person: "li@苏0505", Since: day("2017-02-24"), Due: day("2017-02-27"), Days: 7, Lapsed: 812},
				{Case: "（2016）苏0508执77号", What: withdraw, Clause: "2.4", Court: gusu, Since: day("2017-03-02"), Due: day("2017-03-05"), Days: 1},
			}},
			{"due_today", text("今日到期", "Due today"), 1, 1, []Duty{{Case: "（2017）苏0505执9号", What: withdraw, Clause: "2.4", Court: huqiu, Person: "zhao@苏0505", Since: day("2017-03-03"), Due: day("2017-03-06")}}},
			{"soon", text("即将到期", "Due soon"), 1, 1, []Duty{{Case: "（2017）苏0505执10号", What: review, Clause: "2.3", Court: huqiu, Person: "li@苏0505", Since: day("2017-03-05"), Due: day("2017-03-08"), Days: 2}}},
			{"later", text("未到期", "Not due yet"), 0, 0, nil},
			{"no_time", text("未定期限", "No time set"), 2, 2, []Duty{
				{Case: "（2015）姑苏执字第00232号", What: tell, Clause: "2.1.4, 3.8", Court: gusu, Since: day("2017-03-01")},
				{Case: "（2017）苏0508执3号", What: review, Clause: "2.3", Court: gusu, Since: day("2017-03-01"), Uncounted: true},
			}},
			{"lapsed", text("逾期办结", "Done late"), 2, 2, []Duty{
				{Case: "（2016）苏0505执55号", What: review, Clause: "2.3", Court: huqiu, Person: "li@苏0505", Since: day("2017-02-10"), Due: day("2017-02-13"), Days: 4, Lapsed: 640},
				{Case: "", What: withdraw, Clause: "2.4", Person: "li@苏0505", Since: day("2017-02-10"), Due: day("2017-02-13"), Lapsed: 641},
			}},
		},
		Courts: []Group{{"苏0505", huqiu, []int{1, 1, 1, 0, 0, 1}}, {"苏0508", gusu, []int{1, 0, 0, 0, 2, 0}}, {"", "", []int{0, 0, 0, 0, 0, 1}}},
		People: []Group{{"li@苏0505", "li@苏0505", []int{1, 0, 1, 0, 0, 2}}, {"zhao@苏0505", "zhao@苏0505", []int{0, 1, 0, 0, 0, 0}}, {"", "", []int{1, 0, 0, 0, 2, 0}}},
		Shown:  8, Limit: 200, Matching: 8, Late: lateOnes(),
		Notes: []Note{
			{Case: "（2016）苏0505执123号", What: review, Court: huqiu, To: "江苏省苏州市中级人民法院", Level: 1, At: nine},
			{Case: "（2016）苏0505执55号", What: review, Court: huqiu, To: "江苏省苏州市中级人民法院", Level: 1, At: nine.AddDate(0, 0, -20), Acknowledged: nine.AddDate(0, 0, -19), By: "sun@苏05"},
		},
		Kept:    []Kept{{"railway", "R-2017-0031", "3.6.flight", "另案限制消费令", day("2017-03-05"), 1}},
		Reviews: []Review{{"hotels", "H-0007", nine.Add(-50 * time.Hour), 2}},
		Batches: []Batch{{"名单0306.csv", "centre@苏", "SURGE", 4200, 3, nine}},
	}
}

// show makes one request of the page that f shows.
func show(t *testing.T, path string, f func(http.ResponseWriter, *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func showBoard(b Board) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) { ShowBoard(w, r, b) }
}

var wrong = SignIn{
	Person: "wang@苏0505", OIDC: true, Problem: gongxin.Text{ZH: "用户名、密码或者验证码不正确", EN: "name, password or code is wrong"},
	Mend: gongxin.Text{ZH: "请核对后重新填写", EN: "check them and try again"},
}

func TestThePagesForStaffLookAsKept(t *testing.T) {
	signInPage := func(v SignIn) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { ShowSignIn(w, r, http.StatusOK, v) }
	}
	paged := owed()
	paged.From, paged.Limit, paged.Shown, paged.Matching, paged.Incomplete = 8, 8, 8, 20, true
	paged.Choice = Choice{Court: "苏0505", State: "overdue"}
	for _, tt := range []struct {
		name, path string
		page       func(http.ResponseWriter, *http.Request)
	}{
		{"signin-zh", "/sign-in", signInPage(SignIn{})},
		{"signin-en-wrong", "/sign-in?lang=en", signInPage(wrong)},
		{"board-zh", "/board", showBoard(owed())},
		{"board-en-paged", "/board?lang=en", showBoard(paged)},
		{"board-empty", "/board", showBoard(Board{Reader: owed().Reader, Today: owed().Today, Scope: owed().Scope, Exercise: true})},
		{"refused", "/board", func(w http.ResponseWriter, r *http.Request) {
			ShowRefused(w, r, http.StatusForbidden, Refused{Path: "/board", Problem: wrong.Problem, Mend: wrong.Mend, Reader: owed().Reader})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := show(t, tt.path, tt.page)
			golden(t, tt.name, w.Body.String())
			if got := w.Header().Get("Content-Security-Policy"); got != deskPolicy || strings.Contains(got, "script") {
				t.Errorf("policy %q", got)
			}
			for _, forbidden := range []string{"<script", "<style", "style=", "onclick", "javascript:", "http://", "https://"} {
				if strings.Contains(w.Body.String(), forbidden) {
					t.Errorf("the page contains %q", forbidden)
				}
			}
		})
	}
}

// golden holds html against the file of that name, or writes it with -update.
func golden(t *testing.T, name, html string) {
	t.Helper()
	got := strings.ReplaceAll(strings.ReplaceAll(html, version, "VERSION"), "><", ">\n<") // so that a diff can be read
	file := "testdata/" + name + ".html"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not %s; run with -update and read the diff. Got:\n%s", file, got)
	}
}

func TestALinkOfTheBoardKeepsLanguageAndChoice(t *testing.T) {
	v := Board{}
	for _, tt := range []struct {
		lang   string
		choice Choice
		from   int
		want   string
	}{
		{"zh", Choice{}, 0, "/board"},
		{"en", Choice{}, 0, "/board?lang=en"},
		{"zh", Choice{Court: "苏05", State: "overdue"}, 200, "/board?court=%E8%8B%8F05&from=200&state=overdue"},
		{"en", Choice{Person: `a&b="c"`}, 0, "/board?lang=en&person=a%26b%3D%22c%22"},
	} {
		if got := v.address(tt.lang, tt.choice, tt.from); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt, got, tt.want)
		}
	}
	if got := (Choice{Court: "x", State: "soon"}).with("soon"); got != (Choice{Court: "x"}) {
		t.Errorf("choosing a state twice gives %+v", got)
	}
}

func TestAStateIsToldInWords(t *testing.T) {
	day := gongxin.MustDay("2017-03-06")
	for _, tt := range []struct {
		key    string
		duty   Duty
		zh, en string
	}{
		{"overdue", Duty{Due: day, Days: 1}, "逾期 1 天", "1 day overdue"},
		{"overdue", Duty{Due: day, Days: 12}, "逾期 12 天", "12 days overdue"},
		{"due_today", Duty{Due: day}, "今日到期", "due today"},
		{"soon", Duty{Due: day, Days: 1}, "还有 1 天", "in 1 day"},
		{"later", Duty{Due: day, Days: 9}, "还有 9 天", "in 9 days"},
		{"no_time", Duty{}, "未定期限", "no time set"},
		{"no_time", Duty{Uncounted: true}, zh.NoYet, en.NoYet},
		{"lapsed", Duty{Due: day, Days: 3}, "逾期 3 天办结", "done 3 days late"},
		{"lapsed", Duty{Due: day}, "逾期后补录", "entered after its time"},
	} {
		if got := zh.stateOf(tt.key, tt.duty); got != tt.zh {
			t.Errorf("%s %+v: %q, want %q", tt.key, tt.duty, got, tt.zh)
		}
		if got := en.stateOf(tt.key, tt.duty); got != tt.en {
			t.Errorf("%s %+v: %q, want %q", tt.key, tt.duty, got, tt.en)
		}
	}
	if zh.reasonOf("SURGE") == "SURGE" || zh.reasonOf("OTHER") != "OTHER" {
		t.Error("a reason is not told, or an unknown one is lost")
	}
}

func TestWhatSomebodyTypedCannotBecomeMarkup(t *testing.T) {
	const bad = `"><script>alert(1)</script>`
	b := owed()
	b.Choice, b.Reader.Name = Choice{Person: bad}, bad
	b.States[0].Duties[0].Person, b.Batches[0].Name = bad, bad
	pages := []string{
		show(t, "/board", showBoard(b)).Body.String(),
		show(t, "/sign-in?lang="+bad[:1], func(w http.ResponseWriter, r *http.Request) { ShowSignIn(w, r, 200, SignIn{Person: bad}) }).Body.String(),
	}
	for _, html := range pages {
		if strings.Contains(html, "<script") {
			t.Errorf("markup came through: %s", html)
		}
	}
}
