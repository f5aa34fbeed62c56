package access

import (
	"context"
	"io"
	"time"
)

// Credentials are what somebody gives who wants to sign in. They never print.
type Credentials struct {
	Person   string // Person.ID
	Password string
	Second   string // six digits of an authenticator; "" if not asked yet
}

// A Proof is what Prove found out about credentials. It never prints.
type Proof struct {
	person string
	second string
	phc    string // that was compared
	agrees bool
}

// A PersonReader finds people. Person gives an error of kind missing if there is none.
type PersonReader interface {
	Person(ctx context.Context, id string) (Person, error)
}

// PeopleTx is what signing in needs of a store's transaction.
type PeopleTx interface {
	PersonReader
	SavePerson(ctx context.Context, p Person) error
}

// Prove compares the password with the person's: the slow half of signing in, to be
// done outside a transaction. Somebody unknown takes as long as somebody known. A
// wrong password is no error here; SignIn gives it. Error: SIGN_IN_BUSY if too many
// wait already.
func Prove(ctx context.Context, people PersonReader, in Credentials) (Proof, error) { panic("to come") }

// SignIn decides, in the transaction tx, on a proof: the short half of signing in.
// The caller saves the session in the same transaction, and commits also if there
// is an error of kind forbidden, because the failure is counted in it:
//
//	proof, err := access.Prove(ctx, view, credentials)
//	…
//	err = db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
//		secret, session, person, refused = access.SignIn(ctx, tx, proof, at, rand.Reader)
//		switch {
//		case gongxin.KindOf(refused) != "":
//			return tx.Refuse(ctx, …access.Reason(refused)…) // and so committed
//		case refused != nil:
//			return refused
//		}
//		return tx.SaveSession(ctx, session)
//	})
//
// Errors: SIGN_IN_FAILED, which does not tell why; SECOND_NEEDED and PERSON_DISABLED
// only with the right password.
func SignIn(ctx context.Context, tx PeopleTx, proof Proof, at time.Time, random io.Reader) (secret string, s Session, p Person, err error) {
	panic("to come")
}

// ChangePassword saves phc, from HashPassword of one that CheckPassword took, as the
// password of the person who proved the old one. The caller ends the person's
// sessions. As with SignIn the caller commits also if there is an error. Errors:
// SIGN_IN_FAILED, LOCKED.
func ChangePassword(ctx context.Context, tx PeopleTx, proof Proof, phc string, at time.Time) (Person, error) {
	panic("to come")
}

// Reason tells the hub's records, never the caller, why err was given: the code that
// SIGN_IN_FAILED stands for, or err's own.
func Reason(err error) string { panic("to come") }
