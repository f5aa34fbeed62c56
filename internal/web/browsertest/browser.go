// Package browsertest drives a real Chromium for tests of pages. Things are found
// by role and name, as assistive technology knows them.
package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Browser is one tab of a real Chromium with a fresh profile.
type Browser struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string // what the console complained about
	all []string // addresses that were asked for
}

// Open starts Chromium; a test that cannot have it fails.
func Open(t *testing.T) *Browser {
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
	b := &Browser{T: t}
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
		case *network.EventRequestWillBeSent:
			b.all = append(b.all, e.Request.URL)
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
func call[P, R any](b *Browser, command cdp.Command[P, R], params P) R {
	b.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// Load opens the page at url.
func (b *Browser) Load(url string) {
	b.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.Fatal(err)
	}
}

// Complaints returns what the console said since it was last asked.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	bad := b.bad
	b.bad = nil
	return bad
}

// Requests returns the addresses that were asked for so far.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// WithoutScripts opens pages from now on as a browser without JavaScript does.
func (b *Browser) WithoutScripts() {
	b.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// OnPaper shows pages from now on as they are printed, on A4 less margins.
func (b *Browser) OnPaper() {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	b.Size(680, 960)
}

// Contrast fails where text stands out too little from its ground: WCAG 2.2, 1.4.3,
// 4.5 to 1 for every element that holds text of its own.
func (b *Browser) Contrast() {
	b.Helper()
	if weak := Value[[]string](b, contrast); len(weak) > 0 {
		b.Errorf("too little contrast: %q", weak)
	}
}

// Fits fails where the page is wider than the window.
func (b *Browser) Fits(width int64) {
	b.Helper()
	if w := Value[int64](b, "document.documentElement.scrollWidth"); w > width {
		b.Errorf("the page is %d wide in a window of %d", w, width)
	}
}

// Find returns what assistive technology knows by role and name; "" is any name.
func (b *Browser) Find(role, name string) (found []cdp.BackendNodeID) {
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

// See waits until there is something with role and name.
func (b *Browser) See(role, name string) {
	b.Helper()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if len(b.Find(role, name)) > 0 {
			return
		}
	}
	b.Fatalf("the page has no %s %q", role, name)
}

// Click clicks what has role and name, once it is there.
func (b *Browser) Click(role, name string) {
	b.Helper()
	b.do(role, name, "function() { this.click() }")
}

// Fill writes text into the field that has role and name.
func (b *Browser) Fill(role, name, text string) {
	b.Helper()
	b.do(role, name, "function(text) { this.focus(); this.value = text }", text)
}

// Choose chooses the option of the list that has name.
func (b *Browser) Choose(name, option string) {
	b.Helper()
	b.do("combobox", name, `function(text) { this.focus(); this.value = [...this.options].find(o => o.text === text).value }`, option)
}

// do calls a JavaScript function on what has role and name, once it is there.
func (b *Browser) do(role, name, function string, args ...string) {
	b.Helper()
	b.See(role, name)
	node := call(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: b.Find(role, name)[0]})
	arguments := make([]*runtime.CallArgument, len(args))
	for i, a := range args {
		v, err := json.Marshal(a)
		if err != nil {
			b.Fatal(err)
		}
		arguments[i] = &runtime.CallArgument{Value: v}
	}
	r := call(b, runtime.CallFunctionOn, runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: node.Object.ObjectID, Arguments: arguments})
	if r.ExceptionDetails != nil {
		b.Fatalf("%s %q: %s", role, name, r.ExceptionDetails.Text)
	}
}

// Press types keys, such as kb.Tab, wherever the focus is.
func (b *Browser) Press(keys string) {
	b.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
		b.Fatal(err)
	}
}

// Focused returns what has the focus: its tag, and its id or else its text.
func (b *Browser) Focused() string {
	b.Helper()
	return Value[string](b, `(e => e.tagName.toLowerCase() + " " + (e.id || e.textContent.trim().slice(0, 30)))(document.activeElement)`)
}

// Value evaluates a JavaScript expression.
func Value[T any](b *Browser, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// Size sets the size of the window; a narrow one is a phone's.
func (b *Browser) Size(width, height int64) {
	b.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 2, Mobile: width < 600,
	})
}

// Picture keeps a screenshot; go test -artifacts tells where.
func (b *Browser) Picture(name string) {
	b.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ArtifactDir(), name+".png"), png, 0o644); err != nil {
		b.Fatal(err)
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
		if (!own || !e.getClientRects().length) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) weak.push(e.tagName + "." + e.className + " " + ratio.toFixed(2) + " " + e.textContent.trim().slice(0, 20));
	}
	return weak;
})()`
