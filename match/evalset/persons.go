package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	pinyin "github.com/mozillazg/go-pinyin"

	"gongxin/identity"
)

// persons are the kinds of pairs of persons: first those that are one name, then those
// that are two.
var persons = []kind{
	{"spaces", true, func(s *set) (string, string, bool) {
		name := s.person()
		switch s.IntN(3) {
		case 0: // 王 明 and 王　明, as tables are filled to equal width
			return name, strings.Join(strings.Split(name, ""), pick(s, []string{" ", "　", "\u00a0", "  "})), true
		case 1:
			return name, pick(s, []string{" ", "　", "\t", "\ufeff", "\u200b"}) + name, true
		}
		return name, name + pick(s, []string{" ", "　", "\u00a0", "\u200b", "\u200d", "\r"}), true
	}},
	{"invisible", true, func(s *set) (string, string, bool) {
		name := s.person()
		return name, s.with(name, pick(s, []string{"\u200b", "\u200c", "\u200d", "\u200e", "\u2060", "\ufeff", "\u00ad", "\ufe00", "\U000e0100"})), true
	}},
	{"traditional", true, func(s *set) (string, string, bool) {
		name := s.person()
		t, changed := s.inTraditional(name)
		return name, t, changed > 0
	}},
	{"converted_surname", true, func(s *set) (string, string, bool) { // 范伟 made 範偉 by a converter
		name := pick(s, strings.Fields("范 余 于 种 后 钟 姜 万 沈 谷 卜 干 朴 台 曲")) + s.draw(s.given) + s.draw(s.given)
		t, changed := s.inTraditional(name)
		return name, t, changed > 1 && strings.Compare(name[:3], t[:3]) != 0
	}},
	{"older_shape", true, func(s *set) (string, string, bool) {
		p := pick(s, s.same)
		return s.holding(p[0], p[1])
	}},
	{"compatibility", true, func(s *set) (string, string, bool) { // PDF files give these out
		p := pick(s, s.compat)
		return s.holding(p[0], p[1])
	}},
	{"radical", true, func(s *set) (string, string, bool) {
		p := pick(s, s.radical)
		return s.holding(p[0], p[1])
	}},
	{"private_use", true, func(s *set) (string, string, bool) { // old GBK and GB 18030-2000 files
		p := pick(s, s.private)
		return s.holding(p[0], p[1])
	}},
	{"beyond_bmp", true, func(s *set) (string, string, bool) {
		p := pick(s, rare)
		return s.holding(p[0], p[1])
	}},
	{"middle_dot", true, func(s *set) (string, string, bool) {
		name := s.minority()
		return name, strings.ReplaceAll(name, "·", pick(s, s.dots)), true
	}},
	{"dot_left_out", true, func(s *set) (string, string, bool) {
		name := s.minority()
		return name, strings.ReplaceAll(name, "·", pick(s, []string{"", " ", "　"})), true
	}},
	{"dot_with_spaces", true, func(s *set) (string, string, bool) {
		name := s.minority()
		return name, strings.ReplaceAll(name, "·", " "+pick(s, []string{"·", "•", "・"})+" "), true
	}},
	{"note", true, func(s *set) (string, string, bool) { // what courts write behind a name
		name := s.person()
		note := pick(s, []string{"男", "女", "曾用名：" + s.person(), "又名" + s.person(), "身份证号码略", "户籍地江苏省", "小", "二"})
		if s.IntN(2) == 0 {
			return name, name + "（" + note + "）", true
		}
		return name, name + "(" + note + ")", true
	}},
	{"latin_case", true, func(s *set) (string, string, bool) {
		name := s.latin()
		return name, pick(s, []func(string) string{strings.ToUpper, strings.ToLower, full})(name), true
	}},
	{"latin_spaces", true, func(s *set) (string, string, bool) {
		name := s.latin()
		return name, strings.ReplaceAll(name, " ", pick(s, []string{"  ", "　", "\u00a0", ""})), true
	}},
	{"latin_order", true, func(s *set) (string, string, bool) {
		name := s.latin()
		first, last, _ := strings.Cut(name, " ")
		return name, last + pick(s, []string{" ", ", "}) + first, true
	}},
	{"latin_accents", true, func(s *set) (string, string, bool) {
		p := pick(s, [][2]string{{"José", "Jose"}, {"François", "Francois"}, {"Zoë", "Zoe"}, {"Søren", "Søren"}, {"Müller", "Muller"}, {"Núñez", "Nunez"}})
		last := pick(s, latinLast)
		return p[0] + " " + last, p[1] + " " + strings.ToUpper(last), true
	}},
	{"digits_15", true, func(s *set) (string, string, bool) { // a card of the first generation
		name, n := s.person(), s.citizen()
		if n[6:8] != "19" {
			return "", "", false
		}
		return name + "," + n, name + "," + n[:6] + n[8:17], true
	}},
	{"masked_agrees", true, func(s *set) (string, string, bool) {
		name, n := s.person(), s.citizen()
		return name + "," + n, name + "," + masked(s, n), true
	}},
	{"masked_both", true, func(s *set) (string, string, bool) {
		name, n := s.person(), s.citizen()
		return name + "," + masked(s, n), name + "," + masked(s, n), true
	}},
	{"several", true, func(s *set) (string, string, bool) {
		name := s.person()
		t, changed := s.inTraditional(name)
		if changed == 0 || s.onlyReview(name, t) {
			return "", "", false
		}
		return name + pick(s, []string{"", "（男）"}), strings.Join(strings.Split(t, ""), pick(s, []string{" ", "　"})), true
	}},

	{"homophone", false, func(s *set) (string, string, bool) {
		name := s.person()
		return s.sounding(name, 1+s.IntN(len([]rune(name))-1), s.sounds, true)
	}},
	{"homophone_surname", false, func(s *set) (string, string, bool) {
		return s.sounding(s.person(), 0, s.sounds, true)
	}},
	{"other_tone", false, func(s *set) (string, string, bool) {
		name := s.person()
		return s.sounding(name, s.IntN(len([]rune(name))), s.bases, false)
	}},
	{"look_alike", false, func(s *set) (string, string, bool) {
		p := pick(s, looks)
		return s.holding(p[0], p[1])
	}},
	{"review_pair", false, func(s *set) (string, string, bool) {
		p := pick(s, s.review)
		return s.holding(p[0], p[1])
	}},
	{"neighbour", false, func(s *set) (string, string, bool) {
		name := s.long()
		return s.other(name, 1+s.IntN(2))
	}},
	{"neighbour_of_two", false, func(s *set) (string, string, bool) {
		return s.other(s.draw(s.surnames)+s.draw(s.given), 1)
	}},
	{"neighbour_surname", false, func(s *set) (string, string, bool) {
		name := s.person()
		other := s.draw(s.surnames)
		first := []rune(name)[:1]
		return name, other + strings.TrimPrefix(name, string(first)), len(other) == 3 && !s.inReview(string(first), other)
	}},
	{"same_surname", false, func(s *set) (string, string, bool) {
		surname := s.draw(s.surnames)
		a, b := surname+s.draw(s.given)+s.draw(s.given), surname+s.draw(s.given)+s.draw(s.given)
		return a, b, []rune(a)[1] != []rune(b)[1] && a[len(a)-3:] != b[len(b)-3:]
	}},
	{"turned_round", false, func(s *set) (string, string, bool) {
		name := []rune(s.long())
		if len(name) != 3 || name[1] == name[2] {
			return "", "", false
		}
		return string(name), string([]rune{name[0], name[2], name[1]}), true
	}},
	{"one_more", false, func(s *set) (string, string, bool) {
		name := s.person()
		return name, name + s.draw(s.given), true
	}},
	{"other_number", false, func(s *set) (string, string, bool) {
		name, a, b := s.person(), s.citizen(), s.citizen()
		return name + "," + a, name + "," + b, a != b
	}},
	{"masked_differs", false, func(s *set) (string, string, bool) {
		name, a, b := s.person(), s.citizen(), s.citizen()
		return name + "," + a, name + "," + ends(b), a[14:] != b[14:]
	}},
	{"masked_agrees_homophone", false, func(s *set) (string, string, bool) {
		n := s.citizen()
		a, b, ok := s.sounding(s.person(), 1, s.sounds, true)
		return a + "," + n, b + "," + ends(n), ok
	}},
	{"number_agrees_other_name", false, func(s *set) (string, string, bool) {
		a, b, n := s.person(), s.person(), s.citizen()
		return a + "," + n, b + "," + n, []rune(a)[0] != []rune(b)[0]
	}},
	{"minority_part", false, func(s *set) (string, string, bool) {
		a, b := s.minority(), s.minority()
		first, _, _ := strings.Cut(a, "·")
		_, second, _ := strings.Cut(b, "·")
		return a, first + "·" + second, true
	}},
	{"latin_letter", false, func(s *set) (string, string, bool) {
		name := s.latin()
		i := s.IntN(len(name))
		if name[i] == ' ' {
			return "", "", false
		}
		other := name[:i] + string(rune('a'+s.IntN(26))) + name[i+1:]
		return name, other, !strings.EqualFold(name, other)
	}},
}

// looks are pairs that are taken for one another in bad copies and handwriting.
var looks = twos("侯候 余佘 储褚 未末 己已 已巳 戊戌 戌戍 士土 日曰 干千 千于 壬王 王玉 玊玉 人入 大太 太犬 天夭 今令 田由 由甲 甲申 刃刀 乌鸟 治冶 冷泠 淮准 折拆 析折 间问 祐佑 祯桢 祎袆 晖辉 娟捐 茶荼 芊芋 苓芩 旻昊 杲呆 沐沭 泽译 泊柏 丘邱 季李 杨扬 汪注 郎朗 晨宸 裕浴 琪淇 瑄暄 俊峻 曦羲 睿客 莉俐 微徽 榕蓉 嫒暖 岳兵 享亨 享亭 铭名 钧钓")

// rare are characters beyond the Basic Multilingual Plane that are given as names, with
// the traditional character that old files have.
var rare = twos("𬱖頔 𫘧騄 𬭎鋐 𬴊驎 𬤊諟 𬘭綝 𫟹鉷 𬍛瓅 𬞟蘋 𬬻鑪 𫓧鈇 𬮱闉 𬀩暐 𬤇諲 𬨎輶 𬳵駓 𬳶駉 𬘓紃 𫘝駃 𬶐鮡 𬍤璕 𬸘鶠")

func twos(list string) (out [][2]string) {
	for _, p := range strings.Fields(list) {
		r := []rune(p)
		out = append(out, [2]string{string(r[0]), string(r[1])})
	}
	return out
}

// person invents a name as they are frequent: surname, and one or two characters.
func (s *set) person() string {
	if s.IntN(6) == 0 {
		return s.draw(s.surnames) + s.draw(s.given)
	}
	return s.long()
}

func (s *set) long() string { return s.draw(s.surnames) + s.draw(s.given) + s.draw(s.given) }

var minorities = [2][]string{
	strings.Fields("阿依努尔 古丽巴哈尔 买买提 阿不都热依木 麦麦提 吐尔逊古丽 努尔兰 艾尔肯 热依汗 帕提古丽 阿卜杜拉 玉山江 才仁 扎西 多吉 巴特尔 阿迪力 迪丽娜尔 库尔班 塔依尔"),
	strings.Fields("吐尔逊 买买提明 艾合买提 阿不都拉 哈力克 依明 玉素甫 热合曼 卡德尔 艾山 江白 巴合提 伊斯马伊 阿布力孜 吾守尔 沙吾提 艾则孜 尼亚孜 赛买提 托合提"),
}

func (s *set) minority() string {
	name := pick(s, minorities[0]) + "·" + pick(s, minorities[1])
	if s.IntN(8) == 0 {
		name += "·" + pick(s, minorities[1])
	}
	return name
}

var latinLast = strings.Fields("Smith Johnson Garcia Petrov Nguyen Tanaka Rossi Kowalski Haddad Okafor Andersson Moreau")

func (s *set) latin() string {
	return pick(s, strings.Fields("John Maria Ivan Linh Kenji Luca Anna Omar Chidi Lars Claire Peter")) + " " + pick(s, latinLast)
}

// holding gives a name that has a, as surname if it is one or by chance, and the same with b.
func (s *set) holding(a, b string) (string, string, bool) {
	surname := slices.Contains(s.surnames.words, a) || slices.Contains(s.surnames.words, b)
	switch {
	case surname && s.IntN(3) > 0:
		rest := s.draw(s.given)
		if s.IntN(3) > 0 {
			rest += s.draw(s.given)
		}
		return a + rest, b + rest, true
	case s.IntN(3) == 0:
		surname := s.draw(s.surnames)
		return surname + a, surname + b, true
	}
	surname2, other := s.draw(s.surnames), s.draw(s.given)
	if s.IntN(2) == 0 {
		return surname2 + a + other, surname2 + b + other, true
	}
	return surname2 + other + a, surname2 + other + b, true
}

// sounding gives name and the same with its i-th character changed for one of by that sounds alike.
func (s *set) sounding(name string, i int, by map[string][]string, tone bool) (string, string, bool) {
	r := []rune(name)
	args := pinyin.NewArgs()
	if tone {
		args.Style = pinyin.Tone3
	}
	args.Heteronym = true
	all := pinyin.SinglePinyin(r[i], args)
	if len(all) == 0 {
		return "", "", false
	}
	options := by[all[0]]
	if len(options) == 0 {
		return "", "", false
	}
	other := pick(s, options)
	return name, swapped(name, i, other), other != string(r[i])
}

// other gives name and the same with its i-th character changed for any other.
func (s *set) other(name string, i int) (string, string, bool) {
	if i >= len([]rune(name)) {
		return "", "", false
	}
	c := s.draw(s.given)
	was := string([]rune(name)[i])
	return name, swapped(name, i, c), c != was && !s.inReview(c, was)
}

// citizen invents a valid number with the address code of the province alone, which is never issued.
func (s *set) citizen() string {
	day := time.Date(1945, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, s.IntN(20000))
	front := fmt.Sprintf("320000%s%03d", day.Format("20060102"), s.IntN(990))
	for _, c := range "0123456789X" {
		if n, _, err := identity.Parse(front+string(c), identity.CitizenID); err == nil {
			return n.Full()
		}
	}
	panic("evalset: no check character fits " + front)
}

// ends shows the first four and the last four of a number.
func ends(n string) string { return n[:4] + "**********" + n[14:] }

// masked hides a part of a number in one of the ways that courts and departments do.
func masked(s *set, n string) string {
	switch s.IntN(5) {
	case 0:
		return n[:6] + "********" + n[14:]
	case 1:
		return n[:10] + "****" + n[14:]
	case 2:
		return full(ends(n))
	case 3:
		return n[:14] + "****"
	}
	return ends(n)
}
