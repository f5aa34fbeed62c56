package access

import (
	"context"
	"io"
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

// NewSession makes a session for p at the instant at. It returns the secret, for the
// cookie or the header, and s, to be saved. Method becomes "enrolment" if p signed in
// with a password but has to change it or to enrol a second factor.
func NewSession(p Person, method string, at time.Time, random io.Reader) (secret string, s Session, err error) {
	panic("to come")
}

// NewSubjectSession is NewSession for the person concerned, towards listing alone.
func NewSubjectSession(listing gongxin.ListingID, at time.Time, random io.Reader) (secret string, s Session, err error) {
	panic("to come")
}

// IsSession tells whether a bearer is a session's secret by its looks, rather than a token's.
func IsSession(bearer string) bool { panic("to come") }

// Sessions finds sessions and the people whose they are, each with an error of kind
// missing if there is none.
type Sessions interface {
	PersonReader
	SessionByHash(ctx context.Context, hash [32]byte) (Session, error)
}

// AuthenticateSession tells who calls with secret at the instant at. Of a subject's
// session the Person is zero and Session.Listing says towards what. Errors:
// UNAUTHENTICATED for an unknown or ended one, and for a person disabled since;
// SESSION_EXPIRED.
func AuthenticateSession(ctx context.Context, sessions Sessions, secret string, at time.Time) (Session, Person, error) {
	panic("to come")
}

// Touch notes that s is used at the instant at. moved tells whether that is to be
// saved: once a minute, so that not each request writes.
func (s Session) Touch(at time.Time) (_ Session, moved bool) { panic("to come") }

// Permits tells whether s opens operation at all: each for which the matrix allows
// one of the person's roles, but of method "enrolment" only what enrolling takes.
func (s Session) Permits(operation string) bool { panic("to come") }
