package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"reflect"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

func TestNumbersOfDocumentsHaveNoGapsAndNoTwins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		next := func(reason error, caseKey string, want ...int) func(ctx context.Context, tx *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error {
				for _, want := range want {
					if got, err := tx.NextDocument(ctx, caseKey); err != nil || got != want {
						t.Errorf("case %s: got %d, %v, want %d", caseKey, got, err, want)
					}
				}
				return reason
			}
		}
		errs := together(t, db, next(nil, "A", 1, 2), next(errRefused, "A", 3, 4), next(nil, "B", 1), next(nil, "A", 3))
		if errs[0] != nil || errs[1] != errRefused || errs[2] != nil || errs[3] != nil {
			t.Errorf("got %v", errs)
		}
		write(t, open(), next(nil, "A", 4))
	})
}

func TestADocumentIsKeptOnceUnderItsNumber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		document := func(number, page string, sequence uint64) gongxin.Document {
			return gongxin.Document{
				Number: number, Listing: gongxin.ListingID{1}, Kind: gongxin.DocReview, Court: gongxin.MustCourtCode("苏0505"), For: sequence - 1,
				Sequence: sequence, At: noon, Hash: sha256.Sum256([]byte(page)), Page: []byte(page), Data: []byte("{}"),
			}
		}
		first, second := document("（2016）苏0505执1号之二", "一", 7), document("（2016）苏0505执1号之一", "二", 5)
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error { return tx.KeepDocument(ctx, first) },
			func(ctx context.Context, tx *store.Tx) error {
				if err := tx.KeepDocument(ctx, second); err != nil {
					return err
				}
				return tx.KeepDocument(ctx, document(first.Number, "三", 9))
			},
			func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Document(ctx, second.Number); gongxin.CodeOf(err) != "DOCUMENT_UNKNOWN" {
					t.Errorf("got %v: it was undone", err)
				}
				return tx.KeepDocument(ctx, second)
			},
		)
		if errs[0] != nil || gongxin.CodeOf(errs[1]) != "DOCUMENT_NUMBER_TAKEN" || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			for _, want := range []gongxin.Document{first, second} {
				if got, err := v.Document(ctx, want.Number); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			}
			got, err := v.Documents(ctx, first.Listing)
			if err != nil || len(got) != 2 || got[0].Number != second.Number || got[1].Hash != first.Hash || got[0].Page != nil || got[1].Data != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if got, err := v.Documents(ctx, gongxin.ListingID{2}); err != nil || len(got) != 0 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	})
}

func TestEvidenceIsKeptOnceForEachListing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		receipt := bytes.Repeat([]byte("收据"), 1<<16)
		evidence := func(listing byte, body []byte, minute int) store.Evidence {
			return store.Evidence{
				Hash: sha256.Sum256(body), Listing: gongxin.ListingID{listing}, Media: "image/png", Name: "收据.png", Size: int64(len(body)),
				At: noon.Add(time.Duration(minute) * time.Minute), By: "subject", Body: body,
			}
		}
		first, empty, other := evidence(1, receipt, 2), evidence(1, []byte{}, 1), evidence(2, receipt, 3)
		for _, e := range []store.Evidence{first, empty, other, evidence(1, receipt, 4)} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.SaveEvidence(ctx, e); err != nil {
					return err
				}
				if n, bytes, err := tx.EvidenceSize(ctx, e.Listing); err != nil || n == 0 || bytes < e.Size {
					t.Errorf("got %d files, %d bytes, %v", n, bytes, err)
				}
				return nil
			})
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.Evidence(ctx, first.Hash); err != nil || !reflect.DeepEqual(got, first) {
				t.Errorf("got %d bytes of %v, %v", len(got.Body), got.Listing, err)
			}
			if got, err := v.EvidenceIn(ctx, other.Listing, first.Hash); err != nil || !reflect.DeepEqual(got, other) {
				t.Errorf("got %d bytes of %v, %v", len(got.Body), got.Listing, err)
			}
			if got, err := v.Evidence(ctx, empty.Hash); err != nil || got.Size != 0 || len(got.Body) != 0 {
				t.Errorf("an empty file: got %+v, %v", got, err)
			}
			if got, err := v.EvidenceOf(ctx, first.Listing); err != nil || len(got) != 2 || got[0].Hash != empty.Hash || got[1].Body != nil || got[1].Size != first.Size {
				t.Errorf("got %+v, %v", got, err)
			}
			if n, bytes, err := v.EvidenceSize(ctx, first.Listing); err != nil || n != 2 || bytes != first.Size {
				t.Errorf("got %d files, %d bytes, %v", n, bytes, err)
			}
			if n, bytes, err := v.EvidenceSize(ctx, gongxin.ListingID{3}); err != nil || n != 0 || bytes != 0 {
				t.Errorf("none: got %d files, %d bytes, %v", n, bytes, err)
			}
			for _, err := range []error{second(v.Evidence(ctx, [32]byte{})), second(v.EvidenceIn(ctx, other.Listing, empty.Hash))} {
				if gongxin.CodeOf(err) != "EVIDENCE_UNKNOWN" {
					t.Errorf("got %v", err)
				}
			}
		})
	})
}

func second[T any](_ T, err error) error { return err }

func TestTheNewestVersionOfATemplateIsUsed(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		own, other := gongxin.MustCourtCode("苏0505"), gongxin.MustCourtCode("苏0508")
		for _, save := range []store.Template{
			{Court: own, Kind: gongxin.DocNotice, Text: "一", By: "zhao", At: noon},
			{Court: own, Kind: gongxin.DocNotice, Text: "二", By: "qian", At: noon}, // the same instant
			{Court: own, Kind: gongxin.DocDecision, Text: "三", By: "zhao", At: noon},
		} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveTemplate(ctx, save) })
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			for _, tt := range []struct {
				court gongxin.CourtCode
				kind  gongxin.DocumentKind
				want  store.Template
			}{
				{own, gongxin.DocNotice, store.Template{Court: own, Kind: gongxin.DocNotice, Version: 2, Text: "二", By: "qian", At: noon}},
				{own, gongxin.DocDecision, store.Template{Court: own, Kind: gongxin.DocDecision, Version: 1, Text: "三", By: "zhao", At: noon}},
				{own, gongxin.DocReview, store.Template{}},
				{other, gongxin.DocNotice, store.Template{}},
			} {
				if got, err := v.Template(ctx, tt.court, tt.kind); err != nil || got != tt.want {
					t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
				}
			}
		})
		var n int
		if err := storetest.SQL(t, url).QueryRow(`SELECT COUNT(*) FROM templates`).Scan(&n); err != nil || n != 3 {
			t.Errorf("got %d versions, %v, want 3", n, err)
		}
	})
}
