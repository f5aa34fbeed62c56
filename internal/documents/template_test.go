package documents

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gongxin"
)

// least is the shortest text that holds all that kind must say.
func least(kind gongxin.DocumentKind) string {
	var b strings.Builder
	for _, f := range forms[kind].required {
		b.WriteString("{" + names[f].zh + "}\n")
	}
	return b.String()
}

func TestATemplateIsCheckedAndTheFaultIsShown(t *testing.T) {
	decision := least(gongxin.DocDecision)
	for _, tt := range []struct {
		name, text string
		want       string // code and arguments; "" if it is right
	}{
		{"all that is required", decision, ""},
		{"the default", Default(gongxin.DocDecision), ""},
		{"with a fixed text", decision + "地址：苏州市某路1号，电话见本院网站。\n", ""},
		{"a required field that is there only if it is not empty", strings.Replace(decision, "{期限}", "?{期限}至{期限}止。", 1), ""},
		{"full-width braces and question mark", strings.Replace(decision, "{期限}", "？｛期限｝至｛期限｝止。", 1), ""},
		{"Windows, a mark at the beginning, indents", "\ufeff" + strings.ReplaceAll(decision, "\n", "  \r\n\u3000\u3000"), ""},
		{"blanks inside braces", decision + "{ 法院 }\n", ""},
		{"an unknown field", decision + "本院决定{被执行入}纳入。", "TEMPLATE_FIELD 8 5 被执行入 被执行人"},
		{"a part of a name", decision + "{证件}", "TEMPLATE_FIELD 8 1 证件 证件名称"},
		{"an unknown condition", decision + " ?{期线}至", "TEMPLATE_FIELD 8 3 期线 期限"},
		{"a field of another kind", decision + "{更正内容}", "TEMPLATE_FIELD 8 1 更正内容 "},
		{"a long name", decision + "{" + strings.Repeat("被执行人", 1000) + "}", "TEMPLATE_FIELD 8 1 "},
		{"a brace that does not close", decision + "案号{案号", "TEMPLATE_BRACE 8 3"},
		{"a brace that opens twice", decision + "案号{{案号}}", "TEMPLATE_BRACE 8 3"},
		{"a brace that only closes", decision + "案号}", "TEMPLATE_BRACE 8 3"},
		{"over the end of the line", decision + "{案\n号}", "TEMPLATE_BRACE 8 1"},
		{"without remedies", strings.Replace(decision, "{救济途径}", "不得申请纠正。", 1), "TEMPLATE_REQUIRED {救济途径}"},
		{"remedies only if public", strings.Replace(decision, "{救济途径}", "?{公开}{救济途径}", 1), "TEMPLATE_REQUIRED {救济途径}"},
		{"remedies as a condition alone", strings.Replace(decision, "{救济途径}", "?{救济途径}不得申请纠正。", 1), "TEMPLATE_REQUIRED {救济途径}"},
		{"nothing", "\n\n", "TEMPLATE_REQUIRED {被执行人情况}、{案号}、{失信情形}、{期限}、{法律依据}、{效力}、{救济途径}"},
		{"too many lines", decision + strings.Repeat("字\n", 300), "TEMPLATE_LONG 200 32"},
		{"too many characters", decision + strings.Repeat("字", 20000), "TEMPLATE_LONG 200 32"},
		{"a control character", decision + "本院\x07决定", "TEMPLATE_TEXT 8 3 U+0007"},
		{"text from right to left", decision + "本\u202e院", "TEMPLATE_TEXT 8 2 U+202E"},
		{"a space without width", decision + "\u200b本院", "TEMPLATE_TEXT 8 1 U+200B"},
		{"not UTF-8", decision + "本\xff院", "TEMPLATE_TEXT 8 2 U+FFFD"},
		{"a private character", decision + "本\U000f0000院", "TEMPLATE_TEXT 8 2 U+F0000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(gongxin.DocDecision, tt.text)
			got := ""
			if e := (*gongxin.Error)(nil); errors.As(err, &e) {
				got = e.Code
				for _, a := range e.Args {
					got += " " + fmt.Sprint(a)
				}
				if what := e.What(); what.ZH == e.Code || strings.Contains(what.ZH+what.EN+e.Mend().ZH, "…)") {
					t.Errorf("no text for %s", got)
				}
			} else if err != nil {
				t.Fatalf("not for people: %v", err)
			}
			if got != tt.want && (tt.want == "" || !strings.HasSuffix(tt.want, " ") || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := Parse("verdict", decision); gongxin.CodeOf(err) != "DOCUMENT_KIND_UNKNOWN" {
		t.Errorf("an unknown kind gives %v", err)
	}
}

func TestEachKindHasItsFormAndADefaultThatItsCourtsCanEdit(t *testing.T) {
	for _, kind := range gongxin.DocumentKinds {
		f, ok := forms[kind]
		if !ok || titles[kind].ZH == "" {
			t.Errorf("%s has no form or no title", kind)
			continue
		}
		must := []field{law, effect}
		if kind != gongxin.DocEmployer {
			must = append(must, remedies)
		}
		for _, x := range must {
			if !slices.Contains(f.required, x) {
				t.Errorf("%s could be edited to lack {%s}", kind, names[x].zh)
			}
		}
		for _, x := range f.required {
			if !slices.Contains(f.fields, x) {
				t.Errorf("%s requires {%s}, which it does not know", kind, names[x].zh)
			}
		}
		text := Default(kind)
		parsed, err := Parse(kind, text)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if parsed.String() != text {
			t.Errorf("%s: the default is not written as it prints:\n%s", kind, parsed)
		}
	}
	for f := court; f < fieldCount; f++ {
		n := names[f]
		if n.zh == "" || n.en == "" || n.key == "" != f.flag() {
			t.Errorf("field %d is called %q, %q, %q", f, n.key, n.zh, n.en)
		}
	}
}

func FuzzParse(f *testing.F) {
	for i, kind := range gongxin.DocumentKinds {
		f.Add(uint8(i), Default(kind))
		f.Add(uint8(i), least(kind)+"?{案号}？｛案号｝\r\n\t？\n ?{ 案号 } \n{案号}?{案号}？{}")
	}
	f.Fuzz(func(t *testing.T, n uint8, text string) {
		kind := gongxin.DocumentKinds[int(n)%len(gongxin.DocumentKinds)]
		parsed, err := Parse(kind, text)
		if err != nil {
			if !strings.HasPrefix(gongxin.CodeOf(err), "TEMPLATE_") {
				t.Fatalf("not for people: %v", err)
			}
			return
		}
		again, err := Parse(kind, parsed.String())
		if err != nil {
			t.Fatalf("what was printed is refused: %v\n%s", err, parsed)
		}
		if again.String() != parsed.String() {
			t.Errorf("printed once:\n%s\ntwice:\n%s", parsed, again)
		}
	})
}
