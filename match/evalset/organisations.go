package main

import (
	"fmt"
	"strings"
)

// organisations are the kinds of pairs of organisations: first those that are one name,
// then those that are two.
var organisations = []kind{
	{"org_width", true, func(s *set) (string, string, bool) {
		f := s.firm()
		f.industry = pick(s, []string{"ABC", "3D打印", "LED照明", "IT"}) + f.industry
		return f.String(), full(f.String()), true
	}},
	{"org_spaces", true, func(s *set) (string, string, bool) {
		f := s.firm()
		return f.String(), s.with(f.String(), pick(s, []string{" ", "　", "\u200b", "\n", "\u00a0"})), true
	}},
	{"org_traditional", true, func(s *set) (string, string, bool) {
		f := s.firm()
		t, changed := s.inTraditional(f.String())
		return f.String(), t, changed > 0
	}},
	{"org_brackets", true, func(s *set) (string, string, bool) {
		f := s.firm()
		name := fmt.Sprintf("%s%s（集团）%s", f.city, f.brand, f.form)
		p := pick(s, [][2]string{{"(", ")"}, {"〔", "〕"}, {"【", "】"}, {"[", "]"}, {"﹙", "﹚"}, {"(", "）"}})
		return name, strings.NewReplacer("（", p[0], "）", p[1]).Replace(name), f.form != ""
	}},
	{"org_bracket_left_out", true, func(s *set) (string, string, bool) {
		f := s.firm()
		return fmt.Sprintf("%s%s（集团）有限公司", f.city, f.brand), fmt.Sprintf("%s%s集团有限公司", f.city, f.brand), true
	}},
	{"org_form", true, func(s *set) (string, string, bool) { // 有限责任公司 is 有限公司 in full
		f := s.limited()
		other := f
		other.form = "有限责任公司"
		return f.String(), other.String(), true
	}},
	{"org_form_stock", true, func(s *set) (string, string, bool) {
		f := s.limited()
		f.form = "股份有限公司"
		other := f
		other.form = "股份公司"
		return f.String(), other.String(), true
	}},
	{"org_form_partners", true, func(s *set) (string, string, bool) {
		f := s.limited()
		f.form = "合伙企业（有限合伙）"
		other := f
		other.form = pick(s, []string{"合伙企业(有限合伙)", "合伙企业有限合伙", "有限合伙企业", "（有限合伙）"})
		return f.String(), other.String(), true
	}},
	{"org_place_kind", true, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		other.city = f.kind()
		return f.String(), other.String(), f.city != other.city
	}},
	{"org_place_province", true, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		other.city = f.province() + pick(s, []string{f.city, f.kind()})
		return f.String(), other.String(), f.city != "江苏"
	}},
	{"org_place_bracket", true, func(s *set) (string, string, bool) { // 苏州澄澜科技 and 澄澜科技（苏州）
		f := s.limited()
		if s.IntN(3) == 0 {
			return f.String(), f.brand + "（" + f.city + "）" + f.industry + f.form, true
		}
		return f.String(), f.brand + f.industry + pick(s, []string{"（" + f.city + "）", "(" + f.kind() + ")"}) + f.form, true
	}},
	{"org_place_county", true, func(s *set) (string, string, bool) {
		p := pick(s, counties)
		f := s.limited()
		f.city = p[0]
		other := f
		other.city = p[1]
		return f.String(), other.String(), true
	}},
	{"org_ordinal", true, func(s *set) (string, string, bool) {
		f := s.firm()
		n := 1 + s.IntN(12)
		han := strings.Fields("一 二 三 四 五 六 七 八 九 十 十一 十二")[n-1]
		name := "%s第%v" + pick(s, []string{"建筑工程公司", "纺织厂", "人民医院", "运输公司", "中学"})
		return fmt.Sprintf(name, f.kind(), han), fmt.Sprintf(name, f.kind(), n), true
	}},
	{"org_note", true, func(s *set) (string, string, bool) {
		f := s.limited()
		return f.String(), f.String() + pick(s, []string{"（已吊销）", "(已注销)", "（原" + s.limited().String() + "）", "（以下简称" + f.brand + "公司）", "。", "(自然人独资)"}), true
	}},
	{"org_branch_written", true, func(s *set) (string, string, bool) {
		f, at := s.limited(), s.draw(s.city)
		other := f
		other.form = "有限责任公司"
		return f.String() + at + "分公司", other.String() + at + pick(s, []string{"分公司", "市分公司"}), at != "江苏" && !strings.HasSuffix(at, "港")
	}},
	{"org_several", true, func(s *set) (string, string, bool) {
		f := s.limited()
		other := f
		other.city, other.form = f.kind(), "有限责任公司"
		t, _ := s.inTraditional(other.String())
		return f.String(), t, true
	}},

	{"org_other_place", false, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		other.city = s.draw(s.city)
		return f.String(), other.String(), other.city != f.city
	}},
	{"org_other_place_bracket", false, func(s *set) (string, string, bool) {
		f := s.limited()
		city := s.draw(s.city)
		return f.String(), f.brand + f.industry + "（" + city + "）" + f.form, city != f.city
	}},
	{"org_no_place", false, func(s *set) (string, string, bool) {
		f := s.limited()
		other := f
		other.city = ""
		return f.String(), other.String(), true
	}},
	{"org_two_places", false, func(s *set) (string, string, bool) {
		f, city := s.limited(), s.draw(s.city)
		return f.String(), f.city + f.brand + f.industry + "（" + city + "）" + f.form, city != f.city
	}},
	{"org_other_form", false, func(s *set) (string, string, bool) {
		f := s.limited()
		other := f
		other.form = pick(s, []string{"股份有限公司", "集团有限公司", "厂", "合伙企业（有限合伙）", "经营部"})
		return f.String(), other.String(), true
	}},
	{"org_other_industry", false, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		other.industry = s.draw(s.industries)
		return f.String(), other.String(), other.industry != f.industry
	}},
	{"org_other_brand", false, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		other.brand = s.draw(s.brands) + string([]rune(f.brand)[1])
		return f.String(), other.String(), other.brand != f.brand
	}},
	{"org_brand_homophone", false, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		_, b, ok := s.sounding(f.brand, s.IntN(2), s.sounds, true)
		other.brand = b
		return f.String(), other.String(), ok
	}},
	{"org_brand_turned", false, func(s *set) (string, string, bool) {
		f := s.firm()
		other := f
		r := []rune(f.brand)
		other.brand = string([]rune{r[1], r[0]})
		return f.String(), other.String(), r[0] != r[1]
	}},
	{"org_branch", false, func(s *set) (string, string, bool) {
		f := s.limited()
		return f.String(), f.String() + s.draw(s.city) + pick(s, []string{"分公司", "分店", "营业部", "办事处"}), true
	}},
	{"org_two_branches", false, func(s *set) (string, string, bool) {
		f, a, b := s.limited(), s.draw(s.city), s.draw(s.city)
		return f.String() + a + "分公司", f.String() + b + "分公司", a != b
	}},
	{"org_other_ordinal", false, func(s *set) (string, string, bool) {
		f := s.firm()
		n := strings.Fields("一 二 三 四 五 六 七 八 九 十 十一 十二")
		a, b := pick(s, n), pick(s, n)
		return f.kind() + "第" + a + "建筑工程公司", f.kind() + "第" + b + "建筑工程公司", a != b
	}},
	{"org_person", false, func(s *set) (string, string, bool) {
		name := s.person()
		return name, f2(s, name), true
	}},
}

// f2 is a firm that is called after a person.
func f2(s *set, name string) string {
	return s.draw(s.city) + name + s.draw(s.industries) + "有限公司"
}

// counties are places that are written with and without what lies above them, or by the
// kind of place that they once were.
var counties = [][2]string{
	{"昆山", "苏州昆山"}, {"昆山市", "江苏省昆山市"}, {"吴江", "苏州市吴江区"}, {"吴江市", "吴江"}, {"江宁", "南京市江宁区"}, {"常熟", "江苏常熟"},
	{"张家港", "苏州市张家港"}, {"太仓市", "太仓"}, {"江阴", "无锡江阴"}, {"宜兴市", "江苏省无锡市宜兴市"}, {"通州", "南通市通州"}, {"丹阳", "镇江丹阳市"},
	{"泰兴", "江苏省泰州泰兴市"}, {"沭阳县", "宿迁市沭阳县"}, {"南京市鼓楼区", "江苏省南京鼓楼区"}, {"徐州市鼓楼区", "徐州鼓楼区"}, {"苏州工业园区", "江苏省苏州工业园区"},
}

// A firm is the name of one in its parts.
type firm struct{ city, brand, industry, form string }

func (f firm) String() string { return f.city + f.brand + f.industry + f.form }

// kind is the place with its kind behind it: 苏州市, 江苏省.
func (f firm) kind() string {
	if f.city == "江苏" {
		return "江苏省"
	}
	return f.city + "市"
}

// province is what lies above the place.
func (f firm) province() string {
	if len(f.city)%2 == 0 { // either writing, whichever the name gives
		return "江苏省"
	}
	return "江苏"
}

func (s *set) firm() firm {
	return firm{s.draw(s.city), s.draw(s.brands) + s.draw(s.brands), s.draw(s.industries), s.draw(s.suffixes)}
}

func (s *set) limited() firm {
	f := s.firm()
	f.form = "有限公司"
	return f
}
