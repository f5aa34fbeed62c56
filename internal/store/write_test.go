package store_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

var errRefused = errors.New("refused")

func TestConcurrentCallersShareCommitsAndEachErrorIsItsOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		const callers, each = 16, 12
		sequences := make(chan uint64, callers*each)
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				for i := range each {
					n := c*each + i
					var l gongxin.Listing
					err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
						if l, err = tx.Append(ctx, gongxin.Listing{}, admitted(n), [32]byte{}); err == nil && n%3 == 0 {
							err = errRefused
						}
						return err
					})
					if (n%3 == 0) != errors.Is(err, errRefused) || n%3 != 0 && err != nil {
						t.Errorf("caller %d: got %v", n, err)
					}
					if err == nil {
						sequences <- l.Sequence
					}
				}
			})
		}
		all.Wait()
		close(sequences)
		got := map[uint64]bool{}
		for s := range sequences {
			got[s] = true
		}
		const kept = callers * each * 2 / 3
		for s := uint64(1); s <= kept; s++ {
			if !got[s] {
				t.Errorf("sequence %d was given to nobody", s)
			}
		}
		if size, count := head(t, db); size != kept || count != kept || len(got) != kept {
			t.Errorf("got size %d, count %d, %d sequences, want %d", size, count, len(got), kept)
		}
		check(t, db)
	})
}

func TestWhatFailsIsUndoneAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		token := func(id string) access.Token {
			return access.Token{ID: id, Hash: [32]byte{id[0]}, Role: gongxin.RoleOperator, Created: noon, Expires: noon.Add(time.Hour)}
		}
		l, err := admit(t.Context(), db, 0)
		if err != nil {
			t.Fatal(err)
		}
		// The first share holds the queue until the others wait behind it, so that all are one transaction.
		hold := make(chan struct{})
		var all sync.WaitGroup
		write := func(want error, f func(ctx context.Context, tx *store.Tx) error) {
			all.Go(func() {
				if err := db.Write(t.Context(), f); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
		}
		write(nil, func(ctx context.Context, tx *store.Tx) error { <-hold; return tx.SaveToken(ctx, token("a")) })
		write(errRefused, func(ctx context.Context, tx *store.Tx) error {
			read, err := tx.Listing(ctx, l.ID)
			if err != nil {
				return err
			}
			if _, err := tx.Append(ctx, read, withdrawn(read), [32]byte{}); err != nil {
				return err
			}
			if _, err := tx.Append(ctx, gongxin.Listing{}, admitted(1), [32]byte{}); err != nil {
				return err
			}
			if err := tx.SaveToken(ctx, token("b")); err != nil {
				return err
			}
			return errRefused
		})
		write(nil, func(ctx context.Context, tx *store.Tx) error { return tx.SaveToken(ctx, token("c")) })
		time.Sleep(50 * time.Millisecond)
		close(hold)
		all.Wait()
		view(t, db, func(ctx context.Context, v *store.View) {
			tokens, err := v.Tokens(ctx)
			if err != nil || len(tokens) != 2 || tokens[0] != token("a") || tokens[1] != token("c") {
				t.Errorf("got tokens %+v, %v", tokens, err)
			}
			if got, err := v.Listing(ctx, l.ID); err != nil || got != l {
				t.Errorf("got %+v, %v, want it as it was", got, err)
			}
			if found, err := v.Find(ctx, []gongxin.ListingKey{entry(1).Key()}); err != nil || found[0] != (gongxin.Found{}) {
				t.Errorf("got %+v, %v, want nothing", found, err)
			}
			if _, err := v.TokenByHash(ctx, [32]byte{'b'}); gongxin.CodeOf(err) != "TOKEN_UNKNOWN" {
				t.Errorf("got %v", err)
			}
		})
		if _, err := admit(t.Context(), db, 1); err != nil {
			t.Error(err)
		}
		check(t, db)
	})
}

// together runs writes in one transaction, in their order, and returns their errors.
func together(t *testing.T, db *store.DB, writes ...func(ctx context.Context, tx *store.Tx) error) []error {
	t.Helper()
	errs := make([]error, len(writes))
	hold := make(chan struct{})
	var all sync.WaitGroup
	for i, f := range writes {
		all.Go(func() {
			errs[i] = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if i == 0 {
					<-hold
				}
				return f(ctx, tx)
			})
		})
		time.Sleep(20 * time.Millisecond) // they queue in their order
	}
	close(hold)
	all.Wait()
	return errs
}

func TestAFailedRoundLeavesTheOneBeforeAsTheLatest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		var first gongxin.Listing
		begin := func(ctx context.Context, tx *store.Tx) (gongxin.Listing, error) {
			return tx.Append(ctx, gongxin.Listing{}, admitted(1), [32]byte{})
		}
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) (err error) {
				if first, err = begin(ctx, tx); err == nil {
					first, err = tx.Append(ctx, first, withdrawn(first), [32]byte{})
				}
				return err
			},
			func(ctx context.Context, tx *store.Tx) error {
				if _, err := begin(ctx, tx); err != nil {
					return err
				}
				return errRefused
			},
			func(ctx context.Context, tx *store.Tx) error {
				found, err := tx.Find(ctx, []gongxin.ListingKey{entry(1).Key()})
				if err == nil && found[0].Listing != first {
					t.Errorf("found %+v, want %+v", found[0].Listing, first)
				}
				if err == nil {
					_, n, err2 := tx.InCase(ctx, entry(1).Case.Key(), citizen(1))
					if n != 1 || err2 != nil {
						t.Errorf("%d in the case, %v", n, err2)
					}
					_, err = begin(ctx, tx)
				}
				return err
			},
		)
		if errs[0] != nil || !errors.Is(errs[1], errRefused) || errs[2] != nil {
			t.Errorf("got %v", errs)
		}
		check(t, db)
	})
}

func TestARowThatMakesNoSenseHarmsNobodyElse(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		l, err := admit(t.Context(), db, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := storetest.SQL(t, url).Exec(`UPDATE events SET body_form = 99`); err != nil {
			t.Fatal(err)
		}
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Listing(ctx, l.ID)
				return err
			},
			func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Append(ctx, gongxin.Listing{}, admitted(1), [32]byte{})
				return err
			},
		)
		if errs[0] == nil || errs[1] != nil {
			t.Errorf("got %v", errs)
		}
	})
}

func TestTextThatNoDatabaseTakesHarmsNobodyElse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		long := make([]byte, 1<<16) // longer than PostgreSQL takes as a key, and not to be compressed
		if _, err := rand.Read(long); err != nil {
			t.Fatal(err)
		}
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error {
				for _, id := range []string{"\x00", "a\x00b", "\xff", "zhao\xe8"} {
					if _, err := tx.Person(ctx, id); gongxin.CodeOf(err) != "PERSON_UNKNOWN" {
						t.Errorf("%q: got %v", id, err)
					}
				}
				if err := tx.Refuse(ctx, access.Refusal{At: noon, By: "\x00", Operation: "sign-in", Code: "SIGN_IN_FAILED", From: "\xff"}); err != nil {
					return err
				}
				return tx.SaveEvidence(ctx, store.Evidence{Name: "a\x00\xff.png", At: noon, Body: []byte{0}})
			},
			func(ctx context.Context, tx *store.Tx) error {
				return tx.SaveKept(ctx, store.Kept{Gate: "rail", Reference: base64.StdEncoding.EncodeToString(long), At: noon})
			},
			func(ctx context.Context, tx *store.Tx) error {
				return tx.SaveKept(ctx, store.Kept{Gate: "rail", Reference: "1", At: noon})
			},
		)
		if errs[0] != nil || errs[2] != nil { // the second may have failed
			t.Errorf("got %v", errs)
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.Evidence(ctx, [32]byte{}); err != nil || got.Name != "a\uFFFD\uFFFD.png" {
				t.Errorf("got %+v, %v", got, err)
			}
			want := 2
			if errs[1] != nil {
				want = 1
			}
			if got, err := v.Kept(ctx, "\x00", 10); err != nil || len(got) != 0 {
				t.Errorf("got %+v, %v", got, err)
			}
			if got, err := v.Kept(ctx, "rail", 10); err != nil || len(got) != want {
				t.Errorf("got %d, %v, want %d", len(got), err, want)
			}
		})
	})
}

func TestAPanicUndoesItsWorkAndReachesTheCaller(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, "a mistake") || !strings.Contains(p, "write_test.go") {
					t.Errorf("got %s", p)
				}
			}()
			_ = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Append(ctx, gongxin.Listing{}, admitted(0), [32]byte{}); err != nil {
					return err
				}
				panic("a mistake")
			})
			t.Error("the caller went on")
		}()
		l, err := admit(t.Context(), db, 1)
		if err != nil || l.Sequence != 1 {
			t.Errorf("got %d, %v", l.Sequence, err)
		}
		check(t, db)
	})
}

func TestAnEndedContextSkipsWhatHasNotStarted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		ctx, cancel := context.WithCancel(t.Context())
		hold, started := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			err := db.Write(ctx, func(context.Context, *store.Tx) error {
				close(started)
				<-hold
				return nil
			})
			if err != nil { // it had started: the outcome counts
				t.Errorf("started: got %v", err)
			}
		})
		<-started
		all.Go(func() {
			err := db.Write(ctx, func(context.Context, *store.Tx) error {
				t.Error("it ran")
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("waiting: got %v", err)
			}
		})
		time.Sleep(20 * time.Millisecond)
		cancel()
		time.Sleep(20 * time.Millisecond)
		close(hold)
		all.Wait()
		if _, err := admit(t.Context(), db, 1); err != nil {
			t.Error(err)
		}
	})
}

func TestAClosedStoreRefusesAndFinishesWhatItAccepted(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), url, storetest.Options())
		if err != nil {
			t.Fatal(err)
		}
		hold, started := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		for n := range 3 {
			all.Go(func() {
				err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					if n == 0 {
						close(started)
						<-hold
					}
					_, err := tx.Append(ctx, gongxin.Listing{}, admitted(n), [32]byte{})
					return err
				})
				if err != nil {
					t.Errorf("accepted: got %v", err)
				}
			})
			if n == 0 {
				<-started
			}
		}
		time.Sleep(20 * time.Millisecond)
		all.Go(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(20 * time.Millisecond)
		close(hold)
		all.Wait()
		if _, err := admit(t.Context(), db, 9); gongxin.CodeOf(err) != "STORE_CLOSED" {
			t.Errorf("got %v", err)
		}
		if err := db.Read(t.Context(), func(context.Context, *store.View) error { return nil }); gongxin.CodeOf(err) != "STORE_CLOSED" {
			t.Errorf("got %v", err)
		}
		if _, err := db.Wait(t.Context(), 9); gongxin.CodeOf(err) != "STORE_CLOSED" {
			t.Errorf("got %v", err)
		}
		again := storetest.Open(t, url)
		if size, _ := head(t, again); size != 3 {
			t.Errorf("got size %d, want 3", size)
		}
		check(t, again)
	})
}

func TestALostConnectionIsMadeAnew(t *testing.T) {
	url := storetest.Postgres(t)
	db := storetest.Open(t, url)
	if _, err := admit(t.Context(), db, 0); err != nil {
		t.Fatal(err)
	}
	check(t, db)
	const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	if _, err := storetest.SQL(t, url).ExecContext(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	if _, err := admit(t.Context(), db, 1); err != nil {
		t.Errorf("got %v", err)
	}
	check(t, db)
}

func TestWaitIsWokenByACommitOfThisAndOfAnotherProcess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db, other := open(), open()
		for n, writer := range []*store.DB{db, other} {
			woken := make(chan uint64)
			go func() {
				size, err := db.Wait(t.Context(), uint64(n))
				if err != nil {
					t.Error(err)
				}
				woken <- size
			}()
			if _, err := admit(t.Context(), writer, n); err != nil {
				t.Fatal(err)
			}
			if got := <-woken; got != uint64(n+1) {
				t.Errorf("got %d, want %d", got, n+1)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := db.Wait(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTwoProcessesWriteOneHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		handles := []*store.DB{open(), open()}
		const each = 40
		var all sync.WaitGroup
		for i, db := range handles {
			db.MergeEvery(16)
			all.Go(func() {
				for n := range each {
					l, err := admit(t.Context(), db, i*each+n)
					if err != nil {
						t.Error(err)
						return
					}
					if n%2 == 0 {
						continue
					}
					err = handles[1-i].Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { // the other ends it
						found, err := tx.Find(ctx, []gongxin.ListingKey{l.Entry.Key()})
						if err != nil {
							return err
						}
						if found[0].Listing != l {
							t.Errorf("got %+v, want %+v", found[0].Listing, l)
						}
						_, err = tx.Append(ctx, l, withdrawn(l), [32]byte{})
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		for _, db := range handles {
			if size, count := head(t, db); size != 3*each || count != each {
				t.Errorf("got size %d with %d in force, want %d with %d", size, count, 3*each, each)
			}
			check(t, db)
		}
	})
}
