package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// Files that are handed in with an objection or a request are bounded, each and
// for a listing together.
const (
	maxEvidence      = 10 << 20 // bytes of one file
	maxEvidenceOf    = 50 << 20 // bytes of a listing's files
	maxEvidenceFiles = 20
	maxFileName      = 120 // characters
)

// addEvidence serves POST /v1/listings/{id}/evidence?name=…: the file as the body.
// What it is its content says, whatever the header claims. It answers {"hash"},
// by which an objection or a request names it; the same file again changes nothing.
func (a *api) addEvidence(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	l, err := a.hub.listing(ctx, r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvidence))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			err = evidenceTooMuch()
		} else {
			err = gongxin.Invalid("REQUEST_INVALID", err.Error()) // the sender broke off
		}
		a.fail(w, r, err)
		return
	}
	e := store.Evidence{
		Hash: sha256.Sum256(body), Listing: l.ID, Media: mediaOf(body), Name: fileName(r.URL.Query().Get("name")),
		At: gongxin.Millis(a.hub.Now()), By: access.ActorFrom(ctx).ID, Body: body,
	}
	if e.Media == "" {
		a.fail(w, r, gongxin.Invalid("EVIDENCE_TYPE"))
		return
	}
	err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.EvidenceIn(ctx, l.ID, e.Hash)
		if err == nil || gongxin.CodeOf(err) != "EVIDENCE_UNKNOWN" {
			return err
		}
		count, size, err := tx.EvidenceSize(ctx, l.ID)
		if err != nil {
			return err
		}
		if count+1 > maxEvidenceFiles || size+int64(len(body)) > maxEvidenceOf {
			return evidenceTooMuch()
		}
		return tx.SaveEvidence(ctx, e)
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"hash": hex.EncodeToString(e.Hash[:]), "media": e.Media}) // a reader that went away needs no answer
}

func evidenceTooMuch() error {
	return gongxin.Invalid("EVIDENCE_TOO_MUCH", maxEvidence>>20, maxEvidenceFiles, maxEvidenceOf>>20)
}

// readEvidence serves GET /v1/evidence/{hash}?listing=…: a file as it was handed
// in, for saving and never for showing: whoever handed it in is not to be trusted
// with a page of ours. listing is needed only where several have the same file.
func (a *api) readEvidence(w http.ResponseWriter, r *http.Request) {
	e, err := a.hub.evidence(r.Context(), r.PathValue("hash"), r.URL.Query().Get("listing"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", e.Media)
	h.Set("Content-Length", strconv.Itoa(len(e.Body)))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": e.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	_, _ = w.Write(e.Body) // a reader that went away needs no answer
}

// evidence returns a file of a listing that the caller may see. Errors:
// EVIDENCE_UNKNOWN also for one that is not theirs to see, EVIDENCE_ERASED.
func (h *Hub) evidence(ctx context.Context, hash, listing string) (e store.Evidence, err error) {
	unknown := gongxin.Missing("EVIDENCE_UNKNOWN", hash)
	var sum [sha256.Size]byte
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) != copy(sum[:], b) || len(b) != len(sum) {
		return e, unknown
	}
	of := access.ActorFrom(ctx).Listing
	if of.IsZero() && listing != "" {
		if of, err = gongxin.ParseListingID(listing); err != nil {
			return e, err
		}
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		if of.IsZero() {
			e, err = v.Evidence(ctx, sum)
		} else {
			e, err = v.EvidenceIn(ctx, of, sum)
		}
		if err != nil {
			return err
		}
		_, err := h.visible(ctx, v, e.Listing)
		return err
	})
	switch {
	case gongxin.CodeOf(err) == "UNKNOWN_LISTING":
		return e, unknown
	case err == nil && e.Body == nil:
		return e, gongxin.Missing("EVIDENCE_ERASED", hash)
	}
	return e, err
}

// fileName gives a file's name without path and without what cannot be seen.
func fileName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxFileName {
		s = string(r[:maxFileName])
	}
	if s == "" || strings.Trim(s, ".") == "" {
		return "file"
	}
	return s
}

const mediaDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// mediaOf tells from its content what a file is, "" for what is not taken: PDF,
// JPEG, PNG, plain text, and Word documents without macros.
func mediaOf(b []byte) string {
	if docx(b) {
		return mediaDOCX
	}
	media, _, _ := mime.ParseMediaType(http.DetectContentType(b))
	switch media {
	case "application/pdf", "image/jpeg", "image/png":
		return media
	case "text/plain":
		if len(b) > 0 && plainText(b) {
			return media
		}
	}
	return ""
}

// plainText tells whether b has no bytes that no text has; its encoding is left
// open, for many texts are in GB 18030.
func plainText(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b", r) }) < 0
}

// docx tells whether b is a Word document without macros. It reads the directory
// of the archive alone, so a bomb has no effect here.
func docx(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		return false
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return false
	}
	types, document := false, false
	for _, f := range z.File {
		switch {
		case f.Name == "[Content_Types].xml":
			types = true
		case f.Name == "word/document.xml":
			document = true
		case strings.Contains(strings.ToLower(f.Name), "vbaproject"):
			return false
		}
	}
	return types && document
}

// attached tells whether files with these hashes were handed in for the listing.
// Error: EVIDENCE_UNKNOWN.
func (h *Hub) attached(ctx context.Context, id gongxin.ListingID, hashes []string) error {
	if len(hashes) == 0 {
		return nil
	}
	there := map[string]bool{}
	err := h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		files, err := v.EvidenceOf(ctx, id)
		for _, f := range files {
			there[hex.EncodeToString(f.Hash[:])] = true
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("files of listing %s: %w", id, err)
	}
	for _, hash := range hashes {
		if !there[hash] {
			return gongxin.Missing("EVIDENCE_UNKNOWN", hash)
		}
	}
	return nil
}
