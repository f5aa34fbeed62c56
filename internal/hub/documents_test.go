package hub

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"gongxin/internal/store"
)

func TestPurposeIsNeededAndKept(t *testing.T) {
	s := newStory(t, "2017-09-01")
	decision := s.listed(1)
	full := fields(1)["身份证号码"]
	path := "/v1/listings/" + s.listing + "/full"
	s.want(422, "PURPOSE_NEEDED", "judge", "POST", path, map[string]any{"purpose": "  a b"})
	s.want(404, "UNKNOWN_LISTING", "abroad", "POST", path, map[string]any{"purpose": "核对身份"})
	s.want(403, "NOT_ALLOWED", "operator", "POST", path, map[string]any{"purpose": "核对身份"})
	if b := s.centre.want(200, "", "judge", "POST", path, map[string]any{"purpose": "核对 身份"}); !bytes.Contains(b, []byte(full)) {
		t.Errorf("the full listing lacks the number: %s", b)
	}
	search := func(status int, code, who, number string) []byte {
		t.Helper()
		return s.want(status, code, who, "POST", "/v1/listings/search", map[string]any{"number": number, "purpose": "核对身份"})
	}
	search(422, "NUMBER_FORMAT", "judge", full[:17])
	if b := search(200, "", "judge", full); !bytes.Contains(b, []byte(s.listing)) {
		t.Errorf("the search finds nothing: %s", b)
	}
	if b := search(200, "", "abroad", full); !bytes.Contains(b, []byte(`"listings":[]`)) {
		t.Errorf("another court finds %s", b)
	}
	number := "/v1/documents?number=" + url.QueryEscape(decision)
	s.want(422, "PURPOSE_NEEDED", "judge", "GET", number, nil)
	s.want(404, "DOCUMENT_UNKNOWN", "abroad", "GET", number+"&purpose=abcd", nil)
	for _, form := range []string{"page", "data"} {
		if b := s.centre.want(200, "", "judge", "GET", number+"&purpose=abcd&form="+form, nil); !bytes.Contains(b, []byte(full)) {
			t.Errorf("the document as %s lacks the number: %s", form, b)
		}
	}
	s.want(404, "DOCUMENT_UNKNOWN", "abroad", "POST", "/v1/documents/print", map[string]any{"number": decision, "purpose": "送达决定书"})
	s.signIn(s.code(decision))
	s.centre.want(200, "", "subject", "GET", number, nil) // one's own needs no purpose
	s.noFullNumber(1)

	var got []string
	err := s.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error {
		all, err := v.Disclosures(ctx, s.Now().Add(-time.Hour), s.Now().Add(time.Hour), 100)
		for _, d := range all {
			got = append(got, d.By+" "+d.Operation+" "+d.Purpose+" "+fmt.Sprint(d.Listing.String() == s.listing))
		}
		return err
	})
	want := []string{
		"judge listing-full 核对 身份 true", "judge listing-search 核对身份 true", "abroad listing-search 核对身份 false",
		"judge document-read abcd true", "judge document-read abcd true", "clerk document-print 送达决定书 true", "subject document-read 本人查阅 true",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("what was recorded, %v:\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCourtsTemplateIsCheckedAndItsOwn(t *testing.T) {
	s := newStory(t, "2017-09-01")
	path := "/v1/templates/notice"
	var before, after struct {
		Text, Preview string
		Own           bool
		Version       int
	}
	s.read(s.want(200, "", "clerk", "GET", path, nil), &before)
	if before.Own || before.Text == "" {
		t.Fatalf("the template of all courts: %+v", before)
	}
	text := before.Text + "\n本院地址：虎丘区。\n"
	s.want(403, "NOT_ALLOWED", "clerk", "PUT", path, map[string]any{"text": text})
	s.want(422, "TEMPLATE_REQUIRED", "judge", "PUT", path, map[string]any{"text": "您好"})
	s.read(s.want(200, "", "judge", "PUT", path, map[string]any{"text": text, "try": true}), &after)
	if !strings.Contains(after.Preview, "虎丘区") {
		t.Errorf("no preview")
	}
	s.read(s.want(200, "", "clerk", "GET", path, nil), &after)
	if after.Own {
		t.Errorf("a trial was kept")
	}
	s.want(200, "", "judge", "PUT", path, map[string]any{"text": text})
	s.read(s.want(200, "", "clerk", "GET", path, nil), &after)
	if !after.Own || after.Text != text || after.Version != 1 {
		t.Errorf("the court's own template: %+v", after)
	}
	s.step("clerk", "", map[string]any{"fields": fields(1)})
	var papers struct{ Documents []IssuedPaper }
	s.read(s.want(200, "", "clerk", "GET", "/v1/listings/"+s.listing+"/documents", nil), &papers)
	number := url.QueryEscape(papers.Documents[0].Number)
	if b := s.centre.want(200, "", "clerk", "GET", "/v1/documents?purpose=核对文书&number="+number, nil); !bytes.Contains(b, []byte("本院地址：虎丘区。")) {
		t.Errorf("the next notice is not by the court's own template: %s", b)
	}
	s.read(s.want(200, "", "abroad", "GET", path, nil), &after)
	if after.Own {
		t.Errorf("another court has it too")
	}
}
