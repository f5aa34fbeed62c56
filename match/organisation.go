package match

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// An organisation is the name of one, taken apart after folding: place, what it is
// called and does, legal form, and the branch of it that is meant, if one is.
type organisation struct {
	place  place  // where, zero if none is named
	stem   string // 恒瑞贸易
	form   string // legal form in one writing of several; "" for those whose name says none
	branch string // 苏州分公司, with the place in its short name

	writtenPlace, writtenForm string // as the folded name has them
}

// key puts the parts together in one order.
func (o *organisation) key() string { return o.place.name + o.stem + o.form + o.branch }

// endings mark a name of four characters and more as an organisation's.
var endings = strings.Fields(`公司 集团 企业 合伙 厂 店 中心 社 院 所 部 局 会 学校 大学 中学 小学 学院 幼儿园 银行 分行 支行 商行 车行 馆 场 站 行 室 队 处 坊 吧 苑 城 园
	组 村 矿 寺 大厦 公寓 车间 酒楼 饭庄 网吧 门诊 药房 超市 商号 基地 平台 总部 政府 合伙) 合伙企业 个体工商户 有限 庄园 农庄`)

// IsOrganisation tells whether name reads as an organisation's and not as a person's.
// Chinese names of up to three characters are persons'.
func IsOrganisation(name string) bool { return isOrganisation(Fold(name)) }

// shortest is the length in bytes of the shortest name of an organisation: four characters.
const shortest = 4 * len("司")

func isOrganisation(folded string) bool {
	if len(folded) < shortest && (folded == "" || folded[0] >= utf8.RuneSelf) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(folded); first < utf8.RuneSelf {
		if isLatin(folded) {
			return latinOrganisation(folded)
		}
	} else if strings.Contains(folded, "·") && !strings.Contains(folded, "公司") {
		return false
	}
	if strings.Contains(folded, "公司") || strings.Contains(folded, "企业") || strings.Contains(folded, "合伙") {
		return true
	}
	body := folded
	if i := strings.LastIndexByte(body, '('); i > 0 && strings.HasSuffix(body, ")") {
		body = body[:i]
	}
	if len(body) < shortest {
		return false
	}
	n := utf8.RuneCountInString(body)
	for _, e := range byLast()[lastOf(body)] {
		if strings.HasSuffix(body, e) && (n > 4 || len(e) > len("店")) {
			return true
		}
	}
	return false
}

// byLast has the endings by their last character.
var byLast = sync.OnceValue(func() map[rune][]string {
	m := map[rune][]string{}
	for _, e := range endings {
		m[lastOf(e)] = append(m[lastOf(e)], e)
	}
	return m
})

// latinShort writes the forms of firms abroad short.
var latinShort = strings.NewReplacer("companylimited", "coltd", "limited", "ltd", "corporation", "corp", "incorporated", "inc", "company", "co")

// latinForms end the names of firms abroad.
var latinForms = strings.Fields("ltd limited inc incorporated llc corp corporation gmbh plc sarl co.")

func latinOrganisation(folded string) bool {
	bare := strings.TrimRight(folded, ".,)")
	for _, f := range latinForms {
		if strings.HasSuffix(bare, f) && len(bare) > len(f)+2 {
			return true
		}
	}
	return false
}

// notes begin what stands in brackets and is no part of a name.
var notes = strings.Fields("原 曾用名 又名 别名 化名 简称 以下简称 下称 筹 已吊销 吊销 已注销 注销 已更名 现 自然人 个体 台港澳 外商 国有 有限责任 法人 身份 男 女 组织机构 统一社会")

func isNote(inside string) bool {
	for _, n := range notes {
		if strings.HasPrefix(inside, n) {
			return true
		}
	}
	return false
}

// forms are the writings of legal forms, the longer before what they end in.
var forms = []struct{ written, form string }{
	{"股份有限责任公司", "股份有限公司"},
	{"股份有限公司", "股份有限公司"},
	{"股份公司", "股份有限公司"},
	{"有限责任公司", "有限公司"},
	{"有限公司", "有限公司"},
	{"公司", "公司"},
	{"合伙企业(有限合伙)", "有限合伙"},
	{"合伙企业有限合伙", "有限合伙"},
	{"有限合伙企业", "有限合伙"},
	{"(有限合伙)", "有限合伙"},
	{"有限合伙", "有限合伙"},
	{"合伙企业(特殊普通合伙)", "特殊普通合伙"},
	{"特殊普通合伙企业", "特殊普通合伙"},
	{"(特殊普通合伙)", "特殊普通合伙"},
	{"合伙企业(普通合伙)", "普通合伙"},
	{"合伙企业普通合伙", "普通合伙"},
	{"普通合伙企业", "普通合伙"},
	{"(普通合伙)", "普通合伙"},
	{"普通合伙", "普通合伙"},
	{"合伙企业", "合伙企业"},
}

// branches end the name of a part of a company that is registered by itself.
var branches = strings.Fields("分公司 支公司 子公司 分厂 分店 分部 分行 支行 营业部 办事处 门市部 经营部 项目部 分院 分校 代表处 工程处 加油站 服务部 店 厂 站 部 处 所")

// readOrganisation takes a folded name apart.
func readOrganisation(folded string) organisation {
	_, has := foldWith(table(), folded)
	return readOrganisationWith(folded, has)
}

// readOrganisationWith takes a folded name apart; has is what the table says of its
// characters together, 0 if they are not all in it.
func readOrganisationWith(folded string, has entry) organisation {
	if has != 0 && has&(mark|word) == 0 {
		return readParts(folded, place{}, "", has)
	}
	s := strings.TrimRight(folded, ".。,，、;；:：*\"'“”")
	s = strings.TrimLeft(s, "\"'“”*")
	if strings.Count(s, "(") > strings.Count(s, ")") { // a field that was cut off
		s += ")"
	}
	var bracketed place
	var written string
	s = eachBracket(s, func(inside string) (keep bool) {
		if isNote(inside) {
			return false
		}
		if where, rest := takeRegion(inside); where.name != "" && rest == "" && written == "" {
			bracketed, written = where, inside
			return false
		}
		return true
	})
	s = strings.ReplaceAll(s, "合夥", "合伙") // 夥 is a character of its own, but not here
	return readParts(s, bracketed, written, 0)
}

// readParts takes apart what is left when the place in brackets and notes are taken out.
func readParts(s string, bracketed place, written string, has entry) (o organisation) {
	all := s
	o.place, s = takeRegion(s)
	o.writtenPlace = all[:len(all)-len(s)]
	if s == "" { // a place alone is a name
		o.place, o.writtenPlace, s = place{}, "", all
	}
	if written != "" {
		if o.place.name == "" {
			o.place, o.writtenPlace = bracketed, "("+written+")"
		} else if same, _ := o.place.relation(bracketed); !same {
			// 上海恒瑞（苏州）有限公司 names two places: the second stays in the name.
			if i := lastForm(s); i > 0 {
				s = s[:i] + bracketed.name + s[i:]
			} else {
				s += bracketed.name
			}
		}
	}
	if i := strings.LastIndex(s, "公司"); i >= 0 {
		head, tail := s[:i+len("公司")], s[i+len("公司"):]
		if strings.HasSuffix(s, "公司") { // 恒瑞有限公司苏州分公司: the head ends at the one before
			if j := strings.LastIndex(s[:i], "公司"); j > 0 {
				head, tail = s[:j+len("公司")], s[j+len("公司"):]
			}
		}
		if tail != "" && isBranch(tail) {
			at, rest := takeRegion(dropMarks(tail))
			s, o.branch = head, at.name+rest
		}
	}
	for _, f := range forms {
		if stem, ok := strings.CutSuffix(s, f.written); ok && stem != "" {
			s, o.form, o.writtenForm = stem, f.form, f.written
			break
		}
	}
	if o.stem = s; has == 0 || has&loose != 0 {
		o.stem = loosen(arabicOrdinals(dropMarks(s)))
	}
	if has&han == 0 && isLatin(o.stem) {
		o.stem = latinShort.Replace(decomposed(o.stem))
	}
	if o.stem == "" {
		o.stem, o.form = o.form, ""
	}
	return o
}

func isBranch(tail string) bool {
	for _, b := range branches {
		if strings.HasSuffix(tail, b) {
			return true
		}
	}
	return false
}

// lastForm returns where the legal form at the end of s begins, 0 if there is none.
func lastForm(s string) int {
	for _, f := range forms {
		if strings.HasSuffix(s, f.written) {
			return len(s) - len(f.written)
		}
	}
	return 0
}

// eachBracket leaves out of s the bracketed parts that keep refuses, brackets and all.
func eachBracket(s string, keep func(inside string) bool) string {
	for from := 0; ; {
		open := strings.IndexByte(s[from:], '(')
		if open < 0 {
			return s
		}
		open += from
		shut := strings.IndexByte(s[open:], ')')
		if shut < 0 {
			return s
		}
		shut += open
		if keep(s[open+1 : shut]) {
			from = shut + 1
			continue
		}
		s, from = s[:open]+s[shut+1:], open
	}
}

// dropMarks leaves out brackets, dots, hyphens and other marks.
func dropMarks(s string) string {
	t := table()
	if strings.IndexFunc(s, func(r rune) bool { return isMark(t, r) }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isMark(t, r) {
			return -1
		}
		return r
	}, s)
}

// loosen writes the characters of s as Key does.
func loosen(s string) string {
	t := table()
	for _, r := range s {
		if t.of(r)&loose != 0 {
			return strings.Map(looseShape, s)
		}
	}
	return s
}

// arabicOrdinals writes 第一 and 第十二 as 第1 and 第12, up to 99.
func arabicOrdinals(s string) string {
	at := strings.Index(s, "第")
	if at < 0 {
		return s
	}
	at += len("第")
	n, ten, end := 0, false, at
	for i, r := range s[at:] {
		digit := strings.Index("〇一二三四五六七八九", string(r))
		switch {
		case r == '十' && !ten:
			n, ten = max(n, 1)*10, true
		case digit >= 0 && (ten && n%10 == 0 || !ten && n == 0):
			n += digit / len("一")
		default:
			digit = -2
		}
		if digit == -2 {
			break
		}
		end = at + i + utf8.RuneLen(r)
	}
	if n == 0 {
		return s
	}
	digits := []byte{'0' + byte(n%10)}
	if n >= 10 {
		digits = []byte{'0' + byte(n/10), '0' + byte(n%10)}
	}
	return s[:at] + string(digits) + s[end:]
}
