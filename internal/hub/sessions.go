package hub

import (
	"context"
	"net/http"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// people reads persons one by one, each at the moment of asking.
type people struct{ db *store.DB }

// Person implements access.PersonReader.
func (p people) Person(ctx context.Context, id string) (person access.Person, err error) {
	err = p.db.Read(ctx, func(ctx context.Context, v *store.View) error {
		person, err = v.Person(ctx, id)
		return err
	})
	return person, err
}

// counted runs f in a transaction that is committed also if f refuses: a wrong
// attempt of person is counted in it. The refusal is recorded in the same
// transaction, with the true reason, which is not told: whether somebody is known
// shows neither in the answer nor in the time that it takes.
func (a *api) counted(ctx context.Context, person string, f func(context.Context, *store.Tx) error) error {
	var refused error
	err := a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if refused = f(ctx, tx); gongxin.KindOf(refused) == "" {
			return refused
		}
		v := visitOf(ctx)
		v.reason = access.Reason(refused)
		// What was typed is recorded only if somebody is called so: it may be a password
		// in the wrong field.
		if _, err := tx.Person(ctx, person); err == nil {
			v.by = person
		}
		if r, ok := newRefusal(ctx, refused); ok && a.hub.records(ctx, r) {
			return tx.Refuse(ctx, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// prove is access.Prove for an address that has not tried too often.
func (a *api) prove(ctx context.Context, in access.Credentials) (access.Proof, error) {
	if err := a.hub.entrance.attempts.Allow(visitOf(ctx).from); err != nil {
		return access.Proof{}, err
	}
	return access.Prove(ctx, people{a.hub.Store}, in)
}

// signIn opens a session with credentials. Errors: those of access.Prove and
// access.SignIn, and RATE_LIMITED.
func (a *api) signIn(ctx context.Context, in access.Credentials) (secret string, s access.Session, p access.Person, err error) {
	proof, err := a.prove(ctx, in)
	if err != nil {
		return "", s, p, err
	}
	err = a.counted(ctx, in.Person, func(ctx context.Context, tx *store.Tx) (err error) {
		if secret, s, p, err = access.SignIn(ctx, tx, proof, gongxin.Millis(a.hub.Now()), a.hub.Random); err != nil {
			return err
		}
		return tx.SaveSession(ctx, s)
	})
	if err != nil {
		return "", access.Session{}, access.Person{}, err
	}
	a.hub.Log.InfoContext(ctx, "signed in", "person", p.ID, "method", s.Method, "from", visitOf(ctx).from)
	return secret, s, p, nil
}

// signOut ends the session of the request of ctx.
func (a *api) signOut(ctx context.Context) error {
	s := access.CallerFrom(ctx).Session
	if s.Created.IsZero() {
		return gongxin.Forbidden("SESSION_REQUIRED")
	}
	s.Ended = gongxin.Millis(a.hub.Now())
	return a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.SaveSession(ctx, s) })
}

type signInInput struct {
	Body struct {
		Person   string `json:"person" minLength:"1" maxLength:"100" doc:"who signs in, such as wang@苏0505"`
		Password string `json:"password" maxLength:"1024"`
		Second   string `json:"second,omitempty" maxLength:"16" doc:"six digits of the authenticator"`
	}
}

// sessionOutput hands a session over, in the body and as a cookie.
type sessionOutput struct {
	Cache     string      `header:"Cache-Control"`
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Person  string    `json:"person"`
		Secret  string    `json:"secret" doc:"goes into Authorization: Bearer; a browser has it as a cookie"`
		Expires time.Time `json:"expires"`
		Method  string    `json:"method" enum:"password,oidc,enrolment" doc:"enrolment: the password must be changed, or a second factor enrolled, before anything else"`
	}
}

func (a *api) newSession(ctx context.Context, secret string, s access.Session) *sessionOutput {
	out := &sessionOutput{Cache: "no-store", SetCookie: a.cookie(ctx, secret, s.Expires)}
	out.Body.Person, out.Body.Secret, out.Body.Expires, out.Body.Method = s.Person, secret, s.Expires, s.Method
	return out
}

// beginSession serves POST /v1/session.
func (a *api) beginSession(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	secret, s, _, err := a.signIn(ctx, access.Credentials{Person: in.Body.Person, Password: in.Body.Password, Second: in.Body.Second})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return a.newSession(ctx, secret, s), nil
}

type whoOutput struct {
	Body struct {
		Person       string            `json:"person" doc:"as the ledger records it"`
		Name         string            `json:"name,omitempty"`
		Organisation string            `json:"organisation,omitempty"`
		Roles        []gongxin.Role    `json:"roles"`
		Listing      gongxin.ListingID `json:"listing,omitzero" doc:"of the person concerned: the one that the session is good for"`
		Method       string            `json:"method" enum:"password,oidc,enrolment,code,token"`
		Expires      time.Time         `json:"expires"`
		Second       bool              `json:"second" doc:"a second factor is enrolled"`
	}
}

// readSession serves GET /v1/session: who the caller is to the hub.
func (a *api) readSession(ctx context.Context, _ *struct{}) (*whoOutput, error) {
	c := access.CallerFrom(ctx)
	out := new(whoOutput)
	b := &out.Body
	switch {
	case c.Person.ID != "":
		b.Person, b.Name, b.Organisation, b.Roles, b.Second = c.Person.ID, c.Person.Name, c.Organisation.Name, c.Person.Roles, c.Person.Enrolled()
	default:
		b.Person, b.Organisation, b.Roles, b.Listing = c.Actor.ID, c.Actor.Organisation, []gongxin.Role{c.Actor.Role}, c.Actor.Listing
	}
	if b.Method, b.Expires = c.Session.Method, c.Session.Expires; b.Method == "" {
		b.Method, b.Expires = "token", c.Token.Expires
	}
	return out, nil
}

type signedOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// endSession serves DELETE /v1/session.
func (a *api) endSession(ctx context.Context, _ *struct{}) (*signedOutOutput, error) {
	if err := a.signOut(ctx); err != nil {
		return nil, a.answer(ctx, err)
	}
	return &signedOutOutput{a.cookie(ctx, "", time.Time{})}, nil
}

type passwordInput struct {
	Body struct {
		Old string `json:"old" maxLength:"1024"`
		New string `json:"new" maxLength:"1024"`
	}
}

// signedIn returns the person who makes the request of ctx. Error:
// SESSION_REQUIRED for a token, which has no password.
func signedIn(ctx context.Context) (access.Caller, error) {
	c := access.CallerFrom(ctx)
	if c.Person.ID == "" {
		return c, gongxin.Forbidden("SESSION_REQUIRED")
	}
	return c, nil
}

// changePassword serves POST /v1/session/password. Every session of the person ends,
// and the caller gets a new one.
func (a *api) changePassword(ctx context.Context, in *passwordInput) (*sessionOutput, error) {
	c, err := signedIn(ctx)
	if err == nil {
		err = access.CheckPassword(in.Body.New, c.Person.ID, c.Person.Name, c.Organisation.Name)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	proof, err := a.prove(ctx, access.Credentials{Person: c.Person.ID, Password: in.Body.Old})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	phc, err := access.HashPassword(in.Body.New, a.hub.Random)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	method := c.Session.Method
	if method == access.MethodEnrolment {
		method = access.MethodPassword
	}
	var secret string
	var s access.Session
	err = a.counted(ctx, c.Person.ID, func(ctx context.Context, tx *store.Tx) error {
		now := gongxin.Millis(a.hub.Now())
		p, err := access.ChangePassword(ctx, tx, proof, phc, now)
		if err != nil {
			return err
		}
		if _, err := tx.EndSessions(ctx, p.ID, now); err != nil {
			return err
		}
		if secret, s, err = access.NewSession(p, method, now, a.hub.Random); err != nil {
			return err
		}
		return tx.SaveSession(ctx, s)
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "password changed", "person", c.Person.ID)
	return a.newSession(ctx, secret, s), nil
}

type secondInput struct {
	Body struct {
		Password string `json:"password,omitempty" maxLength:"1024" doc:"begins: gives a secret for the authenticator"`
		Second   string `json:"second,omitempty" maxLength:"16" doc:"with password: of the authenticator so far, if there is one"`
		Code     string `json:"code,omitempty" maxLength:"16" doc:"confirms: six digits of the new authenticator; every session ends"`
	}
}

type secondOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Secret    string `json:"secret,omitempty" doc:"base 32, to be typed"`
		URI       string `json:"uri,omitempty" doc:"otpauth, to be shown as a square code"`
		Confirmed bool   `json:"confirmed"`
	}
}

// SecondIssuer names this system in people's authenticators.
const SecondIssuer = "gongxin"

// enrolSecond serves POST /v1/session/second-factor, in two steps.
func (a *api) enrolSecond(ctx context.Context, in *secondInput) (*secondOutput, error) {
	c, err := signedIn(ctx)
	if err == nil && (in.Body.Code == "") == (in.Body.Password == "") {
		err = gongxin.Invalid("SECOND_STEP")
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := &secondOutput{Cache: "no-store"}
	if in.Body.Code != "" {
		err = a.confirmSecond(ctx, c.Person.ID, in.Body.Code)
		out.Body.Confirmed = err == nil
	} else {
		out.Body.Secret, out.Body.URI, err = a.beginSecond(ctx, access.Credentials{Person: c.Person.ID, Password: in.Body.Password, Second: in.Body.Second})
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

func (a *api) beginSecond(ctx context.Context, in access.Credentials) (secret, uri string, err error) {
	proof, err := a.prove(ctx, in)
	if err != nil {
		return "", "", err
	}
	err = a.counted(ctx, in.Person, func(ctx context.Context, tx *store.Tx) (err error) {
		secret, uri, err = access.BeginSecond(ctx, tx, proof, SecondIssuer, gongxin.Millis(a.hub.Now()), a.hub.Random)
		return err
	})
	return secret, uri, err
}

func (a *api) confirmSecond(ctx context.Context, person, code string) error {
	if err := a.hub.entrance.attempts.Allow(visitOf(ctx).from); err != nil {
		return err
	}
	err := a.counted(ctx, person, func(ctx context.Context, tx *store.Tx) error {
		now := gongxin.Millis(a.hub.Now())
		if _, err := access.ConfirmSecond(ctx, tx, person, code, now); err != nil {
			return err
		}
		_, err := tx.EndSessions(ctx, person, now)
		return err
	})
	if err == nil {
		a.hub.Log.InfoContext(ctx, "second factor enrolled", "person", person)
	}
	return err
}
