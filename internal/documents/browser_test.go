package documents

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"gongxin"
	"gongxin/internal/register"
)

// A browser is one tab of a real Chromium with a fresh profile.
type browser struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	// What the page asked for, and what the console complained about.
	asked, bad []string
}

// launch starts Chromium; a test that cannot have it fails.
func launch(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("these tests need Chromium (Debian: apt-get install chromium): ", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("headless", "new"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute) // the browser ends after the test, in order
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	b := &browser{T: t}
	ctx, cancel := chromedp.NewContext(ctx)
	b.ctx = ctx
	t.Cleanup(func() {
		if err := chromedp.Cancel(b.ctx); err != nil {
			t.Error("end Chromium: ", err)
		}
		cancel()
		end()
		stop()
	})
	err = chromedp.Listen(b.ctx, func(e any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := e.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, e.Request.URL)
		case *log.EventEntryAdded:
			b.bad = append(b.bad, e.Entry.Text)
		}
	})
	if err != nil {
		t.Fatal("start Chromium: ", err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	return b
}

// call sends one command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// value evaluates a JavaScript expression.
func value[T any](b *browser, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// show loads a page from a server of its own and returns its address.
func (b *browser) show(html []byte) string {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(html)
	}))
	b.Cleanup(server.Close)
	url := server.URL + "/"
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.Fatal(err)
	}
	return url
}

var (
	pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)
	pdfBox  = regexp.MustCompile(`/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]`)
)

// pdf prints the page as its style sheet wants it and returns how many sheets of
// A4 that takes; a sheet of another size fails the test. The file is kept: go
// test -artifacts tells where.
func (b *browser) pdf(name string) int {
	b.Helper()
	yes := true
	r := call(b, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
	if err := os.WriteFile(filepath.Join(b.ArtifactDir(), name+".pdf"), r.Data, 0o644); err != nil {
		b.Fatal(err)
	}
	for _, box := range pdfBox.FindAllSubmatch(r.Data, -1) {
		w, err1 := strconv.ParseFloat(string(box[1]), 64)
		h, err2 := strconv.ParseFloat(string(box[2]), 64)
		if err1 != nil || err2 != nil || w < 594 || w > 596.5 || h < 840.5 || h > 843 { // 210 × 297 mm in points
			b.Errorf("%s: a sheet of %s × %s points is not A4", name, box[1], box[2])
		}
	}
	return len(pdfPage.FindAll(r.Data, -1))
}

// outside lists what stands beyond the width of the text area when the page is printed.
const outside = `(() => {
	const width = document.documentElement.clientWidth, found = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; n = walk.nextNode();) {
		if (!n.textContent.trim() || n.parentElement.closest(".mark")) continue;
		const r = document.createRange();
		r.selectNodeContents(n);
		for (const box of r.getClientRects())
			if (box.left < -0.5 || box.right > width + 0.5) found.push(n.textContent.trim().slice(0, 20) + " " + box.left + "–" + box.right);
	}
	return found;
})()`

// unbroken is text that a careless layout would cut off.
var unbroken = strings.Repeat("A1234567890", 30)

func TestInABrowserADecisionPrintsOnA4(t *testing.T) {
	doc := write(t, scribe(nil), sample(gongxin.DocDecision))
	printed, err := Print(doc, code, address)
	if err != nil {
		t.Fatal(err)
	}
	b := launch(t)
	url := b.show(printed)
	if n := b.pdf("decision"); n != 3 { // the box with the code does not part from its signature
		t.Errorf("the decision takes %d sheets, want 3", n)
	}
	if got := value[string](b, `document.getElementById("access-code").innerText`); got != code {
		t.Errorf("the code reads %q", got)
	}
	if got := value[string](b, "document.documentElement.lang"); got != "zh-CN" {
		t.Errorf("lang %q", got)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.asked) != 1 || b.asked[0] != url {
		t.Errorf("the page asked for %q", b.asked)
	}
	if len(b.bad) > 0 {
		t.Errorf("the console says %q", b.bad)
	}
}

func TestInABrowserNothingIsCutOff(t *testing.T) {
	b := launch(t)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	const textWidth = 590 // 156 mm in CSS pixels
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: textWidth, Height: 850, DeviceScaleFactor: 1})
	look := func(name string, d register.Draft) {
		doc := write(t, scribe(nil), d)
		given := ""
		if TakesCode(doc.Kind) {
			given = code
		}
		printed, err := Print(doc, given, address)
		if err != nil {
			t.Fatal(err)
		}
		b.show(printed)
		if beyond := value[[]string](b, outside); len(beyond) > 0 {
			t.Errorf("%s: cut off at the margin: %q", name, beyond)
		}
		if w := value[int64](b, "document.documentElement.scrollWidth"); w > textWidth {
			t.Errorf("%s: %d wide where there is room for %d", name, w, textWidth)
		}
		if n := b.pdf(name); n < 1 || n > 12 {
			t.Errorf("%s takes %d sheets", name, n)
		}
	}
	for _, x := range scenes() {
		if x.name == string(x.draft.Document.Kind) {
			look(x.name, x.draft)
			look(x.name+"-long", of(x.draft, func(e *gongxin.Entry) {
				e.Subject.Name, e.Obligation, e.Conduct, e.Employer = unbroken, unbroken+strings.Repeat("长", 900), unbroken, unbroken
			}))
		}
	}
}

func TestInABrowserAPaperFitsAScreen(t *testing.T) {
	b := launch(t)
	html, err := Preview(gongxin.DocDecision, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{360, 800, 1280} {
		call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
		b.show(html)
		if w := value[int64](b, "document.documentElement.scrollWidth"); w > width {
			t.Errorf("the page is %d wide on a screen of %d", w, width)
		}
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.ArtifactDir(), fmt.Sprintf("screen-%d.png", width)), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
