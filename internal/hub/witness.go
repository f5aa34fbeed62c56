package hub

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// A Witness is another body that the hub asks to cosign its checkpoints, by the
// protocol C2SP tlog-witness.
type Witness struct {
	URL string // under which /add-checkpoint is
	Key *ledger.Witness
}

const (
	witnessTime   = 5 * time.Second        // for one answer of a witness
	witnessGrace  = 250 * time.Millisecond // for those that are not needed any more
	witnessEvery  = 100 * time.Millisecond // between two rounds: each is a signature of every witness and a commit
	witnessLook   = time.Second            // for checkpoints that were signed without a change
	witnessPauses = time.Minute            // the longest after a fault
)

// A WitnessStanding is how far a witness is with the hub's log.
type WitnessStanding struct {
	Witness  string    `json:"witness"`
	Sequence uint64    `json:"sequence" doc:"cosigned up to, as this process knows"`
	Heard    time.Time `json:"heard" doc:"when its latest cosignature came; before the first, when this process began"`
	Behind   uint64    `json:"behind" doc:"events that it has not cosigned"`
	Late     bool      `json:"late" doc:"no cosignature has come for more than a minute"`
	Fault    string    `json:"fault,omitempty" doc:"why the latest try failed"`
}

// lateWitness is after how long without a cosignature a witness is shown as late.
const lateWitness = time.Minute

// witnesses collects cosignatures in the background. It never holds up a commit, nor
// an answer to who did not ask for cosigned ones: what it has so far is in the store.
type witnesses struct {
	mu      sync.Mutex
	all     []witnessed
	newest  []byte // the last checkpoint that enough have cosigned; nil before the first
	size    uint64 // of the log in newest
	changed chan struct{}
}

// witnessed is one witness as this process knows it.
type witnessed struct {
	Witness
	size  uint64    // of the log as it has seen it
	heard time.Time // when its latest cosignature came
	fault string
	pause time.Duration
	again time.Time // not to be asked before; of the network's time, not of any rule
}

func newWitnesses(all []Witness) *witnesses {
	w := &witnesses{changed: make(chan struct{})}
	for _, one := range all {
		w.all = append(w.all, witnessed{Witness: one})
	}
	return w
}

// check tells what is wrong with witnesses of whom so many are needed; "" if nothing.
func checkWitnesses(all []Witness, need int) error {
	names := map[string]bool{}
	for _, one := range all {
		if one.Key == nil || one.URL == "" || names[one.Key.Name()] {
			return errors.New("hub: each witness needs an address, a key and a name of its own")
		}
		names[one.Key.Name()] = true
	}
	if need < 0 || need > len(all) {
		return fmt.Errorf("hub: %d of %d witnesses are needed", need, len(all))
	}
	return nil
}

// look returns the last cosigned checkpoint, the size of the log in it, and what will
// be closed at the next one.
func (w *witnesses) look() (newest []byte, size uint64, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest, w.size, w.changed
}

// took notes that a checkpoint of size was cosigned and is in the store.
func (w *witnesses) took(size uint64, checkpoint []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest, w.size = checkpoint, size
	close(w.changed)
	w.changed = make(chan struct{})
}

// furthest returns the largest size that a witness has seen, within a log of size.
// What it claims beyond that is its fault alone, and holds up nobody else.
func (w *witnesses) furthest(size uint64) (far uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.all {
		if one.size <= size {
			far = max(far, one.size)
		}
	}
	return far
}

// standings tells how far each is towards head. Before it was heard, one counts as
// heard when the hub was started.
func (h *Hub) standings(head ledger.Head) []WitnessStanding {
	w := h.witnesses
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]WitnessStanding, len(w.all))
	for i, one := range w.all {
		heard := one.heard
		if heard.IsZero() {
			heard = h.started
		}
		out[i] = WitnessStanding{Witness: one.Key.Name(), Sequence: one.size, Heard: heard, Fault: one.fault, Late: h.Now().Sub(heard) > lateWitness}
		if head.Size > one.size {
			out[i].Behind = head.Size - one.size
		}
	}
	return out
}

// lateWitnesses are those that have not cosigned in time, for the board.
func (h *Hub) lateWitnesses(head ledger.Head) []WitnessStanding {
	return slices.DeleteFunc(h.standings(head), func(w WitnessStanding) bool { return !w.Late })
}

// collect asks the witnesses until ctx ends.
func (h *Hub) collect(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := h.round(ctx)
		if err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "collecting cosignatures failed", "err", err)
		}
		pause := witnessEvery
		if err != nil || !more {
			pause = min(witnessLook, h.Heartbeat)
		}
		_, size, _ := h.witnesses.look()
		waiting, cancel := context.WithTimeout(ctx, pause)
		if more || err != nil {
			<-waiting.Done()
		} else {
			_, _ = h.Store.Wait(waiting, size) // woken by a change, or by the time to look for a checkpoint without one
		}
		cancel()
	}
	return nil
}

// round gets the next checkpoint cosigned: the newest, or the end of what travels in
// one answer where that is nearer, so that a follower of cosigned checkpoints can stop
// there. more tells that the log goes on behind it.
func (h *Hub) round(ctx context.Context) (more bool, err error) {
	head, err := h.head(ctx)
	if err != nil || head.Size == 0 {
		return false, err
	}
	newest, last, _ := h.witnesses.look()
	if newest == nil { // the first round of this process
		if newest, last, err = h.lastCosigned(ctx, head.Size); err != nil {
			return false, err
		}
	}
	// Behind what a witness has seen it cosigns no more: such as after a crash before
	// its line was kept, or while another hub of the same database asks it too.
	if far := h.witnesses.furthest(head.Size); far > last {
		last = far - 1
	}
	c, err := h.changes(ctx, gongxin.AudiencePartner, last, maxChanges)
	if err != nil {
		return false, err
	}
	size := c.After + uint64(len(c.Records))
	own, err := ledger.Own(c.Checkpoint)
	if err != nil || newest != nil && bytes.HasPrefix(newest, own) {
		return false, err
	}
	checkpoint, err := h.cosign(ctx, size, own)
	if err != nil || checkpoint == nil {
		return false, err
	}
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCosigned(ctx, size, checkpoint) })
	if err != nil {
		return false, err
	}
	h.witnesses.took(size, checkpoint)
	return head.Size > size, nil
}

// lastCosigned returns the newest cosigned checkpoint that is kept. Where there is none
// the hub begins with its newest checkpoint: what was before, no witness has seen.
func (h *Hub) lastCosigned(ctx context.Context, size uint64) (checkpoint []byte, last uint64, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		last, checkpoint, err = v.CosignedIn(ctx, 0, size)
		return err
	})
	if err == nil && last == 0 {
		last = size - 1
	}
	return checkpoint, last, err
}

// cosign asks all witnesses that may be asked at once for their line under own, a
// checkpoint of size, and returns it with the lines if they are enough; else nil.
func (h *Hub) cosign(ctx context.Context, size uint64, own []byte) ([]byte, error) {
	_, said, _, err := ledger.ReadHead(own)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	lines, pending := make(chan []byte), 0
	for i := range h.witnesses.all {
		if !h.witnesses.due(i, time.Now()) {
			continue
		}
		pending++
		go func() {
			line, err := h.ask(asking, i, said, own)
			if err != nil && asking.Err() != nil && ctx.Err() == nil {
				err = fmt.Errorf("too slow: %w", err)
			}
			h.witnessSaid(ctx, i, size, err)
			lines <- line
		}()
	}
	whole, got := bytes.Clone(own), 0
	for ; pending > 0; pending-- {
		line := <-lines
		if line == nil {
			continue
		}
		if whole, got = append(whole, line...), got+1; got == h.WitnessNeed {
			grace := time.AfterFunc(witnessGrace, cancel) // the others are welcome, and not waited for
			defer grace.Stop()
		}
	}
	if got < h.WitnessNeed {
		return nil, nil
	}
	return whole, nil
}

// due tells whether witness i may be asked now.
func (w *witnesses) due(i int, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !now.Before(w.all[i].again)
}

// witnessSaid notes what came of asking witness i about a checkpoint of size.
func (h *Hub) witnessSaid(ctx context.Context, i int, size uint64, err error) {
	w := h.witnesses
	w.mu.Lock()
	defer w.mu.Unlock()
	one := &w.all[i]
	if err == nil {
		if one.fault != "" {
			h.Log.InfoContext(ctx, "a witness cosigns again", "witness", one.Key.Name(), "sequence", size)
		}
		one.size, one.heard, one.fault, one.pause, one.again = size, gongxin.Millis(h.Now()), "", 0, time.Time{}
		return
	}
	if ctx.Err() != nil {
		return // the hub stops
	}
	if one.fault == "" {
		h.Log.WarnContext(ctx, "a witness does not cosign", "witness", one.Key.Name(), "sequence", size, "err", err)
	}
	one.fault = err.Error()
	one.pause = min(max(witnessLook, 2*one.pause), witnessPauses)
	one.again = time.Now().Add(one.pause)
}

// errStanding says that a witness has seen the log at another size than was thought.
var errStanding = errors.New("the witness has seen the log at another size")

// ask asks witness i for its line under own, a checkpoint that says head. A witness
// that has seen the log at another size than this process knows says so, and is
// asked again from there.
func (h *Hub) ask(ctx context.Context, i int, head ledger.Head, own []byte) (line []byte, err error) {
	h.witnesses.mu.Lock()
	one := h.witnesses.all[i]
	h.witnesses.mu.Unlock()
	for old, tries := one.size, 0; ; tries++ {
		if old > head.Size {
			h.witnesses.mu.Lock()
			h.witnesses.all[i].size = old
			h.witnesses.mu.Unlock()
			return nil, fmt.Errorf("%w: %d events, and it was asked about %d; if the hub has fewer, its database was put back to an old copy", errStanding, old, head.Size)
		}
		proof, err := h.consistency(ctx, old, head)
		if err != nil {
			return line, err
		}
		body, knows, err := addCheckpoint(ctx, one.URL, old, proof, own)
		if errors.Is(err, errStanding) && tries < 2 {
			old = knows
			continue
		}
		if err != nil {
			return line, err
		}
		return readLine(body, head, h.verifier.Origin(), own, one.Key)
	}
}

// readLine checks what a witness answered, and returns its own line without others.
func readLine(body []byte, head ledger.Head, origin string, own []byte, witness *ledger.Witness) (line []byte, err error) {
	for text := range bytes.Lines(body) {
		seen, err := ledger.Cosignatures(head, origin, append(bytes.Clone(own), text...), []*ledger.Witness{witness})
		if err != nil {
			return line, err
		}
		if len(seen) == 1 {
			return bytes.Clone(text), nil
		}
	}
	return line, fmt.Errorf("no line by %s in its answer", witness.Name())
}

// consistency proves that the log that head says contains its first old leaves.
func (h *Hub) consistency(ctx context.Context, old uint64, head ledger.Head) (proof tlog.TreeProof, err error) {
	if old == 0 || old == head.Size {
		return nil, nil
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		tree := tlog.Tree{N: int64(head.Size), Hash: head.Root}
		proof, err = tlog.ProveTree(tree.N, int64(old), tlog.TileHashReader(tree, tileReader{ctx, v}))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove that the log of %d goes on in that of %d: %w", old, head.Size, err)
	}
	return proof, nil
}

// A tileReader reads the log's tiles for those who prove from them.
type tileReader struct {
	ctx  context.Context
	view *store.View
}

// Height is 8, as C2SP tlog-tiles has it.
func (tileReader) Height() int { return 8 }

// SaveTiles keeps nothing: they are in the store.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles reads tiles from the store.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		b, err := r.view.Tile(r.ctx, t.L, uint64(t.N), t.W)
		if err == nil && b == nil {
			err = fmt.Errorf("no tile %s", t.Path())
		}
		if err != nil {
			return nil, err
		}
		data[i] = b
	}
	return data, nil
}

// maxWitnessAnswer bounds what is read of a witness.
const maxWitnessAnswer = 16 << 10

var witnessClient = &http.Client{
	Timeout:       witnessTime,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// addCheckpoint posts a checkpoint with the proof that the log of size old goes on in
// it, and returns the lines of the answer; with errStanding the size that the witness knows.
func addCheckpoint(ctx context.Context, url string, old uint64, proof tlog.TreeProof, checkpoint []byte) (lines []byte, knows uint64, err error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	for _, hash := range proof {
		body.WriteString(base64.StdEncoding.EncodeToString(hash[:]) + "\n")
	}
	body.WriteByte('\n')
	body.Write(checkpoint)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/add-checkpoint", &body)
	if err != nil {
		return nil, 0, fmt.Errorf("ask witness: %w", err)
	}
	resp, err := witnessClient.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("ask witness: %w", err)
	}
	defer resp.Body.Close()
	if lines, err = io.ReadAll(io.LimitReader(resp.Body, maxWitnessAnswer)); err != nil {
		return nil, 0, fmt.Errorf("read the witness's answer: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return lines, 0, nil
	case http.StatusConflict:
		text := strings.TrimSuffix(string(lines), "\n")
		knows, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return nil, 0, fmt.Errorf("the witness answered 409 without a size: %.40q", text)
		}
		return nil, knows, fmt.Errorf("%w: %d instead of %d", errStanding, knows, old)
	}
	return nil, 0, fmt.Errorf("the witness answered %d: %.200q", resp.StatusCode, strings.TrimSpace(string(lines)))
}
