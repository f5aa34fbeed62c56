package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gongxin"
	"gongxin/durable"
	"gongxin/internal/intake"
	"gongxin/internal/store"
)

// A held submission is a file in heldDir, named by its batch. It gets that name
// once it is whole, and the store knows its hash before anybody is told of it.
const (
	heldDir     = "held"
	shownBatch  = 500 // batches that a list shows, those that wait first
	maxHeld     = 200 // that wait at a time, so that nobody fills the disk with them
	maxOwn      = 10  // of one submitter
	applyEvery  = 10 * time.Second
	orphanAfter = time.Hour // a held file without a batch is what a crash left
)

// A Submission is a court's file on this machine, and who submits it.
type Submission struct {
	By          gongxin.Actor
	Name        string // of the file, as the court gave it
	ContentType string // application/json and application/x-ndjson are JSON rows; else the content tells
	File        *os.File
}

// A Passage lets one submission into the register.
type Passage struct {
	hub *Hub
	by  gongxin.Actor
	way *passage
}

// Admit looks whether s is abnormal by the hub's Guard. If it is not, the passage
// takes it; if it is, s is kept until a second person has decided on it, nothing of
// it is in the register, and held says as what. Only a file that is large enough to
// be abnormal at all is read here; its errors are those of intake.Open.
func (h *Hub) Admit(ctx context.Context, s Submission) (p *Passage, held *store.Batch, err error) {
	head, err := h.head(ctx)
	if err != nil {
		return nil, nil, err
	}
	size, workbook, err := s.measure()
	if err != nil {
		return nil, nil, err
	}
	way, rest, base, possible := h.window.enter(s.By.Court, h.Now(), head.Count, mostRows(size, workbook), h.Guard)
	p = &Passage{h, s.By, way}
	if !possible {
		return p, nil, nil
	}
	reason, t, err := h.abnormal(ctx, s, rest, base)
	if err == nil && reason == "" {
		way.count(t)
		return p, nil, nil
	}
	way.leave(tally{})
	if err != nil {
		return nil, nil, err
	}
	b, err := h.hold(ctx, s, store.Batch{Reason: reason, Listings: t.listings, Withdrawals: t.withdrawals, InForce: head.Count})
	if err != nil {
		return nil, nil, fmt.Errorf("hold the submission %s: %w", s.Name, err)
	}
	return nil, &b, nil
}

// Take is Hub.Take for a submission that was admitted; it ends the passage.
func (p *Passage) Take(ctx context.Context, from Records, each func(intake.Record) error) error {
	var done tally
	defer func() { p.way.leave(done) }()
	return p.hub.Take(ctx, p.by, from, func(r intake.Record) error {
		done = done.plus(doneBy(r))
		return each(r)
	})
}

// Close ends a passage that was not taken.
func (p *Passage) Close() { p.way.leave(tally{}) }

// abnormal counts s, first its rows alone and then, if they would be too many, by
// what the register holds.
func (h *Hub) abnormal(ctx context.Context, s Submission, rest tally, base uint64) (reason string, t tally, err error) {
	counts := []func(Records) (tally, error){
		countRows,
		func(from Records) (tally, error) { return h.effect(ctx, s.By, from) },
	}
	for _, count := range counts {
		from, seen, err := h.openSubmission(s)
		if err != nil {
			return "", t, err
		}
		t, err = count(from)
		if closing := errors.Join(from.Close(), seen.Close()); err == nil {
			err = closing
		}
		if err != nil {
			return "", t, err
		}
		if reason = h.Guard.exceeds(rest.plus(t), base); reason == "" {
			break
		}
	}
	return reason, t, nil
}

// hold keeps s as a batch: the file first, then what is known of it. A file that the
// same submitter has waiting already is that batch. Error: BATCHES_WAITING.
func (h *Hub) hold(ctx context.Context, s Submission, b store.Batch) (store.Batch, error) {
	b.At = gongxin.Millis(h.Now())
	random := make([]byte, 5)
	if _, err := io.ReadFull(h.Random, random); err != nil {
		return b, err
	}
	b.ID = fmt.Sprintf("b%d-%s", gongxin.DayOf(b.At), hex.EncodeToString(random))
	b.File = filepath.Join(heldDir, b.ID)
	b.Name, b.ContentType = s.Name, s.ContentType
	b.By, b.Role, b.Court, b.Organisation = s.By.ID, s.By.Role, s.By.Court, s.By.Organisation
	var err error
	if b.Hash, err = h.keepFile(s.File, b.File); err != nil {
		return b, err
	}
	waiting, err := h.saveHeld(ctx, b)
	if err != nil || waiting.ID != b.ID {
		return waiting, errors.Join(err, os.Remove(filepath.Join(h.Dir, b.File)))
	}
	h.Log.WarnContext(ctx, "batch held for a second person", "batch", b.ID, "reason", b.Reason, "by", b.By,
		"listings", b.Listings, "withdrawals", b.Withdrawals, "in_force", b.InForce)
	return b, nil
}

// saveHeld saves b, unless too many wait already, or the same submitter has the same
// file waiting: then it returns that batch.
func (h *Hub) saveHeld(ctx context.Context, b store.Batch) (store.Batch, error) {
	h.holding.Lock()
	defer h.holding.Unlock()
	first, err := h.batches(ctx, maxHeld) // those that wait come first
	if err != nil {
		return b, err
	}
	waiting, own := 0, 0
	for _, other := range first {
		if other.Outcome != "" {
			break
		}
		waiting++
		if other.By != b.By {
			continue
		}
		if other.Hash == b.Hash {
			return other, nil
		}
		own++
	}
	if own >= maxOwn || waiting >= maxHeld {
		return b, gongxin.Conflict("BATCHES_WAITING", maxOwn, maxHeld)
	}
	return b, h.saveBatch(ctx, b)
}

// keepFile copies f durably to name in the hub's directory and returns its hash.
func (h *Hub) keepFile(f *os.File, name string) (hash [32]byte, err error) {
	path := filepath.Join(h.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return hash, err
	}
	info, err := f.Stat()
	if err != nil {
		return hash, err
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return hash, err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(to, sum), io.NewSectionReader(f, 0, info.Size()))
	if err == nil {
		err = to.Sync()
	}
	if closing := to.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return hash, errors.Join(err, os.Remove(path))
	}
	return [32]byte(sum.Sum(nil)), nil
}

func (h *Hub) saveBatch(ctx context.Context, b store.Batch) error {
	return h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveBatch(ctx, b) })
}

// Batches returns the batches that wait, and the newest of the others.
func (h *Hub) Batches(ctx context.Context) ([]store.Batch, error) { return h.batches(ctx, shownBatch) }

func (h *Hub) batches(ctx context.Context, limit int) (all []store.Batch, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Batches(ctx, limit)
		return err
	})
	return all, err
}

// DecideBatch approves a held batch, or refuses it for a reason, as by. An
// approved one is announced to the gates with its numbers and on its way into the
// register when DecideBatch returns; of one
// that was refused the file is gone. The same decision again changes nothing.
// Errors: BATCH_UNKNOWN; NOT_ENTITLED unless a judge of the court or an operator
// decides; SAME_PERSON if by submitted it; BATCH_DECIDED if it was decided otherwise.
func (h *Hub) DecideBatch(ctx context.Context, id string, by gongxin.Actor, outcome, reason string) (b store.Batch, err error) {
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if b, err = tx.Batch(ctx, id); err != nil {
			return err
		}
		switch {
		case by.Role != gongxin.RoleOperator && (by.Role != gongxin.RoleJudge || !by.ActsFor(b.Court)):
			return gongxin.Forbidden("NOT_ENTITLED", by.Role, b.Court)
		case by.ID == b.By:
			return gongxin.Forbidden("SAME_PERSON", id)
		case b.Outcome == outcome:
			return nil
		case b.Outcome != "":
			return gongxin.Conflict("BATCH_DECIDED", id, b.Outcome)
		}
		b.Decided, b.DecidedBy, b.Outcome, b.Note = gongxin.Millis(h.Now()), by.ID, outcome, reason
		if outcome == store.Approved {
			if err := announce(ctx, tx, b, by.Role); err != nil {
				return err
			}
		}
		return tx.SaveBatch(ctx, b)
	})
	if err != nil {
		return store.Batch{}, err
	}
	h.Log.InfoContext(ctx, "batch decided", "batch", id, "outcome", b.Outcome, "by", b.DecidedBy)
	if b.Outcome == store.Refused {
		return b, h.destroy(b)
	}
	select {
	case h.approved <- struct{}{}:
	default: // the job knows that there is something to do
	}
	return b, nil
}

// announce tells in the ledger, before anything of b goes in, that its numbers are
// meant, so that no gate takes them for a fault. Nothing in it says who or which court.
func announce(ctx context.Context, tx *store.Tx, b store.Batch, by gongxin.Role) error {
	body, err := gongxin.BatchApproved{Batch: b.ID, Listings: b.Listings, Withdrawals: b.Withdrawals, By: by}.Body()
	if err == nil {
		_, err = tx.Announce(ctx, gongxin.BatchApproval, body)
	}
	return err
}

// destroy removes the file of a batch that needs it no longer.
func (h *Hub) destroy(b store.Batch) error {
	err := os.Remove(filepath.Join(h.Dir, b.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// applyBatches is the job that takes approved batches into the register.
func (h *Hub) applyBatches(ctx context.Context) error {
	t := time.NewTicker(applyEvery)
	defer t.Stop()
	for {
		if err := h.ApplyBatches(ctx); err != nil && ctx.Err() == nil {
			h.Log.ErrorContext(ctx, "job failed", "job", "batches", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-h.approved:
		case <-t.C:
		}
	}
}

// ApplyBatches takes every approved batch that is not in the register yet, the one
// approved first first, and clears away files that nobody needs. After a crash it
// begins a batch anew, which changes nothing for the rows that went in. A batch
// whose file another hub keeps is left to that one.
func (h *Hub) ApplyBatches(ctx context.Context) error {
	h.applying.Lock()
	defer h.applying.Unlock()
	all, err := h.Batches(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b store.Batch) int { return a.Decided.Compare(b.Decided) })
	for _, b := range all {
		if b.Outcome != store.Approved || !b.Applied.IsZero() {
			continue
		}
		if fault := h.apply(ctx, b); fault != nil {
			err = errors.Join(err, fmt.Errorf("apply batch %s: %w", b.ID, fault))
		}
	}
	return errors.Join(err, h.clearHeld(ctx))
}

// apply takes one approved batch as who submitted it.
func (h *Hub) apply(ctx context.Context, b store.Batch) error {
	f, err := os.Open(filepath.Join(h.Dir, b.File))
	if errors.Is(err, fs.ErrNotExist) {
		h.Log.WarnContext(ctx, "the file of an approved batch is not on this machine", "batch", b.ID)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if [32]byte(sum.Sum(nil)) != b.Hash {
		return errors.New("its file is not what was submitted")
	}
	by := gongxin.Actor{ID: b.By, Role: b.Role, Court: b.Court, Organisation: b.Organisation}
	from, seen, err := h.openSubmission(Submission{By: by, Name: b.Name, ContentType: b.ContentType, File: f})
	if err != nil {
		return err
	}
	var done Summary
	err = h.Take(ctx, by, from, func(r intake.Record) error {
		done.Add(r)
		return nil
	})
	if err = errors.Join(err, from.Close(), seen.Close()); err != nil {
		return err
	}
	note, err := json.Marshal(done)
	if err != nil {
		return err
	}
	b.Applied, b.Note = gongxin.Millis(h.Now()), string(note)
	if err := h.saveBatch(ctx, b); err != nil {
		return err
	}
	h.Log.InfoContext(ctx, "batch applied", "batch", b.ID, "accepted", done.Accepted, "rejected", done.Rejected, "unchanged", done.Unchanged)
	return h.destroy(b)
}

// clearHeld removes the files of batches that are decided and done, and those that
// a crash left before there was a batch.
func (h *Hub) clearHeld(ctx context.Context) error {
	files, err := os.ReadDir(filepath.Join(h.Dir, heldDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list held files: %w", err)
	}
	for _, f := range files {
		b, err := h.batch(ctx, f.Name())
		switch {
		case gongxin.KindOf(err) == gongxin.KindMissing:
			if info, err := f.Info(); err != nil || time.Since(info.ModTime()) < orphanAfter {
				continue // its batch may be about to be saved, or it is gone already
			}
			b.File = filepath.Join(heldDir, f.Name())
		case err != nil:
			return err
		case b.Outcome == "" || b.Outcome == store.Approved && b.Applied.IsZero():
			continue
		}
		if err := h.destroy(b); err != nil {
			return fmt.Errorf("clear away a held file: %w", err)
		}
	}
	return nil
}

func (h *Hub) batch(ctx context.Context, id string) (b store.Batch, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		b, err = v.Batch(ctx, id)
		return err
	})
	return b, err
}
