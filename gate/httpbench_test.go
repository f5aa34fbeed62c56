package gate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gongxin"
	"gongxin/feed"
	"gongxin/screen"
)

// filled opens a gate with n listings, and makes queries about others.
func filled(b *testing.B, n int) (*Gate, []Query) {
	h := newHub(b)
	c := h.config(b.TempDir())
	c.Now, c.Log, c.Random, c.MaxAge = time.Now, slog.New(slog.DiscardHandler), nil, 24*time.Hour
	h.clock.t = time.Now()
	h.sign()
	g := h.openWith(b, c)
	h.catchUp(b, g)
	g.following.Lock()
	at := g.state.at
	err := g.build(b.Context(), func(list *screen.Builder) (feed.Position, error) {
		e := entry(b, 0)
		for from := 0; from < n; from += 1000 {
			var rows []screen.Row
			for i := from; i < from+1000; i++ {
				e.Subject.Number, e.Subject.Name = parse(b, citizen(i)), fmt.Sprint("王", i)
				id := gongxin.ListingID{0: byte(i), 1: byte(i >> 8), 2: byte(i >> 16), 3: byte(i >> 24), 15: 1}
				rows = append(rows, screen.Row{Listing: id, Sequence: uint64(i), Entry: list.Entry(*e)})
			}
			if err := list.Add(rows); err != nil {
				return at, err
			}
		}
		return at, nil
	})
	g.following.Unlock()
	if err != nil {
		b.Fatal(err)
	}
	queries := make([]Query, 1<<14)
	for i := range queries {
		s := []byte(citizen(i * 37))
		s[5] = '1' // another province: nobody is listed there
		queries[i] = Query{Scenario: "flight", Number: recheck(s), Name: "李四"}
	}
	return g, queries
}

// An asker sends requests over one connection and reads no more of the answers than it
// has to, so that what is measured is the server.
type asker struct {
	conn net.Conn
	in   *bufio.Reader
}

func newAsker(b *testing.B, url string) *asker {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	return &asker{conn, bufio.NewReaderSize(conn, 64<<10)}
}

// request is a whole request as bytes.
func request(path string, body []byte) []byte {
	return append(fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, len(body)), body...)
}

var contentLength = []byte("Content-Length: ")

// call sends one request and passes over its answer, whose status has to be 200.
func (c *asker) call(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("%s", line)
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			_, err := c.in.Discard(length)
			return err
		}
	}
}

// callAll lets 16 connections call, each with the requests in turn, and reports
// how many subjects were answered in a second.
func callAll(b *testing.B, handler http.Handler, subjects int, requests ...[]byte) float64 {
	served := httptest.NewServer(handler)
	defer served.Close()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	before := cpuTime(b)
	b.RunParallel(func(p *testing.PB) {
		c := newAsker(b, served.URL)
		defer c.conn.Close()
		for i := 0; p.Next(); i++ {
			if err := c.call(requests[i%len(requests)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	rate := float64(b.N*subjects) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "subjects/s")
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N*subjects), "cpu-ns/subject")
	return rate
}

// cpuTime is what this process has used of all processors, which other processes on
// the machine change less than they change the clock's.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHTTP measures the sidecar on loopback beside a handler that does nothing,
// clients and server on the same cores. GONGXIN_LISTINGS says how long the list is.
func BenchmarkHTTP(b *testing.B) {
	n := 100_000
	if s := os.Getenv("GONGXIN_LISTINGS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	g, queries := filled(b, n)
	var single, bulk, touched [][]byte
	for i, q := range queries[:64] {
		body, err := json.Marshal(q)
		if err != nil {
			b.Fatal(err)
		}
		single = append(single, request("/v1/screen", body))
		all := []byte(`{"scenario":"flight","subjects":[`)
		for j := range 1000 {
			q := queries[(i*1000+j)%len(queries)]
			all = fmt.Appendf(all, `{"number":"%s","name":"%s"},`, q.Number, q.Name)
		}
		all = append(all[:len(all)-1], "]}"...)
		bulk = append(bulk, request("/v1/screen/bulk", all))
		touched = append(touched, request("/v1/screen/bulk?only=touched", all))
	}
	trivial := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"outcome":"clear"}`)
	})
	var base float64
	b.Run("trivial", func(b *testing.B) { base = callAll(b, trivial, 1, single...) })
	b.Run("single", func(b *testing.B) { b.ReportMetric(callAll(b, g.Handler(), 1, single...)/base, "×trivial") })
	b.Run("bulk=1000/trivial", func(b *testing.B) { callAll(b, trivial, 1000, bulk...) })
	b.Run("bulk=1000", func(b *testing.B) { callAll(b, g.Handler(), 1000, bulk...) })
	b.Run("bulk=1000/only=touched", func(b *testing.B) { callAll(b, g.Handler(), 1000, touched...) })
}
