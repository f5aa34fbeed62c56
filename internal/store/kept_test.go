package store_test

import (
	"context"
	"crypto/sha256"
	"reflect"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// A keptAll is one of everything that is kept beside the history of a listing, the
// same for the same listing.
type keptAll struct {
	caseKey       string
	duties        []gongxin.Duty
	escalation    store.Escalation
	document      gongxin.Document
	evidence      store.Evidence
	template      store.Template
	organisations []access.Organisation
	person        access.Person
	session       access.Session
	code          access.Code
	token         access.Token
	disclosure    access.Disclosure
	refusal       access.Refusal
	batch         store.Batch
	review        store.RestrictionReview
	measure       store.Kept
}

// kept tells of l in words that name its subject, wherever words are kept.
func kept(l gongxin.Listing) keptAll {
	e := l.Entry
	told := e.Subject.Name + "，" + e.Subject.Number.Full() + "，" + e.Case.String()
	day, hour := gongxin.MustDay("2017-02-20"), noon.Add(time.Hour)
	superior := gongxin.MustCourtCode("苏05")
	w := keptAll{
		caseKey: e.Case.Key(),
		duties: []gongxin.Duty{
			{Listing: l.ID, Kind: gongxin.DutyReview, Opened: 21, Court: e.Court, Person: judge.ID, Rule: "review", Since: day, Due: day.Add(3), Lapsed: 22},
			{Listing: l.ID, Kind: gongxin.DutyAnswerProposal, Opened: 22},
		},
		escalation: store.Escalation{
			Listing: l.ID, Kind: gongxin.DutyReview, Opened: 21, Level: 1, Court: e.Court, To: superior, At: noon,
			Acknowledged: hour, By: "judge.qian@苏05", Note: told,
		},
		document: gongxin.Document{
			Number: e.Case.String() + "之一", Listing: l.ID, Kind: gongxin.DocDecision, Court: e.Court, For: 18, Sequence: 19, At: noon,
			Page: []byte("<p>" + told + "</p>"), Data: []byte(`{"name":"` + told + `"}`),
		},
		evidence: store.Evidence{Listing: l.ID, Media: "text/plain", Name: told + ".txt", At: noon, By: "subject", Body: []byte(told)},
		template: store.Template{Court: e.Court, Kind: gongxin.DocNotice, Version: 1, Text: "例：" + told, By: clerk.ID, At: noon},
		organisations: []access.Organisation{
			{ID: "court.苏05", Parent: "province", Kind: access.OrgCourt, Name: "苏州市中级人民法院", Court: superior},
			{ID: "court.苏0505", Parent: "court.苏05", Kind: access.OrgCourt, Name: e.CourtName, Court: e.Court},
			{ID: "province", Kind: access.OrgProvince, Name: "江苏省"},
		},
		person: access.Person{
			ID: "zhao@苏0505", Name: "赵法官", Organisation: "court.苏0505", Roles: []gongxin.Role{gongxin.RoleJudge, gongxin.RoleHigherCourt},
			Password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Second: "JBSWY3DPEHPK3PXP", SecondStep: 49, Issuer: "https://id.example",
			Subject: "1", Failures: 2, Locked: hour, Created: noon, Disabled: hour,
		},
		session: access.Session{Hash: [32]byte{1}, Listing: l.ID, Method: "code", Created: noon, Seen: noon, Expires: hour, Ended: hour},
		code:    access.Code{Hash: [32]byte{2}, Listing: l.ID, By: clerk.ID, Issued: noon, Expires: hour},
		token: access.Token{
			ID: "rotated", Hash: [32]byte{3}, Role: gongxin.RoleDepartment, Organisation: "铁路", Gate: "railway", Created: noon, Expires: hour,
			Scope: "changes receipts", Certificate: [32]byte{4}, Replaces: [32]byte{5},
		},
		disclosure: access.Disclosure{At: noon, By: clerk.ID, Role: gongxin.RoleClerk, Organisation: "court.苏0505", Operation: "listing-full", Listing: l.ID, Purpose: told},
		refusal:    access.Refusal{At: noon, Operation: "subject-session", Code: "CODE_USED", From: "192.0.2.1", Listing: l.ID},
		batch: store.Batch{
			ID: "B1", Name: "名单.xlsx", ContentType: "text/csv", File: "b1", Hash: [32]byte{6}, By: clerk.ID, Role: gongxin.RoleClerk, Court: e.Court,
			Organisation: e.CourtName, Reason: "SURGE", Listings: 90, Withdrawals: 1, InForce: 7, At: noon, Decided: hour, DecidedBy: "op",
			Outcome: store.Approved, Note: told, Applied: hour,
		},
		review: store.RestrictionReview{
			ID: "V1", Gate: "railway", Reference: "R1", Listing: l.ID, Reason: told, By: "subject", Filed: noon, Answered: hour,
			AnsweredBy: "officer", Upheld: true, Answer: told,
		},
		measure: store.Kept{Gate: "railway", Reference: "R1", Listing: l.ID, Measure: "3.6.flight", Ground: told, Until: day, By: "officer", At: noon, Ended: hour},
	}
	w.document.Hash, w.evidence.Hash, w.evidence.Size = sha256.Sum256(w.document.Page), sha256.Sum256(w.evidence.Body), int64(len(w.evidence.Body))
	return w
}

// save keeps all of w.
func (w keptAll) save(ctx context.Context, tx *store.Tx) error {
	for _, d := range w.duties {
		if err := tx.PutDuty(ctx, d); err != nil {
			return err
		}
	}
	for _, i := range []int{2, 0, 1} { // superiors first
		if err := tx.SaveOrganisation(ctx, w.organisations[i]); err != nil {
			return err
		}
	}
	if _, err := tx.NextDocument(ctx, w.caseKey); err != nil {
		return err
	}
	for _, save := range []func() error{
		func() error { return tx.SaveEscalation(ctx, w.escalation) },
		func() error { return tx.KeepDocument(ctx, w.document) },
		func() error { return tx.SaveEvidence(ctx, w.evidence) },
		func() error { return tx.SaveTemplate(ctx, w.template) },
		func() error { return tx.SavePerson(ctx, w.person) },
		func() error { return tx.SaveSession(ctx, w.session) },
		func() error { return tx.SaveCode(ctx, w.code) },
		func() error { return tx.SaveToken(ctx, w.token) },
		func() error { return tx.Disclose(ctx, w.disclosure) },
		func() error { return tx.Refuse(ctx, w.refusal) },
		func() error { return tx.SaveBatch(ctx, w.batch) },
		func() error { return tx.SaveRestrictionReview(ctx, w.review) },
		func() error { return tx.SaveKept(ctx, w.measure) },
	} {
		if err := save(); err != nil {
			return err
		}
	}
	return nil
}

// compare reads all of w back.
func (w keptAll) compare(ctx context.Context, t *testing.T, v *store.View) {
	t.Helper()
	same := func(got any, err error, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	id := w.document.Listing
	duties, err := v.OpenDuties(ctx, store.DutyFilter{}, 10)
	same(duties, err, w.duties)
	escalations, err := v.Escalations(ctx, nil, 10)
	same(escalations, err, []store.Escalation{w.escalation})
	escalation, err := v.Escalation(ctx, w.escalation.ID())
	same(escalation, err, w.escalation)
	document, err := v.Document(ctx, w.document.Number)
	same(document, err, w.document)
	documents, err := v.Documents(ctx, id)
	light := w.document
	light.Page, light.Data = nil, nil
	same(documents, err, []gongxin.Document{light})
	evidence, err := v.Evidence(ctx, w.evidence.Hash)
	same(evidence, err, w.evidence)
	evidence, err = v.EvidenceIn(ctx, id, w.evidence.Hash)
	same(evidence, err, w.evidence)
	files, err := v.EvidenceOf(ctx, id)
	name := w.evidence
	name.Body = nil
	same(files, err, []store.Evidence{name})
	template, err := v.Template(ctx, w.template.Court, w.template.Kind)
	same(template, err, w.template)
	organisations, err := v.Organisations(ctx)
	same(organisations, err, w.organisations)
	person, err := v.Person(ctx, w.person.ID)
	same(person, err, w.person)
	person, err = v.PersonBySubject(ctx, w.person.Issuer, w.person.Subject)
	same(person, err, w.person)
	people, err := v.People(ctx)
	same(people, err, []access.Person{w.person})
	session, err := v.SessionByHash(ctx, w.session.Hash)
	same(session, err, w.session)
	token, err := v.TokenByHash(ctx, w.token.Hash)
	same(token, err, w.token)
	disclosures, err := v.Disclosures(ctx, noon, noon.Add(time.Hour), 10)
	same(disclosures, err, []access.Disclosure{w.disclosure})
	refusals, err := v.Refusals(ctx, noon, noon.Add(time.Hour), 10)
	same(refusals, err, []access.Refusal{w.refusal})
	batch, err := v.Batch(ctx, w.batch.ID)
	same(batch, err, w.batch)
	batches, err := v.Batches(ctx, 10)
	same(batches, err, []store.Batch{w.batch})
	review, err := v.RestrictionReview(ctx, w.review.ID)
	same(review, err, w.review)
	reviews, err := v.RestrictionReviews(ctx, "railway", 10)
	same(reviews, err, []store.RestrictionReview{w.review})
	measures, err := v.Kept(ctx, "", 10)
	same(measures, err, []store.Kept{w.measure})
}
