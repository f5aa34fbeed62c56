package intake

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// change is one thing that is different from a good record.
type change map[string]string

// person is a good record, changed.
func person(c change) map[string]string {
	r := map[string]string{
		"案号": "（2016）苏0509执8634号", "姓名": "黎振子", "性别": "男", "年龄": "60", "身份证号码": "110000195703251411",
		"执行法院": "苏州市吴江区人民法院", "执行依据文号": "（2015）吴江民初字第01887号", "作出执行依据单位": "苏州市吴江区人民法院",
		"法律生效文书确定的义务": "支付租金45748元并腾退房屋", "被执行人的履行情况": "全部未履行", "失信被执行人具体情形": "违反财产报告制度",
		"发布时间": "2017-04-09", "立案时间": "2016-10-02", "已履行部分": "0元", "未履行部分": "45748元", "撤销时间": "",
		"失信严重程度": "较重", "失信信息有效期": "2020-04-09",
	}
	maps.Copy(r, c)
	return r
}

func organisation(c change) map[string]string {
	r := person(nil)
	for _, k := range []string{"姓名", "性别", "年龄", "身份证号码"} {
		delete(r, k)
	}
	r["单位名称"], r["统一社会信用代码(组织机构代码)"], r["法定代表人姓名"] = "苏州澄澜纺织有限公司", "91320000QQ00000129", "王明"
	maps.Copy(r, c)
	return r
}

func withdrawal(c change) map[string]string {
	r := map[string]string{"案号": "（2016）苏0509执8634号", "证件号码": "110000195703251411", "撤销时间": "2017-05-01", "撤销原因": "全部履行完毕"}
	maps.Copy(r, c)
	return r
}

// fileOf writes records as a CSV file whose columns are those of the first.
func fileOf(records ...map[string]string) []byte {
	head := slices.Sorted(maps.Keys(records[0]))
	rows := [][]string{head}
	for _, r := range records {
		var row []string
		for _, h := range head {
			row = append(row, r[h])
		}
		rows = append(rows, row)
	}
	return asCSV(rows, ',', "\r\n")
}

func one(t *testing.T, r map[string]string) Record {
	t.Helper()
	all := records(t, "one.csv", fileOf(r), NewSeen())
	if len(all) != 1 {
		t.Fatalf("%d records, want 1", len(all))
	}
	if all[0].Outcome == Reject && (all[0].Message.ZH == "" || strings.Contains(all[0].Message.ZH+all[0].Message.EN+all[0].Mend.ZH, "%!")) {
		t.Errorf("%s: message %v", all[0].Reason, all[0].Message)
	}
	return all[0]
}

func TestRecordsAreRejectedForTheFirstCause(t *testing.T) {
	for _, tt := range []struct {
		name string
		row  map[string]string
		want string
	}{
		{"good person", person(nil), ""},
		{"good organisation", organisation(nil), ""},
		{"good withdrawal", withdrawal(nil), ""},
		{"nothing but blanks in a field", person(change{"姓名": " \u3000\u200b"}), "MISSING_FIELD:姓名"},
		{"two missing: the first column is told", person(change{"执行法院": "", "姓名": ""}), "MISSING_FIELD:姓名"},
		{"missing comes before wrong", person(change{"案号": "x", "失信严重程度": ""}), "MISSING_FIELD:失信严重程度"},
		{"no legal representative", organisation(change{"法定代表人姓名": ""}), "MISSING_FIELD:法定代表人姓名"},
		{"no ground", withdrawal(change{"撤销原因": ""}), "MISSING_FIELD:撤销原因"},
		{"no day of withdrawal", withdrawal(change{"撤销时间": ""}), "MISSING_FIELD:撤销时间"},
		{"letters in an identity number", person(change{"身份证号码": "11000019570325141A"}), "ID_FORMAT"},
		{"letter O for zero", person(change{"身份证号码": "11OO00195703251411"}), "ID_FORMAT"},
		{"17 characters", person(change{"身份证号码": "11000019570325141"}), "ID_FORMAT"},
		{"check character", person(change{"身份证号码": "110000195703251412"}), "ID_CHECKSUM"},
		{"a credit code for a person", person(change{"身份证号码": "91320000QQ00000129"}), "ID_FORMAT"},
		{"a citizen number for an organisation", organisation(change{"统一社会信用代码(组织机构代码)": "110000195703251411"}), "ID_FORMAT"},
		{"credit code's check", organisation(change{"统一社会信用代码(组织机构代码)": "91320000QQ00000123"}), "ID_CHECKSUM"},
		{"15 digits of a hundred years ago", person(change{"身份证号码": "110000570325996"}), "ID_AMBIGUOUS"},
		{"a number that a spreadsheet rounded", person(change{"身份证号码": "1.10000195703251E+17"}), "ID_AS_NUMBER"},
		{"sex", person(change{"性别": "未知"}), "SEX_INVALID"},
		{"other sex than the number", person(change{"性别": "女"}), "SEX_ID_MISMATCH"},
		{"age", person(change{"年龄": "六零"}), "AGE_INVALID"},
		{"negative age", person(change{"年龄": "-60"}), "AGE_INVALID"},
		{"age off by two", person(change{"年龄": "62"}), "AGE_ID_MISMATCH"},
		{"day that does not exist", person(change{"发布时间": "2017-02-29"}), "DATE_INVALID"},
		{"two-digit year", person(change{"发布时间": "17-04-09"}), "DATE_INVALID"},
		{"day first", person(change{"发布时间": "09/04/2017"}), "DATE_INVALID"},
		{"filed after published", person(change{"立案时间": "2017-04-10", "案号": "（2017）苏0509执8634号"}), "DATE_ORDER"},
		{"withdrawn before published", person(change{"撤销时间": "2017-04-08"}), "DATE_ORDER"},
		{"ends before it begins", person(change{"失信信息有效期": "2017-04-08"}), "DATE_ORDER"},
		{"published tomorrow", person(change{"发布时间": "2018-01-01", "失信信息有效期": "2年"}), "DATE_FUTURE"},
		{"withdrawn tomorrow", person(change{"撤销时间": "2018-01-01"}), "DATE_FUTURE"},
		{"withdrawal of tomorrow", withdrawal(change{"撤销时间": "2018-01-01"}), "DATE_FUTURE"},
		{"term", person(change{"失信信息有效期": "到时再说"}), "DATE_INVALID"},
		{"bare number as term", person(change{"失信信息有效期": "2"}), "DATE_INVALID"},
		{"minor by number", person(change{"身份证号码": "320000199912310024", "性别": "女", "年龄": "17"}), "MINOR"},
		{"minor by age, where the number says nothing", person(change{"身份证号码": "H00000000", "年龄": "17"}), "MINOR"},
		{"case number without type", person(change{"案号": "（2016）苏05098634号"}), "CASE_NUMBER_FORMAT"},
		{"case number without province", person(change{"案号": "（2016）0509执8634号"}), "CASE_NUMBER_FORMAT"},
		{"a case that is no enforcement", person(change{"案号": "（2016）苏0509民初8634号"}), "CASE_TYPE_NOT_ENFORCEMENT"},
		{"another court's case", person(change{"案号": "（2016）苏0508执8634号"}), "CASE_COURT_MISMATCH"},
		{"case of a later year than filed", person(change{"案号": "（2017）苏0509执8634号"}), "CASE_YEAR_MISMATCH"},
		{"older case of an unknown court", person(change{"案号": "（2015）某执字第12号", "立案时间": "2015-05-05", "执行法院": "某地人民法院"}), "COURT_UNKNOWN"},
		{"control character", person(change{"姓名": "黎\x07子"}), "CONTROL_CHARACTER"},
		{"damaged character", person(change{"姓名": "黎\uFFFD子"}), "TEXT_DAMAGED"},
		{"spreadsheet error", person(change{"年龄": "#N/A"}), "CELL_ERROR"},
		{"column too narrow", person(change{"发布时间": "########"}), "CELL_ERROR"},
		{"formula in a CSV", person(change{"姓名": `=HYPERLINK("http://example.invalid")`}), "FORMULA_CELL"},
		{"cell of 10 MB", person(change{"法律生效文书确定的义务": strings.Repeat("长", 10<<20/3)}), "CELL_TOO_LONG"},
		{"ground", withdrawal(change{"撤销原因": "被执行人未履行完毕"}), "GROUND_UNKNOWN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := one(t, tt.row)
			if r.Reason != tt.want {
				t.Errorf("got %q (%s), want %q", r.Reason, r.Message.EN, tt.want)
			}
			if (tt.want == "") != (r.Outcome == Accept) {
				t.Errorf("outcome %s", r.Outcome)
			}
		})
	}
}

func TestRecordsAreAcceptedWithNamedNormalisations(t *testing.T) {
	const (
		number = "身份证号码"
		code   = "统一社会信用代码(组织机构代码)"
	)
	for _, tt := range []struct {
		name   string
		row    map[string]string
		norms  string // joined by blanks
		values change
	}{
		{"upper case", person(change{number: "32000019570312741x", "年龄": "60"}), "ID_UPPERCASE_X", change{number: "32000019570312741X"}},
		{"full width and lower case", person(change{number: "３２００００19570312741ｘ"}), "FULLWIDTH ID_UPPERCASE_X", change{number: "32000019570312741X"}},
		{"15 digits", person(change{number: "110000570325141"}), "ID_15_TO_18", change{number: "110000195703251411"}},
		{"spaces inside a number", person(change{number: "110000 19570325 1411"}), "ID_SEPARATOR", change{number: "110000195703251411"}},
		{"apostrophe", person(change{number: "'110000195703251411"}), "TRIM", change{number: "110000195703251411"}},
		{"text formula", person(change{number: `="110000195703251411"`}), "TEXT_FORMULA", change{number: "110000195703251411"}},
		{"invisible", person(change{number: "\u200b1100001957\u200d03251411\ufeff", "姓名": "黎\u00ad振子"}), "INVISIBLE",
			change{number: "110000195703251411", "姓名": "黎振子"}},
		{"no-break spaces", person(change{"姓名": "\u00a0黎振子\u2003"}), "TRIM", change{"姓名": "黎振子"}},
		{"line end in a cell", person(change{"案号": "（2016）苏0509执\n8634号"}), "CASE_FORMAT", change{"案号": "（2016）苏0509执8634号"}},
		{"square brackets, full width", person(change{"案号": "[２０１６]苏0509执8634号"}), "FULLWIDTH CASE_BRACKETS", change{"案号": "（2016）苏0509执8634号"}},
		{"stop and ruling", person(change{"案号": "（2016）苏0509执8634号之一。"}), "CASE_FORMAT", change{"案号": "（2016）苏0509执8634号"}},
		{"name in two blanks", person(change{"姓名": "黎 振　子"}), "NAME_INNER_SPACE", change{"姓名": "黎振子"}},
		{"dot between blanks", person(change{"姓名": "买买提 ・ 阿不力孜"}), "NAME_INNER_SPACE MIDDLE_DOT", change{"姓名": "买买提·阿不力孜"}},
		{"full stop as dot", person(change{"姓名": "买买提.阿不力孜"}), "MIDDLE_DOT", change{"姓名": "买买提·阿不力孜"}},
		{"compatibility ideograph", person(change{"姓名": "黎\uF9DC子"}), "UNICODE_NFC", change{"姓名": "黎隆子"}},
		{"old private use", person(change{"姓名": "黎\uE863子"}), "PUA_TO_UNICODE", change{"姓名": "黎䶮子"}},
		{"sex by letter", person(change{"性别": "M"}), "SEX_FORMAT", change{"性别": "男"}},
		{"sex by digit, full width", person(change{"性别": "１"}), "FULLWIDTH SEX_FORMAT", change{"性别": "男"}},
		{"age full width", person(change{"年龄": "６０"}), "FULLWIDTH", change{"年龄": "60"}},
		{"age in full years", person(change{"年龄": "６０周岁"}), "FULLWIDTH AGE_FORMAT", change{"年龄": "60"}},
		{"age in words", person(change{"年龄": "六十岁"}), "AGE_FORMAT", change{"年龄": "60"}},
		{"age as a fraction", person(change{"年龄": "60.0"}), "AGE_FORMAT", change{"年龄": "60"}},
		{"day full width", person(change{"发布时间": "２０１７－０４－０９"}), "FULLWIDTH", change{"发布时间": "2017-04-09"}},
		{"day in words", person(change{"发布时间": "二〇一七年四月九日"}), "DATE_FORMAT", change{"发布时间": "2017-04-09"}},
		{"term in years", person(change{"失信信息有效期": "两年"}), "TERM_TO_DATE", change{"失信信息有效期": "2019-04-09"}},
		{"term without end", person(change{"失信信息有效期": "长期"}), "TERM_OPEN", change{"失信信息有效期": ""}},
		{"nothing, by a mark", person(change{"撤销时间": "/"}), "EMPTY_MARK", change{"撤销时间": ""}},
		{"lower-case credit code", organisation(change{code: "91320000qq00000129"}), "ID_UPPERCASE_X", change{code: "91320000QQ00000129"}},
		{"organisation code with hyphen", organisation(change{code: "QQ000001-2"}), "", nil},
		{"blank in the court's name", person(change{"执行法院": "苏州市 吴江区人民法院"}), "NAME_INNER_SPACE", change{"执行法院": "苏州市吴江区人民法院"}},
		{"ground in other words", withdrawal(change{"撤销原因": "已履行完毕。"}), "GROUND_FORMAT", change{"撤销原因": "全部履行完毕"}},
		{"company with Latin words", organisation(change{"单位名称": "Acme  Tools 有限公司"}), "NAME_INNER_SPACE", change{"单位名称": "Acme Tools有限公司"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := one(t, tt.row)
			if got := strings.Join(r.Normalisations, " "); got != tt.norms || r.Outcome == Reject || !maps.Equal(r.Values, tt.values) {
				t.Errorf("got %s %q %v %s, want %q %v", r.Outcome, got, r.Values, r.Message.EN, tt.norms, tt.values)
			}
		})
	}
}

func TestWhatShouldBeLookedAtIsNotedAndNotRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		row  map[string]string
		want string
	}{
		{"age off by one", person(change{"年龄": "61"}), "AGE_OFF_BY_ONE"},
		{"unusual type", person(change{"案号": "（2016）苏0509执异8634号"}), "CASE_TYPE_UNUSUAL"},
		{"resumed enforcement", person(change{"案号": "（2016）苏0509执恢8634号"}), ""},
		{"earlier year", person(change{"立案时间": "2017-01-05"}), "CASE_YEAR_EARLIER"},
		{"court that is not known", person(change{"执行法院": "某某开发区人民法院", "案号": "（2016）苏0999执12号"}), "COURT_NOT_IN_DIRECTORY"},
		{"court of another province", person(change{"执行法院": "浙江省某县人民法院", "案号": "（2016）浙0999执12号"}), "COURT_NOT_IN_DIRECTORY"},
		{"court known from memory", person(change{"执行法院": "南京江北新区人民法院", "案号": "（2016）苏0102执12号"}), "COURT_CODE_UNCERTAIN"},
		{"the court's other code", person(change{"执行法院": "南通市崇川区人民法院", "案号": "（2016）苏0602执12号"}), "COURT_CODE_UNCERTAIN"},
		{"older form in a new year", person(change{"案号": "（2016）吴江执字第12号"}), "CASE_FORM_OLDER"},
		{"older form", person(change{"案号": "（2015）吴江执字第00012号", "立案时间": "2015-03-03"}), ""},
		{"unknown area", person(change{"身份证号码": area(t)}), "AREA_CODE_UNKNOWN"},
		{"private use", person(change{"姓名": "黎\uE000子"}), "PRIVATE_USE"},
		{"province in front of the court's name", person(change{"执行法院": "江苏省苏州市吴江区人民法院"}), ""},
		{"permit", person(change{"身份证号码": "H00000000"}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := one(t, tt.row)
			if got := strings.Join(r.Notes, " "); got != tt.want || r.Outcome == Reject {
				t.Errorf("got %s %s, notes %q, want %q", r.Outcome, r.Message.EN, got, tt.want)
			}
		})
	}
}

// area is a valid number whose address code never was one, of a man born 1957-03-25.
func area(t *testing.T) string {
	t.Helper()
	const body = "39999919570325141"
	sum := 0
	for i, c := range body {
		sum += int(c-'0') * (1 << (17 - i) % 11)
	}
	return body + string("10X98765432"[sum%11])
}

func TestAcceptedRecordsCarryTheWholeEntry(t *testing.T) {
	r := one(t, person(change{"撤销时间": "2017.5.1"}))
	e := r.Entry
	if e.Court.String() != "苏0509" || e.Case.String() != "（2016）苏0509执8634号" || e.Subject.Name != "黎振子" || e.Subject.Age != 60 ||
		e.Subject.Number.Full() != "110000195703251411" || e.Published != gongxin.MustDay("2017-04-09") || e.Until != gongxin.MustDay("2020-04-09") ||
		e.Severity != "较重" || r.WithdrawnOn != gongxin.MustDay("2017-05-01") || e.Unperformed != "45748元" || e.Conduct != "违反财产报告制度" {
		t.Errorf("entry %+v, withdrawn on %s", e, r.WithdrawnOn)
	}
	o := one(t, organisation(nil)).Entry
	if o.Subject.LegalRep != "王明" || o.Subject.Name != "苏州澄澜纺织有限公司" || !o.Subject.IsOrganisation() {
		t.Errorf("entry %+v", o)
	}
}

func TestTheDigestIsOfContentAndNotOfWriting(t *testing.T) {
	base := one(t, person(nil)).Digest
	for _, same := range []change{{"撤销时间": "2017-05-01"}, {"案号": "(2016)苏0509执08634号"}, {"发布时间": "2017年4月9日"}, {"执行法院": "江苏省苏州市吴江区人民法院"}, {"失信信息有效期": "3年"}} {
		if one(t, person(same)).Digest != base {
			t.Errorf("%v changes the digest", same)
		}
	}
	for _, other := range []change{{"姓名": "黎振"}, {"失信严重程度": "严重"}, {"未履行部分": "45747元"}, {"已履行部分": "0元4", "未履行部分": "5748元"}, {"失信信息有效期": "2021-04-09"}} {
		if one(t, person(other)).Digest == base {
			t.Errorf("%v does not change the digest", other)
		}
	}
}

func TestMessagesDoNotRepeatNumbers(t *testing.T) {
	for _, r := range []map[string]string{person(change{"身份证号码": "110000195703251412"}), person(change{"身份证号码": "11000019570325141A"}),
		person(change{"性别": "女"}), person(change{"年龄": "20"})} {
		got := one(t, r)
		b, err := got.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("19570325")) {
			t.Errorf("%s: the number stands in %s", got.Reason, b)
		}
	}
}

func TestAnOrganisationCodeMayHaveItsOwnColumn(t *testing.T) {
	const code = "统一社会信用代码(组织机构代码)"
	for _, tt := range []struct{ credit, code, want string }{
		{"91320000QQ00000129", "QQ000001-2", ""},
		{"91320000QQ00000129", "", ""},
		{"", "QQ000001-2", ""},
		{"", "", "MISSING_FIELD:" + code},
		{"91320000QQ00000129", "QQ12AB3C-X", "ORG_CODE_MISMATCH"},
		{"91320000QQ00000129", "QQ12AB3C-1", "ID_CHECKSUM"},
	} {
		r := one(t, organisation(change{code: tt.credit, "组织机构代码": tt.code}))
		if r.Reason != tt.want || tt.want == "" && r.Entry.Subject.Number.IsZero() {
			t.Errorf("%q, %q: got %q, want %q", tt.credit, tt.code, r.Reason, tt.want)
		}
	}
}
