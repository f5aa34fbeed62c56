package documents

import (
	"fmt"
	"strings"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/policy"
	"gongxin/internal/register"
)

// idNames are what kinds of identifiers are called on paper.
var idNames = map[identity.Kind]gongxin.Text{
	identity.CitizenID:           {ZH: "公民身份号码", EN: "citizen identity number"},
	identity.CreditCode:          {ZH: "统一社会信用代码", EN: "unified social credit code"},
	identity.OrganisationCode:    {ZH: "组织机构代码", EN: "organisation code"},
	identity.HongKongMacaoPermit: {ZH: "港澳居民来往内地通行证号码", EN: "number of the Hong Kong and Macao residents' permit"},
	identity.TaiwanPermit:        {ZH: "台湾居民来往大陆通行证号码", EN: "number of the Taiwan residents' permit"},
	identity.ResidencePermit:     {ZH: "港澳台居民居住证号码", EN: "number of the residence permit"},
	identity.ForeignPermanentID:  {ZH: "外国人永久居留身份证号码", EN: "number of the foreigner's permanent residence card"},
	identity.Passport:            {ZH: "护照号码", EN: "passport number"},
}

var motions = map[gongxin.Motion]gongxin.Text{
	gongxin.OnApplication: {ZH: "依申请执行人的申请", EN: "on the creditor's application"},
	gongxin.OnOwnMotion:   {ZH: "依职权", EN: "of the court's own motion"},
}

var requests = map[gongxin.RequestKind]gongxin.Text{
	gongxin.RequestCorrection: {ZH: "更正名单信息", EN: "correction of the listing"},
	gongxin.RequestWithdrawal: {ZH: "撤销名单信息", EN: "withdrawal of the listing"},
}

var grounds = map[gongxin.Ground]gongxin.Text{
	gongxin.GroundPerformed:  {ZH: "被执行人已全部履行生效法律文书确定的义务", EN: "fully performed"},
	gongxin.GroundSettled:    {ZH: "当事人达成执行和解协议，并经申请执行人确认履行完毕", EN: "settled, and performed as the creditor confirmed"},
	gongxin.GroundClosed:     {ZH: "案件依法终结执行", EN: "enforcement closed by law"},
	gongxin.GroundNoProperty: {ZH: "终结本次执行程序后经两次以上网络查控未发现可供执行财产，亦无有效财产线索", EN: "two or more checks found no property that can be executed, and nobody gave a useful lead"},
	gongxin.GroundSecurity:   {ZH: "被执行人提供有效执行担保，经本院审查准许解除", EN: "effective security was given and accepted"},
	gongxin.GroundWrong:      {ZH: "不应纳入失信被执行人名单", EN: "should not have been listed"},
	gongxin.GroundCreditor:   {ZH: "申请执行人书面申请删除，经本院审查同意", EN: "the creditor asked in writing, and the court agreed"},
	gongxin.GroundEarly:      {ZH: "被执行人积极履行义务或者主动纠正失信行为，本院决定提前删除", EN: "early deletion for active performance or for mending the conduct"},
	gongxin.GroundTerm:       {ZH: "纳入期限届满", EN: "the term is over"},
	gongxin.GroundUnstated:   {ZH: "执行法院决定终止", EN: "ended by the court"},
}

var titles = map[gongxin.DocumentKind]gongxin.Text{
	gongxin.DocNotice:          {ZH: "失信惩戒风险提示书", EN: "Notice of the risk of being listed"},
	gongxin.DocDecision:        {ZH: "纳入失信被执行人名单决定书", EN: "Decision to list a judgment defaulter"},
	gongxin.DocCorrection:      {ZH: "更正决定书", EN: "Decision on a correction"},
	gongxin.DocSuspension:      {ZH: "中止惩戒决定书", EN: "Decision to suspend a listing"},
	gongxin.DocExtension:       {ZH: "延长纳入期限决定书", EN: "Decision to extend the term"},
	gongxin.DocReview:          {ZH: "纠正申请审查决定书", EN: "Decision on an objection"},
	gongxin.DocReconsideration: {ZH: "复议决定书", EN: "Decision on reconsideration"},
	gongxin.DocWithdrawal:      {ZH: "撤销失信被执行人名单通知书", EN: "Notice of withdrawal"},
	gongxin.DocAnswer:          {ZH: "申请答复通知书", EN: "Answer to a request"},
	gongxin.DocEmployer:        {ZH: "告知函", EN: "Letter to the subject's organisation"},
}

// titleOf is the title of the paper; an act that undoes the one that the kind is
// named after, or ends the listing in another way, has its own.
func titleOf(d register.Draft) gongxin.Text {
	switch {
	case d.Act.Kind == gongxin.SuspensionEnded:
		return gongxin.Text{ZH: "恢复惩戒决定书", EN: "Decision to end a suspension"}
	case d.Document.Kind == gongxin.DocWithdrawal && d.After.State == gongxin.Expired:
		return gongxin.Text{ZH: "纳入期限届满通知书", EN: "Notice that the term is over"}
	}
	return titles[d.Document.Kind]
}

// amended is the first day of the Supreme Court's rules as amended (法释〔2017〕7号).
// Articles are counted as in them; for an earlier day the rules are named as a whole.
var amended = gongxin.MustDay("2017-05-01")

// opined is the day of the Opinion; no earlier paper can rest on it.
var opined = gongxin.MustDay("2017-02-04")

// legalBasis names the rules that the act rests on, with the clauses of the Opinion
// as CLAUSES.md numbers them. Articles of the 民事诉讼法 are left out: each amendment
// of it moved them.
func legalBasis(d register.Draft, day gongxin.Day) (text gongxin.Text, clauses []string) {
	procedure := gongxin.Text{ZH: "《中华人民共和国民事诉讼法》", EN: "the Civil Procedure Law"}
	rules := func(articles, numbers string) gongxin.Text {
		t := gongxin.Text{ZH: "《最高人民法院关于公布失信被执行人名单信息的若干规定》", EN: "the Supreme Court's rules on the list of judgment defaulters"}
		if day >= amended {
			t.ZH += articles
			t.EN += ", " + numbers
		}
		return t
	}
	var parts []gongxin.Text
	switch d.Document.Kind {
	case gongxin.DocNotice:
		parts, clauses = []gongxin.Text{procedure, rules("第五条", "article 5")}, []string{"2.3", "5.8"}
	case gongxin.DocDecision:
		parts, clauses = []gongxin.Text{procedure, rules("第一条、第五条", "articles 1 and 5")}, []string{"2.1", "5.8"}
	case gongxin.DocCorrection:
		parts, clauses = []gongxin.Text{rules("第九条", "article 9")}, []string{"2.1.5", "5.8"}
	case gongxin.DocSuspension:
		parts, clauses = []gongxin.Text{procedure}, []string{"2.4"}
	case gongxin.DocExtension:
		parts, clauses = []gongxin.Text{rules("第二条", "article 2")}, []string{"2.1.3", "5.8"}
	case gongxin.DocReview:
		parts, clauses = []gongxin.Text{rules("第十一条、第十二条", "articles 11 and 12")}, []string{"2.3", "5.8"}
	case gongxin.DocReconsideration:
		parts, clauses = []gongxin.Text{rules("第十二条", "article 12")}, []string{"2.3", "5.8"}
	case gongxin.DocWithdrawal:
		clauses = []string{"2.4", "3.13", "5.8"}
		switch d.After.Exit.Ground {
		case gongxin.GroundSecurity, gongxin.GroundUnstated:
			clauses = []string{"2.4", "3.13"}
		case gongxin.GroundWrong:
			parts = []gongxin.Text{rules("第九条", "article 9")}
			clauses = []string{"2.3", "3.13", "5.8"}
		case gongxin.GroundEarly:
			parts = []gongxin.Text{rules("第二条", "article 2")}
		default:
			parts = []gongxin.Text{rules("第十条", "article 10")}
		}
	case gongxin.DocAnswer:
		clauses = []string{"2.4", "5.8"}
		if d.Before.Procedure.Request == gongxin.RequestCorrection {
			clauses = []string{"2.1.5", "5.8"}
		}
		parts = []gongxin.Text{rules("第十一条、第十二条", "articles 11 and 12")}
	case gongxin.DocEmployer:
		clauses = []string{"3.8", "5.8"}
		if d.After.Entry.NonPublic {
			clauses = []string{"2.1.4", "5.8"}
		}
		parts = []gongxin.Text{rules("第八条", "article 8")}
	}
	switch {
	case day >= opined:
		parts = append(parts, opinion(clauses))
	case len(parts) == 0:
		parts = []gongxin.Text{procedure}
	}
	var zh, en []string
	for _, p := range parts {
		zh, en = append(zh, p.ZH), append(en, p.EN)
	}
	return gongxin.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, "; ")}, clauses
}

// opinion names the clauses of the Jiangsu Opinion among clauses; 5.8 is the
// Supreme Court's.
func opinion(clauses []string) gongxin.Text {
	var zh, en []string
	for _, c := range clauses {
		if where, ok := places[c]; ok {
			zh, en = append(zh, where), append(en, c)
		}
	}
	return gongxin.Text{
		ZH: "江苏省《关于建立对失信被执行人联合惩戒机制的实施意见》" + strings.Join(zh, "、"),
		EN: "the Jiangsu Opinion of 4 February 2017, " + strings.Join(en, " and "),
	}
}

// places are where the clauses stand in the Opinion.
var places = map[string]string{
	"2.1":   "第二部分第（一）项",
	"2.1.3": "第二部分第（一）项",
	"2.1.4": "第二部分第（一）项",
	"2.1.5": "第二部分第（一）项",
	"2.3":   "第二部分第（三）项",
	"2.4":   "第二部分第（四）项",
	"3.8":   "第三部分第（八）项",
	"3.13":  "第三部分第（十三）项",
}

// stays says that what a person asks for does not suspend (2.3).
var stays = gongxin.Text{
	ZH: "申请纠正、申请复议期间，不停止本决定的执行。",
	EN: "Neither an objection nor reconsideration suspends it.",
}

// effectOf says what the paper brings about, and from when.
func effectOf(d register.Draft) gongxin.Text {
	switch d.Document.Kind {
	case gongxin.DocNotice:
		return gongxin.Text{
			ZH: "本提示书不是纳入失信被执行人名单的决定，本身不产生任何惩戒效力。",
			EN: "This notice lists nobody and restricts nobody.",
		}
	case gongxin.DocDecision:
		return gongxin.Text{
			ZH: "本决定自作出之日起生效。" + stays.ZH,
			EN: "The decision takes effect on the day on which it is made. " + stays.EN,
		}
	case gongxin.DocCorrection:
		return gongxin.Text{
			ZH: "本决定自作出之日起生效；除上述更正外，原决定的其他内容不变。",
			EN: "The correction takes effect on the day on which it is made; nothing else changes.",
		}
	case gongxin.DocSuspension:
		if d.Act.Kind == gongxin.SuspensionEnded {
			return gongxin.Text{
				ZH: "本决定自作出之日起生效，各联合惩戒部门恢复依法实施惩戒措施；中止的时间计入纳入期限。" + stays.ZH,
				EN: "The listing has effect again from the day of this decision; the time of the suspension counts in its term. " + stays.EN,
			}
		}
		return gongxin.Text{
			ZH: "本决定自作出之日起生效。中止期间名单条目保留，各联合惩戒部门不得依据该条目限制被执行人，已经实施的限制应当解除；中止的时间计入纳入期限。",
			EN: "From the day of this decision the listing stands without effect: no department may restrict on it, and what was restricted is lifted. The time of the suspension counts in its term.",
		}
	case gongxin.DocExtension:
		return gongxin.Text{
			ZH: "本决定自作出之日起生效。" + stays.ZH,
			EN: "The extension takes effect on the day on which it is made. " + stays.EN,
		}
	case gongxin.DocReview, gongxin.DocReconsideration:
		return outcome(d)
	case gongxin.DocWithdrawal:
		if !pushed(d.Before) {
			return gongxin.Text{
				ZH: "该名单条目自终止之日起不再具有效力，不得据此限制被执行人。",
				EN: "The listing has no effect from that day on; nobody may be restricted on it.",
			}
		}
		return gongxin.Text{
			ZH: "该名单条目自终止之日起不再具有效力，各联合惩戒部门应当同时解除据此实施的全部惩戒措施；依法确需保留某项措施的，应当说明法律依据和期限。",
			EN: "The listing has no effect from that day on, and every department lifts at once what it restricted on it; to keep a measure takes a legal ground and a stated end (3.13).",
		}
	case gongxin.DocAnswer:
		if upheld(d.Act.Kind) {
			return gongxin.Text{ZH: "本院同意申请，并已据此办理。", EN: "The request is granted and carried out."}
		}
		return gongxin.Text{ZH: "本院不同意申请，名单条目的效力不变。", EN: "The request is refused; the listing stands as it is."}
	case gongxin.DocEmployer:
		return gongxin.Text{
			ZH: "本函只供了解情况和依规处理之用。所载信息应当保密，不得公开、转告无关人员或者移作他用。",
			EN: "The letter is for information and for what the rules provide. Its content is confidential and serves nothing else.",
		}
	}
	return gongxin.Text{}
}

// outcome is the effect of a review or a reconsideration. What a review that
// upholds brings about, ending or correction, is put down in a paper of its own;
// a reconsideration that upholds always ends the listing.
func outcome(d register.Draft) gongxin.Text {
	switch last := d.Document.Kind == gongxin.DocReconsideration; {
	case upheld(d.Act.Kind) && (last || d.After.State.Ended()):
		return gongxin.Text{
			ZH: "本决定自作出之日起生效，该名单条目随即终止，据此实施的惩戒措施应当同时解除。",
			EN: "The decision takes effect on the day on which it is made: the listing ends, and what was restricted on it is lifted at once.",
		}
	case upheld(d.Act.Kind):
		return gongxin.Text{
			ZH: "本决定自作出之日起生效，名单信息随即据此纠正；撤销或者更正的文书另行送达。",
			EN: "The decision takes effect on the day on which it is made, and the listing is put right; the paper that ends or corrects it is served with it.",
		}
	case last:
		return gongxin.Text{
			ZH: "本决定自作出之日起生效，名单条目继续有效。",
			EN: "The decision takes effect on the day on which it is made; the listing goes on.",
		}
	}
	return gongxin.Text{
		ZH: "本决定自作出之日起生效，名单条目继续有效；申请复议期间，不停止执行。",
		EN: "The decision takes effect on the day on which it is made; the listing goes on, and reconsideration does not suspend it.",
	}
}

// recipientsOf says who is told of an exit (2.4): everybody who was told of the listing.
func recipientsOf(d register.Draft) gongxin.Text {
	t := gongxin.Text{ZH: "被执行人、申请执行人", EN: "the subject, the creditor"}
	if pushed(d.Before) {
		t.ZH += "、已接收该名单信息的各联合惩戒部门"
		t.EN += ", every department that received the listing"
	}
	if !d.After.Procedure.Notified.IsZero() {
		t.ZH += "、已受告知的被执行人所在单位"
		t.EN += ", the subject's organisation that was told"
	}
	return t
}

// window writes how long a person has.
func window(count int, unit string) gongxin.Text {
	if unit == "workdays" {
		return gongxin.Text{ZH: numeral(count) + "个工作日", EN: fmt.Sprintf("%d working days", count)}
	}
	return gongxin.Text{ZH: numeral(count) + "日", EN: fmt.Sprintf("%d days", count)}
}

// papers are what each kind calls itself.
var papers = map[gongxin.DocumentKind]string{
	gongxin.DocWithdrawal: "本通知", gongxin.DocAnswer: "本答复",
}

// remediesOf lists what the person can do now: against the act, as the register
// says; against a single department; and to be free again.
func (s *Scribe) remediesOf(c *content) []gongxin.Text {
	var all []gongxin.Text
	put := func(zh, en string) { all = append(all, gongxin.Text{ZH: zh, EN: en}) }
	r, paper := c.draft.Remedy, or(papers[c.kind], "本决定")
	var within gongxin.Text // "" where the rules of the day set no time
	if r.Count > 0 {
		w := window(r.Count, r.Unit)
		within = gongxin.Text{ZH: "自收到之日起" + w.ZH + "内，", EN: " within " + w.EN + " of receiving it"}
	}
	to := gongxin.Text{ZH: "上一级人民法院", EN: "the next higher court"}
	if !r.Court.IsZero() {
		to.ZH = s.courtName(r.Court, c.entry)
		to.EN = to.ZH
	}
	switch r.Rule {
	case policy.Objection:
		if r.Court.IsZero() || r.Court == c.draft.Document.Court {
			to = gongxin.Text{ZH: "本院", EN: "this court"}
		}
		put(fmt.Sprintf("认为%s有错误的，可以%s以书面形式向%s申请纠正，说明理由并附相关材料。", paper, within.ZH, to.ZH),
			fmt.Sprintf("If you believe that it is wrong, you may object in writing to %s%s, with reasons and what supports them.", to.EN, within.EN))
	case policy.Reconsideration:
		put(fmt.Sprintf("不服%s的，可以%s以书面形式向%s申请复议。", paper, within.ZH, to.ZH),
			fmt.Sprintf("If you disagree, you may ask %s in writing for reconsideration%s.", to.EN, within.EN))
	}
	switch over := c.draft.After.State.Ended() || upheld(c.draft.Act.Kind); {
	case c.kind == gongxin.DocNotice:
		s.beforeListing(c, put)
	case over && pushed(c.draft.Before):
		put("仍有部门未据此解除惩戒措施的，可以凭本文书向该部门提出，也可以告知执行法院，由执行法院督促其立即解除。",
			"If a department has not lifted a measure, show it this paper, or tell the enforcing court, which will see to it.")
		put("对某一部门保留或者实施的措施有异议的，可以向该部门申请复核。",
			"Against what a single department keeps or does you may ask that department for review.")
	case over:
		put("此后仍因该条目受到限制的，可以凭本文书告知执行法院，由执行法院督促纠正。",
			"If you are restricted on it all the same, tell the enforcing court with this paper.")
	default:
		put("全部履行完毕、和解协议经申请执行人确认履行完毕、案件依法终结执行等退出情形出现的，可以随时向执行法院申请撤销名单信息；提供有效执行担保的，可以请求解除惩戒措施，由执行法院审查决定。",
			"When a ground for exit is there (performed, settled and confirmed, enforcement closed by law), you may at any time ask the enforcing court to withdraw the listing; on effective security it decides whether to lift the measures.")
		if c.kind != gongxin.DocSuspension || c.draft.Act.Kind == gongxin.SuspensionEnded {
			put("对某一部门实施的具体措施有异议的，可以凭该部门告知的编号，向该部门申请复核。",
				"Against a single department's measure you may ask that department for review, with the reference that it gave you.")
		}
	}
	return all
}

// beforeListing announces, on the notice, the window that a decision will open.
func (s *Scribe) beforeListing(c *content, put func(zh, en string)) {
	put("对本提示书所述情况有异议的，可以在本院作出决定前书面陈述意见并提交材料，本院一并审查。",
		"If something in this notice is not right, say so to this court in writing before it decides, with what supports it; the court takes it into account.")
	rule, err := s.policy.Rule(policy.Objection, c.day)
	if err != nil { // no rule on that day: what is not known is not announced
		put("本院决定纳入名单的，可以在收到决定后依法申请纠正，期限以决定书载明的为准。",
			"Should the court decide to list, you may object to the decision within the time that it states.")
		return
	}
	w := window(rule.Count, string(rule.Unit))
	put(fmt.Sprintf("本院决定纳入名单的，可以自收到决定之日起%s内向本院申请纠正；对驳回不服的，可以向上一级人民法院申请复议。", w.ZH),
		fmt.Sprintf("Should the court decide to list, you may object to it within %s of receiving the decision, and ask the next higher court for reconsideration of a rejection.", w.EN))
}
