package hub

import "gongxin"

// What the person concerned is told, in words.
var (
	suspendsNothing = gongxin.Text{
		ZH: "申请纠正、申请复议以及其他请求，均不停止名单的执行；由法院另行作出决定后，名单才会变动（二（三））。",
		EN: "Neither an objection nor a reconsideration nor any other request suspends the listing; it changes only when the court decides so (2.3).",
	}
	lateSays = gongxin.Text{
		ZH: "本次提出已超过规定的期限，系统如实记录为逾期提出；法院仍会审查并答复。",
		EN: "This was filed after the time for it had passed and is recorded as late; the court reviews and answers it all the same.",
	}
	keepCode = gongxin.Text{
		ZH: "原查询码已失效。请妥善保存新的查询码，下次登录时使用；遗失的，请向执行法院申请重新打印。",
		EN: "The code that you used no longer holds. Keep the new one for the next time; if it is lost, ask the enforcing court to print another.",
	}
)

// What the board says of a witness.
var (
	witnessIs   = gongxin.Text{ZH: "见证方", EN: "witness"}
	witnessLate = gongxin.Text{ZH: "未按时联署最新的检查点", EN: "has not cosigned the newest checkpoint in time"}
)

// stateSays tells the person concerned how the listing stands.
var stateSays = map[gongxin.State]gongxin.Text{
	gongxin.ToNotice:  {ZH: "风险提示书已拟就，尚未送达；您未被纳入名单。", EN: "The risk notice is drafted and not served yet; you are not on the list."},
	gongxin.Noticed:   {ZH: "风险提示书已送达；您未被纳入名单。", EN: "The risk notice was served; you are not on the list."},
	gongxin.Initiated: {ZH: "纳入程序已经启动，法院尚未作出决定；您未被纳入名单。", EN: "The procedure has begun and the court has not decided; you are not on the list."},
	gongxin.Proposed:  {ZH: "决定正在法院内部审批；您未被纳入名单。", EN: "A decision is being considered by the court; you are not on the list."},
	gongxin.Decided:   {ZH: "法院已决定将您纳入名单，决定书尚未送达，名单尚未生效。", EN: "The court decided to list you; the decision is not served yet and the listing has no effect."},
	gongxin.Delivered: {ZH: "决定书已送达，名单尚未生效。", EN: "The decision was served; the listing has no effect yet."},
	gongxin.InForce:   {ZH: "名单正在生效，各部门依此采取惩戒措施。", EN: "The listing is in force and the departments apply their measures."},
	gongxin.Suspended: {ZH: "因提供担保，惩戒措施中止；名单仍然保留。", EN: "On security given, the measures are suspended; the listing stands."},
	gongxin.Withdrawn: {ZH: "名单已撤销，各部门应当解除惩戒措施。", EN: "The listing was withdrawn, and the departments have to lift their measures."},
	gongxin.Expired:   {ZH: "名单期限届满，已自动终止，各部门应当解除惩戒措施。", EN: "The term of the listing is over, and the departments have to lift their measures."},
	gongxin.Revoked:   {ZH: "名单因纳入错误已撤销，各部门应当解除惩戒措施。", EN: "The listing was revoked as wrongly made, and the departments have to lift their measures."},
	gongxin.Dropped:   {ZH: "程序在作出决定之前已经终结；您未被纳入名单。", EN: "The procedure ended before any decision; you were never on the list."},
}

// stepSays tells the person concerned what happened. What is not here is the
// court's own work and not told: drafts, searches for property, what departments propose.
var stepSays = map[gongxin.EventKind]gongxin.Text{
	gongxin.NoticeServed:            {ZH: "风险提示书已送达", EN: "risk notice served"},
	gongxin.ListingDecided:          {ZH: "决定纳入名单", EN: "decision to list"},
	gongxin.DecisionServed:          {ZH: "决定书已送达", EN: "decision served"},
	gongxin.ListingPublished:        {ZH: "名单生效", EN: "listing in force"},
	gongxin.ListingAdmitted:         {ZH: "法院报送已决定的名单，名单生效", EN: "submitted by the court as decided; listing in force"},
	gongxin.ListingCorrected:        {ZH: "更正名单信息", EN: "entry corrected"},
	gongxin.TermExtended:            {ZH: "延长期限", EN: "term extended"},
	gongxin.ListingSuspended:        {ZH: "中止惩戒措施", EN: "measures suspended"},
	gongxin.SuspensionEnded:         {ZH: "恢复惩戒措施", EN: "suspension ended"},
	gongxin.ListingWithdrawn:        {ZH: "撤销名单", EN: "listing withdrawn"},
	gongxin.ListingExpired:          {ZH: "期限届满，名单终止", EN: "term over, listing ended"},
	gongxin.ListingRevoked:          {ZH: "因纳入错误撤销名单", EN: "listing revoked as wrongly made"},
	gongxin.ListingDropped:          {ZH: "未作决定，程序终结", EN: "procedure ended without a decision"},
	gongxin.ObjectionFiled:          {ZH: "申请纠正", EN: "objection filed"},
	gongxin.ObjectionUpheld:         {ZH: "纠正申请成立", EN: "objection upheld"},
	gongxin.ObjectionRejected:       {ZH: "驳回纠正申请", EN: "objection rejected"},
	gongxin.RejectionServed:         {ZH: "驳回决定已送达", EN: "rejection served"},
	gongxin.ReconsiderationFiled:    {ZH: "申请复议", EN: "reconsideration asked for"},
	gongxin.ReconsiderationUpheld:   {ZH: "复议申请成立", EN: "reconsideration upheld"},
	gongxin.ReconsiderationRejected: {ZH: "驳回复议申请", EN: "reconsideration rejected"},
	gongxin.RequestFiled:            {ZH: "提出请求", EN: "request filed"},
	gongxin.RequestGranted:          {ZH: "同意请求", EN: "request granted"},
	gongxin.RequestRefused:          {ZH: "不同意请求", EN: "request refused"},
	gongxin.GroundRecorded:          {ZH: "法院确认退出情形已经出现", EN: "the court recorded that a ground for exit is there"},
	gongxin.OrganisationNotified:    {ZH: "已告知所在单位", EN: "your organisation was told"},
}

// remedySays tells what the person concerned can still do.
var remedySays = map[string]gongxin.Text{
	askObjection:       {ZH: "可以向执行法院申请纠正", EN: "you may object to the enforcing court"},
	askReconsideration: {ZH: "可以向上一级人民法院申请复议", EN: "you may ask the next higher court for reconsideration"},
	askCorrection:      {ZH: "可以申请更正不准确的信息", EN: "you may ask for the correction of what is inaccurate"},
	askWithdrawal:      {ZH: "退出情形出现的，可以申请撤销", EN: "where a ground for exit is there, you may ask for withdrawal"},
}
