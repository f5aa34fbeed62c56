package documents

import (
	"bytes"
	"strings"
	"testing"

	"gongxin"
)

const (
	code    = "7K3M-Q9TX-2PAB-V0HE"
	address = "https://credit.example/listing"
)

func TestWhatPrintAddsComesOffAgain(t *testing.T) {
	for _, x := range scenes() {
		doc := write(t, scribe(nil), x.draft)
		archived := bytes.Clone(doc.Page)
		given := ""
		if TakesCode(doc.Kind) {
			given = code
		}
		for _, given := range []string{"", given} {
			printed, err := Print(doc, given, address)
			if err != nil {
				t.Fatalf("%s: %v", x.name, err)
			}
			if !bytes.Equal(doc.Page, archived) {
				t.Fatalf("%s: printing changed the archived page", x.name)
			}
			if !bytes.Equal(Archived(printed), archived) {
				t.Errorf("%s: without what was added it is not the archived page", x.name)
			}
			has := bytes.Contains(printed, []byte(code)) && bytes.Contains(printed, []byte(address))
			if has != (given != "") {
				t.Errorf("%s: code and address on the print: %v, code given: %q", x.name, has, given)
			}
			if !bytes.Contains(printed, []byte("SHA-256")) {
				t.Errorf("%s: the print does not say the hash", x.name)
			}
		}
		if bytes.Contains(doc.Page, []byte(code)) || bytes.Contains(doc.Data, []byte(code)) {
			t.Errorf("%s: a code is in the archive", x.name)
		}
	}
}

func TestOnlyTheArchivedPageIsPrinted(t *testing.T) {
	decision := write(t, scribe(nil), sample(gongxin.DocDecision))
	notice := write(t, scribe(nil), sample(gongxin.DocNotice))
	erased, altered := decision, decision
	erased.Page, erased.Data = nil, nil
	altered.Page = bytes.Replace(decision.Page, []byte("100000"), []byte("900000"), 1)
	for _, tt := range []struct {
		name string
		doc  gongxin.Document
		code string
		want string
	}{
		{"a notice with a code", notice, code, "DOCUMENT_TAKES_NO_CODE"},
		{"an erased page", erased, code, "DOCUMENT_ERASED"},
	} {
		if _, err := Print(tt.doc, tt.code, address); gongxin.CodeOf(err) != tt.want {
			t.Errorf("%s gives %v, want %s", tt.name, err, tt.want)
		}
	}
	if _, err := Print(altered, code, address); err == nil {
		t.Error("an altered page was printed")
	}
	printed, err := Print(decision, `"><script>`, "<b>")
	if err != nil || bytes.Contains(printed, []byte("<script>")) || bytes.Contains(printed, []byte("<b>")) {
		t.Errorf("what is printed is not escaped: %v", err)
	}
	for _, torn := range []string{addedFrom, "a" + addedFrom + "b", addedTo + addedFrom} {
		if got := string(Archived([]byte(torn))); !strings.Contains(got, addedFrom) {
			t.Errorf("%q lost its beginning: %q", torn, got)
		}
	}
}
