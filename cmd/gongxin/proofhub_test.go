package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/audit"
	"gongxin/internal/store"
	"gongxin/ledger"
)

// What a court fetches from the hub as a proof anybody checks with the public key alone.
func TestAProofFromTheHubIsVerifiedOffline(t *testing.T) {
	now := time.Date(2018, 1, 2, 0, 0, 0, 0, time.UTC)
	centre, db, err := home{dir: t.TempDir(), origin: defaultOrigin}.open(t.Context(), func() time.Time { return now }, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	server := httptest.NewServer(centre.Handler())
	defer server.Close()
	ask := func(role gongxin.Role, court string, method, path string, body io.Reader) []byte {
		t.Helper()
		token := access.Token{ID: string(role) + court, Role: role, Organisation: "江苏省高级人民法院", Created: now, Expires: now.AddDate(1, 0, 0)}
		if court != "" {
			token.Court = gongxin.MustCourtCode(court)
		}
		secret, token, err := access.Issue(token, centre.Random)
		if err == nil {
			err = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token) })
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v: %.300s", path, answer.Status, err, b)
		}
		return b
	}
	file, err := os.Open("../../internal/intake/testdata/samples/clean-persons.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(strings.NewReader(string(ask(gongxin.RoleCourtSystem, "", "POST", "/v1/intake?name=persons.csv&report=all", file))))
	var taken struct{ Listing string }
	for lines.Scan() && taken.Listing == "" {
		if err := json.Unmarshal(lines.Bytes(), &taken); err != nil {
			t.Fatal(err)
		}
	}
	id, err := gongxin.ParseListingID(taken.Listing)
	if err != nil {
		t.Fatalf("%v in %+v", err, taken)
	}
	var court string
	err = db.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		l, err := v.Listing(ctx, id)
		court = l.Entry.Court.String()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	b := ask(gongxin.RoleJudge, court, "GET", "/v1/listings/"+taken.Listing+"/proof?at=2018-01-02T00:05:00Z&purpose="+url.QueryEscape("答复申诉人"), nil)
	proof, err := audit.ParseProof(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.NewVerifier(centre.VerifierKey)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := proof.Verify([]*ledger.Verifier{v}, nil)
	if err != nil || !answer.InForce || answer.Listing != id {
		t.Errorf("it says %+v, %v", answer, err)
	}
}
