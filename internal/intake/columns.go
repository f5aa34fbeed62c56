package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Kind is what a file is about.
type Kind uint8

// The kinds of files.
const (
	Persons       Kind = iota + 1 // listings of natural persons, 2.1.2
	Organisations                 // listings of organisations, 2.1.1
	Withdrawals                   // decisions that end listings, 2.4
)

// String returns the name of k, such as persons.
func (k Kind) String() string {
	switch k {
	case Persons:
		return "persons"
	case Organisations:
		return "organisations"
	case Withdrawals:
		return "withdrawals"
	}
	return ""
}

// A field is one thing that a record says, whatever its column is called.
type field uint8

// The fields, in the order of the document, which is the order of the checks.
const (
	fCase field = iota
	fName
	fSex
	fAge
	fNumber
	fLegalRep
	fCourt
	fBasis
	fBasisBody
	fObligation
	fPerformance
	fConduct
	fPublished
	fFiled
	fPerformed
	fUnperformed
	fWithdrawn
	fGround
	fSeverity
	fUntil
	fOrgCode  // beside a credit code: the organisation code in a column of its own
	fReturned // the reason column of a correction file, read by nobody
	nFields
)

// fieldNames are the document's column names; number and name differ by kind.
var fieldNames = [nFields]string{
	fCase: "案号", fName: "姓名", fSex: "性别", fAge: "年龄", fNumber: "身份证号码", fLegalRep: "法定代表人姓名",
	fCourt: "执行法院", fBasis: "执行依据文号", fBasisBody: "作出执行依据单位", fObligation: "法律生效文书确定的义务",
	fPerformance: "被执行人的履行情况", fConduct: "失信被执行人具体情形", fPublished: "发布时间", fFiled: "立案时间",
	fPerformed: "已履行部分", fUnperformed: "未履行部分", fWithdrawn: "撤销时间", fGround: "撤销原因",
	fSeverity: "失信严重程度", fUntil: "失信信息有效期", fOrgCode: "组织机构代码", fReturned: ReasonColumn,
}

// ReasonColumn is the column that a correction file adds. It is no field: a file
// that comes back with it is read as if it were not there.
const ReasonColumn = "退回原因"

// name is what the document calls f in files of kind k.
func (k Kind) name(f field) string {
	switch {
	case f == fName && k == Organisations:
		return "单位名称"
	case f == fNumber && k == Organisations:
		return "统一社会信用代码(组织机构代码)"
	case f == fNumber && k == Withdrawals:
		return "证件号码"
	}
	return fieldNames[f]
}

// listing are the fields that listings of both kinds have.
var listing = []field{fCourt, fBasis, fBasisBody, fObligation, fPerformance, fConduct, fPublished, fFiled, fPerformed,
	fUnperformed, fWithdrawn, fSeverity, fUntil}

var kindFields = map[Kind][]field{
	Persons:       append([]field{fCase, fName, fSex, fAge, fNumber}, listing...),
	Organisations: append([]field{fCase, fName, fNumber, fLegalRep}, listing...),
	Withdrawals:   {fCase, fNumber, fWithdrawn, fGround},
}

// fields are those of files of kind k in the document's order, which is not the
// order of the constants for a withdrawal alone.
func (k Kind) fields() []field { return kindFields[k] }

// needed tells whether a record of kind k must have f. Only 撤销时间 of a listing may
// be left empty: it is, while the listing is in force.
func (k Kind) needed(f field) bool { return f != fWithdrawn || k == Withdrawals }

// Columns returns the document's column names for files of kind k, in order.
func (k Kind) Columns() []string {
	names := make([]string, 0, len(k.fields()))
	for _, f := range k.fields() {
		names = append(names, k.name(f))
	}
	return names
}

const (
	inPersons uint8 = 1 << iota
	inOrganisations
	inWithdrawals
	inListings = inPersons | inOrganisations
	inAll      = inListings | inWithdrawals
)

func (k Kind) bit() uint8 { return 1 << (k - 1) }

// A synonym says which field a heading means, in which kinds of files.
type synonym struct {
	field field
	kinds uint8
}

// headings are the folded headings that are understood. Each line begins with
// the document's own name. The order of entries means nothing.
var headings = func() map[string]synonym {
	all := map[string]synonym{}
	add := func(f field, kinds uint8, names ...string) {
		for _, n := range names {
			all[foldHeading(n)] = synonym{f, kinds}
		}
	}
	add(fCase, inAll, "案号", "执行案号", "执行案件案号", "执行案件编号", "案件案号")
	add(fName, inPersons, "姓名", "被执行人姓名", "失信人姓名", "失信被执行人姓名", "自然人姓名", "个人姓名", "当事人姓名")
	add(fName, inOrganisations, "单位名称", "企业名称", "名称", "被执行人名称", "失信被执行人名称", "公司名称", "机构名称", "组织名称",
		"法人名称", "法人或其他组织名称", "法人及其他组织名称", "法人或者其他组织名称", "被执行单位名称", "被执行单位", "单位全称", "企业全称")
	add(fName, inListings, "被执行人", "被执行人姓名或名称", "被执行人姓名/名称", "被执行人姓名名称", "被执行人名称/姓名", "失信被执行人", "失信被执行人姓名/名称",
		"失信被执行人姓名或名称", "姓名或名称", "姓名/名称", "名称/姓名", "名称或姓名", "当事人", "当事人名称")
	add(fSex, inPersons, "性别", "被执行人性别")
	add(fAge, inPersons, "年龄", "被执行人年龄", "周岁", "年龄周岁")
	add(fNumber, inPersons|inWithdrawals, "身份证号码", "身份证号", "身份证", "公民身份号码", "公民身份证号码", "公民身份证号", "居民身份证号码", "居民身份证号",
		"身份证件号码", "身份证件号", "被执行人身份证号码", "被执行人身份证号", "身份号码")
	add(fNumber, inOrganisations|inWithdrawals, "统一社会信用代码(组织机构代码)", "统一社会信用代码", "统一社会信用代码/组织机构代码",
		"统一社会信用代码或组织机构代码", "组织机构代码/统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "统一代码",
		"组织机构代码或统一社会信用代码", "信用代码/组织机构代码")
	add(fOrgCode, inOrganisations, "组织机构代码", "组织机构代码证号", "机构代码", "组织机构代码证")
	add(fNumber, inAll, "证件号码", "证件号", "身份证号码/组织机构代码", "身份证号码/统一社会信用代码", "身份证号/组织机构代码", "身份证号码或组织机构代码",
		"被执行人证件号码", "证照号码", "身份证号码/组织机构代码证", "证件号码/统一社会信用代码")
	add(fLegalRep, inOrganisations, "法定代表人姓名", "法定代表人", "法人代表", "法人代表姓名", "法定代表人或负责人姓名", "法定代表人或者负责人姓名",
		"法定代表人/负责人", "法定代表人(负责人)姓名", "法定代表人或负责人", "企业法定代表人姓名", "企业法人姓名")
	add(fCourt, inListings, "执行法院", "执行法院名称", "法院名称", "执行法院全称")
	add(fBasis, inListings, "执行依据文号", "执行依据", "依据文号", "执行依据案号", "执行依据号", "生效法律文书文号")
	add(fBasisBody, inListings, "作出执行依据单位", "做出执行依据单位", "作出执行依据的单位", "做出执行依据的单位", "作出执行依据机构", "执行依据制作单位", "执行依据作出单位",
		"执行依据做出单位", "执行依据单位")
	add(fObligation, inListings, "法律生效文书确定的义务", "生效法律文书确定的义务", "生效法律文书所确定的义务", "法律文书确定的义务", "确定的义务", "生效文书确定的义务",
		"应履行义务", "法律生效文书确定义务")
	add(fPerformance, inListings, "被执行人的履行情况", "被执行人履行情况", "履行情况", "失信被执行人的履行情况")
	add(fConduct, inListings, "失信被执行人具体情形", "失信被执行人行为具体情形", "失信行为具体情形", "失信具体情形", "具体情形", "失信情形",
		"失信被执行人行为的具体情形", "失信行为情形", "失信被执行人失信行为具体情形")
	add(fPublished, inListings, "发布时间", "发布日期", "公布日期", "公布时间", "发布日", "公开日期", "公开时间", "公示日期", "公示时间")
	add(fFiled, inListings, "立案时间", "立案日期", "立案日", "收案日期", "收案时间", "执行立案时间", "执行立案日期")
	add(fPerformed, inListings, "已履行部分", "已履行", "已经履行部分", "已履行金额", "已履行情况", "被执行人已履行部分")
	add(fUnperformed, inListings, "未履行部分", "未履行", "尚未履行部分", "未履行金额", "未履行情况", "被执行人未履行部分")
	add(fWithdrawn, inAll, "撤销时间", "撤销日期", "撤销日", "屏蔽时间", "屏蔽日期", "删除时间", "删除日期", "退出时间", "退出日期", "撤销或屏蔽时间")
	add(fGround, inWithdrawals, "撤销原因", "撤销理由", "撤销事由", "屏蔽原因", "删除原因", "退出原因", "撤销依据", "退出事由")
	add(fSeverity, inListings, "失信严重程度", "严重程度", "失信程度")
	add(fUntil, inListings, "失信信息有效期", "有效期", "信息有效期", "有效期限", "失信有效期", "有效期至", "失信信息有效期至", "有效期截止日期", "失信信息有效期限",
		"有效期届满日期", "失信信息有效期截止日期")
	add(fReturned, inAll, ReasonColumn)
	return all
}()

// lookup finds what a heading means: as it is, else without what stands in brackets.
func lookup(heading string) (synonym, bool) {
	if len(heading) > 200 { // no heading is so long; a title or a remark may be
		return synonym{}, false
	}
	if s, ok := headings[foldHeading(heading)]; ok {
		return s, true
	}
	s, ok := headings[foldHeading(outsideBrackets(heading))]
	return s, ok
}

// foldHeading reduces a heading to the characters that carry its meaning: letters,
// digits and Han, half-width and lower-case, without a number in front.
func foldHeading(s string) string {
	var b strings.Builder
	for _, r := range s {
		if 0xFF01 <= r && r <= 0xFF5E {
			r -= 0xFEE0
		}
		if unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) || r == '〇' || '0' <= r && r <= '9' && b.Len() > 0 {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// outsideBrackets drops bracketed remarks: 发布时间（年月日）, 已履行部分(元), 【必填】姓名.
func outsideBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch r {
		case '(', '（', '[', '【', '〔', '［', '<', '《', '〈', '{':
			depth++
		case ')', '）', ']', '】', '〕', '］', '>', '》', '〉', '}':
			depth = max(0, depth-1)
		default:
			if depth == 0 && utf8.ValidRune(r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
