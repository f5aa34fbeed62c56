package gongxin

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var errTest = errors.New("test")

func TestEveryMessageIsWholeInBothLanguages(t *testing.T) {
	if len(catalogue) < 20 {
		t.Fatalf("%d messages only", len(catalogue))
	}
	code := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	verb := regexp.MustCompile(`%(\[[1-9]\])?v`)
	for c := range catalogue {
		what, mend, ok := Message(c)
		if !ok || !code.MatchString(c) {
			t.Errorf("%s: not a code of the form UPPER_SNAKE", c)
		}
		texts := []Text{what}
		if mend != (Text{}) { // some mistakes the reader cannot mend
			texts = append(texts, mend)
		}
		for _, text := range texts {
			if text.ZH == "" || text.EN == "" {
				t.Errorf("%s: a text is missing: %+v", c, text)
			}
			if !strings.ContainsFunc(text.ZH, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: not Chinese: %q", c, text.ZH)
			}
			if strings.TrimSpace(text.ZH) != text.ZH || strings.TrimSpace(text.EN) != text.EN {
				t.Errorf("%s: blanks around %+v", c, text)
			}
			if rest := verb.ReplaceAllString(text.ZH+text.EN, ""); strings.Contains(rest, "%") {
				t.Errorf("%s: a verb other than %%v: %+v", c, text)
			}
		}
	}
}

func TestMessagesAreFilled(t *testing.T) {
	for _, tt := range []struct {
		form string
		args []any
		want string
	}{
		{"plain", nil, "plain"},
		{"plain", []any{1}, "plain"},
		{"a %v b %v", []any{1, "x"}, "a 1 b x"},
		{"%[2]v before %[1]v", []any{1, 2}, "2 before 1"},
		{"%[2]v then %v", []any{1, 2, 3}, "2 then 3"},
		{"missing %v", nil, "missing …"},
		{"missing %[3]v", []any{1}, "missing …"},
		{"50% of %v", []any{7}, "50% of 7"},
		{"ends in %", []any{7}, "ends in %"},
		{"%[", nil, "%["},
		{"an argument with verbs: %v", []any{"%v %!(EXTRA"}, "an argument with verbs: %v %!(EXTRA"},
		{"masked %v", []any{mustNumber(fullNumber)}, "masked 320000********0018"},
	} {
		if got := fill(tt.form, tt.args); got != tt.want {
			t.Errorf("%q with %v: %q, want %q", tt.form, tt.args, got, tt.want)
		}
	}
}

func FuzzFill(f *testing.F) {
	f.Add("案号格式不正确：%v %[2]v 50% %[9]v %[", "%v")
	f.Fuzz(func(t *testing.T, form, arg string) {
		if got := fill(form, []any{arg, 1}); !strings.Contains(form, "%") && got != form {
			t.Fatalf("%q became %q", form, got)
		}
		if !strings.Contains(form+arg, "%!") && strings.Contains(strings.ReplaceAll(fill(form, []any{""}), "%%", ""), "%!v(") {
			t.Fatalf("a fault of formatting shows: %q", fill(form, []any{""}))
		}
	})
}

func TestAMessageQuotesNoWholeNumberAndNoMegabytes(t *testing.T) {
	for _, in := range []string{fullNumber, "案号" + fullNumber + "号", "３２００００１９８００１０１００１８", strings.Repeat("案", 1<<20)} {
		_, err := ParseCaseNumber(in)
		if text := err.Error(); strings.Contains(text, fullNumber[8:]) || strings.Contains(text, "００１０１００１８") || len(text) > 400 {
			t.Errorf("%.40s: the message has %d bytes: %.400s", in, len(text), text)
		}
	}
	if got, want := quoted("（2016）苏0508执12345678"), "（2016）苏0508执12345678"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnErrorIsKnownByKindAndCode(t *testing.T) {
	err := fmt.Errorf("take row: %w", Conflict("NOT_IN_FORCE", "x").At(Place{File: "a.csv", Row: 3, Field: "案号"}))
	if CodeOf(err) != "NOT_IN_FORCE" || KindOf(err) != KindConflict {
		t.Errorf("code %q, kind %q", CodeOf(err), KindOf(err))
	}
	if !errors.Is(err, Conflict("NOT_IN_FORCE")) || errors.Is(err, Conflict("NOT_ENTITLED")) || errors.Is(err, errTest) {
		t.Error("errors.Is does not compare codes")
	}
	if CodeOf(errTest) != "" || KindOf(errTest) != "" || CodeOf(nil) != "" {
		t.Error("another error has a code")
	}
	for _, part := range []string{"NOT_IN_FORCE", "a.csv", "row 3", "案号"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	original := Invalid("COURT_CODE_FORMAT", "x")
	if placed := original.At(Place{Row: 1}); original.Place.Row != 0 || placed.Place.Row != 1 {
		t.Error("At changes the error that it copies")
	}
	for want, e := range map[Kind]*Error{KindInvalid: Invalid("X"), KindForbidden: Forbidden("X"), KindMissing: Missing("X"), KindConflict: Conflict("X"), KindUnavailable: Unavailable("X")} {
		if e.Kind != want || e.What() != (Text{"X", "X"}) {
			t.Errorf("%s: kind %s, text %v", want, e.Kind, e.What())
		}
	}
}
