package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/internal/access"
	"gongxin/internal/intake"
	"gongxin/internal/packages"
	"gongxin/internal/store"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// A department lists what was made for it, fetches it, and hands in its receipt over
// the network; the key that comes with the first counts for every receipt of it.
func TestADepartmentFetchesItsPackagesOverTheNetwork(t *testing.T) {
	h := home{dir: t.TempDir(), origin: "gongxin.test/packages"}
	centre, db, err := h.open(t.Context(), time.Now, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	server := httptest.NewServer(centre.Handler())
	t.Cleanup(server.Close)
	tokens := map[string]string{}
	for name, token := range map[string]access.Token{
		"island":   {Role: gongxin.RoleDepartment, Gate: "island", Organisation: "海岛部门"},
		"bank":     {Role: gongxin.RoleDepartment, Gate: "bank", Organisation: "银行"},
		"operator": {Role: gongxin.RoleOperator},
	} {
		token.ID, token.Created, token.Expires = name, gongxin.Millis(time.Now()), time.Now().AddDate(0, 0, 1)
		if tokens[name], err = issue(t.Context(), db, token); err != nil {
			t.Fatal(err)
		}
	}
	call := func(who, method, path string, body any, want int, code string) []byte {
		t.Helper()
		var content bytes.Buffer
		if body != nil {
			if err := json.NewEncoder(&content).Encode(body); err != nil {
				t.Fatal(err)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, &content)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tokens[who])
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ Code string }
		if resp.StatusCode >= 400 {
			if err := json.Unmarshal(b, &p); err != nil {
				t.Fatalf("%s %s: no problem: %s", method, path, b)
			}
		}
		if resp.StatusCode != want || p.Code != code {
			t.Fatalf("%s %s as %s: %d %s, want %d %s: %s", method, path, who, resp.StatusCode, p.Code, want, code, b)
		}
		return b
	}
	today := gongxin.DayOf(time.Now())
	records, err := centre.OpenBytes("court.csv", synthetic.CSV(synthetic.PersonColumns, synthetic.New(1, today).Person()))
	if err != nil {
		t.Fatal(err)
	}
	if err := centre.Take(t.Context(), benchActor, records, func(intake.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	call("island", "GET", "/v1/gates/island/packages", nil, 404, "PACKAGE_UNKNOWN_GATE")

	signer, _, err := h.keys()
	if err != nil {
		t.Fatal(err)
	}
	room, err := packages.Open(packages.Config{Dir: h.dir, Log: packageLog{centre, db, h.path("snapshots")}, Sign: signer.SignText, VerifierKey: signer.VerifierKey()})
	if err != nil {
		t.Fatal(err)
	}
	out, err := room.Outbox()
	if err != nil {
		t.Fatal(err)
	}
	made, err := room.Make(t.Context(), packages.Order{Gate: "island", Department: "海岛部门", Out: out})
	if err != nil {
		t.Fatal(err)
	}
	var listed struct {
		Packages []struct {
			File      string
			To        uint64
			Here      bool
			Sent      time.Time
			Confirmed time.Time
		}
	}
	list := func(who string) {
		t.Helper()
		if err := json.Unmarshal(call(who, "GET", "/v1/gates/island/packages", nil, 200, ""), &listed); err != nil {
			t.Fatal(err)
		}
	}
	list("operator")
	file := filepath.Base(made.Path)
	if len(listed.Packages) != 1 || listed.Packages[0].File != file || !listed.Packages[0].Here || !listed.Packages[0].Sent.IsZero() {
		t.Fatalf("listed: %+v", listed)
	}
	call("bank", "GET", "/v1/gates/island/packages", nil, 403, "NOT_THIS_GATE")
	call("bank", "GET", "/v1/gates/island/packages/"+file, nil, 403, "NOT_THIS_GATE")
	call("bank", "GET", "/v1/gates/bank/packages/"+file, nil, 404, "PACKAGE_NOT_HERE")
	call("operator", "GET", "/v1/gates/island/packages/"+file, nil, 403, "NOT_ALLOWED")
	b := call("island", "GET", "/v1/gates/island/packages/"+file, nil, 200, "")
	verifier, err := ledger.NewVerifier(centre.VerifierKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := feed.ReadPackage(bytes.NewReader(b), int64(len(b)), verifier)
	if err != nil {
		t.Fatal(err)
	}

	secret, _, err := ledger.GenerateReceiptKey("island", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ledger.NewReceiptKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	note, err := key.Sign(ledger.Receipt{Origin: h.origin, Sequence: p.To, Root: p.Head.Root, Count: p.Head.Count, Digest: p.Head.Digest, Applied: gongxin.Millis(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]string{"note": string(note), "key": key.VerifierKey()}
	call("bank", "POST", "/v1/gates/island/package-receipts", body, 403, "NOT_THIS_GATE")
	call("island", "POST", "/v1/gates/island/package-receipts", map[string]string{"note": strings.Replace(string(note), "island", "isle", 1)}, 404, "PACKAGE_UNKNOWN_GATE")
	call("island", "POST", "/v1/gates/island/package-receipts", body, 200, "")
	call("operator", "POST", "/v1/gates/island/package-receipts", map[string]string{"note": string(note)}, 200, "") // on a medium, again
	if list("island"); listed.Packages[0].Confirmed.IsZero() || listed.Packages[0].Sent.IsZero() {
		t.Errorf("listed: %+v", listed)
	}
	err = db.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		known, err := v.ReceiptKey(ctx, "island")
		if known.Verifier != key.VerifierKey() {
			t.Errorf("the hub knows %q", known.Verifier)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
