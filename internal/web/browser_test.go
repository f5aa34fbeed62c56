package web

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"gongxin/internal/web/browsertest"
)

func serve(t *testing.T, s Source) string {
	t.Helper()
	server := httptest.NewServer(Handler(s))
	t.Cleanup(server.Close)
	return server.URL
}

func TestInABrowserThePageFollowsTheListAndSwitchesLanguage(t *testing.T) {
	source := &board{status: busy(t)}
	url := serve(t, source)
	b := browsertest.Open(t)
	b.Size(1280, 900)
	b.Load(url)

	b.See("heading", "名单共享进度")
	b.See("table", "各部门网关")
	b.See("table", "近期条目的传递情况")
	b.See("banner", "")
	b.See("main", "")
	b.See("contentinfo", "")
	b.See("rowheader", "铁路部门 railway")
	if got := browsertest.Value[string](b, "document.documentElement.lang"); got != "zh-CN" {
		t.Errorf("lang %q", got)
	}
	b.Picture("desktop-zh")

	// The list moves on; the page shows it without being loaded again.
	browsertest.Value[bool](b, "window.stayed = true")
	s := busy(t)
	s.Gates[1].Sequence = s.Head.Sequence
	s.Listings[0].Begin.Arrivals[2].At = nine.Add(4 * time.Second)
	source.set(s, nil)
	b.See("StaticText", "+4.00 秒")
	if !browsertest.Value[bool](b, "window.stayed === true") {
		t.Error("the page was loaded again")
	}

	b.Click("link", "English")
	b.See("heading", "How far the list has travelled")
	b.See("table", "Departments’ gates")
	b.See("StaticText", "up to date")
	if got := browsertest.Value[string](b, "document.documentElement.lang"); got != "en" {
		t.Errorf("lang %q", got)
	}
	s.Head.Sequence += 5
	source.set(s, nil)
	b.See("StaticText", "5 behind") // the fragments are English too
	b.Picture("desktop-en")
	b.Click("link", "中文")
	b.See("heading", "名单共享进度")

	if bad := b.Complaints(); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}

func TestInABrowserAnOldStateSaysThatItIsOld(t *testing.T) {
	source := &board{status: busy(t)}
	b := browsertest.Open(t)
	b.Load(serve(t, source))
	b.See("table", "各部门网关")
	source.set(Status{}, errors.New("no database"))
	b.See("StaticText", zh.Lost)
	b.See("table", "各部门网关") // the last state stays to be read
	s := busy(t)
	s.Head.Sequence++
	source.set(s, nil)
	b.See("StaticText", "落后 1 项")
	if n := len(b.Find("StaticText", zh.Lost)); n != 0 {
		t.Error("the connection is back and the page says it is not")
	}
}

func TestInABrowserThePageFitsAPhone(t *testing.T) {
	exercise := busy(t)
	exercise.Hub.Exercise = true
	b := browsertest.Open(t)
	url := serve(t, &board{status: exercise})
	for _, lang := range []string{"zh", "en"} {
		for _, width := range []int64{320, 390} {
			b.Size(width, 844)
			b.Load(fmt.Sprintf("%s/?lang=%s", url, lang))
			b.See("table", wordsFor(lang).Gates)
			if w := browsertest.Value[int64](b, "document.documentElement.scrollWidth"); w > width {
				t.Errorf("%s: the page is %d wide on a screen of %d", lang, w, width)
			}
			b.Picture(fmt.Sprintf("phone-%s-%d", lang, width))
		}
	}
}

func TestInABrowserWithoutJavaScriptThePageReloadsItself(t *testing.T) {
	source := &board{status: busy(t)}
	b := browsertest.Open(t)
	b.WithoutScripts()
	b.Load(serve(t, source))
	b.See("rowheader", "铁路部门 railway")
	s := busy(t)
	s.Gates[0].Organisation = "铁路客运部门"
	source.set(s, nil)
	b.See("rowheader", "铁路客运部门 railway")
}

func TestInABrowserTextStandsOutFromItsGround(t *testing.T) {
	exercise := busy(t)
	exercise.Hub.Exercise = true
	b := browsertest.Open(t)
	b.Load(serve(t, &board{status: exercise}))
	b.See("table", "各部门网关")
	b.Contrast()
}
