package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// crashChild is the variable in which a child process finds the database that it
// is to write to until it is killed.
const crashChild = "GONGXIN_STORE_CRASH_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(crashChild); url != "" {
		err := writeUntilKilled(url)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	storetest.Main(m)
}

// writeUntilKilled appends from several goroutines and says on stdout what was
// acknowledged: the sequence and the number of the listing.
func writeUntilKilled(url string) error {
	db, err := store.Open(context.Background(), url, storetest.Options())
	if err != nil {
		return err
	}
	db.MergeEvery(64)
	from, err := strconv.Atoi(os.Getenv(crashChild + "_FROM"))
	if err != nil {
		return err
	}
	var out sync.Mutex
	errs := make(chan error)
	for c := range 4 {
		go func() {
			for n := from + c; ; n += 4 {
				l, err := admit(context.Background(), db, n)
				if err == nil && n%3 == 0 {
					err = db.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
						if l, err = tx.Append(ctx, l, withdrawn(l), [32]byte{}); err != nil {
							return err
						}
						return tx.KeepDocument(ctx, paper(l))
					})
				}
				if err != nil {
					errs <- err
					return
				}
				out.Lock()
				_, err = fmt.Println(l.Sequence, n, l.State)
				out.Unlock()
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// paper is the document that belongs to the act which l stands at.
func paper(l gongxin.Listing) gongxin.Document {
	return gongxin.Document{
		Number: l.Entry.Case.String() + "之一", Listing: l.ID, Kind: gongxin.DocWithdrawal, Court: l.Entry.Court, For: l.Sequence,
		Sequence: l.Sequence, At: noon, Page: []byte("<p>撤销</p>"), Data: []byte("{}"),
	}
}

func TestAKilledProcessLosesNothingAcknowledged(t *testing.T) {
	for _, engine := range []struct {
		name  string
		url   func(testing.TB) string
		kills int
		span  time.Duration // from before the database is open to well into the writing
	}{
		{"sqlite", storetest.SQLite, 50, 300 * time.Millisecond},
		{"postgres", storetest.Postgres, 15, 1500 * time.Millisecond},
	} {
		t.Run(engine.name, func(t *testing.T) {
			url := engine.url(t)
			acknowledged := map[int]string{} // by number: sequence and state
			next := 0
			for kill := range engine.kills {
				lines := killed(t, url, next, kill%2 == 0, rand.N(engine.span))
				for _, line := range lines {
					f := strings.Fields(line)
					n, err := strconv.Atoi(f[1])
					if len(f) != 3 || err != nil {
						t.Fatalf("the child said %q", line)
					}
					acknowledged[n] = f[0] + " " + f[2]
				}
				next += 4000
				if kill%10 == 9 || kill == engine.kills-1 {
					allThere(t, url, acknowledged)
				}
			}
			if len(acknowledged) < engine.kills {
				t.Errorf("only %d writes were acknowledged: the test kills too early", len(acknowledged))
			}
			t.Logf("%d kills, %d acknowledged writes", engine.kills, len(acknowledged))
		})
	}
}

// killed runs a child, kills it a while after its start, or after its first
// acknowledgement if writing, and returns the lines that it wrote.
func killed(t *testing.T, url string, from int, writing bool, after time.Duration) (lines []string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), crashChild+"="+url, crashChild+"_FROM="+strconv.Itoa(from))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after+20*time.Millisecond, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	if writing {
		timer.Reset(time.Minute) // more than any machine needs until the first acknowledgement
	}
	read := bufio.NewReader(out)
	for {
		line, err := read.ReadString('\n')
		if err == nil { // a line that was cut off was not acknowledged
			if lines = append(lines, line); writing && len(lines) == 1 {
				timer.Reset(after / 2)
			}
			continue
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		break
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return lines
}

func allThere(t *testing.T, url string, acknowledged map[int]string) {
	t.Helper()
	db := storetest.Open(t, url)
	check(t, db)
	view(t, db, func(ctx context.Context, v *store.View) {
		for n, want := range acknowledged {
			found, err := v.Find(ctx, []gongxin.ListingKey{entry(n).Key()})
			if err != nil {
				t.Fatal(err)
			}
			l := found[0].Listing
			if got := fmt.Sprintf("%d %s", l.Sequence, l.State); got != want {
				t.Errorf("listing %d: got %s, acknowledged was %s", n, got, want)
			}
			if d, err := v.Documents(ctx, l.ID); err != nil || (len(d) == 1) != (l.State == gongxin.Withdrawn) {
				t.Errorf("listing %d is %s, with papers %+v, %v", n, l.State, d, err)
			}
		}
		counts, err := v.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var papers uint64
		const count = `SELECT COUNT(*) FROM documents d JOIN events e ON e.sequence = d.sequence AND e.kind = 'listing_withdrawn'`
		if err := storetest.SQL(t, url).QueryRow(count).Scan(&papers); err != nil || papers != counts[gongxin.Withdrawn] {
			t.Errorf("%d papers of %d acts, %v", papers, counts[gongxin.Withdrawn], err)
		}
	})
	follow(t, db, gongxin.AudiencePartner, 1000)
}
