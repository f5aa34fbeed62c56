package documents

import (
	"slices"

	"gongxin"
)

// A field is something that a paper can say in the place of {its Chinese name}.
type field uint8

// The fields. The flags at the end say only whether something is so: their value
// is their own name, or nothing.
const (
	noField field = iota

	court
	enforcing
	caseNumber
	number
	date
	listing
	subject
	you
	party
	sex
	birth
	idName
	id
	legalRep
	basis
	basisBody
	obligation
	performance
	conduct
	filed
	performed
	unperformed
	severity
	until
	motion
	noticed
	firstNumber
	firstDay
	reason
	changes
	suspended
	was
	objected
	reviewNumber
	reviewed
	reconsidered
	asked
	request
	requestGround
	ground
	ended
	recipients
	employer
	law
	effect
	remedies

	isPerson
	isOrganisation
	isPublic
	isNonPublic
	isEndless
	isSuspended
	isResumed
	isUpheld
	isRejected
	isRevoked
	isCorrected
	isWrong
	isExpired
	isLate
	isPushed
	isPublished
	isEnded
	isListed

	fieldCount
)

// names are the fields' key in Data, and their names in Chinese and in English.
var names = [fieldCount]struct{ key, zh, en string }{
	court:         {"court", "法院", "court that issues the paper"},
	enforcing:     {"enforcing_court", "执行法院", "enforcing court"},
	caseNumber:    {"case", "案号", "case number"},
	number:        {"number", "文书编号", "number of the paper"},
	date:          {"date", "日期", "date of the paper"},
	listing:       {"listing", "条目编号", "listing"},
	subject:       {"subject", "被执行人", "subject"},
	you:           {"you", "称谓", "form of address"},
	party:         {"party", "被执行人情况", "the subject in full"},
	sex:           {"sex", "性别", "sex"},
	birth:         {"birth", "出生日期", "date of birth"},
	idName:        {"id_kind", "证件名称", "kind of identifier"},
	id:            {"id", "证件号码", "identifier"},
	legalRep:      {"legal_rep", "法定代表人", "legal representative"},
	basis:         {"basis", "执行依据", "instrument enforced"},
	basisBody:     {"basis_body", "作出执行依据单位", "body that made the instrument"},
	obligation:    {"obligation", "义务", "obligation"},
	performance:   {"performance", "履行情况", "how it was performed"},
	conduct:       {"conduct", "失信情形", "conduct"},
	filed:         {"filed", "立案日期", "case filed on"},
	performed:     {"performed", "已履行部分", "performed part"},
	unperformed:   {"unperformed", "未履行部分", "unperformed part"},
	severity:      {"severity", "严重程度", "severity as the court marked it"},
	until:         {"until", "期限", "last day in force"},
	motion:        {"motion", "启动方式", "how it was begun"},
	noticed:       {"noticed", "提示日期", "risk notice served on"},
	firstNumber:   {"decision", "原决定编号", "number of the listing decision"},
	firstDay:      {"decided", "原决定日期", "listing decided on"},
	reason:        {"reason", "理由", "reasons"},
	changes:       {"changes", "更正内容", "what is put right"},
	suspended:     {"suspended", "中止日期", "suspended since"},
	was:           {"was", "原期限", "last day before"},
	objected:      {"objected", "纠正申请日期", "objection filed on"},
	reviewNumber:  {"review", "审查决定编号", "number of the review decision"},
	reviewed:      {"reviewed", "审查决定日期", "reviewed on"},
	reconsidered:  {"reconsidered", "复议申请日期", "reconsideration asked for on"},
	asked:         {"asked", "申请日期", "request filed on"},
	request:       {"request", "申请事项", "what was asked for"},
	requestGround: {"request_ground", "申请情形", "ground that the person stated"},
	ground:        {"ground", "退出情形", "ground of the exit"},
	ended:         {"ended", "终止日期", "ended on"},
	recipients:    {"recipients", "通知对象", "who is told"},
	employer:      {"employer", "所在单位", "organisation told"},
	law:           {"law", "法律依据", "legal basis"},
	effect:        {"effect", "效力", "effect"},
	remedies:      {"remedies", "救济途径", "remedies"},

	isPerson:       {zh: "自然人", en: "a person"},
	isOrganisation: {zh: "单位", en: "an organisation"},
	isPublic:       {zh: "公开", en: "the listing is public"},
	isNonPublic:    {zh: "不公开", en: "the listing is not public (2.1.4)"},
	isEndless:      {zh: "无期限", en: "the court set no last day"},
	isSuspended:    {zh: "中止", en: "the act suspends"},
	isResumed:      {zh: "恢复", en: "the act ends a suspension"},
	isUpheld:       {zh: "成立", en: "upheld, or granted"},
	isRejected:     {zh: "驳回", en: "rejected, or refused"},
	isRevoked:      {zh: "撤销", en: "upheld by ending the listing"},
	isCorrected:    {zh: "更正", en: "upheld by correcting it"},
	isWrong:        {zh: "纳入错误", en: "the listing was wrongly made"},
	isExpired:      {zh: "期限届满", en: "the term is over"},
	isLate:         {zh: "逾期", en: "filed after its window"},
	isPushed:       {zh: "已推送", en: "departments have received the listing"},
	isPublished:    {zh: "已公布", en: "the public has seen the listing"},
	isEnded:        {zh: "已终止", en: "the listing has ended"},
	isListed:       {zh: "未终止", en: "the listing has not ended"},
}

// flag tells whether f only says whether something is so.
func (f field) flag() bool { return f >= isPerson }

// A form is what belongs to one kind of document.
type form struct {
	fields   []field // that a template may name
	required []field // of them, those that it must
	by       signer
}

// A signer is how a paper is signed.
type signer uint8

const (
	byCourt signer = iota // name of the court, date, seal: notices, answers, letters
	byJudge               // judge, date, seal, clerk: decisions
)

// always are the fields of every kind.
var always = []field{court, enforcing, caseNumber, number, date, listing, subject, law, effect, isPerson, isOrganisation, isPublic, isNonPublic}

// toPerson are the further fields of papers that go to the person concerned, who
// is named in full.
var toPerson = []field{you, party, sex, birth, idName, id, legalRep, until, severity, remedies}

// facts are what the case is about.
var facts = []field{basis, basisBody, obligation, performance, conduct, filed, performed, unperformed}

// forms say what each kind may and must hold. The letter to the subject's
// organisation has neither the facts of the case nor remedies: they are the person's.
var forms = map[gongxin.DocumentKind]form{
	gongxin.DocNotice: {
		join(always, toPerson, facts),
		[]field{subject, caseNumber, obligation, law, effect, remedies}, byCourt},
	gongxin.DocDecision: {
		join(always, toPerson, facts, []field{motion, noticed, isEndless}),
		[]field{party, caseNumber, conduct, until, law, effect, remedies}, byJudge},
	gongxin.DocCorrection: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, changes}),
		[]field{party, caseNumber, changes, reason, law, effect, remedies}, byJudge},
	gongxin.DocSuspension: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, suspended, isSuspended, isResumed}),
		[]field{party, caseNumber, reason, law, effect, remedies}, byJudge},
	gongxin.DocExtension: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, was}),
		[]field{party, caseNumber, reason, until, law, effect, remedies}, byJudge},
	gongxin.DocReview: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, changes, objected, isUpheld, isRejected, isRevoked, isCorrected, isLate}),
		[]field{party, caseNumber, reason, law, effect, remedies}, byJudge},
	gongxin.DocReconsideration: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, reviewNumber, reviewed, reconsidered, isUpheld, isRejected, isLate}),
		[]field{party, caseNumber, reason, law, effect, remedies}, byJudge},
	gongxin.DocWithdrawal: {
		join(always, toPerson, []field{firstNumber, firstDay, ground, reason, ended, recipients, isWrong, isExpired, isPushed, isPublished}),
		[]field{subject, caseNumber, ground, ended, recipients, law, effect, remedies}, byCourt},
	gongxin.DocAnswer: {
		join(always, toPerson, []field{firstNumber, firstDay, reason, changes, asked, request, requestGround, isUpheld, isRejected}),
		[]field{subject, caseNumber, request, reason, law, effect, remedies}, byCourt},
	gongxin.DocEmployer: {
		join(always, []field{idName, id, employer, until, ended, isEndless, isEnded, isListed}),
		[]field{subject, caseNumber, law, effect}, byCourt},
}

func join(parts ...[]field) []field {
	all := slices.Concat(parts...)
	slices.Sort(all)
	return all
}

// TakesCode tells whether papers of kind have a place for a one-time access code.
func TakesCode(kind gongxin.DocumentKind) bool { return kind == gongxin.DocDecision }
