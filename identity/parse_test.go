package identity

import (
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// kindsOf gives the kind of each name in testdata/identifiers.csv.
var kindsOf = map[string]Kind{
	"citizen-id-18": CitizenID, "citizen-id-15": CitizenID, "uscc": CreditCode, "org-code": OrganisationCode,
	"hkm-permit": HongKongMacaoPermit, "taiwan-permit": TaiwanPermit, "residence-permit-hmt": ResidencePermit,
	"foreign-pr-2017": ForeignPermanentID, "foreign-pr-2023": ForeignPermanentID, "passport-cn": Passport,
}

func examples(t testing.TB) [][]string {
	t.Helper()
	f, err := os.Open("testdata/identifiers.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:] // kind, value, valid, why
}

func reasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func TestEveryExampleIsValidAsWrittenOrIsNot(t *testing.T) {
	for _, row := range examples(t) {
		kind, ok := kindsOf[row[0]]
		if !ok {
			t.Fatalf("no kind is known for %q", row[0])
		}
		n, folds, err := Parse(row[1], kind)
		folds = slices.DeleteFunc(folds, func(f Fold) bool { return f == FoldUpgrade })
		if got := err == nil && len(folds) == 0; got != (row[2] == "true") {
			t.Errorf("%s %s: valid as written %t, want %s (%s); error %v, folds %v", row[0], row[1], got, row[2], row[3], err, folds)
		}
		if err == nil && n.Kind() != kind {
			t.Errorf("%s %s: kind %s, want %s", row[0], row[1], n.Kind(), kind)
		}
	}
}

func TestValidExamplesKeepTheirKindWhenNoneIsNamed(t *testing.T) {
	for _, row := range examples(t) {
		if row[2] != "true" {
			continue
		}
		n, _, err := Parse(row[1])
		if err != nil || n.Kind() != kindsOf[row[0]] {
			t.Errorf("%s %s: kind %s, error %v, want kind %s", row[0], row[1], n.Kind(), err, kindsOf[row[0]])
		}
	}
}

func TestFoldingIsReported(t *testing.T) {
	const person = "320000198001010018"
	for _, tt := range []struct {
		name, in string
		want     string
		folds    []Fold
	}{
		{"canonical", person, person, nil},
		{"full width", "３２００００１９８００１０１００１８", person, []Fold{FoldWidth}},
		{"lower-case x", "11000019640229018x", "11000019640229018X", []Fold{FoldUppercase}},
		{"full-width lower-case x", "11000019640229018ｘ", "11000019640229018X", []Fold{FoldWidth, FoldUppercase}},
		{"Roman numeral ten", "11000019640229018Ⅹ", "11000019640229018X", []Fold{FoldWidth}},
		{"spaces around", " \t" + person + "\u3000\u00a0\r\n", person, []Fold{FoldTrim}},
		{"byte order mark and zero-width space", "\ufeff" + person + "\u200b", person, []Fold{FoldTrim}},
		{"zero-width space inside", "320000\u200b198001010018", person, []Fold{FoldTrim}},
		{"direction marks of a copied number", "\u202d" + person + "\u202c", person, []Fold{FoldTrim}},
		{"apostrophe of a spreadsheet", "'" + person, person, []Fold{FoldTrim}},
		{"curly apostrophe after a space", " ’" + person, person, []Fold{FoldTrim}},
		{"spaces inside", "320000 19800101 0018", person, []Fold{FoldSeparator}},
		{"hyphens inside", "320000-19800101-0018", person, []Fold{FoldSeparator}},
		{"15 digits", "320000650704127", "320000196507041277", []Fold{FoldUpgrade}},
		{"15 digits in full width with a space", "３２００００６５０７０４１２７ ", "320000196507041277", []Fold{FoldTrim, FoldWidth, FoldUpgrade}},
		{"organisation code without hyphen", "QQ0000012", "QQ0000012", nil},
		{"organisation code with hyphen", "QQ000001-2", "QQ0000012", nil},
		{"organisation code with a full-width hyphen", "QQ000001－2", "QQ0000012", []Fold{FoldWidth}},
		{"organisation code with a hyphen elsewhere", "QQ-0000012", "QQ0000012", []Fold{FoldSeparator}},
		{"organisation code in lower case", "qq000001-2", "QQ0000012", []Fold{FoldUppercase}},
		{"credit code in lower case", "91320000qq00000129", "91320000QQ00000129", []Fold{FoldUppercase}},
		{"credit code with spaces", "91320000 QQ000001-2 9", "91320000QQ00000129", []Fold{FoldSeparator}},
		{"booklet with full-width brackets", "0000000000（A）", "0000000000(A)", []Fold{FoldWidth}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, folds, err := Parse(tt.in)
			if err != nil || n.Full() != tt.want || !slices.Equal(folds, tt.folds) {
				t.Errorf("got %q %v %v, want %q %v", n.Full(), folds, err, tt.want, tt.folds)
			}
		})
	}
}

func TestAFaultHasItsReason(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		kinds    []Kind
		want     Reason
	}{
		{"check character", "320000198001010010", nil, Checksum},
		{"transposed digits", "320000198001100018", nil, Checksum},
		{"no such day, check fits", "320000198102290012", nil, Format},
		{"no such day, check does not fit", "320000198102290013", nil, Checksum},
		{"born in the year 18", "320000001801010014", []Kind{CitizenID}, Format},
		{"17 characters", "32000019991231002", nil, Format},
		{"19 characters", "3200001980010100188", nil, Format},
		{"letter inside", "32000019800101O018", []Kind{CitizenID}, Format},
		{"X inside", "3200001980010X0018", []Kind{CitizenID}, Format},
		{"empty", "", nil, Format},
		{"spaces only", " \u3000 ", nil, Format},
		{"masked", "320000********0018", nil, Format},
		{"hyphen in front", "-320000198001010018", nil, Format},
		{"hyphen at the end", "QQ000001-", nil, Format},
		{"a number of a spreadsheet", "3.20000198001010E+17", nil, Format},
		{"invalid bytes", "32000019800101001\xff", nil, Format},
		{"a cell of megabytes", strings.Repeat(" ", 10<<20), nil, Format},
		{"Chinese digits", "三二〇〇〇〇一九八〇〇一〇一〇〇一八", nil, Format},
		{"15 digits, month 13", "320000651304127", nil, Format},
		{"15 digits of a centenarian", "320000120704996", nil, Refer},
		{"15 digits, the last sequence of others", "320000120704995", nil, ""},
		{"credit code: outer check", "91320000QQ00000123", nil, Checksum},
		{"credit code: inner check", "91320000QQ00000217", nil, Checksum},
		{"credit code: letter O", "91320000QQO2AB3CXH", nil, Format},
		{"organisation code", "QQ000001-0", nil, Checksum},
		{"residence permit: check", "810000188001010010", nil, Checksum},
		{"residence permit as a citizen number", "810000188001010015", []Kind{CitizenID}, Format},
		{"citizen number as a residence permit", "320000198001010018", []Kind{ResidencePermit}, Format},
		{"citizen number as a credit code", "320000198001010018", []Kind{CreditCode}, Format},
		{"an organisation where persons are asked for", "QQ0000012", []Kind{CitizenID, Passport}, Format},
		{"a kind that does not exist", "320000198001010018", []Kind{200}, Format},
		{"no kind", "320000198001010018", []Kind{0}, Format},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, _, err := Parse(tt.in, tt.kinds...)
			if got := reasonOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if (err == nil) == n.IsZero() {
				t.Errorf("number %v with error %v", n, err)
			}
			if err != nil && len(tt.in) > 5 && strings.Contains(err.Error(), tt.in) {
				t.Errorf("the error holds the number: %v", err)
			}
		})
	}
}

func TestNineDigitsAreAnOrganisationBeforeAPassport(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Kind
	}{
		{"140000002", OrganisationCode}, // 14 and seven digits, and the check fits
		{"140000001", Passport},
	} {
		if n, _, err := Parse(tt.in); n.Kind() != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.in, n.Kind(), err, tt.want)
		}
	}
}
