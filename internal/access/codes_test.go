package access

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"gongxin"
)

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	listing := gongxin.ListingID{9}
	code, c, err := IssueCode(listing, "wang@苏0505", noon, bytes.NewReader([]byte{0, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf}))
	if err != nil {
		t.Fatal(err)
	}
	if code != "0123-4567-89AB-CDEF" {
		t.Errorf("the code is %s", code)
	}
	if c.Listing != listing || c.By != "wang@苏0505" || !c.Issued.Equal(noon) || !c.Expires.Equal(noon.AddDate(1, 0, 0)) || !c.Used.IsZero() {
		t.Errorf("got %+v", c)
	}
	for _, typed := range []string{
		code, strings.ToLower(code), "0123456789abcdef", " 0123 4567 89ab cdef\n", "O123-4567-89AB-CDEF", "oI23-4567-89ab-cdef", "0l23456789ABCDEF",
		"０１２３－４５６７－８９ＡＢ－ＣＤＥＦ", "0123—4567–89ab‐cdef",
	} {
		if hash, err := ParseCode(typed); err != nil || hash != c.Hash {
			t.Errorf("%q was not read as the code: %v", typed, err)
		}
	}
	for _, typed := range []string{
		"", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEF0", "0123-4567-89AB-CDEU", "0123-4567-89AB-CDE法", "0123-4567\n-89AB-CDEF", "0123-4567-89AB-CDE=",
		strings.Repeat("-", 200) + code, "\xff123-4567-89AB-CDEF",
	} {
		_, err := ParseCode(typed)
		if gongxin.CodeOf(err) != "CODE_FORMAT" || len(typed) > 8 && strings.Contains(err.Error(), typed[:8]) {
			t.Errorf("%q: got %v, want CODE_FORMAT without what was typed", typed, err)
		}
	}
	if other, err := ParseCode("0123-4567-89AB-CDEG"); err != nil || other == c.Hash {
		t.Errorf("another code: %v", err)
	}
	if _, _, err := IssueCode(listing, "wang", noon, strings.NewReader("short")); err == nil {
		t.Error("a code was made from five bytes")
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("0123-4567-89AB-CDEF")
	f.Add("oil u-０１２３")
	f.Add("\r\n\x00ﬀ")
	f.Fuzz(func(t *testing.T, s string) {
		hash, err := ParseCode(s)
		if err != nil {
			if gongxin.CodeOf(err) != "CODE_FORMAT" || hash != [32]byte{} {
				t.Errorf("%q: got %v", s, err)
			}
			return
		}
		for _, same := range []string{strings.ToLower(s), strings.ReplaceAll(s, "-", ""), " " + s} {
			if again, err := ParseCode(same); err != nil && len(same) <= longestCode || err == nil && again != hash {
				t.Errorf("%q and %q are not the same: %v", s, same, err)
			}
		}
	})
}

func TestIssuedCodesReadBack(t *testing.T) {
	form := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	for range 1000 {
		code, c, err := IssueCode(gongxin.ListingID{1}, "wang", noon, rand.Reader)
		if err != nil || !form.MatchString(code) || seen[code] {
			t.Fatalf("%s, %v", code, err)
		}
		seen[code] = true
		if hash, err := ParseCode(code); err != nil || hash != c.Hash {
			t.Fatalf("%s reads as another: %v", code, err)
		}
	}
}
