package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"

	"github.com/a-h/templ"
)

//go:embed assets
var assets embed.FS

// version changes with the assets, so that browsers may keep each for ever.
var version = func() string {
	h := sha256.New()
	err := fs.WalkDir(assets, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := assets.ReadFile(path)
		h.Write(b)
		return err
	})
	if err != nil {
		panic(err) // embedded: a fault of the build
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}()

// policy lets the page load what this server embeds and nothing else, and lets
// nobody frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// deskPolicy is that of the pages with forms, which run no script at all.
const deskPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

type handler struct{ source Source }

// Handler serves the page, its fragment and its assets from the root of a host.
// That a source fails is shown with status 503; why, the source logs itself.
func Handler(source Source) http.Handler {
	h := handler{&shared{source: source}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.HandleFunc("GET /status/fragment", h.fragment)
	mux.Handle("GET /assets/", kept(http.FileServerFS(assets)))
	return guarded(mux)
}

// guarded sets the headers that hold for all answers.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header(), policy)
		next.ServeHTTP(w, r)
	})
}

func secure(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // a form's Origin is told, to this server alone
	h.Set("Cache-Control", "no-store")
}

// kept lets browsers keep what has its version in its address.
func kept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("v") == version {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		next.ServeHTTP(w, r)
	})
}

// page serves GET /.
func (h handler) page(w http.ResponseWriter, r *http.Request) {
	words := wordsFor(r.FormValue("lang"))
	s, err := h.source.Status(r.Context())
	if err != nil {
		send(w, r, http.StatusServiceUnavailable, page(words, unreadable(words)))
		return
	}
	send(w, r, http.StatusOK, page(words, fragment(words, tag(r, words, s), s)))
}

// fragment serves GET /status/fragment: 204 if the caller has seen what it would show.
func (h handler) fragment(w http.ResponseWriter, r *http.Request) {
	words := wordsFor(r.FormValue("lang"))
	s, err := h.source.Status(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	t := tag(r, words, s)
	if r.FormValue("seen") == t {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	send(w, r, http.StatusOK, fragment(words, t, s))
}

// tag names what content shows for s: the same tag, the same page.
func tag(r *http.Request, w *words, s Status) string {
	sum := sha256.New()
	if err := content(w, s).Render(r.Context(), sum); err != nil {
		return "" // seen by nobody: the page is sent again
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

func send(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil { // the reader went away
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a reader that went away needs no answer
}
