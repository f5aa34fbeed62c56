package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"gongxin/internal/web/browsertest"
)

// desk serves the pages for staff with a board that a test gives it.
func desk(t *testing.T, b Board) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /board", showBoard(b))
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) { ShowSignIn(w, r, http.StatusOK, wrong) })
	mux.Handle("/", Handler(&board{status: busy(t)}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestInABrowserTheBoardIsReadByRoleAndLabel(t *testing.T) {
	url := desk(t, owed())
	b := browsertest.Open(t)
	b.WithoutScripts()
	b.Size(1280, 900)
	for _, tt := range []struct{ lang, heading, section, row, filter, mark string }{
		{"zh", "办理期限", "已逾期 2 项", "（2016）苏0505执123号", "筛选", "逾期 7 天"},
		{"en", "What is due", "Overdue 2", "（2016）苏0505执123号", "Filter", "7 days overdue"},
	} {
		b.Load(url + "/board?lang=" + tt.lang)
		b.See("heading", tt.heading)
		b.See("table", tt.section)
		b.See("rowheader", tt.row)
		b.See("StaticText", tt.mark)
		b.See("search", tt.filter)
		b.See("button", tt.filter)
		b.Contrast()
		b.Picture("board-desktop-" + tt.lang)
		b.Load(url + "/sign-in?lang=" + tt.lang)
		b.See("alert", "")
		b.See("textbox", wordsFor(tt.lang).Person)
		b.See("textbox", wordsFor(tt.lang).Password)
		b.See("textbox", wordsFor(tt.lang).Second)
		b.Contrast()
		b.Picture("signin-desktop-" + tt.lang)
	}
	for _, r := range b.Requests() {
		if !strings.HasPrefix(r, url) {
			t.Errorf("the page asks elsewhere: %s", r)
		}
	}
	if bad := b.Complaints(); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}

func TestInABrowserThePagesForStaffFitAPhone(t *testing.T) {
	url := desk(t, owed())
	b := browsertest.Open(t)
	for _, lang := range []string{"zh", "en"} {
		for _, page := range []string{"board", "sign-in"} {
			for _, width := range []int64{320, 360} {
				b.Size(width, 780)
				b.Load(fmt.Sprintf("%s/%s?lang=%s", url, page, lang))
				b.See("main", "")
				b.Fits(width)
				b.Picture(fmt.Sprintf("%s-phone-%s-%d", page, lang, width))
			}
		}
	}
}

func TestInABrowserTheBoardPrintsOnA4(t *testing.T) {
	b := browsertest.Open(t)
	b.OnPaper()
	b.Load(desk(t, owed()) + "/board")
	b.See("table", "已逾期 2 项")
	b.Fits(680)
	b.Contrast()
	for _, hidden := range []string{"search", "button"} {
		if n := len(b.Find(hidden, "")); n > 0 {
			t.Errorf("%d of %s are printed", n, hidden)
		}
	}
	b.Picture("board-paper")
}

func TestInABrowserTheKeyboardReachesEverything(t *testing.T) {
	b := browsertest.Open(t)
	b.Load(desk(t, owed()) + "/board")
	b.See("heading", "办理期限")
	var order []string
	for range 60 {
		b.Press(kb.Tab)
		at := b.Focused()
		if strings.HasPrefix(at, "body ") || len(order) > 0 && at == order[0] {
			break
		}
		order = append(order, at)
	}
	got := strings.Join(order, ", ")
	for _, want := range []string{"a 跳到正文, button 退出, a English, a 已逾期 2", "select court, input person, select state, button 筛选", "a 苏州市虎丘区人民法院", "a zhao@苏0505"} {
		if !strings.Contains(got, want) {
			t.Errorf("the keyboard does not go by %q, but: %s", want, got)
		}
	}
}
