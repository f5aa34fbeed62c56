// Package witness is a body that watches logs grow: it cosigns a checkpoint once it
// is proved that the log goes on from the last one that it cosigned, and never one
// that does not. A hub that wants to show two departments two histories would need
// its help (2.1.5, 2.5).
//
//	hub ─POST /add-checkpoint (old size, proof, checkpoint)─▶ witness ─▶ its line, after
//	                                                             │       it is on disk
//	                                                  <dir>/<log>.checkpoint
//
// The protocol is C2SP tlog-witness, the signature C2SP tlog-cosignature/v1, so hub
// and witness need not be of one make. A witness knows no listing: it sees sizes and
// roots. What it cosigned is on disk before it is answered, so that a kill at any
// moment never lets it cosign a second history. A Witness may be used from several
// goroutines; one process owns a directory.
package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"gongxin/durable"
	"gongxin/ledger"
)

// Config is what a Witness is made of; all of it is needed but Log.
type Config struct {
	Dir      string           // where it keeps what it has cosigned; made if missing
	Cosigner *ledger.Cosigner // its own key
	Logs     []string         // verifier keys of the logs that it watches; one log may have several
	Now      func() time.Time
	Log      *slog.Logger
}

// A Witness watches the logs of its Config. Make it with Open.
type Witness struct {
	Config
	verifiers map[string][]note.Verifier // by origin
	mu        sync.Mutex                 // one checkpoint at a time
}

// Open reads the keys and what was cosigned before. A file of another form is an
// error: a witness that has forgotten would cosign anything.
func Open(c Config) (*Witness, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	w := &Witness{Config: c, verifiers: map[string][]note.Verifier{}}
	for _, key := range c.Logs {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("key of a log: %w", err)
		}
		w.verifiers[v.Name()] = append(w.verifiers[v.Name()], v)
	}
	if len(w.verifiers) == 0 || c.Cosigner == nil || c.Now == nil {
		return nil, errors.New("a witness needs a key, a clock and the key of a log")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open witness: %w", err)
	}
	for origin := range w.verifiers {
		if _, err := w.last(origin); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// maxRequest bounds a request: at most 63 hashes, and a checkpoint.
const (
	maxRequest = 64 << 10
	maxProof   = 63
)

// Handler serves POST /add-checkpoint, and GET /healthz, which tells the logs and
// how far each is.
func (w *Witness) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /add-checkpoint", w.serve)
	m.HandleFunc("GET /healthz", w.serveHealth)
	return m
}

func (w *Witness) serveHealth(out http.ResponseWriter, _ *http.Request) {
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.mu.Lock()
	defer w.mu.Unlock()
	for origin := range w.verifiers {
		head, err := w.last(origin)
		if err != nil {
			http.Error(out, "what was cosigned cannot be read", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(out, "%s %d\n", origin, head.N)
	}
}

func (w *Witness) serve(out http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxRequest))
	if err != nil {
		http.Error(out, "longer than a request can be", http.StatusRequestEntityTooLarge)
		return
	}
	line, err := w.Add(b)
	var refused *Refusal
	switch {
	case err == nil:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = out.Write(line) // a log that went away asks again
	case errors.As(err, &refused) && refused.Status == http.StatusConflict:
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(refused.Status)
		fmt.Fprintf(out, "%d\n", refused.Size)
	case errors.As(err, &refused):
		w.Log.WarnContext(r.Context(), "not cosigned", "why", refused.Why)
		http.Error(out, refused.Why, refused.Status)
	default:
		w.Log.ErrorContext(r.Context(), "cannot cosign", "err", err)
		http.Error(out, "the witness has a fault of its own", http.StatusInternalServerError)
	}
}

// A Refusal says why a checkpoint is not cosigned.
type Refusal struct {
	Status int    // of HTTP, as C2SP tlog-witness has it
	Size   uint64 // with 409: up to where the witness has seen the log
	Why    string
}

// Error tells why.
func (r *Refusal) Error() string { return r.Why }

func refuse(status int, format string, args ...any) error {
	return &Refusal{Status: status, Why: fmt.Sprintf(format, args...)}
}

// Add takes a request of C2SP tlog-witness and returns the witness's line. Error: a
// *Refusal with status 400 (malformed), 403 (not signed by the log's key), 404 (a log
// that is not watched), 409 (the proof begins elsewhere), 422 (it proves nothing).
func (w *Witness) Add(request []byte) ([]byte, error) {
	old, proof, checkpoint, err := parse(request)
	if err != nil {
		return nil, err
	}
	origin, _, _ := strings.Cut(string(checkpoint), "\n")
	verifiers := w.verifiers[origin]
	if len(verifiers) == 0 {
		return nil, refuse(http.StatusNotFound, "no such log is watched: %.100q", origin)
	}
	own, err := ledger.Own(checkpoint)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "not a checkpoint")
	}
	n, err := note.Open(own, note.VerifierList(verifiers...))
	if err != nil {
		return nil, refuse(http.StatusForbidden, "not signed by the key of %s", origin)
	}
	tree, err := parseTree(n.Text)
	if err != nil {
		return nil, err
	}
	if old > tree.N {
		return nil, refuse(http.StatusBadRequest, "the proof begins at %d, beyond the checkpoint's size %d", old, tree.N)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.last(origin)
	switch {
	case err != nil:
		return nil, err
	case old != last.N:
		return nil, &Refusal{Status: http.StatusConflict, Size: uint64(last.N), Why: fmt.Sprintf("known up to %d", last.N)}
	case old == tree.N && old > 0 && (tree.Hash != last.Hash || len(proof) > 0):
		return nil, refuse(http.StatusUnprocessableEntity, "another log of the same size")
	case old == 0 && len(proof) > 0, old > 0 && old < tree.N && tlog.CheckTree(proof, tree.N, tree.Hash, last.N, last.Hash) != nil:
		return nil, refuse(http.StatusUnprocessableEntity, "the proof does not show that the log goes on")
	}
	signed, err := w.Cosigner.Cosign(own, w.Now())
	if err != nil {
		return nil, err
	}
	if err := w.keep(origin, signed); err != nil {
		return nil, err
	}
	return signed[len(own):], nil
}

// parse reads "old N", the hashes of the proof a line each, an empty line, the checkpoint.
func parse(b []byte) (old int64, proof tlog.TreeProof, checkpoint []byte, err error) {
	malformed := refuse(http.StatusBadRequest, "not a request for a cosignature")
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, is := strings.CutPrefix(lines[0], "old ")
	if !ok || !is || len(lines) > 1+maxProof {
		return 0, nil, nil, malformed
	}
	if old, err = strconv.ParseInt(size, 10, 64); err != nil || old < 0 || strconv.FormatInt(old, 10) != size {
		return 0, nil, nil, malformed
	}
	for _, line := range lines[1:] {
		hash, err := parseHash(line)
		if err != nil {
			return 0, nil, nil, malformed
		}
		proof = append(proof, hash)
	}
	return old, proof, checkpoint, nil
}

func parseHash(s string) (h tlog.Hash, err error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw) != len(h) || base64.StdEncoding.EncodeToString(raw) != s {
		return h, errors.New("not a hash")
	}
	copy(h[:], raw)
	return h, nil
}

// parseTree reads size and root of a checkpoint's text, whatever stands after them.
func parseTree(text string) (t tlog.Tree, err error) {
	malformed := refuse(http.StatusBadRequest, "not a checkpoint")
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return t, malformed
	}
	if t.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || t.N < 0 || strconv.FormatInt(t.N, 10) != lines[1] {
		return t, malformed
	}
	if t.Hash, err = parseHash(lines[2]); err != nil {
		return t, malformed
	}
	return t, nil
}

// path is the file of the log called origin.
func (w *Witness) path(origin string) string {
	return filepath.Join(w.Dir, fmt.Sprintf("%x.checkpoint", sha256.Sum256([]byte(origin))))
}

// last returns what was cosigned last of a log; the empty tree if nothing was.
func (w *Witness) last(origin string) (tlog.Tree, error) {
	b, err := os.ReadFile(w.path(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Tree{}, nil
	}
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("read what was cosigned: %w", err)
	}
	text, _, ok := strings.Cut(string(b), "\n\n")
	t, err := parseTree(text + "\n")
	if err != nil || !ok || !strings.HasPrefix(text, origin+"\n") {
		return tlog.Tree{}, fmt.Errorf("%s is damaged: it tells how far %s was cosigned; ask who runs the log, and begin anew with another witness key", w.path(origin), origin)
	}
	return t, nil
}

// keep writes a cosigned checkpoint whole, durably, in the place of the one before.
func (w *Witness) keep(origin string, checkpoint []byte) error {
	if err := durable.Replace(w.path(origin), checkpoint, 0o600); err != nil {
		return fmt.Errorf("keep what was cosigned: %w", err)
	}
	return nil
}
