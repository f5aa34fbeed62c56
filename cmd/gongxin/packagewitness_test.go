package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
	"gongxin/internal/packages"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
	"gongxin/internal/witness"
	"gongxin/ledger"
)

// What is made for a department without a network carries the lines of the witnesses,
// so that a gate which demands them takes it.
func TestAPackageCarriesItsWitnesses(t *testing.T) {
	dir := t.TempDir()
	cosigner, err := ledger.NewCosigner("court.example/witness", bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	known, err := ledger.NewWitness(cosigner.WitnessKey())
	if err != nil {
		t.Fatal(err)
	}
	h := home{dir: dir, origin: "gongxin.test/witnessed"}
	signer, _, err := h.keys()
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.Open(witness.Config{Dir: t.TempDir(), Cosigner: cosigner, Logs: []string{signer.VerifierKey()}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	h.witnesses = []hub.Witness{{URL: server.URL, Key: known}}
	centre, db, err := h.open(t.Context(), time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- centre.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, db.Close()); err != nil {
			t.Error(err)
		}
	})
	people := synthetic.New(1, gongxin.DayOf(time.Now()))
	room, err := packages.Open(packages.Config{Dir: h.dir, Log: packageLog{centre, db, h.path("snapshots")}, Sign: signer.SignText, VerifierKey: signer.VerifierKey()})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := ledger.NewVerifier(signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	f := feed.Follower{Verifier: verifier, Audience: gongxin.AudiencePartner, Witnesses: feed.Witnesses{Known: []*ledger.Witness{known}, Need: 1}}
	held := benchHeld{}
	var at feed.Position
	for turn := range 3 {
		records, err := centre.OpenBytes("court.csv", synthetic.CSV(synthetic.PersonColumns, people.Person()))
		if err != nil {
			t.Fatal(err)
		}
		if err := centre.Take(t.Context(), benchActor, records, func(intake.Record) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if turn == 0 {
			untilCosigned(t, db)
		}
		order := packages.Order{Gate: "island", Department: "海岛部门", Out: t.TempDir()}
		if turn > 0 {
			since := at.Tree.Size()
			order.Since = &since
		}
		made, err := room.Make(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		p, file, err := room.Read(made.Path)
		if err != nil {
			t.Fatal(err)
		}
		if turn == 0 {
			at, err = feed.Bootstrap(t.Context(), p.Source(), f, feed.Position{}, keptHeld{held})
		} else {
			var c feed.Changes
			if c, err = p.Source().Changes(t.Context(), at.Tree.Size(), 0); err == nil {
				var changes []feed.Change
				if at, changes, err = f.Advance(at, held, c); err == nil {
					held.apply(changes)
				}
			}
		}
		if err != nil {
			t.Fatalf("package %d: %v", turn, err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if at.Tree.Size() != p.To || len(held) != turn+1 {
			t.Errorf("package %d: at %d of %d with %d listings", turn, at.Tree.Size(), p.To, len(held))
		}
	}
}

// untilCosigned waits until the hub has begun to collect cosignatures.
func untilCosigned(t *testing.T, db *store.DB) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var size uint64
		err := db.Read(t.Context(), func(ctx context.Context, v *store.View) (err error) {
			size, _, err = v.CosignedIn(ctx, 0, 1<<40)
			return err
		})
		if err != nil || time.Now().After(end) {
			t.Fatalf("nothing was cosigned: %v", err)
		}
		if size > 0 {
			return
		}
	}
}
