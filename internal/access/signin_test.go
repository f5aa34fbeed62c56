package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gongxin"
)

// staff is a store of people and sessions.
type staff struct {
	t        interface{ Fatal(...any) }
	password string // everybody's
	people   map[string]Person
	sessions map[[32]byte]Session
	saved    int
	fault    error
}

// cheap is the hash of a password at the least cost there is, for tests of what
// happens around it.
func cheap(password string) string {
	c := costly{memory: 8, time: 1, threads: 1, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	c.key = c.derive(password)
	return c.String()
}

func newStaff(t interface{ Fatal(...any) }, id string, roles ...gongxin.Role) *staff {
	s := &staff{t: t, password: "correct horse battery staple", people: map[string]Person{}, sessions: map[[32]byte]Session{}}
	s.people[id] = Person{ID: id, Name: "李四", Organisation: "court", Roles: roles, Password: cheap(s.password), Created: noon}
	return s
}

func (s *staff) Person(_ context.Context, id string) (Person, error) {
	if s.fault != nil {
		return Person{}, s.fault
	}
	p, ok := s.people[id]
	if !ok {
		return Person{}, gongxin.Missing("PERSON_UNKNOWN", id)
	}
	return p, nil
}

func (s *staff) PersonBySubject(ctx context.Context, issuer, subject string) (Person, error) {
	for _, p := range s.people {
		if p.Issuer == issuer && p.Subject == subject {
			return s.Person(ctx, p.ID)
		}
	}
	return Person{}, gongxin.Missing("PERSON_UNKNOWN", subject)
}

func (s *staff) SavePerson(_ context.Context, p Person) error {
	s.saved++
	s.people[p.ID] = p
	return s.fault
}

func (s *staff) SessionByHash(_ context.Context, hash [32]byte) (Session, error) {
	if s.fault != nil {
		return Session{}, s.fault
	}
	session, ok := s.sessions[hash]
	if !ok {
		return Session{}, gongxin.Missing("SESSION_UNKNOWN")
	}
	return session, nil
}

func (s *staff) person(id string) Person { return s.people[id] }

func (s *staff) change(id string, change func(*Person)) {
	p := s.people[id]
	change(&p)
	s.people[id] = p
}

func (s *staff) prove(id, password, second string) Proof {
	proof, err := Prove(context.Background(), s, Credentials{Person: id, Password: password, Second: second})
	if err != nil {
		s.t.Fatal(err)
	}
	return proof
}

func (s *staff) signIn(id, password, second string, at time.Time) (Session, error) {
	secret, session, p, err := SignIn(context.Background(), s, s.prove(id, password, second), at, rand.Reader)
	if err == nil && (p.ID != id || session.Person != id || !IsSession(secret)) {
		s.t.Fatal("signed in as somebody else")
	}
	if err != nil && (secret != "" || session != Session{} || p.ID != "") {
		s.t.Fatal("refused, but given something")
	}
	return session, err
}

func TestTheSameAnswerToWhateverIsWrong(t *testing.T) {
	secret := enrolled(t)
	for _, tt := range []struct {
		name     string
		change   func(*Person)
		id       string
		password string
		second   string
		want     string // code
		reason   string
	}{
		{"right", nil, "li", "", codeAt(t, secret, noon), "", ""},
		{"no code yet", nil, "li", "", "", "SECOND_NEEDED", "SECOND_NEEDED"},
		{"wrong password", nil, "li", "wrong", codeAt(t, secret, noon), "SIGN_IN_FAILED", "PASSWORD_WRONG"},
		{"wrong password and no code", nil, "li", "wrong", "", "SIGN_IN_FAILED", "PASSWORD_WRONG"},
		{"wrong code", nil, "li", "", "000000", "SIGN_IN_FAILED", "SECOND_WRONG"},
		{"nobody", nil, "wang", "", "", "SIGN_IN_FAILED", "PERSON_UNKNOWN"},
		{"no name", nil, "", "", "", "SIGN_IN_FAILED", "PERSON_UNKNOWN"},
		{"locked", func(p *Person) { p.Locked = noon.Add(time.Millisecond) }, "li", "", codeAt(t, secret, noon), "SIGN_IN_FAILED", "LOCKED"},
		{"locked, wrong password", func(p *Person) { p.Locked = noon.Add(time.Minute) }, "li", "wrong", "", "SIGN_IN_FAILED", "LOCKED"},
		{"no longer locked", func(p *Person) { p.Locked = noon }, "li", "", codeAt(t, secret, noon), "", ""},
		{"without a password", func(p *Person) { p.Password = "" }, "li", "", codeAt(t, secret, noon), "SIGN_IN_FAILED", "PASSWORD_WRONG"},
		{"disabled", func(p *Person) { p.Disabled = noon }, "li", "", codeAt(t, secret, noon), "PERSON_DISABLED", "PERSON_DISABLED"},
		{"disabled, wrong password", func(p *Person) { p.Disabled = noon }, "li", "wrong", codeAt(t, secret, noon), "SIGN_IN_FAILED", "PASSWORD_WRONG"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStaff(t, "li", gongxin.RoleJudge)
			s.change("li", func(p *Person) { p.Second = secret })
			if tt.change != nil {
				s.change("li", tt.change)
			}
			if tt.password == "" {
				tt.password = s.password
			}
			_, err := s.signIn(tt.id, tt.password, tt.second, noon)
			if gongxin.CodeOf(err) != tt.want || Reason(err) != tt.reason {
				t.Errorf("got %v for %q, want %q for %q", err, Reason(err), tt.want, tt.reason)
			}
			if tt.want == "SIGN_IN_FAILED" && err.Error() != failed("", time.Time{}).Error() {
				t.Errorf("the text tells more: %v", err)
			}
		})
	}
}

func TestFiveWrongAttemptsLockForLongerAndLonger(t *testing.T) {
	s := newStaff(t, "wang", gongxin.RoleClerk)
	at := noon
	for _, want := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		for n := range lockAfter {
			if s.person("wang").Locked.After(at) {
				t.Fatalf("locked after %d attempts", n)
			}
			if _, err := s.signIn("wang", "wrong", "", at); Reason(err) != "PASSWORD_WRONG" {
				t.Fatalf("got %v", err)
			}
			at = at.Add(time.Second)
		}
		locked := s.person("wang").Locked
		if got := locked.Sub(at.Add(-time.Second)); got != want {
			t.Errorf("locked for %v, want %v", got, want)
		}
		if _, err := s.signIn("wang", s.password, "", locked.Add(-time.Millisecond)); Reason(err) != "LOCKED" {
			t.Errorf("while locked the right password got %v", err)
		}
		at = locked
	}
	if _, err := s.signIn("wang", s.password, "", at); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	if p := s.person("wang"); p.Failures != 0 || !p.Locked.IsZero() {
		t.Errorf("a success leaves %d failures, locked %v", p.Failures, p.Locked)
	}
	for n := range 1000 { // no count overflows into a short lock
		p := Person{ID: "wang", Failures: lockAfter*(n+8) - 1}
		if err := p.fail(t.Context(), s, "", noon); gongxin.CodeOf(err) != "SIGN_IN_FAILED" || s.person("wang").Locked.Sub(noon) != longestLock {
			t.Fatalf("%d failures lock for %v", p.Failures+1, s.person("wang").Locked.Sub(noon))
		}
	}
}

func TestAProofIsForThePasswordOfThatTime(t *testing.T) {
	s := newStaff(t, "wang", gongxin.RoleClerk)
	proof := s.prove("wang", s.password, "")
	s.change("wang", func(p *Person) { p.Password = cheap("another password of theirs") })
	if _, _, _, err := SignIn(t.Context(), s, proof, noon, rand.Reader); Reason(err) != "PASSWORD_CHANGED" {
		t.Errorf("the password before signs in: %v", err)
	}
	if s.person("wang").Failures != 0 {
		t.Error("that counts as a failure")
	}
	if _, _, _, err := SignIn(t.Context(), s, Proof{}, noon, rand.Reader); gongxin.CodeOf(err) != "SIGN_IN_FAILED" {
		t.Errorf("no proof at all: %v", err)
	}
}

func TestANewPersonCanOnlyEnrol(t *testing.T) {
	const fresh = "twelve grey herons stand"
	for _, tt := range []struct {
		name   string
		role   gongxin.Role
		first  bool
		second bool
		want   string
	}{
		{"a clerk", gongxin.RoleClerk, false, false, MethodPassword},
		{"a clerk with a first password", gongxin.RoleClerk, true, false, MethodEnrolment},
		{"a judge", gongxin.RoleJudge, false, false, MethodEnrolment},
		{"a judge with a first password and a second factor", gongxin.RoleJudge, true, true, MethodEnrolment},
		{"a judge with a second factor", gongxin.RoleJudge, false, true, MethodPassword},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, secret, code := newStaff(t, "li", tt.role), enrolled(t), ""
			if tt.first {
				s.change("li", func(p *Person) { p.Password = firstMark + p.Password })
			}
			if tt.second {
				s.change("li", func(p *Person) { p.Second = secret })
				code = codeAt(t, secret, noon)
			}
			session, err := s.signIn("li", s.password, code, noon)
			if err != nil || session.Method != tt.want {
				t.Fatalf("got %s, %v, want %s", session.Method, err, tt.want)
			}
			for _, operation := range Operations() {
				want := tt.want == MethodPassword
				switch operation {
				case "session-read", "session-end", "password-change", "second-factor-enrol":
					want = true
				}
				if session.Permits(operation) != want {
					t.Errorf("%s: permitted %v, want %v", operation, !want, want)
				}
			}
			p, err := ChangePassword(t.Context(), s, s.prove("li", s.password, ""), cheap(fresh), noon)
			if err != nil || p.incomplete() != (p.NeedsSecond() && !tt.second) {
				t.Errorf("after the change: %v, %v", p, err)
			}
		})
	}
}

func TestAPasswordChangesOnProofOfTheOld(t *testing.T) {
	const fresh = "twelve grey herons stand"
	s := newStaff(t, "wang", gongxin.RoleClerk)
	s.change("wang", func(p *Person) { p.Password = firstMark + p.Password })
	if _, err := ChangePassword(t.Context(), s, s.prove("wang", s.password, ""), cheap(s.password), noon); gongxin.CodeOf(err) != "PASSWORD_WEAK" {
		t.Errorf("the password that an operator knows stays: %v", err)
	}
	if _, err := ChangePassword(t.Context(), s, s.prove("wang", s.password, ""), fresh, noon); err == nil || gongxin.CodeOf(err) != "" {
		t.Errorf("a password was taken for a hash: %v", err)
	}
	if _, err := ChangePassword(t.Context(), s, s.prove("wang", s.password, ""), firstMark+cheap(fresh), noon); err == nil {
		t.Error("one's own password is marked as somebody else's")
	}
	for range lockAfter {
		if _, err := ChangePassword(t.Context(), s, s.prove("wang", "wrong", ""), cheap(fresh), noon); Reason(err) != "PASSWORD_WRONG" && gongxin.CodeOf(err) != "LOCKED" {
			t.Errorf("on a wrong one: %v", err)
		}
	}
	_, err := ChangePassword(t.Context(), s, s.prove("wang", s.password, ""), cheap(fresh), noon)
	if gongxin.CodeOf(err) != "LOCKED" || !strings.Contains(err.Error(), "2017-04-01 12:15") {
		t.Errorf("while locked: %v", err)
	}
	if _, err = ChangePassword(t.Context(), s, s.prove("wang", s.password, ""), cheap(fresh), noon.Add(firstLock)); err != nil {
		t.Error(err)
	}
	if _, err := s.signIn("wang", fresh, "", noon.Add(time.Hour)); err != nil {
		t.Errorf("with the new one: %v", err)
	}
	if _, err := s.signIn("wang", s.password, "", noon.Add(time.Hour)); gongxin.CodeOf(err) != "SIGN_IN_FAILED" {
		t.Errorf("with the old one: %v", err)
	}
}

func TestAFaultOfTheStoreIsNoWrongPassword(t *testing.T) {
	s := newStaff(t, "wang", gongxin.RoleClerk)
	proof := s.prove("wang", s.password, "")
	wrong := s.prove("wang", "wrong", "")
	s.fault = errors.New("disk on fire")
	if _, err := Prove(t.Context(), s, Credentials{Person: "wang"}); !errors.Is(err, s.fault) {
		t.Errorf("got %v", err)
	}
	for _, proof := range []Proof{proof, wrong} {
		if _, _, _, err := SignIn(t.Context(), s, proof, noon, rand.Reader); !errors.Is(err, s.fault) || gongxin.KindOf(err) != "" {
			t.Errorf("got %v", err)
		}
	}
}

// Whatever is tried in whatever order: no password is taken while somebody is
// locked, a code holds once, nobody disabled gets in, five failures in a row lock,
// and only right credentials get in at all.
func TestSignInInRandomHistories(t *testing.T) {
	const id = "li@苏0505"
	rapid.Check(t, func(t *rapid.T) {
		s := newStaff(t, id, gongxin.RoleJudge)
		at := noon
		used := map[string]bool{} // codes with the secret they are of
		failures := 0
		var lockedUntil time.Time
		if rapid.Bool().Draw(t, "enrolled") {
			secret, _, _ := EnrolSecond(id, "共信", rand.Reader)
			s.change(id, func(p *Person) { p.Second = secret })
		}
		attempt := func(password, second string) {
			before := s.person(id)
			session, err := s.signIn(id, password, second, at)
			reason := Reason(err)
			right := password == s.password
			locked := at.Before(lockedUntil)
			switch {
			case err == nil:
				if locked || !before.Disabled.IsZero() || !right {
					t.Fatalf("let in: locked %v, disabled %v, right %v", locked, before.Disabled, right)
				}
				if before.Enrolled() {
					if key := before.Second + second; used[key] {
						t.Fatalf("the code %s signed in twice", second)
					} else {
						used[key] = true
					}
				} else if session.Method != MethodEnrolment {
					t.Fatal("a judge without a second factor got a full session")
				}
				failures, lockedUntil = 0, time.Time{}
			case locked:
				if reason != "LOCKED" || gongxin.CodeOf(err) != "SIGN_IN_FAILED" {
					t.Fatalf("while locked: %v, %s", err, reason)
				}
				if s.person(id).Failures != before.Failures {
					t.Fatal("counted while locked")
				}
			case reason == "PASSWORD_WRONG" && !right, reason == "SECOND_WRONG" && right:
				failures++
				if failures%lockAfter == 0 {
					lockedUntil = at.Add(min(longestLock, firstLock<<min(failures/lockAfter-1, 10)))
				}
			case reason == "SECOND_NEEDED" && right && second == "" && before.Enrolled():
			case reason == "PERSON_DISABLED" && right && !before.Disabled.IsZero():
			default:
				t.Fatalf("%s: right %v, second %q, %+v", reason, right, second, before)
			}
			if p := s.person(id); p.Failures != failures || !p.Locked.Equal(lockedUntil) {
				t.Fatalf("%d failures until %v, want %d until %v", p.Failures, p.Locked, failures, lockedUntil)
			}
		}
		code := func(shift time.Duration) string {
			if p := s.person(id); p.Enrolled() {
				return codeAt(t, p.Second, at.Add(shift))
			}
			return ""
		}
		t.Repeat(map[string]func(*rapid.T){
			"right": func(t *rapid.T) {
				attempt(s.password, code(time.Duration(rapid.IntRange(-1, 1).Draw(t, "steps"))*30*time.Second))
			},
			"old code":       func(*rapid.T) { attempt(s.password, code(-time.Hour)) },
			"no code":        func(*rapid.T) { attempt(s.password, "") },
			"wrong code":     func(*rapid.T) { attempt(s.password, "12345x") },
			"wrong password": func(*rapid.T) { attempt("wrong", code(0)) },
			"wrong five times": func(*rapid.T) {
				for range lockAfter {
					attempt("wrong", "")
				}
			},
			"a while": func(t *rapid.T) {
				at = at.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "while")))
				at = gongxin.Millis(at)
			},
			"until the lock ends": func(*rapid.T) {
				if lockedUntil.After(at) {
					at = lockedUntil
				}
			},
			"disable": func(*rapid.T) { s.change(id, func(p *Person) { p.Disabled = at }) },
			"enable":  func(*rapid.T) { s.change(id, func(p *Person) { p.Disabled = time.Time{} }) },
			"":        func(*rapid.T) {},
		})
	})
}

func ExampleReason() {
	_, _, _, err := SignIn(context.Background(), newStaff(nil, "wang"), Proof{person: "nobody"}, noon, rand.Reader)
	fmt.Println(gongxin.CodeOf(err), "because of", Reason(err))
	// Output: SIGN_IN_FAILED because of PERSON_UNKNOWN
}
