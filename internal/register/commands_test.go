package register

import (
	"testing"
	"time"

	"gongxin"
	"gongxin/identity"
)

// Listings in every state, of one person, as the tables below need them.
var (
	adult   = citizen("1980-01-01", 11)
	noticed = gongxin.Listing{ID: gongxin.ListingID{1}, Entry: entryOf(adult), Origin: gongxin.FromProcedure, State: gongxin.Noticed, Sequence: 1}
	decided = inState(noticed, gongxin.Decided)
	sent    = inState(noticed, gongxin.Delivered)
	inForce = inState(noticed, gongxin.InForce)
)

func inState(l gongxin.Listing, s gongxin.State) gongxin.Listing {
	l.State = s
	return l
}

// ended returns the listing ended as s on 25 March by the ground and the document.
func ended(s gongxin.State, ground gongxin.Ground, decision string) gongxin.Listing {
	l := inState(noticed, s)
	l.Exit = gongxin.Exit{Ground: ground, Decision: decision, On: day("2017-03-25"), At: noon, Sequence: 4}
	return l
}

// fromFile returns l as if it had been admitted from a court's file.
func fromFile(l gongxin.Listing) gongxin.Listing {
	l.Origin = gongxin.FromCourtFile
	return l
}

func changed(l gongxin.Listing, change func(*gongxin.Entry)) gongxin.Listing {
	change(&l.Entry)
	return l
}

func TestServeNotice(t *testing.T) {
	const served = "notice_served"
	e := entryOf(adult)
	withdrawn := ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1")
	for _, tt := range []struct {
		name string
		c    ServeNotice
		l    gongxin.Listing
		want string
	}{
		{"by a clerk", ServeNotice{Entry: e, By: clerk}, gongxin.Listing{}, served},
		{"by a judge", ServeNotice{Entry: e, By: judge}, gongxin.Listing{}, served},
		{"by the court's system", ServeNotice{Entry: e, By: system}, gongxin.Listing{}, served},
		{"by the high court's centre", ServeNotice{Entry: e, By: centre}, gongxin.Listing{}, served},
		{"by another court", ServeNotice{Entry: e, By: stranger}, gongxin.Listing{}, "NOT_ENTITLED"},
		{"by the operator", ServeNotice{Entry: e, By: operator}, gongxin.Listing{}, "NOT_ENTITLED"},
		{"by the hub", ServeNotice{Entry: e, By: theHub}, gongxin.Listing{}, "NOT_ENTITLED"},
		{"by nobody", ServeNotice{Entry: e}, gongxin.Listing{}, "NOT_ENTITLED"},
		{"the same notice again", ServeNotice{Entry: e, By: clerk}, noticed, ""},
		{"of a notice that was drafted", ServeNotice{Entry: e, By: clerk}, inState(noticed, gongxin.ToNotice), "ALREADY_ON_REGISTER"},
		{"served in no known way", ServeNotice{Entry: e, Service: "pigeon", By: clerk}, gongxin.Listing{}, "SERVICE_UNKNOWN"},
		{"with a term that is too long", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Until = day("2019-03-21") }), By: clerk}, gongxin.Listing{}, "TERM_TOO_LONG"},
		{"after a procedure that came to nothing", ServeNotice{Entry: e, Served: day("2017-03-26"), By: clerk}, ended(gongxin.Dropped, "", ""), served},
		{"another notice while one runs", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Conduct = "x" }), By: clerk}, noticed, "ALREADY_ON_REGISTER"},
		{"of a listing in force", ServeNotice{Entry: e, By: clerk}, inForce, "ALREADY_ON_REGISTER"},
		{"anew, served after the exit", ServeNotice{Entry: e, Served: day("2017-03-26"), By: clerk}, withdrawn, served},
		{"anew, served on the day of the exit", ServeNotice{Entry: e, Served: day("2017-03-25"), By: clerk}, withdrawn, "LISTING_ENDED"},
		{"served tomorrow", ServeNotice{Entry: e, Served: day("2017-04-02"), By: clerk}, gongxin.Listing{}, "DATE_FUTURE"},
		{"to a minor", ServeNotice{Entry: entryOf(citizen("2000-01-01", 11)), By: clerk}, gongxin.Listing{}, "MINOR"},
		{"without a name", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Subject.Name = "" }), By: clerk}, gongxin.Listing{}, "MISSING_FIELD"},
		{"without a number", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Subject.Number = identity.Number{} }), By: clerk}, gongxin.Listing{}, "MISSING_FIELD"},
		{"without a case", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Case = gongxin.CaseNumber{} }), By: clerk}, gongxin.Listing{}, "MISSING_FIELD"},
		{"without a court", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Court, e.CourtName = gongxin.CourtCode{}, "" }), By: centre}, gongxin.Listing{}, "MISSING_FIELD"},
		{"of a court that has only a name, by the centre", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Court = gongxin.CourtCode{} }), By: centre}, gongxin.Listing{}, served},
		{"of a court that has only a name, by a judge", ServeNotice{Entry: with(e, func(e *gongxin.Entry) { e.Court = gongxin.CourtCode{} }), By: judge}, gongxin.Listing{}, "NOT_ENTITLED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(tt.c.decide(tt.l, when(noon))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPublish(t *testing.T) {
	for _, tt := range []struct {
		name string
		by   gongxin.Actor
		l    gongxin.Listing
		want string
	}{
		{"a served decision, by a clerk", clerk, sent, "listing_published"},
		{"by another court", stranger, sent, "NOT_ENTITLED"},
		{"the same again", clerk, inForce, ""},
		{"what came in a file", clerk, fromFile(inForce), "NOT_DELIVERED"},
		{"before the decision", judge, noticed, "NOT_DELIVERED"},
		{"before the decision was served", judge, decided, "NOT_DELIVERED"},
		{"a revoked decision", judge, ended(gongxin.Revoked, gongxin.GroundWrong, "D1"), "NOT_DELIVERED"},
		{"with a term that is too long from today on", judge, changed(sent, func(e *gongxin.Entry) { e.Until = day("2019-04-02") }), "TERM_TOO_LONG"},
		{"after its term", judge, changed(sent, func(e *gongxin.Entry) { e.Until = day("2017-03-31") }), "DATE_ORDER"},
		{"on its last day", judge, changed(sent, func(e *gongxin.Entry) { e.Until = day("2017-04-01") }), "listing_published"},
		{"a minor, whatever was decided", judge, changed(sent, func(e *gongxin.Entry) { e.Subject.Number = citizen("1999-04-02", 11) }), "MINOR"},
		{"on the eighteenth birthday", judge, changed(sent, func(e *gongxin.Entry) { e.Subject.Number = citizen("1999-04-01", 11) }), "listing_published"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := Publish{By: tt.by}.decide(tt.l, when(noon))
			if got := outcome(events, err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if len(events) > 0 && events[0].Entry.Published != day("2017-04-01") {
				t.Errorf("published on %s, want the day of the command", events[0].Entry.Published)
			}
		})
	}
}

func TestCorrect(t *testing.T) {
	e := entryOf(adult)
	for _, tt := range []struct {
		name   string
		by     gongxin.Actor
		l      gongxin.Listing
		change func(*gongxin.Entry)
		want   string
	}{
		{"a name", judge, inForce, func(e *gongxin.Entry) { e.Subject.Name = "程致远" }, "listing_corrected"},
		{"severity and term", system, inForce, func(e *gongxin.Entry) { e.Severity, e.Until = "严重", day("2019-03-20") }, "listing_corrected"},
		{"to a term that is too long", judge, inForce, func(e *gongxin.Entry) { e.Until = day("2019-03-21") }, "TERM_TOO_LONG"},
		{"to no term", judge, inForce, func(e *gongxin.Entry) { e.Until = 0 }, "TERM_TOO_LONG"},
		{"publication, which makes the term too long", judge, inForce, func(e *gongxin.Entry) { e.Published = day("2017-03-10") }, "TERM_TOO_LONG"},
		{"publication, before there were terms", judge, inForce, func(e *gongxin.Entry) { e.Published = day("2017-02-10") }, "listing_corrected"},
		{"to an extended term, of what a file brought", judge, fromFile(inForce), func(e *gongxin.Entry) { e.Until = day("2022-03-20") }, "listing_corrected"},
		{"to more than an extended term, of what a file brought", judge, fromFile(inForce), func(e *gongxin.Entry) { e.Until = day("2022-03-21") }, "TERM_TOO_LONG"},
		{"a suspended listing", judge, inState(inForce, gongxin.Suspended), func(e *gongxin.Entry) { e.Severity = "严重" }, "NOT_IN_FORCE"},
		{"fitness for publication", judge, inForce, func(e *gongxin.Entry) { e.NonPublic = true }, "listing_corrected"},
		{"nothing", judge, inForce, func(*gongxin.Entry) {}, ""},
		{"by a clerk", clerk, inForce, func(e *gongxin.Entry) { e.Severity = "严重" }, "NOT_ENTITLED"},
		{"by another court", stranger, inForce, func(e *gongxin.Entry) { e.Severity = "严重" }, "NOT_ENTITLED"},
		{"an ended listing", judge, ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1"), func(e *gongxin.Entry) { e.Severity = "严重" }, "NOT_IN_FORCE"},
		{"nothing in an ended listing", judge, ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1"), func(*gongxin.Entry) {}, "NOT_IN_FORCE"},
		{"a decided listing", judge, decided, func(e *gongxin.Entry) { e.Severity = "严重" }, "NOT_IN_FORCE"},
		{"the subject's number", judge, inForce, func(e *gongxin.Entry) { e.Subject.Number = citizen("1980-01-01", 13) }, "KEY_CHANGED"},
		{"the case", judge, inForce, func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2016）苏0505执124号") }, "KEY_CHANGED"},
		{"zeros of the case number", judge, inForce, func(e *gongxin.Entry) { e.Case = gongxin.MustCaseNumber("（2016）苏0505执00123号") }, "listing_corrected"},
		{"publication left out", judge, inForce, func(e *gongxin.Entry) { e.Published = 0 }, "MISSING_FIELD"},
		{"publication tomorrow", judge, inForce, func(e *gongxin.Entry) { e.Published = day("2017-04-02") }, "DATE_FUTURE"},
		{"a term that ends before publication", judge, inForce, func(e *gongxin.Entry) { e.Until = day("2017-03-19") }, "DATE_ORDER"},
		{"publication to a day on which the subject was a minor", judge, inForce, func(e *gongxin.Entry) { e.Published = day("1997-12-31") }, "MINOR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Correct{Entry: with(e, tt.change), By: tt.by}
			if got := outcome(c.decide(tt.l, when(noon))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	org := changed(inForce, func(e *gongxin.Entry) { *e = entryOf(organisation) })
	long := changed(fromFile(inForce), func(e *gongxin.Entry) { e.Until = day("2027-03-20") })
	if got := outcome(Correct{Entry: with(long.Entry, func(e *gongxin.Entry) { e.Severity = "严重" }), By: judge}.decide(long, when(noon))); got != "listing_corrected" {
		t.Errorf("a correction that leaves a long term as the court decided it: got %q", got)
	}
	c := Correct{Entry: entryOf(credit), By: judge}
	if got := outcome(c.decide(org, when(noon))); got != "listing_corrected" {
		t.Errorf("the credit code in place of the organisation code inside it: got %q", got)
	}
}

func TestWithdraw(t *testing.T) {
	const withdrawn = "listing_withdrawn"
	performed := Withdraw{Ground: gongxin.GroundPerformed, Decision: "D1", On: day("2017-03-25"), By: judge}
	by := func(a gongxin.Actor) Withdraw { c := performed; c.By = a; return c }
	byFile := Withdraw{Ground: gongxin.GroundPerformed, On: day("2017-03-25"), By: judge} // no document named
	for _, tt := range []struct {
		name string
		c    Withdraw
		l    gongxin.Listing
		want string
	}{
		{"in force", performed, inForce, withdrawn},
		{"by the court's system", by(system), inForce, withdrawn},
		{"by the high court's centre", by(centre), inForce, withdrawn},
		{"by a clerk", by(clerk), inForce, "NOT_ENTITLED"},
		{"by another court's judge", by(stranger), inForce, "NOT_ENTITLED"},
		{"by a department", by(department), inForce, "NOT_ENTITLED"},
		{"by the hub", by(theHub), inForce, "NOT_ENTITLED"},
		{"by a clerk, of an ended listing", by(clerk), ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1"), "NOT_ENTITLED"},
		{"the same decision again", performed, ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1"), ""},
		{"ended by another decision", performed, ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D0"), "NOT_IN_FORCE"},
		{"the same day and ground again, no document named", byFile, ended(gongxin.Withdrawn, gongxin.GroundPerformed, ""), ""},
		{"the same day and ground, documented since", performed, ended(gongxin.Withdrawn, gongxin.GroundPerformed, ""), ""},
		{"the day that a list row gave without a ground", byFile, ended(gongxin.Withdrawn, gongxin.GroundUnstated, ""), ""},
		{"another ground", byFile, ended(gongxin.Withdrawn, gongxin.GroundSettled, ""), "NOT_IN_FORCE"},
		{"another day", Withdraw{Ground: gongxin.GroundPerformed, On: day("2017-03-26"), By: judge}, ended(gongxin.Withdrawn, gongxin.GroundPerformed, ""), "NOT_IN_FORCE"},
		{"no day, the same ground again", Withdraw{Ground: gongxin.GroundPerformed, By: judge}, ended(gongxin.Withdrawn, gongxin.GroundPerformed, ""), ""},
		{"expired before", performed, ended(gongxin.Expired, gongxin.GroundTerm, ""), "NOT_IN_FORCE"},
		{"revoked before", performed, ended(gongxin.Revoked, gongxin.GroundWrong, "D1"), "NOT_IN_FORCE"},
		{"not in force yet", performed, decided, "NOT_IN_FORCE"},
		{"on the day of publication", Withdraw{Ground: gongxin.GroundClosed, On: day("2017-03-20"), By: judge}, inForce, withdrawn},
		{"before publication", Withdraw{Ground: gongxin.GroundClosed, On: day("2017-03-19"), By: judge}, inForce, "DATE_ORDER"},
		{"tomorrow", Withdraw{Ground: gongxin.GroundClosed, On: day("2017-04-02"), By: judge}, inForce, "DATE_FUTURE"},
		{"without a day", Withdraw{Ground: gongxin.GroundClosed, By: judge}, inForce, withdrawn},
		{"suspended", performed, inState(inForce, gongxin.Suspended), withdrawn},
		{"the creditor asks for it", Withdraw{Ground: gongxin.GroundCreditor, By: judge}, inForce, withdrawn},
		{"early", Withdraw{Ground: gongxin.GroundEarly, By: judge}, inForce, withdrawn},
		{"no property found, no check on record", Withdraw{Ground: gongxin.GroundNoProperty, By: judge}, inForce, "NO_PROPERTY_UNPROVEN"},
		{"no property found, one check on record", Withdraw{Ground: gongxin.GroundNoProperty, By: judge}, checked(inForce, 1), "NO_PROPERTY_UNPROVEN"},
		{"no property found in two checks", Withdraw{Ground: gongxin.GroundNoProperty, By: judge}, checked(inForce, 2), withdrawn},
		{"no property found, as the court's file declares", Withdraw{Ground: gongxin.GroundNoProperty, By: judge, declared: true}, inForce, withdrawn},
		{"security given", Withdraw{Ground: gongxin.GroundSecurity, By: judge}, inForce, withdrawn},
		{"settled", Withdraw{Ground: gongxin.GroundSettled, By: judge}, inForce, withdrawn},
		{"wrongly listed: revoked", Withdraw{Ground: gongxin.GroundWrong, By: judge}, inForce, "listing_revoked"},
		{"without a ground", Withdraw{By: judge}, inForce, "GROUND_UNKNOWN"},
		{"on no known ground", Withdraw{Ground: "mercy", By: judge}, inForce, "GROUND_UNKNOWN"},
		{"the ground of an expiry", Withdraw{Ground: gongxin.GroundTerm, By: judge}, inForce, "GROUND_UNKNOWN"},
		{"the ground that list rows lack", Withdraw{Ground: gongxin.GroundUnstated, By: judge}, inForce, "GROUND_UNKNOWN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.c.decide(tt.l, when(noon))
			if got := outcome(events, err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if len(events) > 0 && events[0].On.IsZero() {
				t.Error("the exit has no day")
			}
		})
	}
}

// checked returns l after the end of a round and so many fruitless checks.
func checked(l gongxin.Listing, times int) gongxin.Listing {
	l.Procedure.RoundClosed, l.Procedure.Checks, l.Procedure.Checked = day("2017-03-21"), times, day("2017-03-24")
	return l
}

func TestRevoke(t *testing.T) {
	const revoked = "listing_revoked"
	for _, tt := range []struct {
		name string
		c    Revoke
		l    gongxin.Listing
		want string
	}{
		{"in force", Revoke{Decision: "D1", By: judge}, inForce, revoked},
		{"decided, not yet in force", Revoke{Decision: "D1", By: judge}, decided, revoked},
		{"decided and served", Revoke{Decision: "D1", By: judge}, sent, revoked},
		{"suspended", Revoke{Decision: "D1", By: judge}, inState(inForce, gongxin.Suspended), revoked},
		{"by the higher court, without a reconsideration", Revoke{Decision: "D1", By: above}, inForce, "NOT_ENTITLED"},
		{"by a clerk", Revoke{Decision: "D1", By: clerk}, inForce, "NOT_ENTITLED"},
		{"by another court's judge", Revoke{Decision: "D1", By: stranger}, inForce, "NOT_ENTITLED"},
		{"the same decision again", Revoke{Decision: "D1", By: judge}, ended(gongxin.Revoked, gongxin.GroundWrong, "D1"), ""},
		{"by another decision", Revoke{Decision: "D2", By: judge}, ended(gongxin.Revoked, gongxin.GroundWrong, "D1"), "NOT_IN_FORCE"},
		{"withdrawn before", Revoke{Decision: "D1", By: judge}, ended(gongxin.Withdrawn, gongxin.GroundPerformed, "D1"), "NOT_IN_FORCE"},
		{"before publication", Revoke{On: day("2017-03-19"), By: judge}, inForce, "DATE_ORDER"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(tt.c.decide(tt.l, when(noon))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	over := time.Date(2019, 3, 19, 16, 0, 0, 0, time.UTC) // the 20th in Shanghai
	for _, tt := range []struct {
		name string
		by   gongxin.Actor
		l    gongxin.Listing
		at   time.Time
		want string
	}{
		{"the day after its term", theHub, inForce, over, "listing_expired"},
		{"long after its term", theHub, inForce, over.AddDate(3, 0, 0), "listing_expired"},
		{"on the last day of its term", theHub, inForce, over.Add(-time.Millisecond), "TERM_NOT_OVER"},
		{"without a term", theHub, changed(inForce, func(e *gongxin.Entry) { e.Until = 0 }), over, "TERM_NOT_OVER"},
		{"again", theHub, ended(gongxin.Expired, gongxin.GroundTerm, ""), over, ""},
		{"withdrawn meanwhile", theHub, ended(gongxin.Withdrawn, gongxin.GroundPerformed, ""), over, "NOT_IN_FORCE"},
		{"suspended", theHub, inState(inForce, gongxin.Suspended), over, "listing_expired"},
		{"not in force yet", theHub, decided, over, "NOT_IN_FORCE"},
		{"by a judge", judge, inForce, over, "NOT_ENTITLED"},
		{"by the operator", operator, inForce, over, "NOT_ENTITLED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := Expire{By: tt.by}.decide(tt.l, when(tt.at))
			if got := outcome(events, err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if len(events) > 0 && (events[0].On != day("2019-03-20") || events[0].Ground != gongxin.GroundTerm) {
				t.Errorf("expired on %s, ground %s, want the day after the term", events[0].On, events[0].Ground)
			}
		})
	}
}

func TestAnExitOfWhatThePublicDidNotSeeIsMarked(t *testing.T) {
	hidden := changed(inForce, func(e *gongxin.Entry) { e.NonPublic = true })
	for _, tt := range []struct {
		name string
		c    Command
		l    gongxin.Listing
		want bool
	}{
		{"public withdrawal", Withdraw{Ground: gongxin.GroundPerformed, By: judge}, inForce, false},
		{"non-public withdrawal", Withdraw{Ground: gongxin.GroundPerformed, By: judge}, hidden, true},
		{"revoked before publication", Revoke{By: judge}, decided, true},
		{"non-public expiry", Expire{By: theHub}, hidden, true},
		{"public expiry", Expire{By: theHub}, inForce, false},
		{"withdrawn while suspended, which the public saw", Withdraw{Ground: gongxin.GroundPerformed, By: judge}, inState(inForce, gongxin.Suspended), false},
		{"public suspension", Suspend{Reason: "担保", By: judge}, inForce, false},
		{"non-public suspension", Suspend{Reason: "担保", By: judge}, hidden, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.c.decide(tt.l, when(noon.AddDate(5, 0, 0)))
			if err != nil || events[0].NonPublic != tt.want {
				t.Errorf("got %+v, %v, want NonPublic %t", events, err, tt.want)
			}
		})
	}
}

// The age counts on the day of publication, by the number where it tells a birth
// date and else by the age that the court gives (5.8).
func TestNobodyUnderAgeOrOfUnknownAgeIsListed(t *testing.T) {
	aged := func(years int) gongxin.Entry {
		return with(entryOf(passport), func(e *gongxin.Entry) { e.Subject.Age = years })
	}
	on := func(d string, e gongxin.Entry) gongxin.Entry {
		e.Published, e.Until = day(d), 0
		return e
	}
	for _, tt := range []struct {
		name string
		e    gongxin.Entry
		want string
	}{
		{"a day before the eighteenth birthday", on("2017-03-19", entryOf(citizen("1999-03-20", 11))), "MINOR"},
		{"on the eighteenth birthday", on("2017-03-20", entryOf(citizen("1999-03-20", 11))), ""},
		{"of age today, a minor when published", on("2016-12-31", entryOf(citizen("1999-01-01", 11))), "MINOR"},
		{"born on 29 February, on 28 February", on("2014-02-28", entryOf(citizen("1996-02-29", 11))), "MINOR"},
		{"born on 29 February, on 1 March", on("2014-03-01", entryOf(citizen("1996-02-29", 11))), ""},
		{"a minor by the number whom the court calls 20", with(entryOf(citizen("2001-01-01", 11)), func(e *gongxin.Entry) { e.Subject.Age = 20 }), "MINOR"},
		{"a passport, aged 17", aged(17), "MINOR"},
		{"a passport, aged 18", aged(18), ""},
		{"a passport, no age", aged(0), "AGE_UNKNOWN"},
		{"an organisation", entryOf(credit), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := gongxin.CodeOf(checkEntry(&tt.e, rules, day("2017-04-01"))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
