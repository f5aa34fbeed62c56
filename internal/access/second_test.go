package access

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"gongxin"
)

// The vectors of RFC 6238, appendix B, for SHA-1: eight digits, of which an
// authenticator shows the last six.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for _, tt := range []struct {
		seconds int64
		want    string
	}{
		{59, "94287082"},
		{1111111109, "07081804"},
		{1111111111, "14050471"},
		{1234567890, "89005924"},
		{2000000000, "69279037"},
		{20000000000, "65353130"},
	} {
		at := time.Unix(tt.seconds, 0)
		eight := secondCodes
		eight.Digits = otp.DigitsEight
		if got, err := totp.GenerateCodeCustom(secret, at, eight); err != nil || got != tt.want {
			t.Errorf("at %d: got %s, %v, want %s", tt.seconds, got, err, tt.want)
		}
		step, ok := VerifySecond(Person{Second: secret}, tt.want[2:], at)
		if !ok || step != tt.seconds/30 {
			t.Errorf("at %d: %s holds: %v, step %d, want %d", tt.seconds, tt.want[2:], ok, step, tt.seconds/30)
		}
	}
}

// codeAt is what the authenticator with p's secret shows at the instant at.
func codeAt(t interface{ Fatal(...any) }, secret string, at time.Time) string {
	code, err := totp.GenerateCodeCustom(secret, at, secondCodes)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func enrolled(t *testing.T) string {
	t.Helper()
	secret, _, err := EnrolSecond("li@苏0505", "共信", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestACodeHoldsOneStepToEitherSideAndOnce(t *testing.T) {
	secret := enrolled(t)
	step := noon.Unix() / 30
	now := codeAt(t, secret, noon)
	for _, tt := range []struct {
		name string
		p    Person
		code string
		want bool
	}{
		{"now", Person{Second: secret}, now, true},
		{"as authenticators show it", Person{Second: secret}, now[:3] + " " + now[3:], true},
		{"a step ago", Person{Second: secret}, codeAt(t, secret, noon.Add(-30*time.Second)), true},
		{"a step ahead", Person{Second: secret}, codeAt(t, secret, noon.Add(30*time.Second)), true},
		{"two steps ago", Person{Second: secret}, codeAt(t, secret, noon.Add(-60*time.Second)), false},
		{"two steps ahead", Person{Second: secret}, codeAt(t, secret, noon.Add(60*time.Second)), false},
		{"used", Person{Second: secret, SecondStep: step}, now, false},
		{"an older one after one was used", Person{Second: secret, SecondStep: step}, codeAt(t, secret, noon.Add(-30*time.Second)), false},
		{"the next after one was used", Person{Second: secret, SecondStep: step}, codeAt(t, secret, noon.Add(30*time.Second)), true},
		{"of another secret", Person{Second: enrolled(t)}, now, false},
		{"of one not confirmed yet", Person{Second: " " + secret}, now, false},
		{"of the one before, while another is not confirmed yet", Person{Second: secret + " " + enrolled(t)}, now, true},
		{"not enrolled", Person{}, now, false},
		{"none", Person{Second: secret}, "", false},
		{"too long", Person{Second: secret}, now + "0", false},
		{"no digits", Person{Second: secret}, "abcdef", false},
		{"damaged secret", Person{Second: "!!!"}, now, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := VerifySecond(tt.p, tt.code, noon)
			if ok != tt.want {
				t.Errorf("holds: %v, want %v", ok, tt.want)
			}
			if ok && got <= tt.p.SecondStep {
				t.Errorf("step %d, which is not after %d", got, tt.p.SecondStep)
			}
		})
	}
}

func TestAnAuthenticatorReadsTheSecretFromTheURI(t *testing.T) {
	secret, uri, err := EnrolSecond("li@苏0505", "共信", bytes.NewReader(make([]byte, secondBytes)))
	if err != nil {
		t.Fatal(err)
	}
	if secret != strings.Repeat("A", 32) {
		t.Errorf("the secret is %s, want 160 bits", secret)
	}
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		t.Fatal(err)
	}
	if key.Secret() != secret || key.Issuer() != "共信" || key.AccountName() != "li@苏0505" || key.Period() != 30 || key.Digits() != otp.DigitsSix || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("an authenticator would read %s", uri)
	}
	if u, err := url.Parse(uri); err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		t.Errorf("%s is not an otpauth URI", uri)
	}
	if _, _, err := EnrolSecond("li", "共信", strings.NewReader("short")); err == nil {
		t.Error("a secret was made from five bytes")
	}
}

func TestWhoDecidesOrAdministratesNeedsASecondFactor(t *testing.T) {
	want := map[gongxin.Role]bool{
		gongxin.RoleJudge: true, gongxin.RoleHigherCourt: true, gongxin.RoleOperator: true,
		gongxin.RoleSupervisor: true, gongxin.RoleAuditor: true,
	}
	for _, role := range gongxin.Roles {
		if got := (Person{Roles: []gongxin.Role{role}}).NeedsSecond(); got != want[role] {
			t.Errorf("%s: %v, want %v", role, got, want[role])
		}
	}
	if !(Person{Roles: []gongxin.Role{gongxin.RoleClerk, gongxin.RoleJudge}}).NeedsSecond() {
		t.Error("a clerk who is a judge as well needs none")
	}
}

func TestASecondFactorHoldsOnceACodeOfItWasSeen(t *testing.T) {
	s := newStaff(t, "li@苏0505", gongxin.RoleJudge)
	p := s.person("li@苏0505")
	proof := s.prove(p.ID, s.password, "")
	secret, uri, err := BeginSecond(t.Context(), s, proof, "共信", noon, rand.Reader)
	if err != nil || !strings.Contains(uri, secret) {
		t.Fatalf("got %v", err)
	}
	if s.person(p.ID).Enrolled() {
		t.Error("enrolled before a code was seen")
	}
	if _, err := ConfirmSecond(t.Context(), s, p.ID, codeAt(t, enrolled(t), noon), noon); gongxin.CodeOf(err) != "SECOND_WRONG" {
		t.Errorf("a code of another secret: got %v", err)
	}
	code := codeAt(t, secret, noon)
	if _, err := ConfirmSecond(t.Context(), s, p.ID, code, noon); err != nil {
		t.Fatal(err)
	}
	if !s.person(p.ID).Enrolled() {
		t.Error("not enrolled after a code was seen")
	}
	if _, err := ConfirmSecond(t.Context(), s, p.ID, code, noon); gongxin.CodeOf(err) != "SECOND_NOT_BEGUN" {
		t.Errorf("confirmed twice: %v", err)
	}
	if _, _, _, err := SignIn(t.Context(), s, s.prove(p.ID, s.password, code), noon, rand.Reader); gongxin.CodeOf(err) != "SIGN_IN_FAILED" || Reason(err) != "SECOND_WRONG" {
		t.Errorf("the code that confirmed signs in: %v", err)
	}

	// Another authenticator, which takes a code of the one before.
	later := noon.Add(time.Minute)
	if _, _, err := BeginSecond(t.Context(), s, s.prove(p.ID, s.password, ""), "共信", later, rand.Reader); gongxin.CodeOf(err) != "SECOND_NEEDED" {
		t.Errorf("replaced with a password alone: %v", err)
	}
	next, _, err := BeginSecond(t.Context(), s, s.prove(p.ID, s.password, codeAt(t, secret, later)), "共信", later, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	later = later.Add(time.Minute)
	if _, ok := VerifySecond(s.person(p.ID), codeAt(t, secret, later), later); !ok {
		t.Error("the one before does not hold until the new one is confirmed")
	}
	if _, err := ConfirmSecond(t.Context(), s, p.ID, codeAt(t, next, later), later); err != nil {
		t.Fatal(err)
	}
	later = later.Add(time.Minute)
	if _, ok := VerifySecond(s.person(p.ID), codeAt(t, secret, later), later); ok {
		t.Error("the one before holds after the new one was confirmed")
	}
}
