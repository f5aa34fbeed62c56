package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// A signedList is a hub's published directory with a list of any length: what a hub
// would have signed had courts sent it, without the time that courts and a database
// take. Leaves, commitments, tree, checkpoints and the snapshot's hash in the ledger
// are real, so that a gate verifies all of it.
type signedList struct {
	mu       sync.Mutex // held while it is signed and published
	dir      string
	signer   *ledger.Signer
	tree     ledger.Tree
	head     ledger.Head
	ids      []gongxin.ListingID // of the first listings, for ending them
	elements []ledger.Digest     // and what they add to the digest
	listed   int
	started  time.Time
}

// prepared is an event with what the ledger and departments get of it.
type prepared struct {
	record feed.Record
	hash   ledger.Hash
	id     gongxin.ListingID
}

const preparedAtOnce = 8192

// prepare makes n events from the i-th on, on all cores.
func (l *signedList) prepare(i, n int, event func(i int) (gongxin.Event, error)) ([]prepared, error) {
	out, errs := make([]prepared, n), make([]error, n)
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for k := w; k < n; k += workers {
				out[k], errs[k] = l.prepareOne(i+k, event)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (l *signedList) prepareOne(i int, event func(i int) (gongxin.Event, error)) (p prepared, err error) {
	e, err := event(i)
	if err != nil {
		return p, err
	}
	e.At = l.started
	bodies, err := e.Bodies()
	if err != nil {
		return p, err
	}
	seed := make([]byte, ledger.SaltSize)
	if _, err := rand.Read(seed); err != nil {
		return p, err
	}
	leaf := ledger.Leaf{Kind: string(e.Kind.LeafKind()), At: e.At, Key: e.Listing}
	for a, body := range bodies {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	b := leaf.Append(nil)
	return prepared{feed.Record{Leaf: b, Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: bodies[gongxin.AudiencePartner]}, ledger.RecordHash(b), e.Listing}, nil
}

// listing is the i-th, of a person of the synthetic series.
func (l *signedList) listing(i int) (gongxin.Event, error) {
	number, _, err := identity.Parse(string(synthetic.AppendCitizenNumber(nil, i)), identity.CitizenID)
	if err != nil {
		return gongxin.Event{}, err
	}
	id, err := gongxin.NewListingID(l.started, rand.Reader)
	if err != nil {
		return gongxin.Event{}, err
	}
	number4 := strconv.Itoa(1 + i%9999)
	c, err := gongxin.ParseCaseNumber(fmt.Sprintf("（20%02d）苏%02d%02d执%s号", 16+i%4, 1+i%13, 1+i/13%20, number4))
	if err != nil {
		return gongxin.Event{}, err
	}
	day := gongxin.DayOf(l.started)
	return gongxin.Event{Kind: gongxin.ListingAdmitted, Listing: id, Origin: gongxin.FromCourtFile, By: benchActor, Entry: &gongxin.Entry{
		Court: c.Court(), CourtName: fmt.Sprintf("江苏省第%d人民法院", 1+i%120), Case: c,
		Subject: gongxin.Subject{Name: string(synthetic.AppendName(nil, i)), Number: number, Sex: number.Sex(), Age: 40},
		Basis:   "（2015）民初字第" + number4 + "号", BasisBody: "江苏省第一人民法院", Obligation: "给付货款人民币" + number4 + "元", Performance: "全部未履行",
		Conduct: "有履行能力而拒不履行生效法律文书确定义务", Published: day.Add(-1 - i%600), Filed: day.Add(-700), Severity: "一般", Until: day.Add(100 + i%600),
	}}, nil
}

// ending withdraws the i-th of those that are kept by their ids.
func (l *signedList) ending(i int) (gongxin.Event, error) {
	return gongxin.Event{Kind: gongxin.ListingWithdrawn, Listing: l.ids[i], By: benchActor, Ground: gongxin.GroundPerformed,
		On: gongxin.DayOf(l.started), Decision: fmt.Sprintf("（2026）解%d号", i)}, nil
}

func (l *signedList) sign() ([]byte, error) {
	l.head.Size, l.head.Root, l.head.At = l.tree.Size(), l.tree.Root(), gongxin.Millis(time.Now())
	return l.signer.Sign(l.head)
}

// verifier opens what it signed.
func (l *signedList) verifier() (*ledger.Verifier, error) {
	return ledger.NewVerifier(l.signer.VerifierKey())
}

// beat signs the newest head again every second, as a hub does, until ctx ends.
func (l *signedList) beat(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := l.again(); err != nil {
			return err
		}
	}
}

func (l *signedList) again() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	checkpoint, err := l.sign()
	if err != nil {
		return err
	}
	return feed.Publish(l.dir, feed.Changes{After: l.tree.Size(), Checkpoint: checkpoint})
}

// A keptHeld keeps what is in force, for a bootstrap.
type keptHeld struct{ benchHeld }

// Apply implements feed.Keeper.
func (h keptHeld) Apply(changes []feed.Change) error { h.apply(changes); return nil }

// makeList makes a directory with n listings as a snapshot, to be followed with the
// key in hub.pub beside it. Of the first so many the ids are kept.
func makeList(dir string, n, keep int, progress io.Writer) (l *signedList, err error) {
	secret, verifier, err := ledger.GenerateKey("gongxin.bench/list", rand.Reader)
	if err != nil {
		return nil, err
	}
	l = &signedList{dir: filepath.Join(dir, "feed"), listed: n, started: gongxin.Millis(time.Now())}
	if l.signer, err = ledger.NewSigner(secret); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "hub.pub"), []byte(verifier+"\n"), 0o644); err != nil {
		return nil, err
	}
	// The snapshot begins with the tree's edge at its end: so the records wait in a file.
	records, err := os.CreateTemp(dir, "records-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = records.Close(); _ = os.Remove(records.Name()) }()
	spool := newSpool(records)
	for i := 0; i < n; i += preparedAtOnce {
		part, err := l.prepare(i, min(preparedAtOnce, n-i), l.listing)
		if err != nil {
			return nil, err
		}
		for _, p := range part {
			l.tree.Append(p.hash)
			element := ledger.ElementOf(l.tree.Size(), p.hash)
			l.head.Count, l.head.Digest = l.head.Count+1, l.head.Digest.Add(element)
			if len(l.ids) < keep {
				l.ids, l.elements = append(l.ids, p.id), append(l.elements, element)
			}
			if err := spool.put(p.record); err != nil {
				return nil, err
			}
		}
		if (i/preparedAtOnce)%128 == 127 {
			fmt.Fprintf(progress, "%d of %d listings signed\n", i+preparedAtOnce, n)
		}
	}
	checkpoint, err := l.sign()
	if err != nil {
		return nil, err
	}
	return l, l.writeSnapshot(spool, checkpoint, n)
}

func (l *signedList) writeSnapshot(spool *spool, checkpoint []byte, n int) error {
	if err := spool.rewind(); err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(l.dir), "making.gxs")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	size := l.tree.Size()
	w, err := feed.NewSnapshotWriter(file, gongxin.AudiencePartner, l.tree, checkpoint)
	if err != nil {
		return err
	}
	for i := range n {
		r, err := spool.get()
		if err == nil {
			err = w.Add(uint64(i)+1, r)
		}
		if err != nil {
			return err
		}
	}
	hash, err := w.Close()
	if err != nil {
		return err
	}
	leaf := ledger.Leaf{Kind: string(gongxin.SnapshotMade), At: l.started}
	leaf.Commitments[gongxin.AudiencePartner] = hash
	record := feed.Record{Leaf: leaf.Append(nil)}
	l.tree.Append(ledger.RecordHash(record.Leaf))
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if checkpoint, err = l.sign(); err != nil {
		return err
	}
	if err := feed.Publish(l.dir, feed.Changes{After: size, Records: []feed.Record{record}, Checkpoint: checkpoint}); err != nil {
		return err
	}
	if err := feed.PublishSnapshot(l.dir, size, file); err != nil {
		return err
	}
	return os.Remove(path)
}

// approve appends the event that so many may enter and leave.
func (l *signedList) approve(enter, leave int) (r feed.Record, err error) {
	body, err := gongxin.BatchApproved{Batch: "bench", Listings: enter, Withdrawals: leave, By: gongxin.RoleOperator}.Body()
	if err != nil {
		return r, err
	}
	seed := make([]byte, ledger.SaltSize)
	if _, err := rand.Read(seed); err != nil {
		return r, err
	}
	leaf := ledger.Leaf{Kind: string(gongxin.BatchApproval), At: l.started}
	for a := range leaf.Commitments {
		leaf.Commitments[a] = ledger.Commit(ledger.Salt(seed, a), body)
	}
	r = feed.Record{Leaf: leaf.Append(nil), Salt: ledger.Salt(seed, int(gongxin.AudiencePartner)), Body: body}
	l.tree.Append(ledger.RecordHash(r.Leaf))
	return r, nil
}

// change appends n changes, every second one an ending, and publishes them at once.
// It returns how many bytes they are.
func (l *signedList) change(n int) (bytesOut int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const together = 10_000
	aside := l.dir + "-aside"
	defer os.RemoveAll(aside)
	for i := 0; i < n; i += together {
		part := min(together, n-i)
		begin := i
		made, err := l.prepare(0, part, func(k int) (gongxin.Event, error) {
			if k%2 == 1 {
				return l.ending((begin + k) / 2)
			}
			return l.listing(l.listed + begin + k)
		})
		if err != nil {
			return 0, err
		}
		c := feed.Changes{After: l.tree.Size()}
		if i == 0 { // so many at once are abnormal to a gate, unless the hub says that they are meant
			r, err := l.approve(n/2+n%2, n/2)
			if err != nil {
				return 0, err
			}
			c.Records = append(c.Records, r)
		}
		for k, p := range made {
			l.tree.Append(p.hash)
			if k%2 == 0 {
				l.head.Count, l.head.Digest = l.head.Count+1, l.head.Digest.Add(ledger.ElementOf(l.tree.Size(), p.hash))
			} else {
				element := l.elements[(begin+k)/2]
				l.head.Count, l.head.Digest = l.head.Count-1, l.head.Digest.Sub(element)
			}
			c.Records = append(c.Records, p.record)
		}
		if c.Checkpoint, err = l.sign(); err != nil {
			return 0, err
		}
		if err := feed.Publish(aside, c); err != nil {
			return 0, err
		}
	}
	files, err := os.ReadDir(filepath.Join(aside, "changes"))
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return 0, err
		}
		bytesOut += int(info.Size())
		if err := os.Link(filepath.Join(aside, "changes", f.Name()), filepath.Join(l.dir, "changes", f.Name())); err != nil {
			return 0, err
		}
	}
	return bytesOut, os.Rename(filepath.Join(aside, "checkpoint"), filepath.Join(l.dir, "checkpoint"))
}

// A spool keeps records in a file until they are wanted, in their order.
type spool struct {
	file *os.File
	out  *bufio.Writer
	in   *bufio.Reader
}

func newSpool(f *os.File) *spool { return &spool{file: f, out: bufio.NewWriterSize(f, 1<<20)} }

func (s *spool) put(r feed.Record) error {
	for _, part := range [][]byte{r.Leaf, r.Salt, r.Body} {
		if _, err := s.out.Write(binary.AppendUvarint(nil, uint64(len(part)))); err != nil {
			return err
		}
		if _, err := s.out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) rewind() error {
	err := s.out.Flush()
	if err == nil {
		_, err = s.file.Seek(0, io.SeekStart)
	}
	s.in = bufio.NewReaderSize(s.file, 1<<20)
	return err
}

func (s *spool) get() (r feed.Record, err error) {
	for _, part := range []*[]byte{&r.Leaf, &r.Salt, &r.Body} {
		n, err := binary.ReadUvarint(s.in)
		if err != nil {
			return r, err
		}
		*part = make([]byte, n)
		if _, err := io.ReadFull(s.in, *part); err != nil {
			return r, err
		}
	}
	return r, nil
}
