package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

func TestOrganisationsAreATree(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		for _, tt := range []struct {
			id, parent string
			want       string // code
		}{
			{"city", "province", "ORGANISATION_PARENT"}, // not there yet
			{"province", "", ""},
			{"city", "province", ""},
			{"district", "city", ""},
			{"district", "district", "ORGANISATION_PARENT"},
			{"new", "new", "ORGANISATION_PARENT"},
			{"city", "district", "ORGANISATION_PARENT"},
			{"province", "district", "ORGANISATION_PARENT"},
			{"district", "province", ""}, // moved
			{"city", "district", ""},
		} {
			err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				return tx.SaveOrganisation(ctx, access.Organisation{ID: tt.id, Parent: tt.parent, Kind: access.OrgCity, Name: tt.id})
			})
			if gongxin.CodeOf(err) != tt.want || tt.want == "" && err != nil {
				t.Errorf("%s below %q: got %v, want %q", tt.id, tt.parent, err, tt.want)
			}
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			all, err := v.Organisations(ctx)
			if err != nil || len(all) != 3 || all[0].ID != "city" || all[0].Parent != "district" || all[1].Parent != "province" || all[2].Parent != "" {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	})
}

func TestAPersonIsKeptByID(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		p := access.Person{ID: "zhao", Name: "赵", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleJudge}, Created: noon}
		save := func(p access.Person) error {
			return db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.SavePerson(ctx, p) })
		}
		expect := func(want access.Person) {
			t.Helper()
			view(t, db, func(ctx context.Context, v *store.View) {
				if got, err := v.Person(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			})
		}
		if err := save(p); err != nil {
			t.Fatal(err)
		}
		expect(p)
		p.Password, p.Second, p.SecondStep, p.Failures, p.Locked = "$argon2id$", "JBSWY3DPEHPK3PXP", 9, 3, noon.Add(time.Hour)
		p.Roles, p.Issuer, p.Subject = append(p.Roles, gongxin.RoleHigherCourt), "https://id.example", "1"
		later := p
		later.Created = noon.Add(time.Hour)
		for range 2 {
			if err := save(later); err != nil {
				t.Fatal(err)
			}
			expect(p) // made when it was made
		}
		other := access.Person{ID: "qian", Issuer: p.Issuer, Subject: p.Subject, Created: noon}
		if err := save(other); gongxin.CodeOf(err) != "PERSON_SUBJECT_TAKEN" {
			t.Errorf("got %v", err)
		}
		for _, id := range []string{"qian", "sun"} { // any number without single sign-on
			if err := save(access.Person{ID: id, Created: noon}); err != nil {
				t.Error(err)
			}
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			if got, err := v.PersonBySubject(ctx, p.Issuer, p.Subject); err != nil || got.ID != p.ID {
				t.Errorf("got %+v, %v", got, err)
			}
			for _, err := range []error{second(v.Person(ctx, "li")), second(v.PersonBySubject(ctx, "", "")), second(v.PersonBySubject(ctx, p.Issuer, "2"))} {
				if gongxin.CodeOf(err) != "PERSON_UNKNOWN" {
					t.Errorf("got %v", err)
				}
			}
			if all, err := v.People(ctx); err != nil || len(all) != 3 || all[0].ID != "qian" {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	})
}

func TestASecondFactorOpensForItsOwnerOnly(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		write(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SavePerson(ctx, access.Person{ID: "zhao", Second: "JBSWY3DPEHPK3PXP", Created: noon}); err != nil {
				return err
			}
			return tx.SavePerson(ctx, access.Person{ID: "qian", Created: noon})
		})
		const move = `UPDATE people SET second = (SELECT second FROM people WHERE id = 'zhao') WHERE id = 'qian'`
		if _, err := storetest.SQL(t, url).Exec(move); err != nil {
			t.Fatal(err)
		}
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error { return second(tx.Person(ctx, "qian")) },
			func(ctx context.Context, tx *store.Tx) error { return second(tx.Person(ctx, "zhao")) },
		)
		if errs[0] == nil || errs[1] != nil {
			t.Errorf("got %v", errs)
		}
	})
}

func TestASessionThatEndedStaysEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		s := access.Session{Hash: [32]byte{1}, Person: "zhao", Method: "password", Created: noon, Seen: noon, Expires: noon.Add(time.Hour)}
		expect := func(want access.Session) {
			t.Helper()
			view(t, db, func(ctx context.Context, v *store.View) {
				if got, err := v.SessionByHash(ctx, want.Hash); err != nil || got != want {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			})
		}
		save := func(s access.Session) {
			t.Helper()
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSession(ctx, s) })
		}
		save(s)
		s.Seen = noon.Add(time.Minute)
		save(s)
		expect(s)
		other := s
		other.Hash, other.Person = [32]byte{2}, "qian"
		guest := access.Session{Hash: [32]byte{3}, Listing: gongxin.ListingID{1}, Method: "code", Created: noon, Seen: noon, Expires: noon.Add(time.Hour)}
		twin := s
		twin.Hash = [32]byte{4}
		save(other)
		save(guest)
		save(twin)
		for person, want := range map[string]int{"zhao": 2, "": 0, "nobody": 0} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error {
				n, err := tx.EndSessions(ctx, person, noon.Add(2*time.Minute))
				if n != want {
					t.Errorf("%q: ended %d, want %d", person, n, want)
				}
				return err
			})
		}
		stale := s
		stale.Seen = noon.Add(3 * time.Minute)
		save(stale) // a request that had read it before
		s.Ended = noon.Add(2 * time.Minute)
		expect(s)
		expect(other)
		expect(guest)
		view(t, db, func(ctx context.Context, v *store.View) {
			if _, err := v.SessionByHash(ctx, [32]byte{9}); gongxin.CodeOf(err) != "SESSION_UNKNOWN" {
				t.Errorf("got %v", err)
			}
		})
	})
}

// code is the n-th code of a listing.
func code(listing byte, n int) access.Code {
	return access.Code{
		Hash: sha256.Sum256(fmt.Appendf(nil, "%d %d", listing, n)), Listing: gongxin.ListingID{listing}, By: clerk.ID,
		Issued: noon.Add(time.Duration(n) * time.Minute), Expires: noon.Add(time.Hour),
	}
}

func use(ctx context.Context, db *store.DB, hash [32]byte, at time.Time) (c access.Code, err error) {
	err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, err = tx.UseCode(ctx, hash, at)
		return err
	})
	return c, err
}

func TestACodeIsGoodOnceUntilItExpiresOrIsReplaced(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		for _, c := range []access.Code{code(1, 1), code(1, 2), code(2, 1), code(3, 1)} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCode(ctx, c) })
		}
		at := noon.Add(30 * time.Minute)
		for _, tt := range []struct {
			name string
			hash [32]byte
			at   time.Time
			want string
		}{
			{"never given", [32]byte{}, at, "CODE_UNKNOWN"},
			{"replaced", code(1, 1).Hash, at, "CODE_USED"},
			{"the newest", code(1, 2).Hash, at, ""},
			{"again", code(1, 2).Hash, at.Add(time.Second), "CODE_USED"},
			{"of another listing, in the last millisecond", code(2, 1).Hash, noon.Add(time.Hour - time.Millisecond), ""},
			{"expired", code(3, 1).Hash, noon.Add(time.Hour), "CODE_EXPIRED"},
			{"expired, by a clock set back", code(3, 1).Hash, noon.Add(time.Hour - 1), ""}, // it was refused, not used up
		} {
			got, err := use(t.Context(), db, tt.hash, tt.at)
			if gongxin.CodeOf(err) != tt.want || tt.want == "" && err != nil || tt.want != "" && gongxin.KindOf(err) != gongxin.KindForbidden {
				t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
			}
			if tt.want == "" && (got.Hash != tt.hash || got.Used != gongxin.Millis(tt.at) || got.By != clerk.ID) {
				t.Errorf("%s: got %+v", tt.name, got)
			}
		}
	})
}

func TestACodeOfAFailedShareWasNotUsed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		c := code(1, 1)
		write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCode(ctx, c) })
		attempt := func(reason error) func(ctx context.Context, tx *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.UseCode(ctx, c.Hash, noon)
				if err == nil {
					err = reason
				}
				return err
			}
		}
		errs := together(t, db, attempt(errRefused), attempt(nil), attempt(nil))
		if errs[0] != errRefused || errs[1] != nil || gongxin.CodeOf(errs[2]) != "CODE_USED" {
			t.Errorf("got %v", errs)
		}
	})
}

func TestOfAHundredWhoUseOneCodeOneSucceeds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		handles := []*store.DB{open(), open()} // as two processes have them
		for round := range 3 {
			c := code(1, round)
			write(t, handles[round%2], func(ctx context.Context, tx *store.Tx) error { return tx.SaveCode(ctx, c) })
			var succeeded, used atomic.Int32
			var all sync.WaitGroup
			begin := make(chan struct{})
			for n := range 100 {
				all.Go(func() {
					<-begin
					_, err := use(t.Context(), handles[n%2], c.Hash, noon.Add(30*time.Minute))
					switch {
					case err == nil:
						succeeded.Add(1)
					case gongxin.CodeOf(err) == "CODE_USED":
						used.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			close(begin)
			all.Wait()
			if succeeded.Load() != 1 || used.Load() != 99 {
				t.Errorf("%d succeeded, %d were told that it was used", succeeded.Load(), used.Load())
			}
		}
	})
}
