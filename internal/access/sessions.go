package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gongxin"
)

// How somebody signed in: Session.Method.
const (
	MethodPassword  = "password"
	MethodOIDC      = "oidc"
	MethodCode      = "code"
	MethodEnrolment = "enrolment" // password, but it must be changed or a second factor enrolled first
)

// A session lasts a working day at most, and ends sooner when nobody uses it.
const (
	sessionPrefix = "gs_"
	sessionLasts  = 12 * time.Hour
	sessionIdle   = 30 * time.Minute // from the minute in which it was last seen
	subjectLasts  = 30 * time.Minute
	enrolLasts    = 30 * time.Minute
)

// whileEnrolling is all that a session of method "enrolment" opens.
var whileEnrolling = []string{"session-read", "session-end", "password-change", "second-factor-enrol"}

// NewSession makes a session for p at the instant at. It returns the secret, for the
// cookie or the header, and s, to be saved. A person new here has a password that
// somebody else chose, and perhaps roles that need a second factor: what they get
// with MethodPassword is a session of MethodEnrolment, in which they can do nothing
// but change the one and enrol the other. After that they sign in anew.
func NewSession(p Person, method string, at time.Time, random io.Reader) (secret string, s Session, err error) {
	lasts := sessionLasts
	if method == MethodPassword && p.incomplete() {
		method, lasts = MethodEnrolment, enrolLasts
	}
	return newSession(Session{Person: p.ID, Method: method}, lasts, at, random)
}

// NewSubjectSession is NewSession for the person concerned, towards listing alone.
func NewSubjectSession(listing gongxin.ListingID, at time.Time, random io.Reader) (secret string, s Session, err error) {
	return newSession(Session{Listing: listing, Method: MethodCode}, subjectLasts, at, random)
}

func newSession(s Session, lasts time.Duration, at time.Time, random io.Reader) (string, Session, error) {
	secret, hash, err := newSecret(sessionPrefix, random)
	if err != nil {
		return "", Session{}, fmt.Errorf("make session: %w", err)
	}
	at = gongxin.Millis(at)
	s.Hash, s.Created, s.Seen, s.Expires = hash, at, at.Truncate(time.Minute), at.Add(lasts)
	return secret, s, nil
}

// newSecret makes 256 random bits behind prefix, and their hash.
func newSecret(prefix string, random io.Reader) (secret string, hash [32]byte, err error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", hash, err
	}
	secret = prefix + base64.RawURLEncoding.EncodeToString(b)
	return secret, sha256.Sum256([]byte(secret)), nil
}

// isSecret tells whether s looks like what newSecret made; nothing longer is hashed.
func isSecret(prefix, s string) bool {
	return len(s) == len(prefix)+base64.RawURLEncoding.EncodedLen(secretBytes) && strings.HasPrefix(s, prefix)
}

// IsSession tells by its looks whether a bearer is a session's secret rather than a
// token's.
func IsSession(bearer string) bool { return isSecret(sessionPrefix, bearer) }

// Sessions finds sessions and the people whose they are, each with an error of kind
// missing if there is none.
type Sessions interface {
	PersonReader
	SessionByHash(ctx context.Context, hash [32]byte) (Session, error)
}

// AuthenticateSession tells who calls with secret at the instant at. Of a subject's
// session the Person is zero and Session.Listing says towards what. The person is
// read each time, so a role taken away or a person disabled counts at once. Errors:
// UNAUTHENTICATED for an unknown or ended session, and for a person disabled or gone
// since; SESSION_EXPIRED.
func AuthenticateSession(ctx context.Context, sessions Sessions, secret string, at time.Time) (Session, Person, error) {
	if !IsSession(secret) {
		return Session{}, Person{}, gongxin.Forbidden("UNAUTHENTICATED")
	}
	s, err := sessions.SessionByHash(ctx, sha256.Sum256([]byte(secret)))
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing:
		return Session{}, Person{}, gongxin.Forbidden("UNAUTHENTICATED")
	case err != nil:
		return Session{}, Person{}, fmt.Errorf("find session: %w", err)
	case !s.Ended.IsZero(), s.Person == "" && s.Listing.IsZero():
		return Session{}, Person{}, gongxin.Forbidden("UNAUTHENTICATED")
	case !at.Before(s.Expires), !at.Before(s.Seen.Add(sessionIdle)):
		return Session{}, Person{}, gongxin.Forbidden("SESSION_EXPIRED")
	case s.Person == "":
		return s, Person{}, nil
	}
	p, err := sessions.Person(ctx, s.Person)
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing:
		return Session{}, Person{}, gongxin.Forbidden("UNAUTHENTICATED")
	case err != nil:
		return Session{}, Person{}, fmt.Errorf("find person: %w", err)
	case !p.Disabled.IsZero():
		return Session{}, Person{}, gongxin.Forbidden("UNAUTHENTICATED")
	}
	if s.Method == MethodPassword && p.incomplete() { // made a judge since, say, or given a new first password
		s.Method = MethodEnrolment
	}
	return s, p, nil
}

// Touch notes that s is used at the instant at. moved tells whether that is to be
// saved: once a minute, so that not each request writes.
func (s Session) Touch(at time.Time) (_ Session, moved bool) {
	if minute := at.UTC().Truncate(time.Minute); minute.After(s.Seen) {
		s.Seen = minute
		return s, true
	}
	return s, false
}

// Permits tells whether s opens operation at all: of method "enrolment" only what
// enrolling takes, of others all that the matrix allows to the person's roles.
func (s Session) Permits(operation string) bool {
	return s.Method != MethodEnrolment || slices.Contains(whileEnrolling, operation)
}
