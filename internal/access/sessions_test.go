package access

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"gongxin"
)

func TestASessionHoldsWhileItIsUsedAndAtMostTwelveHours(t *testing.T) {
	s := newStaff(t, "wang", gongxin.RoleClerk)
	secret, session, err := NewSession(s.person("wang"), MethodPassword, noon.Add(12*time.Second), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != 46 || !strings.HasPrefix(secret, "gs_") || session.Hash != sha256.Sum256([]byte(secret)) {
		t.Errorf("secret %q is not gs_ and 256 bits in base64, known by its hash", secret)
	}
	with := func(change func(*Session)) Session {
		changed := session
		change(&changed)
		return changed
	}
	start := session.Created
	for _, tt := range []struct {
		name    string
		session Session
		secret  string
		person  func(*Person)
		at      time.Time
		want    string // code
	}{
		{"at once", session, secret, nil, start, ""},
		{"to the last millisecond without use", session, secret, nil, session.Seen.Add(30*time.Minute - time.Millisecond), ""},
		{"after half an hour without use", session, secret, nil, session.Seen.Add(30 * time.Minute), "SESSION_EXPIRED"},
		{"in use for nearly twelve hours", with(func(s *Session) { s.Seen = start.Add(11*time.Hour + 50*time.Minute) }), secret, nil, start.Add(12*time.Hour - time.Millisecond), ""},
		{"in use for twelve hours", with(func(s *Session) { s.Seen = start.Add(11*time.Hour + 50*time.Minute) }), secret, nil, start.Add(12 * time.Hour), "SESSION_EXPIRED"},
		{"signed out", with(func(s *Session) { s.Ended = start }), secret, nil, start, "UNAUTHENTICATED"},
		{"unknown", with(func(s *Session) { s.Hash = [32]byte{} }), secret, nil, start, "UNAUTHENTICATED"},
		{"of nobody", with(func(s *Session) { s.Person = "" }), secret, nil, start, "UNAUTHENTICATED"},
		{"of somebody gone", with(func(s *Session) { s.Person = "gone" }), secret, nil, start, "UNAUTHENTICATED"},
		{"of somebody disabled since", session, secret, func(p *Person) { p.Disabled = start }, start, "UNAUTHENTICATED"},
		{"a token's secret", session, "gx_" + secret[3:], nil, start, "UNAUTHENTICATED"},
		{"cut short", session, secret[:45], nil, start, "UNAUTHENTICATED"},
		{"none", session, "", nil, start, "UNAUTHENTICATED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStaff(t, "wang", gongxin.RoleClerk)
			if tt.person != nil {
				s.change("wang", tt.person)
			}
			s.sessions[tt.session.Hash] = tt.session
			got, p, err := AuthenticateSession(t.Context(), s, tt.secret, tt.at)
			if gongxin.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err == nil && (got != tt.session || p.ID != "wang") || err != nil && (got != Session{} || p.ID != "") {
				t.Errorf("got %+v of %+v", got, p)
			}
		})
	}
	s.sessions[session.Hash] = session
	s.fault = errors.New("disk on fire")
	if _, _, err := AuthenticateSession(t.Context(), s, secret, noon); !errors.Is(err, s.fault) || gongxin.KindOf(err) != "" {
		t.Errorf("a fault of the store gave %v", err)
	}
	if _, _, err := NewSession(Person{ID: "wang"}, MethodPassword, noon, strings.NewReader("short")); err == nil {
		t.Error("a secret was made from five bytes")
	}
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	_, s, err := NewSession(Person{ID: "wang"}, MethodOIDC, noon.Add(90*time.Second), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		moved bool
	}{{0, false}, {29 * time.Second, false}, {30 * time.Second, true}, {31 * time.Second, false}, {-time.Hour, false}, {time.Hour, true}} {
		var moved bool
		if s, moved = s.Touch(noon.Add(90*time.Second + tt.after)); moved != tt.moved {
			t.Errorf("used %v later: moved %v, want %v", tt.after, moved, tt.moved)
		}
	}
	if want := noon.Add(time.Hour + time.Minute); !s.Seen.Equal(want) {
		t.Errorf("last seen %v, want %v", s.Seen, want)
	}
}

func TestASubjectsSessionIsTowardsOneListingForHalfAnHour(t *testing.T) {
	listing := gongxin.ListingID{7}
	secret, session, err := NewSubjectSession(listing, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newStaff(t, "wang", gongxin.RoleClerk)
	s.sessions[session.Hash] = session
	got, p, err := AuthenticateSession(t.Context(), s, secret, noon.Add(29*time.Minute))
	if err != nil || got.Listing != listing || got.Method != MethodCode || p.ID != "" {
		t.Errorf("got %+v of %+v, %v", got, p, err)
	}
	session, _ = session.Touch(noon.Add(29 * time.Minute))
	s.sessions[session.Hash] = session
	if _, _, err := AuthenticateSession(t.Context(), s, secret, noon.Add(30*time.Minute)); gongxin.CodeOf(err) != "SESSION_EXPIRED" {
		t.Errorf("after half an hour of use: %v", err)
	}
}

func TestWhoIsMadeAJudgeMustEnrolAtOnce(t *testing.T) {
	s := newStaff(t, "wang", gongxin.RoleClerk)
	secret, session, err := NewSession(s.person("wang"), MethodPassword, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.sessions[session.Hash] = session
	s.change("wang", func(p *Person) { p.Roles = append(p.Roles, gongxin.RoleJudge) })
	got, _, err := AuthenticateSession(t.Context(), s, secret, noon)
	if err != nil || got.Permits("listing-decision") || !got.Permits("second-factor-enrol") {
		t.Errorf("got %+v, %v", got, err)
	}
}
