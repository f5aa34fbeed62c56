package identity

import "testing"

func FuzzUsualNumbersAreReadAsAllAre(f *testing.F) {
	for _, s := range []string{"320000198001010018", "32000019800101001X", "810000198001010013", "320000198002300017", "920000198001010018", "32000019800101001x", "320000184901010018", "320000211001010010"} {
		f.Add(s)
		f.Add(s[:17] + string(mod112(s)))
	}
	f.Fuzz(func(t *testing.T, s string) {
		usual := isCitizen18(s)
		n, folds, err := parse(s)
		if read := err == nil && folds == nil && n.kind == CitizenID && n.full == s && len(s) == 18; usual != read {
			t.Errorf("%q: usual %v, by all forms %v: %+v %v", s, usual, read, n, err)
		}
		if got, gotFolds, gotErr := Parse(s); got != n || len(gotFolds) != len(folds) || (gotErr == nil) != (err == nil) {
			t.Errorf("%q: %+v, by all forms %+v", s, got, n)
		}
	})
}
