package match

import (
	"errors"
	"testing"

	"gongxin"
)

func TestAnOrganisationIsToldByItsName(t *testing.T) {
	for name, want := range map[string]bool{
		"王小明": false, "欧阳小明": false, "阿依努尔·吐尔逊": false, "阿依努尔吐尔逊": false, "买买提明": false, "司马会": false,
		"John Smith": false, "王小明（男）": false, "": false, "·": false, "张银行": false,
		"苏州恒瑞贸易有限公司": true, "恒瑞公司": true, "苏州第一人民医院": true, "昆山市小明五金店": true, "恒瑞投资（有限合伙）": true, "吴江农商银行": true,
		"苏州工业园区星海实验中学": true, "ABC Co., Ltd.": true, "蘇州恆瑞貿易有限公司": true, "中国·恒瑞有限公司": true,
	} {
		if got := IsOrganisation(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPlaceIsTakenOffTheFront(t *testing.T) {
	for _, tt := range []struct{ name, place, code, rest string }{
		{"苏州恒瑞贸易", "苏州", "320500", "恒瑞贸易"},
		{"苏州市恒瑞贸易", "苏州", "320500", "恒瑞贸易"},
		{"江苏省苏州市恒瑞贸易", "苏州", "320500", "恒瑞贸易"},
		{"江苏省苏州市吴江区恒瑞贸易", "吴江", "320509", "恒瑞贸易"},
		{"吴江市恒瑞贸易", "吴江", "320509", "恒瑞贸易"},
		{"江苏恒瑞贸易", "江苏", "320000", "恒瑞贸易"},
		{"北京市恒瑞", "北京", "110000", "恒瑞"},
		{"内蒙古自治区恒瑞", "内蒙古", "150000", "恒瑞"},
		{"新疆维吾尔自治区恒瑞", "新疆", "650000", "恒瑞"},
		{"新疆恒瑞", "新疆", "650000", "恒瑞"},
		{"南京市鼓楼区恒瑞", "鼓楼", "320106", "恒瑞"},
		{"徐州市鼓楼区恒瑞", "鼓楼", "320302", "恒瑞"},
		{"苏州市市政工程", "苏州", "320500", "市政工程"},
		{"苏州市政工程", "苏州", "320500", "市政工程"},
		{"沭阳县恒瑞", "沭阳", "321322", "恒瑞"},
		{"沭阳恒瑞", "", "", "沭阳恒瑞"}, // a county's short name means it only after what lies above
		{"宿迁沭阳恒瑞", "沭阳", "321322", "恒瑞"},
		{"恒瑞贸易", "", "", "恒瑞贸易"},
		{"苏", "", "", "苏"},
		{"", "", "", ""},
	} {
		got, rest := takeRegion(tt.name)
		code := ""
		if len(got.codes) > 0 {
			code = got.codes[0]
		}
		if got.name != tt.place || code != tt.code || rest != tt.rest {
			t.Errorf("%s: %v, %q; want %s %s, %q", tt.name, got, rest, tt.place, tt.code, tt.rest)
		}
	}
}

func TestOrdinalsAreWrittenInDigits(t *testing.T) {
	for s, want := range map[string]string{
		"第一建筑": "第1建筑", "第十建筑": "第10建筑", "第十二建筑": "第12建筑", "第二十建筑": "第20建筑", "第九十九厂": "第99厂",
		"第一百建筑": "第1百建筑", "建筑": "建筑", "第": "第", "第厂": "第厂", "一厂": "一厂", "第12厂": "第12厂",
	} {
		if got := arabicOrdinals(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

func TestSubjectsAreReadAsPeopleWriteThem(t *testing.T) {
	const id = "320000198001010018"
	for _, tt := range []struct{ text, name, number, masked, code string }{
		{"王小明", "王小明", "", "", ""},
		{" 王小明 ", "王小明", "", "", ""},
		{"王小明," + id, "王小明", id, "", ""},
		{"王小明，" + id, "王小明", id, "", ""},
		{"王小明 " + id, "王小明", id, "", ""},
		{"王小明\t320000800101001", "王小明", id, "", ""},
		{"王小明|３２００００１９８００１０１００１８", "王小明", id, "", ""},
		{id, "", id, "", ""},
		{"王小明,3200**********0018", "王小明", "", "3200**********0018", ""},
		{"王小明,3200××××××××××0018", "王小明", "", "3200**********0018", ""},
		{"John Smith", "John Smith", "", "", ""},
		{"Smith, John", "Smith, John", "", "", ""},
		{"苏州恒瑞贸易有限公司,91320000QQ5HBWML81", "苏州恒瑞贸易有限公司", "91320000QQ5HBWML81", "", ""},
		{"恒瑞2008", "恒瑞2008", "", "", ""},
		{"王小明,320000198001010011", "王小明", "", "", "MATCH_NUMBER"},
		{"", "", "", "", "MATCH_NAME"},
		{" ,", "", "", "", "MATCH_NAME"},
	} {
		p, err := ParseParty(tt.text)
		var e *gongxin.Error
		if code := ""; err != nil {
			if errors.As(err, &e) {
				code = e.Code
			}
			if code != tt.code {
				t.Errorf("%q: %v", tt.text, err)
			}
		} else if tt.code != "" {
			t.Errorf("%q: no %s", tt.text, tt.code)
		}
		if p.Name != tt.name || p.Number.Full() != tt.number || p.Masked != tt.masked {
			t.Errorf("%q: %q %v %q", tt.text, p.Name, p.Number, p.Masked)
		}
	}
}

func TestMasksAreLaidOverNumbers(t *testing.T) {
	full := number(t, "320000198001010018")
	for _, tt := range []struct {
		mask  string
		agree bool
		shown int
	}{
		{"3200**********0018", true, 8},
		{"320000********0018", true, 10},
		{"3200***0018", true, 8},
		{"320000******001", true, 11}, // of 15 digits, so born in 19yy
		{"3200*******0018", true, 8},  // 15 characters, and not of 15 digits
		{"3200**********0019", false, 8},
		{"3201**********0018", false, 8},
		{"******************", false, 0},
		{"", false, 0},
	} {
		agree, shown := overlay(patterns(Party{Number: full}), patterns(Party{Masked: tt.mask}))
		if agree != tt.agree || shown != tt.shown {
			t.Errorf("%s: %v, %d; want %v, %d", tt.mask, agree, shown, tt.agree, tt.shown)
		}
	}
}
