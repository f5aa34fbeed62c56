package feed

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"gongxin"
)

// A transport answers in its own way; no socket, so that time can be faked.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silent is a body that never gives a byte.
type silent struct{ r *http.Request }

func (s silent) Read([]byte) (int, error) { <-s.r.Context().Done(); return 0, s.r.Context().Err() }
func (s silent) Close() error             { return nil }

func TestAHubThatStallsIsGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer transport
		wait   time.Duration
		want   time.Duration
	}{
		{"before the answer", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, errors.New("cut") }, 0, answerTime},
		{"in a long poll", func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, errors.New("cut") }, time.Minute, time.Minute + answerTime},
		{"within the answer", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: silent{r}}, nil
		}, 0, stallTime},
		{"within a refusal", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Body: silent{r}}, nil
		}, 0, stallTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				src := HTTPSource{URL: "http://hub.example", Client: &http.Client{Transport: tt.answer}}
				_, err := src.Changes(t.Context(), 0, tt.wait)
				if took := time.Since(begin); gongxin.CodeOf(err) != "FEED_UNREACHABLE" || took != tt.want {
					t.Errorf("after %v: %v", took, err)
				}
			})
		})
	}
}

// slow gives a byte every half stallTime: slow is not stalled.
type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(stallTime / 2)
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	return 1, nil
}
func (s *slow) Close() error { return nil }

func TestASlowSnapshotIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := HTTPSource{URL: "http://hub.example", Client: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: &slow{left: 100}}, nil
		})}}
		r, err := src.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || len(b) != 100 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}
