package access

import (
	"context"
	"io"
	"time"
)

// NeedsSecond tells whether one of p's roles decides or administrates, so that a
// password alone does not open a full session.
func (p Person) NeedsSecond() bool { panic("to come") }

// Enrolled tells whether p has a second factor that was confirmed.
func (p Person) Enrolled() bool { panic("to come") }

// EnrolSecond makes a TOTP secret for person from random. It returns it in base 32,
// to be typed, and as an otpauth URI, to be shown as a square to an authenticator.
// BeginSecond does so for a handler.
func EnrolSecond(person, issuer string, random io.Reader) (secret, uri string, err error) {
	panic("to come")
}

// VerifySecond tells whether code is p's at the instant at: of RFC 6238, six digits,
// 30 s, one step to either side, and of a step later than p.SecondStep. The caller
// saves p with SecondStep = step, so that it does not hold again.
func VerifySecond(p Person, code string, at time.Time) (step int64, ok bool) { panic("to come") }

// BeginSecond saves a new second factor for the person who proved themselves; it
// holds once ConfirmSecond has seen a code of it, and the one before until then. A
// person who has one must have proved it too. Like with SignIn the caller commits
// also if there is an error. Errors: SIGN_IN_FAILED, LOCKED, SECOND_NEEDED.
func BeginSecond(ctx context.Context, tx PeopleTx, proof Proof, issuer string, at time.Time, random io.Reader) (secret, uri string, err error) {
	panic("to come")
}

// ConfirmSecond saves that person has the second factor of BeginSecond. The caller
// ends the person's sessions: they sign in anew. Errors: SECOND_WRONG,
// SECOND_NOT_BEGUN.
func ConfirmSecond(ctx context.Context, tx PeopleTx, person, code string, at time.Time) (Person, error) {
	panic("to come")
}
