package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"gongxin"
	"gongxin/gate"
)

func TestAFileOfSubjectsIsReadByItsHeads(t *testing.T) {
	gb := func(s string) string {
		b, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := []gate.Watch{{Subject: "许可-1", Scenario: "建筑业资质", Number: "320000198001010018", Name: "张三"}, {Subject: "许可-2", Scenario: "建筑业资质", Number: "x", Name: "李四，等"}}
	for why, content := range map[string]string{
		"commas":               "许可编号,证件号码,姓名\n许可-1,320000198001010018,张三\n许可-2,x,\"李四，等\"\n",
		"another order, kinds": "姓名;种类;编号;证件号码\r\n张三;建筑业资质;许可-1;320000198001010018\r\n李四，等;建筑业资质;许可-2;x\r\n",
		"tabs and a mark":      "\ufeff编号\t号码\t名称\n许可-1\t320000198001010018\t张三\n\t\t\n许可-2\tx\t李四，等",
		"GB 18030":             gb("编号,身份证号码,姓名\n许可-1,'320000198001010018,张三\n许可-2, x ,\"李四，等\"\n"),
	} {
		got, rows, err := readWatchRows([]byte(content), "建筑业资质")
		if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] || rows[0] != 2 || rows[1] < 3 {
			t.Errorf("%s: %+v, rows %v, %v", why, got, rows, err)
		}
	}
	for why, content := range map[string]string{
		"empty":             "",
		"no reference":      "证件号码,姓名\n1,2\n",
		"no number":         "编号,姓名\n1,2\n",
		"no kind":           "编号,证件号码\n1,2\n",
		"a torn quote":      "编号,证件号码,种类\n1,\"2,3\n",
		"no text":           "\xff\xff\xff\xff",
		"UTF-16 by a slip":  "\xff\xfe\x16\x7f",
		"a spreadsheet":     "PK\x03\x04\xff\xfe",
		"heads of nobody's": "a,b,c\n1,2,3\n",
	} {
		if _, _, err := readWatchRows([]byte(content), ""); gongxin.CodeOf(err) != "WATCH_FILE" {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func FuzzAFileOfSubjects(f *testing.F) {
	f.Add([]byte("编号,证件号码,种类\n1,2,3\n"))
	f.Add([]byte("编号;证件号码;种类;姓名\n1;2;3;\"a\nb\"\n;;;\n"))
	f.Add([]byte("\xb1\xe0\xba\xc5,number\n1,2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		subjects, rows, err := readWatchRows(b, "x")
		if err != nil && gongxin.CodeOf(err) != "WATCH_FILE" {
			t.Fatalf("%v", err)
		}
		if len(subjects) != len(rows) {
			t.Fatalf("%d subjects, %d rows", len(subjects), len(rows))
		}
		for _, s := range subjects {
			if s == (gate.Watch{}) || s.Scenario == "" || !utf8.ValidString(s.Name) || strings.TrimSpace(s.Subject) != s.Subject {
				t.Fatalf("%+v", s)
			}
		}
	})
}
