package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gongxin"
)

// Credentials are what somebody gives who wants to sign in. They never print.
type Credentials struct {
	Person   string // Person.ID
	Password string `json:"-"`
	Second   string `json:"-"` // six digits of an authenticator; "" if not asked yet
}

// A Proof is what Prove found out about credentials. It never prints.
type Proof struct {
	person   string
	password string
	second   string
	phc      string // that the password was compared with
	agrees   bool
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
func Prove(ctx context.Context, people PersonReader, in Credentials) (Proof, error) {
	p, err := people.Person(ctx, in.Person)
	if err != nil && gongxin.KindOf(err) != gongxin.KindMissing {
		return Proof{}, fmt.Errorf("find person: %w", err)
	}
	agrees, err := verify(ctx, p.Password, in.Password)
	if err != nil {
		return Proof{}, err
	}
	return Proof{person: in.Person, password: in.Password, second: in.Second, phc: p.Password, agrees: agrees}, nil
}

// How wrong attempts shut an account: each further lockAfter of them since the last
// success, for twice as long as the time before. Somebody who mistypes once after a
// lock is not locked again at once, and who guesses has five tries a day in the end.
const (
	lockAfter   = 5
	firstLock   = 15 * time.Minute
	longestLock = 24 * time.Hour
)

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
// Errors: SIGN_IN_FAILED, one and the same whether the person is unknown or locked,
// or the password or the code is wrong, so that nobody learns who is known: with the
// refusal written in the same transaction the answers do not differ in time either.
// That an account is locked is not told even with the right password, which would
// tell that it is right; the message says that it may be. SECOND_NEEDED and
// PERSON_DISABLED are told to those who know the password.
func SignIn(ctx context.Context, tx PeopleTx, proof Proof, at time.Time, random io.Reader) (secret string, s Session, p Person, err error) {
	p, err = proof.decide(ctx, tx, at, true)
	if err != nil {
		return "", Session{}, Person{}, err
	}
	secret, s, err = NewSession(p, MethodPassword, at, random)
	if err != nil {
		return "", Session{}, Person{}, err
	}
	return secret, s, p, nil
}

// decide returns the person of a good proof, saved without failures and with the
// code used, or counts the failure. Nothing is counted while the person is locked:
// else whoever knows a name could keep its owner out for ever.
func (proof Proof) decide(ctx context.Context, tx PeopleTx, at time.Time, second bool) (Person, error) {
	p, err := tx.Person(ctx, proof.person)
	switch {
	case gongxin.KindOf(err) == gongxin.KindMissing:
		return Person{}, failed("PERSON_UNKNOWN", time.Time{})
	case err != nil:
		return Person{}, fmt.Errorf("find person: %w", err)
	case at.Before(p.Locked):
		return Person{}, failed("LOCKED", p.Locked)
	case proof.phc != p.Password: // changed since the proof
		return Person{}, failed("PASSWORD_CHANGED", time.Time{})
	case !proof.agrees:
		return Person{}, p.fail(ctx, tx, "PASSWORD_WRONG", at)
	}
	if second && p.Enrolled() {
		if proof.second == "" {
			return Person{}, gongxin.Forbidden("SECOND_NEEDED")
		}
		step, ok := VerifySecond(p, proof.second, at)
		if !ok {
			return Person{}, p.fail(ctx, tx, "SECOND_WRONG", at)
		}
		p.SecondStep = step
	}
	if !p.Disabled.IsZero() {
		return Person{}, gongxin.Forbidden("PERSON_DISABLED", p.ID)
	}
	p.Failures, p.Locked = 0, time.Time{}
	if err := tx.SavePerson(ctx, p); err != nil {
		return Person{}, err
	}
	return p, nil
}

// fail counts a wrong attempt, and locks p if it was one too many.
func (p Person) fail(ctx context.Context, tx PeopleTx, reason string, at time.Time) error {
	p.Failures++
	if p.Failures%lockAfter == 0 {
		lock := longestLock
		if before := p.Failures/lockAfter - 1; before < 7 { // beyond, it would be longer
			lock = min(lock, firstLock<<before)
		}
		p.Locked = gongxin.Millis(at).Add(lock)
	}
	if err := tx.SavePerson(ctx, p); err != nil {
		return err
	}
	return failed(reason, p.Locked)
}

// ChangePassword saves phc, from HashPassword of one that CheckPassword took, as the
// password of the person who proved the old one. It must be another: a first password
// is known to whoever chose it. The caller ends the person's sessions. As with SignIn
// the caller commits also if there is an error of kind forbidden. Errors:
// SIGN_IN_FAILED, LOCKED, PERSON_DISABLED, PASSWORD_WEAK if it is the old one.
func ChangePassword(ctx context.Context, tx PeopleTx, proof Proof, phc string, at time.Time) (Person, error) {
	fresh, ok := parsePHC(phc)
	if !ok {
		return Person{}, errors.New("change password: not of HashPassword")
	}
	p, err := proof.decide(ctx, tx, at, false)
	if err != nil {
		return Person{}, toldToThemselves(err)
	}
	if fresh.of(proof.password) { // in its own time: a change is rare, and must not wait here
		return Person{}, gongxin.Invalid("PASSWORD_WEAK")
	}
	p.Password = phc
	if err := tx.SavePerson(ctx, p); err != nil {
		return Person{}, err
	}
	return p, nil
}

// A refusal shows one thing to the caller and tells another to the hub's records.
type refusal struct {
	shown  *gongxin.Error
	reason string
	until  time.Time // locked; zero if not
	cause  error     // nil if the reason says all
}

// Error gives what is shown.
func (r *refusal) Error() string { return r.shown.Error() }

// Unwrap gives what is shown.
func (r *refusal) Unwrap() error { return r.shown }

// LogValue tells more: a log is not for the caller.
func (r *refusal) LogValue() slog.Value {
	if r.cause == nil {
		return slog.StringValue(r.reason)
	}
	return slog.StringValue(r.reason + ": " + r.cause.Error())
}

func failed(reason string, until time.Time) error {
	return &refusal{shown: gongxin.Forbidden("SIGN_IN_FAILED"), reason: reason, until: until}
}

// toldToThemselves turns err into LOCKED if that is why: to somebody in a session of
// their own it tells nothing new.
func toldToThemselves(err error) error {
	var r *refusal
	if errors.As(err, &r) && !r.until.IsZero() {
		return gongxin.Forbidden("LOCKED", r.until.In(gongxin.Shanghai).Format("2006-01-02 15:04"))
	}
	return err
}

// Reason tells the hub's records, never the caller, why err was given: what
// SIGN_IN_FAILED or OIDC_FAILED stands for, or else the error's own code.
func Reason(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.reason
	}
	return gongxin.CodeOf(err)
}
