package web

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A browser is one tab of a real Chromium with a fresh profile.
type browser struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string // what the console complained about
}

// open starts Chromium; a test that cannot have it fails.
func open(t *testing.T) *browser {
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
		case *log.EventEntryAdded:
			b.bad = append(b.bad, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			b.bad = append(b.bad, e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal("start Chromium: ", err)
	}
	call(b, log.Enable, cdp.Empty{})
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

// load opens the page at url.
func (b *browser) load(url string) {
	b.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.Fatal(err)
	}
}

// complaints returns what the console said since it was last asked.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	bad := b.bad
	b.bad = nil
	return bad
}

// find returns what assistive technology knows by role and name; "" is any name.
func (b *browser) find(role, name string) (found []cdp.BackendNodeID) {
	b.Helper()
	root := call(b, dom.GetDocument, dom.GetDocumentParams{}).Root
	r, err := chromedp.Call(b.ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{NodeID: root.NodeID, Role: role, AccessibleName: name})
	if err != nil {
		return nil // the page is just being replaced
	}
	for _, n := range r.Nodes {
		if !n.Ignored {
			found = append(found, n.BackendDOMNodeID)
		}
	}
	return found
}

// see waits until there is something with role and name.
func (b *browser) see(role, name string) {
	b.Helper()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if len(b.find(role, name)) > 0 {
			return
		}
	}
	b.Fatalf("the page has no %s %q", role, name)
}

func (b *browser) click(role, name string) {
	b.Helper()
	b.see(role, name)
	node := call(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: b.find(role, name)[0]})
	call(b, runtime.CallFunctionOn, runtime.CallFunctionOnParams{FunctionDeclaration: "function() { this.click() }", ObjectID: node.Object.ObjectID})
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

func (b *browser) size(width, height int64) {
	b.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 2, Mobile: width < 600,
	})
}

// picture keeps a screenshot; go test -artifacts tells where.
func (b *browser) picture(name string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
	}
}

func serve(t *testing.T, s Source) string {
	t.Helper()
	server := httptest.NewServer(Handler(s))
	t.Cleanup(server.Close)
	return server.URL
}

func TestInABrowserThePageFollowsTheListAndSwitchesLanguage(t *testing.T) {
	source := &board{status: busy(t)}
	url := serve(t, source)
	b := open(t)
	b.size(1280, 900)
	b.load(url)

	b.see("heading", "名单共享进度")
	b.see("table", "各部门网关")
	b.see("table", "近期条目的传递情况")
	b.see("banner", "")
	b.see("main", "")
	b.see("contentinfo", "")
	b.see("rowheader", "铁路部门 railway")
	if got := value[string](b, "document.documentElement.lang"); got != "zh-CN" {
		t.Errorf("lang %q", got)
	}
	b.picture("desktop-zh")

	// The list moves on; the page shows it without being loaded again.
	value[bool](b, "window.stayed = true")
	s := busy(t)
	s.Gates[1].Sequence = s.Head.Sequence
	s.Listings[0].Begin.Arrivals[2].At = nine.Add(4 * time.Second)
	source.set(s, nil)
	b.see("StaticText", "+4.00 秒")
	if !value[bool](b, "window.stayed === true") {
		t.Error("the page was loaded again")
	}

	b.click("link", "English")
	b.see("heading", "How far the list has travelled")
	b.see("table", "Departments’ gates")
	b.see("StaticText", "up to date")
	if got := value[string](b, "document.documentElement.lang"); got != "en" {
		t.Errorf("lang %q", got)
	}
	s.Head.Sequence += 5
	source.set(s, nil)
	b.see("StaticText", "5 behind") // the fragments are English too
	b.picture("desktop-en")
	b.click("link", "中文")
	b.see("heading", "名单共享进度")

	if bad := b.complaints(); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}

func TestInABrowserAnOldStateSaysThatItIsOld(t *testing.T) {
	source := &board{status: busy(t)}
	b := open(t)
	b.load(serve(t, source))
	b.see("table", "各部门网关")
	source.set(Status{}, errors.New("no database"))
	b.see("StaticText", zh.Lost)
	b.see("table", "各部门网关") // the last state stays to be read
	s := busy(t)
	s.Head.Sequence++
	source.set(s, nil)
	b.see("StaticText", "落后 1 项")
	if n := len(b.find("StaticText", zh.Lost)); n != 0 {
		t.Error("the connection is back and the page says it is not")
	}
}

func TestInABrowserThePageFitsAPhone(t *testing.T) {
	exercise := busy(t)
	exercise.Hub.Exercise = true
	b := open(t)
	url := serve(t, &board{status: exercise})
	for _, lang := range []string{"zh", "en"} {
		for _, width := range []int64{320, 390} {
			b.size(width, 844)
			b.load(fmt.Sprintf("%s/?lang=%s", url, lang))
			b.see("table", wordsFor(lang).Gates)
			if w := value[int64](b, "document.documentElement.scrollWidth"); w > width {
				t.Errorf("%s: the page is %d wide on a screen of %d", lang, w, width)
			}
			b.picture(fmt.Sprintf("phone-%s-%d", lang, width))
		}
	}
}

func TestInABrowserWithoutJavaScriptThePageReloadsItself(t *testing.T) {
	source := &board{status: busy(t)}
	b := open(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.load(serve(t, source))
	b.see("rowheader", "铁路部门 railway")
	s := busy(t)
	s.Gates[0].Organisation = "铁路客运部门"
	source.set(s, nil)
	b.see("rowheader", "铁路客运部门 railway")
}

func TestInABrowserTextStandsOutFromItsGround(t *testing.T) {
	exercise := busy(t)
	exercise.Hub.Exercise = true
	b := open(t)
	b.load(serve(t, &board{status: exercise}))
	b.see("table", "各部门网关")
	// WCAG 2.2, 1.4.3: 4.5 to 1 for every element that holds text of its own.
	if weak := value[[]string](b, contrast); len(weak) > 0 {
		t.Errorf("too little contrast: %q", weak)
	}
}

const contrast = `(() => {
	const parse = c => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
		.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = e => {
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const weak = [];
	for (const e of document.body.querySelectorAll("*")) {
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		if (!own) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) weak.push(e.tagName + "." + e.className + " " + ratio.toFixed(2) + " " + e.textContent.trim().slice(0, 20));
	}
	return weak;
})()`
