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
