package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"gongxin"
	"gongxin/gate"
)

// maxTransaction bounds one message, in bytes: as long as a query over HTTP may be.
const maxTransaction = 16 << 10

// A Transaction is one message: the caller's id of it, and what a gate is asked.
type Transaction struct {
	ID string `json:"id"` // given back with the decision; the same id and scenario are the same transaction
	gate.Query
}

// A Decided transaction is one message of decisions.
type Decided struct {
	ID string `json:"id,omitempty"`
	gongxin.Decision
}

// What the headers of decisions and dead letters are called. All headers of the
// transaction are kept as well, but those of NATS itself.
const (
	HeaderOutcome  = "Gongxin-Outcome"  // clear, refer or block
	HeaderReason   = "Gongxin-Reason"   // code of a dead letter's fault
	HeaderStream   = "Gongxin-Stream"   // where the transaction came from
	HeaderSequence = "Gongxin-Sequence" // and its sequence there
)

// parse reads one transaction. The error never repeats what was sent. Errors:
// STREAM_MALFORMED, STREAM_TOO_LONG.
func parse(body []byte) (t Transaction, err error) {
	if len(body) > maxTransaction {
		return t, gongxin.Invalid("STREAM_TOO_LONG", maxTransaction)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err = d.Decode(&t); err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return t, nil
		}
		return Transaction{}, gongxin.Invalid("STREAM_MALFORMED", "more than one JSON value")
	}
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		err = gongxin.Invalid("STREAM_MALFORMED", "field "+kind.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		err = gongxin.Invalid("STREAM_MALFORMED", "unknown field")
	default:
		err = gongxin.Invalid("STREAM_MALFORMED", "JSON")
	}
	return Transaction{}, err
}

// messageID is the Nats-Msg-Id of the decision on a transaction of stream: the same
// each time that it is decided. Without an id of the caller's its place in the
// stream says which one it is. It is a hash, since an id may hold anything.
func (t Transaction) messageID(stream string, sequence uint64) string {
	h := sha256.New()
	parts := []string{stream, "id", t.ID, t.Scenario}
	if t.ID == "" {
		parts = []string{stream, "sequence", strconv.FormatUint(sequence, 10), ""}
	}
	for _, part := range parts {
		_, _ = io.WriteString(h, strconv.Itoa(len(part))+":"+part) // a hash never fails
	}
	return "decision-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// kept returns the headers that go on from a transaction.
func kept(h nats.Header) nats.Header {
	out := nats.Header{}
	for name, values := range h {
		if lower := strings.ToLower(name); !strings.HasPrefix(lower, "nats-") && !strings.HasPrefix(lower, "gongxin-") {
			out[name] = values
		}
	}
	return out
}
