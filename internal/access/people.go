package access

import (
	"time"

	"gongxin"
)

// An OrgKind says what sort of body an organisation is.
type OrgKind string

// The kinds of organisations.
const (
	OrgProvince   OrgKind = "province"
	OrgCity       OrgKind = "city"
	OrgDistrict   OrgKind = "district"
	OrgCentre     OrgKind = "centre" // the provincial centre that runs the hub
	OrgCourt      OrgKind = "court"
	OrgDepartment OrgKind = "department"
)

// An Organisation is one body in the tree province → city → district, with courts,
// departments and the centre as leaves or, for courts, under the next higher court (4.1).
// An intermediate court stands under its city, so that the city's supervisor sees it
// and the courts below it; Tree.Superior knows that the high court is above it.
type Organisation struct {
	ID     string            // stable, such as "court.苏0505" or "railway"
	Parent string            // ID; "" for the root alone
	Kind   OrgKind           //
	Name   string            // 苏州市虎丘区人民法院
	Court  gongxin.CourtCode // of courts
}

// A Person can sign in. Password and Second never leave the hub, nor are they printed.
type Person struct {
	ID           string         // who acts, as the ledger records it, such as "wang@苏0505"
	Name         string         //
	Organisation string         // ID of the organisation
	Roles        []gongxin.Role //
	Password     string         `json:"-"` // as HashPassword and HashFirstPassword give it; "" if none is set
	Second       string         `json:"-"` // TOTP secret, base 32, and after a blank one that is not confirmed yet; "" until enrolled
	SecondStep   int64          // time step of the latest code that was used: a code holds once
	Issuer       string         // of OpenID Connect, with Subject; "" if the person does not sign in that way
	Subject      string         //
	Failures     int            // wrong attempts since the last success
	Locked       time.Time      // until when no password is taken; zero if not
	Created      time.Time      // instants are UTC, whole milliseconds
	Disabled     time.Time      // since when; zero while the person may sign in
}

// A Session is one signed-in person, or one subject with an access code. Like a
// token it is known by the hash of its secret.
type Session struct {
	Hash    [32]byte          `json:"-"`
	Person  string            // Person.ID; "" for a subject
	Listing gongxin.ListingID // of a subject: the one listing it is good for
	Method  string            // MethodPassword and so on
	Created time.Time
	Seen    time.Time // last used, to the minute
	Expires time.Time
	Ended   time.Time // signed out, or ended by a change of password; zero while it holds
}

// A Code lets the person concerned sign in once towards one listing. It is printed
// in the decision; the hub keeps its hash alone. Each use gives the next one.
type Code struct {
	Hash    [32]byte `json:"-"`
	Listing gongxin.ListingID
	By      string // Actor.ID of who had it printed; "subject" for one given on use
	Issued  time.Time
	Expires time.Time
	Used    time.Time // zero until used or replaced by a newer one
}

// A Disclosure records that somebody saw or used a full identifier, and what for.
type Disclosure struct {
	At           time.Time
	By           string // Actor.ID
	Role         gongxin.Role
	Organisation string
	Operation    string // of the matrix
	Listing      gongxin.ListingID
	Purpose      string // as the person stated it
}

// A Refusal records an attempt that was turned away: a stolen or expired token, a
// code used twice, a clerk approving their own draft.
type Refusal struct {
	At        time.Time
	By        string // Actor.ID as far as it is known, "" if not
	Operation string
	Code      string // of the error
	From      string // network address
	Listing   gongxin.ListingID
}
