package identity

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, row := range examples(f) {
		f.Add(row[1], uint8(0))
	}
	f.Add("３２００００１９８００１０１００１８", uint8(CitizenID))
	f.Add("'qq000001-2\u200b", uint8(OrganisationCode))
	f.Add("0000000000（ａ）", uint8(TaiwanPermit))
	f.Add("91320000 QQ000001-2 9", uint8(CreditCode))
	f.Fuzz(func(t *testing.T, s string, kind uint8) {
		var kinds []Kind
		if kind != 0 {
			kinds = []Kind{Kind(kind)}
		}
		n, folds, err := Parse(s, kinds...)
		if err != nil {
			if !n.IsZero() || folds != nil || reasonOf(err) == "" {
				t.Fatalf("a fault with a number, folds or no reason: %v %v %v", n, folds, err)
			}
			return
		}
		if len(kinds) > 0 && n.Kind() != kinds[0] {
			t.Fatalf("asked for %v, got %v", kinds[0], n.Kind())
		}
		again, folds, err := Parse(n.Full(), n.Kind())
		if err != nil || again != n || folds != nil {
			t.Fatalf("%q is not canonical: %v %v %v", n.Full(), again, folds, err)
		}
		if !n.IsOrganisation() && (strings.Contains(n.String(), n.Full()) || !strings.Contains(n.String(), "*")) {
			t.Fatalf("%q is not masked: %s", n.Full(), n)
		}
		if !Same(n, again) {
			t.Fatalf("%q is not itself", n.Full())
		}
		if y, m, d, ok := n.BirthDate(); ok && !realDay(y, m, d) {
			t.Fatalf("%q was born on %d-%d-%d", n.Full(), y, m, d)
		}
		if org, ok := n.Organisation(); ok != n.IsOrganisation() || ok && !Same(org, n) {
			t.Fatalf("%q: organisation %v %t", n.Full(), org, ok)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, bb := range []struct {
		name, in string
		kinds    []Kind
	}{
		{"citizen/canonical", "320000198001010018", []Kind{CitizenID}},
		{"citizen/any-kind", "320000198001010018", nil},
		{"citizen/full-width", "３２００００１９８００１０１００１８", nil},
		{"citizen/15-digits", "320000650704127", nil},
		{"citizen/checksum", "320000198001010010", []Kind{CitizenID}},
		{"credit-code/canonical", "91320000QQ00000129", nil},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = Parse(bb.in, bb.kinds...)
			}
		})
	}
}

func BenchmarkString(b *testing.B) {
	n := must(b, "320000198001010018")
	b.ReportAllocs()
	for b.Loop() {
		_ = n.String()
	}
}

func BenchmarkKnownArea(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		KnownArea("320508")
	}
}

func TestParsingACanonicalNumberAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _, _ = Parse("320000198001010018", CitizenID) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
