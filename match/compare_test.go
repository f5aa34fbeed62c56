package match

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gongxin"
	"gongxin/identity"
)

func number(t testing.TB, s string) identity.Number {
	t.Helper()
	n, _, err := identity.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamesAreGraded(t *testing.T) {
	for _, tt := range []struct {
		listed, given string
		grade         gongxin.Grade
		verdict       gongxin.Verdict // of the whole name
	}{
		{"王小明", "王小明", "equal", "same"},
		{"王小明", "王 小 明", "equal", "same"},
		{"王小明", "王\u200b小明\ufeff", "equal", "same"},
		{"王晓东", "王曉東", "equal", "variant"},
		{"刘勋", "劉勳", "equal", "variant"},
		{"岳众", "嶽衆", "equal", "variant"},
		{"高峰", "髙峯", "equal", "variant"},
		{"阿依努尔·吐尔逊", "阿依努尔.吐尔逊", "equal", "variant"},
		{"阿依努尔·吐尔逊", "阿依努尔吐尔逊", "strong", "variant"},
		{"阿依努尔·吐尔逊", "阿依努尔 吐尔逊", "strong", "variant"},
		{"王小明", "王小明（曾用名：王大明）", "strong", "variant"},
		{"王小明", "王小明(男)", "strong", "variant"},
		{"范伟", "範偉", "strong", "variant"},
		{"于伟", "於偉", "strong", "variant"},
		{"于峰", "於峯", "strong", "variant"},
		{"钟伟", "鍾偉", "strong", "variant"},
		{"锺伟", "鍾偉", "strong", "variant"},
		{"刘𬞟", "劉蘋", "strong", "variant"},
		{"刘苹", "劉蘋", "equal", "variant"},
		{"刘苹", "刘𬞟", "weak", "look_alike"},
		{"于俯", "于頫", "weak", "homophone"},
		{"余伟", "餘偉", "equal", "variant"},
		{"余明", "餘明", "equal", "variant"},
		{"JOHN SMITH", "john smith", "equal", "same"},
		{"JOHN SMITH", "Smith, John", "strong", "variant"},
		{"José García", "Jose Garcia", "strong", "variant"},

		{"于明", "於明", "weak", "homophone"},
		{"范明", "範明", "weak", "homophone"},
		{"于偉", "於伟", "weak", "homophone"},
		{"张伟", "章伟", "weak", "homophone"},
		{"王小明", "王小鸣", "weak", "homophone"},
		{"王小明", "王晓明", "weak", "homophone"},
		{"侯伟", "候伟", "weak", "homophone"},
		{"余伟", "佘伟", "weak", "look_alike"},
		{"李未", "李末", "weak", "look_alike"},
		{"李喆", "李哲", "weak", "homophone"},
		{"李斌", "李彬", "weak", "homophone"},
		{"李昇", "李升", "weak", "homophone"},
		{"戴伟", "代伟", "weak", "homophone"},
		{"埜明", "野明", "weak", "homophone"},
		{"单伟", "善伟", "weak", "homophone"},
		{"王小明", "王小朋", "weak", "look_alike"},
		{"王小明", "王小红", "weak", "neighbour"},
		{"王小明", "王*明", "weak", "neighbour"},
		{"王小明", "王某明", "weak", "neighbour"},
		{"王小明", "王某某", "weak", "neighbour"},

		{"王明", "王红", "none", "differs"},
		{"王小明", "李小红", "none", "differs"},
		{"王小明", "王明", "none", "differs"},
		{"王小明", "小明王", "none", "differs"},
		{"王小明", "", "none", "differs"},
		{"", "", "none", "differs"},
		{"王小明", "王小明贸易有限公司", "none", "differs"},

		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易有限公司", "equal", "same"},
		{"苏州恒瑞贸易有限公司", "蘇州恒瑞貿易有限公司", "equal", "variant"},
		{"苏州永安（集团）有限公司", "苏州永安(集团)有限公司", "equal", "same"},
		{"苏州永安（集团）有限公司", "苏州永安集团有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易有限责任公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "苏州市恒瑞贸易有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "江苏省苏州市恒瑞贸易有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "江苏苏州恒瑞贸易有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "恒瑞贸易（苏州）有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "恒瑞（苏州市）贸易有限公司", "strong", "variant"},
		{"苏州恒瑞贸易股份有限公司", "苏州恒瑞贸易股份公司", "strong", "variant"},
		{"苏州市市政工程有限公司", "苏州市政工程有限公司", "strong", "variant"},
		{"吴江恒瑞贸易有限公司", "苏州市吴江区恒瑞贸易有限公司", "strong", "variant"},
		{"吴江市恒瑞贸易有限公司", "吴江恒瑞贸易有限公司", "strong", "variant"},
		{"恒瑞合伙企业（有限合伙）", "恒瑞合伙企业有限合伙", "strong", "variant"},
		{"恒瑞投资（有限合伙）", "恒瑞投资合伙企业（有限合伙）", "strong", "variant"},
		{"苏州第一建筑工程公司", "苏州第1建筑工程公司", "strong", "variant"},
		{"苏州第十二建筑工程公司", "苏州第12建筑工程公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易有限公司（已吊销）", "strong", "variant"},
		{"苏州恒瑞贸易有限公司苏州分公司", "苏州恒瑞贸易有限责任公司苏州市分公司", "strong", "variant"},
		{"苏州恒瑞合伙企业（有限合伙）", "苏州恒瑞合伙企业（有限合伙", "strong", "variant"},
		{"（苏州）恒瑞贸易有限公司", "苏州恒瑞贸易有限公司", "strong", "variant"},
		{"苏州恒瑞贸易有限公司（苏州）", "苏州恒瑞贸易有限公司", "strong", "variant"},
		{"ABC Trading Co., Ltd.", "ABC Trading Company Limited", "strong", "variant"},
		{"ABC Trading Co., Ltd.", "ABC TRADING CO LTD", "strong", "variant"},

		{"苏州恒瑞贸易有限公司", "无锡恒瑞贸易有限公司", "none", "differs"},
		{"苏州恒瑞贸易有限公司", "恒瑞贸易（无锡）有限公司", "none", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞科技有限公司", "none", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易股份有限公司", "weak", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易厂", "none", "differs"},
		{"苏州恒瑞贸易有限公司", "恒瑞贸易有限公司", "weak", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易有限公司苏州分公司", "weak", "differs"},
		{"苏州恒瑞贸易有限公司无锡分公司", "苏州恒瑞贸易有限公司苏州分公司", "none", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒锐贸易有限公司", "weak", "homophone"},
		{"江苏恒瑞贸易有限公司", "苏州恒瑞贸易有限公司", "weak", "differs"},
		{"苏州恒瑞贸易有限公司", "苏州恒瑞贸易", "weak", "differs"},
		{"淮安恒瑞贸易有限公司", "江苏省淮安市恒瑞贸易有限公司", "strong", "variant"},
		{"通州恒瑞贸易有限公司", "南通市通州区恒瑞贸易有限公司", "strong", "variant"},
		{"北京市通州区恒瑞贸易有限公司", "南通市通州区恒瑞贸易有限公司", "none", "differs"},
		{"苏州恒瑞合伙企业（有限合伙）", "蘇州恆瑞合夥企業（有限合夥）", "strong", "variant"},
		{"上海恒瑞（苏州）有限公司", "上海恒瑞有限公司", "none", "differs"},
	} {
		for _, way := range [][2]string{{tt.listed, tt.given}, {tt.given, tt.listed}} {
			c := Compare(Party{Name: way[0]}, Party{Name: way[1]})
			name := c.Facts[slices.IndexFunc(c.Facts, func(f gongxin.Fact) bool { return f.About == "name" })]
			if c.Grade != tt.grade || name.Verdict != tt.verdict {
				t.Errorf("%s, %s: %s, %s; want %s, %s (%v)", way[0], way[1], c.Grade, name.Verdict, tt.grade, tt.verdict, c.Facts)
			}
			if (c.Grade == "equal" || c.Grade == "strong") && Key(way[0]) != Key(way[1]) {
				t.Errorf("%s, %s are %s, and their keys are %q and %q", way[0], way[1], c.Grade, Key(way[0]), Key(way[1]))
			}
		}
	}
}

func TestWhatIsKnownBesidesTheName(t *testing.T) {
	const id = "320000198001010018" // male, 1980
	woman := number(t, "320000199912310024")
	for _, tt := range []struct {
		why           string
		listed, given Party
		grade         gongxin.Grade
		facts         string
	}{
		{"one number", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Number: number(t, id)}, "equal", "number same, name same"},
		{"one number, a homophone", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王晓明", Number: number(t, id)}, "weak", "number same, name homophone, character homophone"},
		{"one number, another name", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "李红", Number: number(t, id)}, "weak", "number same, name differs"},
		{"another number", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Number: woman}, "none", "number contradicts, name same, born contradicts, sex contradicts, region same"},
		{"a mask that agrees", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Masked: "3200**********0018"}, "equal", "masked number same, name same, sex same, region same"},
		{"a mask of full width that agrees", Party{Name: "王小明", Masked: "３２００＊＊＊＊＊＊＊＊＊＊００１８"}, Party{Name: "王小明", Masked: "3200**********0018"}, "equal", "masked number same, name same, sex same, region same"},
		{"a short mask that agrees", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Masked: "3200****0018"}, "equal", "masked number same, name same"},
		{"15 characters for 18", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Masked: "320000******001"}, "equal", "masked number same, name same"},
		{"a mask that contradicts", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Masked: "3200**********0026"}, "none", "masked number contradicts, name same, sex contradicts, region same"},
		{"a mask and a homophone", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王晓明", Masked: "3200**********0018"}, "weak", "masked number same, name homophone, character homophone, sex same, region same"},
		{"a mask alone", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "李红", Masked: "3200**********0018"}, "weak", "masked number same, name differs, sex same, region same"},
		{"a mask that shows little", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "李红", Masked: "320***************"}, "none", "masked number same, name differs, region same"},
		{"another year of birth", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Born: 1981}, "none", "name same, born contradicts"},
		{"the year of birth", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Born: 1980}, "equal", "name same, born same"},
		{"another sex", Party{Name: "王小明", Number: number(t, id)}, Party{Name: "王小明", Sex: identity.Female}, "none", "name same, sex contradicts"},
		{"another region", Party{Name: "王小明", Region: "3205"}, Party{Name: "王小明", Region: "110101"}, "equal", "name same, region differs"},
		{"a mask that shows the birth", Party{Name: "王小明", Born: 1980}, Party{Name: "王小明", Masked: "320000198101******"}, "none", "name same, born contradicts"},
	} {
		c := Compare(tt.listed, tt.given)
		var got []string
		for _, f := range c.Facts {
			got = append(got, f.About+" "+string(f.Verdict))
			if strings.Contains(f.Listed+f.Given, id) {
				t.Errorf("%s: the number is given away: %v", tt.why, f)
			}
		}
		if facts := strings.Join(got, ", "); c.Grade != tt.grade || facts != tt.facts {
			t.Errorf("%s: %s (%s); want %s (%s)", tt.why, c.Grade, facts, tt.grade, tt.facts)
		}
		if c.Rank < 0 || c.Rank > 100 || (c.Rank == 0) != (c.Grade == "none") {
			t.Errorf("%s: rank %d of %s", tt.why, c.Rank, c.Grade)
		}
	}
}

// names draws names of the characters that the tables know, in the shapes they have.
func names(t *rapid.T) string {
	near := readings()
	at := rapid.SliceOfN(rapid.IntRange(0, len(near.all)-1), 2, 4).Draw(t, "syllables")
	var out []rune
	for _, x := range at {
		if chars := near.all[x].names; len(chars) > 0 {
			out = append(out, rapid.SampledFrom(chars).Draw(t, "character"))
		}
	}
	return string(out)
}

func TestNearFindsEveryHomophoneAndLookAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := names(t)
		if name == "" || isOrganisation(name) {
			return
		}
		keys := slices.Collect(Near(name))
		if len(keys) > nearPerson {
			t.Fatalf("%d keys", len(keys))
		}
		chars := []rune(name)
		at := rapid.IntRange(0, len(chars)-1).Draw(t, "at")
		near := readings()
		var others []rune
		for _, how := range []int{soundsSame, soundsOther, soundsNear} {
			others = slices.AppendSeq(others, near.alike(chars[at], how))
		}
		if len(others) == 0 {
			return
		}
		chars[at] = rapid.SampledFrom(others).Draw(t, "other")
		other := string(chars)
		c := Compare(Party{Name: other}, Party{Name: name})
		if c.Grade != gongxin.GradeEqual && c.Grade != gongxin.GradeStrong && c.Grade != gongxin.GradeWeak {
			t.Fatalf("%s and %s: %v", name, other, c)
		}
		if Key(other) != Key(name) && len(keys) < nearPerson && !slices.Contains(keys, Key(other)) {
			t.Fatalf("%s is not near %s", other, name)
		}
	})
}

func TestNearKeysAreDifferent(t *testing.T) {
	for _, name := range []string{"王小明", "易一", "於艺怡", "阿依努尔·吐尔逊", "苏州恒瑞贸易有限公司", "苏州恒瑞贸易有限公司无锡分公司", "王", "J", "", "*", "(", "第"} {
		seen := map[string]bool{Key(name): true}
		for key := range Near(name) {
			if seen[key] {
				t.Errorf("%s: %q comes twice, or is its own", name, key)
			}
			seen[key] = true
		}
		if len(seen) > nearPerson+1 {
			t.Errorf("%s: %d keys", name, len(seen))
		}
	}
}

func TestGradesFollowTheKeyAndLookBothWays(t *testing.T) {
	marks := []string{"", " ", "·", "（男）", "(", ")", "有限公司", "有限责任公司", "苏州", "江苏省", "第一", "*", "A", "公司苏州分公司", "鼓楼区", "範", "後"}
	rapid.Check(t, func(t *rapid.T) {
		base := names(t)
		write := func(which string) string {
			var out strings.Builder
			for _, r := range base {
				out.WriteString(rapid.SampledFrom(marks).Draw(t, which))
				out.WriteRune(r)
			}
			return out.String() + rapid.SampledFrom(marks).Draw(t, which)
		}
		a, b := Party{Name: write("a")}, Party{Name: write("b")}
		c, d := Compare(a, b), Compare(b, a)
		if c.Grade != d.Grade || c.Rank != d.Rank {
			t.Fatalf("%q and %q: %v one way, %v the other", a.Name, b.Name, c, d)
		}
		if (c.Grade == gongxin.GradeEqual || c.Grade == gongxin.GradeStrong) && Key(a.Name) != Key(b.Name) {
			t.Fatalf("%q and %q are %s, with the keys %q and %q", a.Name, b.Name, c.Grade, Key(a.Name), Key(b.Name))
		}
	})
}

func FuzzCompareStays(f *testing.F) {
	f.Add("王小明", "王小明（男）", "3205**********1234")
	f.Add("苏州恒瑞（集团）有限公司", "（苏州）有限公司(", "*")
	f.Add("第十十一", "第九十九厂厂厂", "３２００＊＊００１８")
	f.Add("((((", "))))", "")
	f.Fuzz(func(t *testing.T, a, b, mask string) {
		c := Compare(Party{Name: a}, Party{Name: b, Masked: mask})
		if c.Rank < 0 || c.Rank > 100 {
			t.Fatalf("rank %d", c.Rank)
		}
		if (c.Grade == gongxin.GradeEqual || c.Grade == gongxin.GradeStrong) && Key(a) != Key(b) {
			t.Fatalf("%q and %q are %s, with the keys %q and %q", a, b, c.Grade, Key(a), Key(b))
		}
		if same := Compare(Party{Name: a}, Party{Name: a}); Fold(a) != "" && same.Grade != gongxin.GradeEqual {
			t.Fatalf("%q is not itself", a)
		}
		n := 0
		for range Near(a) {
			n++
		}
		if n > nearPerson {
			t.Fatalf("%d keys near %q", n, a)
		}
	})
}
