package register

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/internal/policy"
)

var update = flag.Bool("update", false, "write docs/transitions.md instead of comparing it")

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

// Words for the page.
var (
	stateWords = map[gongxin.State]string{
		"": "不存在 none", gongxin.ToNotice: "待送达风险提示 to notice", gongxin.Noticed: "已送达风险提示 noticed", gongxin.Initiated: "已启动 initiated",
		gongxin.Proposed: "决定待审批 proposed", gongxin.Decided: "已决定 decided", gongxin.Delivered: "决定已送达 delivered", gongxin.InForce: "生效 in force",
		gongxin.Suspended: "中止 suspended", gongxin.Withdrawn: "撤销 withdrawn", gongxin.Expired: "届满 expired", gongxin.Revoked: "纠错撤销 revoked",
		gongxin.Dropped: "程序终止 dropped",
	}
	placeWords = map[string]string{
		"": "无 none", "objected": "待审查 objected", "rejected": "已驳回 rejected", "rejection_served": "驳回已送达 rejection served",
		"reconsidering": "复议中 reconsidering", "closed": "已了结 closed", "open": "待答复 open", "recorded": "已登记 recorded", "told": "已告知 told",
	}
	trackWords = map[Track]string{
		Life: "名单条目的状态 life", Objections: "纠正申请与复议 objection", Requests: "更正、撤销的申请 request", Proposals: "部门的审查建议 proposal",
		Rounds: "终结本次执行程序与查控 round", Grounds: "退出情形 ground", Employers: "告知所在单位 employer", Records: "文书与逾期 record",
	}
	roleWords = map[gongxin.Role]string{
		gongxin.RoleClerk: "书记员 clerk", gongxin.RoleJudge: "法官 judge", gongxin.RoleHigherCourt: "上一级法院 higher court",
		gongxin.RoleCourtSystem: "法院系统 court system", gongxin.RoleDepartment: "部门系统 department", gongxin.RoleOfficer: "部门经办人 officer",
		gongxin.RoleSubject: "被执行人 subject", gongxin.RoleHub: "中心 hub",
	}
	kindWords = map[gongxin.EventKind]string{
		gongxin.NoticeDrafted: "拟制风险提示", gongxin.NoticeServed: "送达风险提示", gongxin.ListingInitiated: "申请或者依职权启动", gongxin.DecisionDrafted: "拟制决定",
		gongxin.DraftReturned: "退回草案", gongxin.ListingDecided: "决定纳入", gongxin.DecisionServed: "送达决定", gongxin.ListingDropped: "终止程序",
		gongxin.ListingPublished: "公布", gongxin.ListingAdmitted: "法院报送", gongxin.ListingCorrected: "更正", gongxin.TermExtended: "延长期限",
		gongxin.ListingSuspended: "中止", gongxin.SuspensionEnded: "恢复", gongxin.ListingWithdrawn: "撤销", gongxin.ListingExpired: "有效期届满",
		gongxin.ListingRevoked: "纠错撤销", gongxin.ObjectionFiled: "申请纠正", gongxin.ObjectionUpheld: "纠正申请成立", gongxin.ObjectionRejected: "驳回纠正申请",
		gongxin.RejectionServed: "送达驳回决定", gongxin.ReconsiderationFiled: "申请复议", gongxin.ReconsiderationUpheld: "复议成立",
		gongxin.ReconsiderationRejected: "驳回复议", gongxin.RequestFiled: "提出申请", gongxin.RequestGranted: "同意申请", gongxin.RequestRefused: "不同意申请",
		gongxin.RoundClosed: "终结本次执行程序", gongxin.PropertyChecked: "网络查控", gongxin.GroundRecorded: "登记退出情形",
		gongxin.OrganisationNotified: "告知所在单位", gongxin.ReviewProposed: "建议审查", gongxin.ProposalAnswered: "答复建议",
		gongxin.DocumentIssued: "制作文书", gongxin.DeadlineLapsed: "逾期",
	}
	documentWords = map[gongxin.DocumentKind]string{
		gongxin.DocNotice: "风险提示书", gongxin.DocDecision: "纳入决定书", gongxin.DocCorrection: "更正决定书", gongxin.DocSuspension: "中止（恢复）决定书",
		gongxin.DocExtension: "延长期限决定书", gongxin.DocReview: "审查决定书", gongxin.DocReconsideration: "复议决定书",
		gongxin.DocWithdrawal: "撤销通知书", gongxin.DocAnswer: "答复通知书", gongxin.DocEmployer: "告知函",
	}
	dutyWords = map[gongxin.DutyKind]string{
		gongxin.DutyDecide: "对申请作出决定", gongxin.DutyReview: "审查纠正申请", gongxin.DutyReconsider: "作出复议决定", gongxin.DutyWithdraw: "撤销",
		gongxin.DutyNoProperty: "查控无果后删除", gongxin.DutyAnswerRequest: "答复申请", gongxin.DutyAnswerProposal: "答复部门建议", gongxin.DutyTellEmployer: "告知所在单位",
	}
)

// window says how long the rule gives by each profile, once where they agree.
func window(rule string) string {
	var all []string
	for _, p := range []policy.Profile{policy.Opinion, policy.Supreme} {
		r, err := policy.For(p).Rule(rule, day("2017-04-01"))
		if err != nil {
			panic(err)
		}
		if said := fmt.Sprintf("%d %s (%s)", r.Count, r.Unit, r.Profile); !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	return "`" + rule + "`: " + strings.Join(all, " / ")
}

func windows(rules []string) string {
	var all []string
	for _, r := range rules {
		all = append(all, window(r))
	}
	return strings.Join(all, "; ")
}

// diagram draws a track; each edge is one row, or more that differ by who acts.
func diagram(track Track, words func(string) string) string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	node := func(s string) string {
		if s == "" {
			return "[*]"
		}
		return s
	}
	var named, drawn []string
	for _, tr := range Transitions {
		for _, s := range []string{tr.From, tr.To} {
			if tr.Track == track && s != "" && !slices.Contains(named, s) {
				named = append(named, s)
				fmt.Fprintf(&b, "    %s: %s\n", s, words(s))
			}
		}
	}
	for _, tr := range Transitions {
		edge := fmt.Sprintf("    %s --> %s: %s %s\n", node(tr.From), node(tr.To), kindWords[tr.Event], tr.Event)
		if tr.Track == track && !slices.Contains(drawn, edge) {
			drawn = append(drawn, edge)
			b.WriteString(edge)
		}
	}
	for _, s := range gongxin.States {
		if track == Life && s.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n")
	return b.String()
}

func stateOf(s string) string { return stateWords[gongxin.State(s)] }
func placeOf(s string) string { return placeWords[s] }

func page() string {
	var b strings.Builder
	b.WriteString("# The life of a listing\n\nGenerated from the tables in `internal/register` (`go generate ./internal/register`); tests compare it.\n\n")
	b.WriteString(diagram(Life, stateOf))
	b.WriteString(`
**Objection and reconsideration suspend nothing** (2.3): they run beside the listing's state, and the measures apply until a decision ends them.
So do requests, departments' proposals and recorded facts.

`)
	b.WriteString(diagram(Objections, placeOf))
	for _, track := range Tracks {
		words, while := placeOf, " | while"
		rule := "|---"
		if track == Life {
			words, while, rule = stateOf, "", ""
		}
		fmt.Fprintf(&b, "\n## %s\n\n| from | event | to | by | within | clause | document%s |\n|---|---|---|---|---|---|---%s|\n", trackWords[track], while, rule)
		for _, tr := range Transitions {
			if tr.Track != track {
				continue
			}
			var roles, in []string
			for _, r := range tr.Roles {
				roles = append(roles, roleWords[r])
			}
			for _, s := range tr.While {
				in = append(in, string(s))
			}
			event := fmt.Sprintf("%s `%s`", kindWords[tr.Event], tr.Event)
			if tr.With != "" {
				event += fmt.Sprintf(", with `%s`", tr.With)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |", words(tr.From), event, words(tr.To), strings.Join(roles, ", "),
				windows(tr.Windows), tr.Clause, documentWords[tr.Document])
			if track != Life {
				fmt.Fprintf(&b, " %s |", strings.Join(in, ", "))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n## What is owed, and until when\n\n| duty | opened by | met by, besides any exit | within | clause | document |\n|---|---|---|---|---|---|\n")
	events := func(kinds []gongxin.EventKind) string {
		var all []string
		for _, k := range kinds {
			all = append(all, fmt.Sprintf("%s `%s`", kindWords[k], k))
		}
		return strings.Join(all, ", ")
	}
	for _, o := range Obligations {
		within := "no time is set"
		if o.Rule != "" {
			within = window(o.Rule)
		}
		fmt.Fprintf(&b, "| %s `%s` | %s | %s | %s | %s | %s |\n", dutyWords[o.Kind], o.Kind, events(o.Opens), events(o.Meets), within, o.Clause, documentWords[o.Document])
	}
	b.WriteString(`
A duty that is met after its last day, or not at all, leaves ` + "`deadline_lapsed`" + ` in the ledger for ever (2.5). Where the calendar does not know the
year, the act goes through and the last day is counted later.

## Who

People of a court act for that court alone; a court's system, for its court, and the high court's centre for all. The higher court is the next above the
listing's court; the person concerned acts towards the own listing. A decision is made by a judge who did not draft it; a court's system neither drafts nor
decides, it submits what its judges decided. What stands in no row is refused with a code, and changes nothing. The same command twice changes nothing
the second time.

## What else holds

- An ended listing never changes, but for the document that records its end; an exit closes what ran beside. A new decision on the same court, case and
  subject is a new listing, whose notice was served or whose publication took place after the last day of the one before.
- Where the creditor had a listing deleted, the creditor cannot apply again within ` + window(policy.RelistingWait) + `; the court can act of its own motion.
- A term lasts at most ` + window(policy.Term) + ` from publication, an extension adds at most ` + window(policy.TermExtension) + `.
- Withdrawal because no property was found takes ` + window(policy.NoPropertyChecks) + ` fruitless checks of different days after the closed round, with no lead between.
- Late objections and requests for reconsideration are recorded as late and decided all the same.
- A court's file holds decisions that the court has made and served; its rows enter as ` + "`listing_admitted`" + ` with the origin
  ` + "`court_file`" + `, and a row with 撤销时间 also as ` + "`listing_withdrawn`" + ` without a ground. They are the court's own documents: none is written here but the one to the organisation (2.1.4, 3.8).
`)
	return b.String()
}

const pageFile = "../../docs/transitions.md"

func TestTheDiagramIsThatOfTheTable(t *testing.T) {
	if *update {
		if err := os.WriteFile(pageFile, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page() {
		t.Error("docs/transitions.md is not what the tables say; run go generate ./internal/register")
	}
	for _, words := range []int{len(stateWords) - len(states), len(kindWords) - len(kinds), len(documentWords) - len(gongxin.DocumentKinds), len(trackWords) - len(Tracks)} {
		if words != 0 {
			t.Error("the page lacks a word")
		}
	}
}

// The diagrams, as they stand in the page, have the edges of the table and no others.
func TestTheEdgesOfTheDiagramsAreTheRowsOfTheTable(t *testing.T) {
	b, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	drawn := regexp.MustCompile("(?s)```mermaid\n.*?```").FindAllString(string(b), -1)
	if len(drawn) != 2 {
		t.Fatalf("the page has %d diagrams, want two", len(drawn))
	}
	for i, track := range []Track{Life, Objections} {
		var got, want []string
		for _, edge := range regexp.MustCompile(`(\S+) --> (\S+): \S+ (\S+)`).FindAllStringSubmatch(drawn[i], -1) {
			got = append(got, strings.Join(edge[1:], " "))
		}
		for _, tr := range Transitions {
			from := tr.From
			if from == "" {
				from = "[*]"
			}
			if edge := from + " " + tr.To + " " + string(tr.Event); tr.Track == track && !slices.Contains(want, edge) {
				want = append(want, edge)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the diagram draws\n%s\nthe table says\n%s", track, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
