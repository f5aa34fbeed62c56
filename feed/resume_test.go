package feed

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
)

// A download whose connection is lost goes on with the rest of the same file; of
// another file it takes nothing.
func TestASnapshotGoesOnAfterALostConnection(t *testing.T) {
	file := make([]byte, 300_000)
	if _, err := io.ReadFull(&seedReader{3}, file); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		tags []string // of each answer, the last for all that follow
		cuts int      // answers that end early
		want string
		asks int32
	}{
		{"whole", []string{`"1"`}, 0, "", 1},
		{"lost twice", []string{`"1"`}, 2, "", 3},
		{"another file after it", []string{`"1"`, `"2"`}, 1, "FEED_UNREACHABLE", 2},
		{"a source without tags", []string{""}, 1, "FEED_MALFORMED or cut", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asks atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := int(asks.Add(1)) - 1
				if tag := tt.tags[min(n, len(tt.tags)-1)]; tag != "" {
					w.Header().Set("ETag", tag)
				}
				if n < tt.cuts {
					w = &cutting{ResponseWriter: w, left: 100_000}
				}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
			}))
			defer server.Close()
			body, err := HTTPSource{URL: server.URL}.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			got, err := io.ReadAll(body)
			switch {
			case tt.want == "" && (err != nil || !bytes.Equal(got, file)):
				t.Errorf("%d bytes, %v", len(got), err)
			case tt.want == "FEED_UNREACHABLE" && gongxin.CodeOf(err) != tt.want, tt.want != "" && err == nil:
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if asks.Load() != tt.asks {
				t.Errorf("asked %d times, want %d", asks.Load(), tt.asks)
			}
		})
	}
}

// cutting ends the connection after so many bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	if len(b) > c.left {
		_, _ = c.ResponseWriter.Write(b[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}
