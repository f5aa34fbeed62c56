package gongxin

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of events of the log itself: they concern no listing, put nothing in
// force, and are the same for every audience.
const (
	// SnapshotMade commits to the hashes of snapshot files, in place of bodies.
	SnapshotMade EventKind = "snapshot_made"
	// KeyAnnouncement says by which key the log will be signed; its body is a KeyAnnounced.
	KeyAnnouncement EventKind = "key_announced"
	// BatchApproval says that an unusual number of listings or withdrawals is
	// meant; its body is a BatchApproved.
	BatchApproval EventKind = "batch_approved"
)

// OfLog tells whether events of kind k concern the log itself and no listing.
func (k EventKind) OfLog() bool {
	return k == SnapshotMade || k == KeyAnnouncement || k == BatchApproval
}

// A KeyAnnounced hands the log over to another key. Until the first checkpoint by
// that key both sign; after it, it alone (docs/feed.md).
type KeyAnnounced struct {
	VerifierKey string    // in the form that ledger.NewVerifier reads
	From        time.Time // from when the hub means to sign with it; UTC, whole milliseconds. Told, not enforced
}

// A BatchApproved is what a court or the centre answers for before an unusual
// number of listings enters or leaves, so that no gate takes it for a fault.
type BatchApproved struct {
	Batch       string // name of the batch; says nothing about anybody
	Listings    int    // how many enter
	Withdrawals int    // how many leave
	By          Role   // who approved it; the person is recorded elsewhere
}

const (
	logTime      = "2006-01-02T15:04:05.000Z"
	maxLogBody   = 4096
	maxKeyLength = 1024
)

var batchForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Body returns the JSON that all audiences get. Error: a key that cannot be one,
// or a time that is not in whole milliseconds.
func (k KeyAnnounced) Body() ([]byte, error) {
	plus := strings.Count(k.VerifierKey, "+")
	switch {
	case plus < 2 || len(k.VerifierKey) > maxKeyLength || strings.ContainsFunc(k.VerifierKey, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' }):
		return nil, fmt.Errorf("body of %s: not a verifier key: %.40q", KeyAnnouncement, k.VerifierKey)
	case k.From.Year() < 1970 || k.From.Year() > 9999 || k.From.Nanosecond()%int(time.Millisecond) != 0:
		return nil, fmt.Errorf("body of %s: from %v", KeyAnnouncement, k.From)
	}
	var o object
	o.text("key", k.VerifierKey)
	o.text("from", k.From.UTC().Format(logTime))
	return o.end(), nil
}

// ParseKeyAnnounced reads what Body gives and nothing else.
func ParseKeyAnnounced(body []byte) (KeyAnnounced, error) {
	var in struct {
		Key  string    `json:"key"`
		From time.Time `json:"from"`
	}
	if err := parseLogBody(KeyAnnouncement, body, &in); err != nil {
		return KeyAnnounced{}, err
	}
	k := KeyAnnounced{in.Key, in.From}
	return k, sameBody(KeyAnnouncement, body, k.Body)
}

// Body returns the JSON that all audiences get. Error: a name that is not a short
// plain word, a negative number, an unknown role.
func (b BatchApproved) Body() ([]byte, error) {
	switch {
	case !batchForm.MatchString(b.Batch):
		return nil, fmt.Errorf("body of %s: a batch called %.40q", BatchApproval, b.Batch)
	case b.Listings < 0 || b.Withdrawals < 0:
		return nil, fmt.Errorf("body of %s: %d listings, %d withdrawals", BatchApproval, b.Listings, b.Withdrawals)
	case b.By != RoleHub && !slices.Contains(Roles, b.By):
		return nil, fmt.Errorf("body of %s: by a %.40q", BatchApproval, b.By)
	}
	var o object
	o.text("batch", b.Batch)
	o.count("listings", b.Listings)
	o.count("withdrawals", b.Withdrawals)
	o.text("by", string(b.By))
	return o.end(), nil
}

// ParseBatchApproved reads what Body gives and nothing else.
func ParseBatchApproved(body []byte) (BatchApproved, error) {
	var in struct {
		Batch       string `json:"batch"`
		Listings    int    `json:"listings"`
		Withdrawals int    `json:"withdrawals"`
		By          Role   `json:"by"`
	}
	if err := parseLogBody(BatchApproval, body, &in); err != nil {
		return BatchApproved{}, err
	}
	b := BatchApproved{in.Batch, in.Listings, in.Withdrawals, in.By}
	return b, sameBody(BatchApproval, body, b.Body)
}

func parseLogBody(kind EventKind, body []byte, into any) error {
	if len(body) > maxLogBody {
		return fmt.Errorf("body of %s: %d bytes", kind, len(body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("body of %s: %w", kind, err)
	}
	return nil
}

// sameBody compares body with what would be written in its place, so that one
// content has one form.
func sameBody(kind EventKind, body []byte, write func() ([]byte, error)) error {
	again, err := write()
	if err == nil && string(again) != string(body) {
		err = fmt.Errorf("body of %s: not in its one form", kind)
	}
	return err
}
