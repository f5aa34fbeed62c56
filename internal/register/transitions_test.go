package register

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

var (
	states = append([]gongxin.State{""}, gongxin.States...)
	kinds  = append([]gongxin.EventKind{
		gongxin.ListingPublished, gongxin.ListingAdmitted, gongxin.ListingCorrected, gongxin.TermExtended, gongxin.ListingSuspended,
		gongxin.SuspensionEnded, gongxin.ListingWithdrawn, gongxin.ListingExpired, gongxin.ListingRevoked,
	}, gongxin.Steps...)
	// places of each track, its own state left out
	places = map[Track][]string{
		Life:       {""},
		Objections: {"", string(gongxin.Objected), string(gongxin.Rejected), string(gongxin.RejectionKnown), string(gongxin.Reconsidering), string(gongxin.ObjectionClosed)},
		Requests:   {"", open}, Proposals: {"", open}, Rounds: {"", closed}, Grounds: {"", recorded}, Employers: {"", told}, Records: {""},
	}
)

func TestTheTableIsSound(t *testing.T) {
	seen := map[string]bool{}
	for i, tr := range Transitions {
		name := fmt.Sprintf("row %d, %s: %s by %s", i, tr.Track, tr.From, tr.Event)
		if !slices.Contains(kinds, tr.Event) || !slices.Contains(Tracks, tr.Track) {
			t.Errorf("%s: an unknown event or track", name)
		}
		if tr.Track == Life && (!slices.Contains(states, gongxin.State(tr.From)) || !slices.Contains(gongxin.States, gongxin.State(tr.To)) || tr.While != nil) {
			t.Errorf("%s: an unknown state", name)
		}
		if tr.Track != Life && (!slices.Contains(places[tr.Track], tr.From) || !slices.Contains(places[tr.Track], tr.To) || len(tr.While) == 0 || slices.Contains(tr.While, "")) {
			t.Errorf("%s: an unknown place, or it can never be taken", name)
		}
		if gongxin.State(tr.From).Ended() || tr.Event != gongxin.DocumentIssued && slices.ContainsFunc(tr.While, gongxin.State.Ended) {
			t.Errorf("%s: something happens to an ended listing", name)
		}
		if key := fmt.Sprint(tr.Track, tr.From, tr.Event, tr.With); seen[key] {
			t.Errorf("%s stands twice", name)
		} else {
			seen[key] = true
		}
		if len(tr.Roles) == 0 || tr.Clause == "" {
			t.Errorf("%s: nobody may do it, or no clause asks for it", name)
		}
		if tr.Document != "" && !slices.Contains(gongxin.DocumentKinds, tr.Document) {
			t.Errorf("%s: an unknown document", name)
		}
		for _, rule := range tr.Windows {
			if _, err := rules.Rule(rule, day("2017-04-01")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, k := range kinds {
		if refusals[k] == "" || len(byEvent[k]) == 0 {
			t.Errorf("%s has no refusal or no row", k)
		}
		if _, _, ok := gongxin.Message(refusals[k]); !ok {
			t.Errorf("%s is refused without words: %s", k, refusals[k])
		}
	}
	for _, s := range gongxin.States {
		if !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.Track == Life && tr.To == string(s) }) {
			t.Errorf("no step leads to %s", s)
		}
		if !s.Ended() && !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.Track == Life && tr.From == string(s) && tr.To != string(s) }) {
			t.Errorf("no step leads away from %s", s)
		}
	}
	for track, all := range places {
		for _, place := range all {
			if place != "" && !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.Track == track && tr.To == place }) {
				t.Errorf("no step of %s leads to %s", track, place)
			}
		}
	}
}

// Folding, which every follower does, knows the same steps: each row leads where it
// says, and one beside the listing's life leaves that as it is.
func TestFoldingAgreesWithTheTable(t *testing.T) {
	for i, tr := range Transitions {
		from := tr.While
		if tr.Track == Life {
			from = []gongxin.State{gongxin.State(tr.From)}
		}
		for _, s := range from {
			l := at(inEvery(s), tr.Track, tr.From)
			e := gongxin.Event{
				Kind: tr.Event, Listing: l.ID, On: day("2017-03-28"), Ground: gongxin.GroundSettled, Request: gongxin.RequestCorrection,
				By: gongxin.Actor{ID: "x", Role: tr.Roles[0]},
			}
			if l.ID.IsZero() {
				e.Listing = gongxin.ListingID{1}
			}
			if tr.Event.SetsEntry() {
				entry := entryOf(adult)
				e.Entry = &entry
			}
			got, err := l.Apply(e, l.Sequence+1)
			if err != nil || Place(&got, tr.Track) != tr.To {
				t.Errorf("row %d, %s in %s: %s leads to %q by the table, to %q (%v) by folding", i, tr.From, s, tr.Event, tr.To, Place(&got, tr.Track), err)
			}
			if tr.Track != Life && (got.State != l.State || got.Forced != l.Forced || got.Entry != l.Entry || got.Exit != l.Exit) {
				t.Errorf("row %d: %s changes who is bound", i, tr.Event)
			}
			if tr.Track == Life && !gongxin.State(tr.To).Ended() {
				for _, other := range Tracks[1:] {
					if Place(&got, other) != Place(&l, other) {
						t.Errorf("row %d: %s moves %s", i, tr.Event, other)
					}
				}
			}
		}
	}
}

// inEvery returns a listing in state s, of which nothing was ever said by the
// documents and on the days that commandFor names.
func inEvery(s gongxin.State) gongxin.Listing {
	var l gongxin.Listing
	switch s {
	case "":
		return l
	case gongxin.Withdrawn:
		l = ended(s, gongxin.GroundSettled, "D0")
	case gongxin.Expired:
		l = ended(s, gongxin.GroundTerm, "")
		l.Entry.Until, l.Exit.On = day("2017-03-24"), day("2017-03-25")
	case gongxin.Revoked:
		l = ended(s, gongxin.GroundWrong, "D0")
	case gongxin.Dropped:
		l = ended(s, gongxin.GroundClosed, "")
	default:
		l = inState(noticed, s)
	}
	l.Entry.Employer = "某公司"
	l.Procedure = gongxin.Procedure{
		Noticed: day("2017-03-01"), Moved: day("2017-03-02"), Drafter: "clerk.sun", Approver: "judge.sun", Decided: day("2017-03-10"),
		Delivered: day("2017-03-12"),
	}
	if s == gongxin.Suspended {
		l.Procedure.Suspended = day("2017-03-22")
	}
	return l
}

// at puts l at a place of a track.
func at(l gongxin.Listing, track Track, place string) gongxin.Listing {
	p := &l.Procedure
	switch {
	case track == Objections && place != "":
		p.Step, p.Objected = gongxin.Step(place), day("2017-03-21")
		if p.Step != gongxin.Objected {
			p.Reviewed, p.Review = day("2017-03-23"), "D0"
		}
		if p.Step == gongxin.Reconsidering {
			p.Reconsidered, p.Higher = day("2017-03-26"), above.Court
		}
		if p.Step == gongxin.RejectionKnown {
			p.RejectedServed = day("2017-03-24")
		}
	case place == open && track == Requests:
		p.Request, p.RequestOn, p.RequestFor = gongxin.RequestWithdrawal, day("2017-03-25"), gongxin.GroundPerformed
	case place == open && track == Proposals:
		p.Proposals, p.Proposers = 1, "gate.tax"
	case place == closed:
		p.RoundClosed = day("2017-03-21")
	case place == recorded:
		p.Ground, p.GroundOn = gongxin.GroundClosed, day("2017-03-28")
	case place == told:
		p.Notified = day("2017-03-22")
	}
	return l
}

// commandFor makes the act that causes an event of kind k to l, by an actor; l is
// about to differ by it.
func commandFor(k gongxin.EventKind, l gongxin.Listing, by gongxin.Actor) Command {
	e := with(entryOf(adult), func(e *gongxin.Entry) { e.Severity, e.Until = "特别严重", day("2018-01-01") })
	served := gongxin.ServedByMail
	on := day("2017-03-30")
	switch k {
	case gongxin.NoticeDrafted:
		return DraftNotice{Entry: e, By: by}
	case gongxin.NoticeServed:
		if l.State == gongxin.ToNotice {
			return DeliverNotice{Service: served, By: by}
		}
		return ServeNotice{Entry: e, By: by}
	case gongxin.ListingInitiated:
		return Initiate{Motion: gongxin.OnApplication, By: by}
	case gongxin.DecisionDrafted:
		return Propose{Entry: &e, By: by}
	case gongxin.DraftReturned:
		return Return{Reason: "重拟", By: by}
	case gongxin.ListingDecided:
		return Decide{Decision: "D9", By: by}
	case gongxin.DecisionServed:
		return DeliverDecision{Service: served, On: on, By: by}
	case gongxin.ListingDropped:
		return Drop{Reason: "不符合条件", By: by}
	case gongxin.ListingPublished:
		return Publish{By: by}
	case gongxin.ListingCorrected:
		return Correct{Entry: e, By: by}
	case gongxin.TermExtended:
		return Extend{Until: l.Entry.Until.Add(1), Reason: "多项失信行为", By: by}
	case gongxin.ListingSuspended:
		return Suspend{Reason: "提供担保", On: on, By: by}
	case gongxin.SuspensionEnded:
		return Resume{Reason: "担保不足", By: by}
	case gongxin.ListingWithdrawn:
		return Withdraw{Ground: gongxin.GroundPerformed, Decision: "D9", By: by}
	case gongxin.ListingExpired:
		return Expire{By: by}
	case gongxin.ListingRevoked:
		return Revoke{Decision: "D9", By: by}
	case gongxin.ObjectionFiled:
		return Object{Reason: "不服", By: by}
	case gongxin.ObjectionUpheld, gongxin.ObjectionRejected:
		return Review{Upheld: k == gongxin.ObjectionUpheld, Reason: "理由", Decision: "D9", By: by}
	case gongxin.RejectionServed:
		return DeliverRejection{Service: served, On: on, By: by}
	case gongxin.ReconsiderationFiled:
		return AskReconsideration{Reason: "不服", By: by}
	case gongxin.ReconsiderationUpheld, gongxin.ReconsiderationRejected:
		return Reconsider{Upheld: k == gongxin.ReconsiderationUpheld, Reason: "理由", Decision: "H9", By: by}
	case gongxin.RequestFiled:
		return Request{Kind: gongxin.RequestWithdrawal, Ground: gongxin.GroundPerformed, Reason: "已履行", By: by}
	case gongxin.RequestGranted, gongxin.RequestRefused:
		return Answer{Granted: k == gongxin.RequestGranted, Reason: "理由", By: by}
	case gongxin.RoundClosed:
		return CloseRound{On: on, By: by}
	case gongxin.PropertyChecked:
		return Check{On: on, By: by}
	case gongxin.GroundRecorded:
		return RecordGround{Ground: gongxin.GroundSettled, By: by}
	case gongxin.OrganisationNotified:
		return TellEmployer{Service: served, On: on, By: by}
	case gongxin.ReviewProposed:
		return ProposeReview{Reason: "疑似有误", By: by}
	case gongxin.ProposalAnswered:
		return AnswerProposal{Reason: "无误", By: by}
	case gongxin.DeadlineLapsed:
		return Lapse{Duty: owing, By: by}
	}
	return nil // admitted, by a file, below; a document, by an act
}

// owing is a duty whose time has passed.
var owing = gongxin.Duty{Listing: noticed.ID, Kind: gongxin.DutyReview, Opened: 1, Since: day("2017-03-20"), Due: day("2017-03-23")}

// What the table says happens, and what it does not say is refused: each state ×
// place × event × actor.
func TestTheTableIsTotal(t *testing.T) {
	me := gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: noticed.ID}
	other := gongxin.Actor{ID: "subject", Role: gongxin.RoleSubject, Listing: gongxin.ListingID{2}}
	related := []gongxin.Actor{clerk, judge, system, centre, above, department, officer, theHub, me}
	actors := append(slices.Clone(related), stranger, elsewhere, other, operator, nobody,
		gongxin.Actor{ID: "auditor", Role: gongxin.RoleAuditor}, gongxin.Actor{ID: "supervisor", Role: gongxin.RoleSupervisor})
	for _, k := range kinds {
		if k == gongxin.DocumentIssued {
			continue // no command: TestEachActIsPutDown
		}
		track := byEvent[k][0].Track
		for _, from := range states {
			for _, place := range places[track] {
				for _, by := range actors {
					l := inEvery(from)
					if from == "" {
						if place != "" || by == me && k != gongxin.NoticeServed {
							continue
						}
						l.Entry.Court = court // there is nothing to take a court from
					} else {
						l = at(l, track, place)
					}
					lawful, ever := false, false
					for _, tr := range Transitions {
						if tr.Event == k && tr.With == "" && slices.Contains(tr.Roles, by.Role) && slices.Contains(related, by) {
							here := tr.From == string(from) || tr.From == "" && from.Ended()
							if track != Life {
								here = tr.From == place && slices.Contains(tr.While, from)
							}
							ever, lawful = true, lawful || here
						}
					}
					if got := attempt(t, k, l, by); !ever && got != "NOT_ENTITLED" {
						t.Errorf("%s × %s × %s by %s: got %q, want NOT_ENTITLED", from, place, k, by.ID, got)
					} else if lawful && got != string(k) {
						t.Errorf("%s × %s × %s by %s: got %q, want the event", from, place, k, by.ID, got)
					} else if ever && !lawful && (got == string(k) || got == "" && !carriedOutAlready(from, k)) {
						t.Errorf("%s × %s × %s by %s: got %q, want a refusal", from, place, k, by.ID, got)
					}
				}
			}
		}
	}
}

// attempt is the first event that the act for k causes to l, or the error's code.
func attempt(t *testing.T, k gongxin.EventKind, l gongxin.Listing, by gongxin.Actor) string {
	now := noon
	if k == gongxin.ListingExpired {
		now = noon.AddDate(10, 0, 0)
	}
	var got string
	if c := commandFor(k, l, by); c != nil {
		got = outcome(c.decide(l, when(now, owing)))
	} else {
		e := with(entryOf(adult), func(e *gongxin.Entry) { e.Severity, e.Published = "特别严重", day("2017-04-01") })
		got = admission(t, l, by, row(e, 9))
	}
	first, _, _ := strings.Cut(got, " ")
	return first
}

// carriedOutAlready: these need no document and no day, so the state itself says that they happened.
func carriedOutAlready(s gongxin.State, k gongxin.EventKind) bool {
	return s == gongxin.InForce && k == gongxin.ListingPublished || s == gongxin.Expired && k == gongxin.ListingExpired
}

// admission is what the list row s, submitted by by, causes where the register holds l.
func admission(t *testing.T, l gongxin.Listing, by gongxin.Actor, s Submission) string {
	t.Helper()
	m, at := newMemory(), noon
	if l.State != "" {
		m.events = append(m.events, gongxin.Event{Listing: l.ID})
		m.listings[l.ID] = l
	}
	taken, err := newRegister(m, &at).Take(t.Context(), by, []Submission{s})
	if err != nil {
		t.Fatal(err)
	}
	if taken[0].Changed {
		return string(m.events[len(m.events)-1].Kind)
	}
	return answers(taken)
}
