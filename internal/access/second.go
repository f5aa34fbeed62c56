package access

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"gongxin"
)

// Time-based one-time passwords as authenticators show them: RFC 6238 with SHA-1.
const (
	secondPeriod = 30 // seconds
	secondBytes  = 20 // of secret
	secondWindow = 1  // steps to either side, for clocks that differ
)

var secondCodes = totp.ValidateOpts{Period: secondPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// secondRoles decide or administrate: a password alone does not open a session for them.
var secondRoles = []gongxin.Role{gongxin.RoleJudge, gongxin.RoleHigherCourt, gongxin.RoleOperator, gongxin.RoleAuditor, gongxin.RoleSupervisor}

// NeedsSecond tells whether one of p's roles decides or administrates, so that a
// password alone does not open a full session.
func (p Person) NeedsSecond() bool {
	return slices.ContainsFunc(p.Roles, func(r gongxin.Role) bool { return slices.Contains(secondRoles, r) })
}

// Enrolled tells whether p has a second factor that was confirmed.
func (p Person) Enrolled() bool {
	holds, _, _ := strings.Cut(p.Second, " ")
	return holds != ""
}

// incomplete tells whether p must change the password or enrol a second factor
// before anything else.
func (p Person) incomplete() bool {
	return strings.HasPrefix(p.Password, firstMark) || p.NeedsSecond() && !p.Enrolled()
}

// EnrolSecond makes a TOTP secret for person from random. It returns it in base 32,
// to be typed, and as an otpauth URI, to be shown as a square to an authenticator.
// A handler calls BeginSecond, which saves it.
func EnrolSecond(person, issuer string, random io.Reader) (secret, uri string, err error) {
	b := make([]byte, secondBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", "", fmt.Errorf("make second factor: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: issuer, AccountName: person, Secret: b,
		Period: secondPeriod, Digits: secondCodes.Digits, Algorithm: secondCodes.Algorithm,
	})
	if err != nil {
		return "", "", fmt.Errorf("make second factor: %w", err)
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), key.URL(), nil
}

// VerifySecond tells whether code is p's at the instant at: of RFC 6238, six digits,
// 30 s, one step to either side, and of a step later than p.SecondStep. The caller
// saves p with SecondStep = step, so that it does not hold again.
func VerifySecond(p Person, code string, at time.Time) (step int64, ok bool) {
	holds, _, _ := strings.Cut(p.Second, " ")
	return verifySecond(holds, p.SecondStep, code, at)
}

// verifySecond looks at each step that code could be of, whether or not one agreed
// before, so that time does not tell which.
func verifySecond(secret string, used int64, code string, at time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "") // authenticators show 123 456
	if secret == "" || len(code) != secondCodes.Digits.Length() {
		return 0, false
	}
	now := at.Unix() / secondPeriod
	for s := now - secondWindow; s <= now+secondWindow; s++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(s*secondPeriod, 0), secondCodes)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

// BeginSecond saves a new second factor for the person who proved themselves; it
// holds once ConfirmSecond has seen a code of it, and the one before until then. A
// person who has one must have proved it too. As with SignIn the caller commits also
// if there is an error of kind forbidden. Errors: SIGN_IN_FAILED, LOCKED,
// SECOND_NEEDED, PERSON_DISABLED.
func BeginSecond(ctx context.Context, tx PeopleTx, proof Proof, issuer string, at time.Time, random io.Reader) (secret, uri string, err error) {
	p, err := proof.decide(ctx, tx, at, true)
	if err != nil {
		return "", "", toldToThemselves(err)
	}
	secret, uri, err = EnrolSecond(p.ID, issuer, random)
	if err != nil {
		return "", "", err
	}
	holds, _, _ := strings.Cut(p.Second, " ")
	p.Second = holds + " " + secret
	if err := tx.SavePerson(ctx, p); err != nil {
		return "", "", err
	}
	return secret, uri, nil
}

// ConfirmSecond saves that person has the second factor of BeginSecond. The caller
// ends the person's sessions: they sign in anew. Errors: SECOND_NOT_BEGUN,
// SECOND_WRONG.
func ConfirmSecond(ctx context.Context, tx PeopleTx, person, code string, at time.Time) (Person, error) {
	p, err := tx.Person(ctx, person)
	if err != nil {
		return Person{}, err
	}
	_, begun, _ := strings.Cut(p.Second, " ")
	if begun == "" {
		return Person{}, gongxin.Conflict("SECOND_NOT_BEGUN")
	}
	step, ok := verifySecond(begun, 0, code, at)
	if !ok {
		return Person{}, gongxin.Forbidden("SECOND_WRONG")
	}
	p.Second, p.SecondStep = begun, step
	if err := tx.SavePerson(ctx, p); err != nil {
		return Person{}, err
	}
	return p, nil
}
