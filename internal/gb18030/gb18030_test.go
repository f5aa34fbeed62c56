package gb18030

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestAllOfUnicodeIsMappedBackAndForth(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) || r >= 0x10000 && r%97 != 0 {
			continue
		}
		b := Append(nil, string(r))
		got, n, err := Decode(b)
		if private := 0xE000 <= r && r <= 0xE864; (got != r || n != len(b) || err != nil) && !(private && string(b) == "?") {
			t.Fatalf("U+%04X: % x gives U+%04X, %v", r, b, got, err)
		}
	}
	for b, want := range map[string]rune{"\xFE\x9F": '䶮', "\x82\x30\xB7\x31": '㛃', "\xA9\x96": '〇', "\x99\x33\xA8\x38": '𬭊', "\xAA\xA1": 0xE000,
		"\xF8\xA1": 0xE234, "\xA1\x40": 0xE4C6, "\xFE\x59": 0xE81E, "\xB0\xA1": '啊'} {
		if got, _, err := Decode([]byte(b)); got != want || err != nil {
			t.Errorf("% x: got U+%04X, %v", b, got, err)
		}
	}
	for _, b := range []string{"\x80", "\xFF", "\xB0\x20", "\xB0\x7F", "\xB0\xFF", "\x81\x30\x20\x30", "\x81\x30\x81\x20", "\x85\x30\x81\x30", "\xE3\x32\x9A\x36", "\xFE\x39\xFE\x39"} {
		if r, _, err := Decode([]byte(b)); err == nil {
			t.Errorf("% x: got U+%04X, want none", b, r)
		}
	}
}

// What is read says where it is none, and the same as golang.org/x/text where that one
// reads it.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a,\xB0\xA1\n", "\xAA\xA1\xFE\x59", "\x99\x33\xA8\x38", "\xB0", "\x81\x30\x81", "a\x00b", "\x80", "\xFF\xFE"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, at := Text(b)
		if !utf8.ValidString(s) || at >= len(b) || at < -1 {
			t.Fatalf("% x: %q, %d", b, s, at)
		}
		if at >= 0 {
			if _, _, err := Decode(b[at:]); err == nil {
				t.Fatalf("% x: a character at %d counts as none", b, at)
			}
			b = b[:at]
		}
		if again, at := Text(Append(nil, s)); again != s || at >= 0 {
			t.Fatalf("% x: %q, written and read again %q", b, s, again)
		}
		theirs, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range string(theirs) {
			if r == utf8.RuneError {
				return // it has no such character
			}
			if i < len(s) && s[i] != theirs[i] {
				t.Fatalf("% x: %q, and by golang.org/x/text %q", b, s, theirs)
			}
		}
	})
}
