package hub

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestEvidenceIsBoundedAndServedAsAFileToSave(t *testing.T) {
	s := newStory(t, "2017-09-01")
	s.listed(1)
	path := "/v1/listings/" + s.listing + "/evidence"
	hash := s.evidence("clerk", []byte("履行情况说明\n"))
	if again := s.evidence("clerk", []byte("履行情况说明\n")); again != hash {
		t.Errorf("the same file has the hashes %s and %s", hash, again)
	}
	if sum := sha256.Sum256([]byte("履行情况说明\n")); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s", hash)
	}
	s.want(422, "EVIDENCE_TYPE", "clerk", "POST", path, []byte("<html><script>alert(1)</script>"))
	s.want(422, "EVIDENCE_TOO_MUCH", "clerk", "POST", path, make([]byte, maxEvidence+1))
	s.want(404, "UNKNOWN_LISTING", "far", "POST", path, []byte("x"))

	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/evidence/"+hash, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.tokens["judge"])
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "履行情况说明\n" {
		t.Errorf("the file comes back as %q, %v", body, err)
	}
	for header, want := range map[string]string{
		"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Content-Disposition": "attachment; filename*=utf-8''%E6%94%B6%E6%8D%AE.pdf",
	} {
		if got := answer.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for i := range maxEvidenceFiles {
		status, b := s.do("clerk", "POST", path, []byte(fmt.Sprintf("文件 %d", i)))
		if want := 200; i == maxEvidenceFiles-1 { // with the first there are 21
			if status != 422 || !bytes.Contains(b, []byte("EVIDENCE_TOO_MUCH")) {
				t.Errorf("file %d: %d %s", i+2, status, b)
			}
		} else if status != want {
			t.Errorf("file %d: %d %s", i+2, status, b)
		}
	}
}

func TestFilesAreKnownByTheirContent(t *testing.T) {
	for _, tt := range []struct {
		name, content, want string
	}{
		{"PDF", "%PDF-1.7\n…", "application/pdf"},
		{"PNG", "\x89PNG\r\n\x1a\n....", "image/png"},
		{"JPEG", "\xff\xd8\xff\xe0....", "image/jpeg"},
		{"text", "已履行\r\n", "text/plain"},
		{"text in GB 18030", "\xd2\xd1\xc2\xc4\xd0\xd0", "text/plain"},
		{"nothing", "", ""},
		{"HTML", "  <!DOCTYPE html><p>", ""},
		{"a page that begins as text", strings.Repeat("x", 600) + "\x00", ""},
		{"GIF", "GIF89a....", ""},
		{"archive", "PK\x03\x04....", ""},
		{"SVG", "<?xml version=\"1.0\"?><svg/>", ""},
	} {
		if got := mediaOf([]byte(tt.content)); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.name, got, tt.want)
		}
	}
	archive := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			if _, err := z.Create(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for want, b := range map[string]string{
		mediaDOCX: archive("[Content_Types].xml", "word/document.xml"),
		"":        archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), // macros
	} {
		if got := mediaOf([]byte(b)); got != want {
			t.Errorf("a Word document is %q, want %q", got, want)
		}
	}
	for name, want := range map[string]string{"../../a/收据.pdf": "收据.pdf", `C:\x\b.doc`: "b.doc", "": "file", "..": "file", "a\r\nb": "ab"} {
		if got := fileName(name); got != want {
			t.Errorf("name %q becomes %q, want %q", name, got, want)
		}
	}
}

func FuzzMediaOf(f *testing.F) {
	for _, seed := range []string{"%PDF-1.7", "PK\x03\x04", "\xff\xd8\xff", "text", "<html>", "\x89PNG\r\n\x1a\n"} {
		f.Add([]byte(seed))
	}
	allowed := map[string]bool{"": true, "application/pdf": true, "image/png": true, "image/jpeg": true, "text/plain": true, mediaDOCX: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		if media := mediaOf(b); !allowed[media] {
			t.Errorf("%q is taken as %q", b, media)
		}
		if name := fileName(string(b)); name == "" || strings.ContainsAny(name, "/\\\r\n\x00") {
			t.Errorf("name %q", name)
		}
	})
}
