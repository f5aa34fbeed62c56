package hub

import (
	"context"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/documents"
	"gongxin/internal/store"
)

// A purpose says why somebody needs a full identifier, so that a reader of the
// access log can tell.
const (
	minPurpose = 4 // characters
	maxPurpose = 200
	ownPurpose = "本人查阅" // of the person concerned, who need not give one
)

// purpose checks what the caller gave as one. Error: PURPOSE_NEEDED.
func purpose(ctx context.Context, s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" && access.ActorFrom(ctx).Role == gongxin.RoleSubject {
		return ownPurpose, nil
	}
	if n := utf8.RuneCountInString(s); n < minPurpose || n > maxPurpose {
		return "", gongxin.Invalid("PURPOSE_NEEDED", minPurpose, maxPurpose)
	}
	return s, nil
}

// disclosed is the record that the caller sees full identifiers of a listing.
func (h *Hub) disclosed(ctx context.Context, operation, purpose string, id gongxin.ListingID) access.Disclosure {
	by := access.ActorFrom(ctx)
	return access.Disclosure{
		At: gongxin.Millis(h.Now()), By: by.ID, Role: by.Role, Organisation: by.Organisation,
		Operation: operation, Listing: id, Purpose: purpose,
	}
}

// disclose keeps records; the answer goes out only after they are durable.
func (h *Hub) disclose(ctx context.Context, records ...access.Disclosure) error {
	return h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		for _, d := range records {
			if err := tx.Disclose(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

type documentsOutput struct {
	Body struct {
		Documents []IssuedPaper `json:"documents"`
	}
}

// An IssuedPaper is a document of a listing, without its text.
type IssuedPaper struct {
	Paper
	Court    gongxin.CourtCode `json:"court"`
	At       time.Time         `json:"at"`
	For      uint64            `json:"for" doc:"sequence of the act that it records"`
	Sequence uint64            `json:"sequence" doc:"of the event that commits to it"`
	Hash     string            `json:"hash" doc:"SHA-256 of its page"`
}

func newIssuedPapers(issued []gongxin.Document) []IssuedPaper {
	papers := make([]IssuedPaper, 0, len(issued))
	for _, d := range issued {
		papers = append(papers, IssuedPaper{Paper{d.Number, d.Kind}, d.Court, d.At, d.For, d.Sequence, hex.EncodeToString(d.Hash[:])})
	}
	return papers
}

func (a *api) documents(ctx context.Context, in *ListingPath) (*documentsOutput, error) {
	id, err := gongxin.ParseListingID(in.ID)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(documentsOutput)
	err = a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		if _, err := a.hub.visible(ctx, v, id); err != nil {
			return err
		}
		papers, err := v.Documents(ctx, id)
		out.Body.Documents = newIssuedPapers(papers)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// document returns a document of a listing that the caller may see, or that the
// caller's court issued. Errors: DOCUMENT_UNKNOWN also for one that is not theirs
// to see, DOCUMENT_ERASED.
func (h *Hub) document(ctx context.Context, number string) (d gongxin.Document, err error) {
	unknown := gongxin.Missing("DOCUMENT_UNKNOWN", number)
	if utf8.RuneCountInString(number) > maxDocumentNumber {
		return d, gongxin.Invalid("QUERY_PARAMETER", "number")
	}
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		if d, err = v.Document(ctx, number); err != nil {
			return err
		}
		if by := access.ActorFrom(ctx); !by.Court.IsZero() && by.Court == d.Court {
			return nil
		}
		_, err := h.visible(ctx, v, d.Listing)
		return err
	})
	switch {
	case gongxin.CodeOf(err) == "UNKNOWN_LISTING":
		return d, unknown
	case gongxin.CodeOf(err) == "LISTING_ERASED" || err == nil && d.Page == nil:
		return d, gongxin.Missing("DOCUMENT_ERASED", number)
	}
	return d, err
}

const maxDocumentNumber = 100 // characters

// A page is shown, never run: it has no scripts, and loads nothing.
const pagePolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

// rawOutput is an answer that is not ours to encode.
type rawOutput struct {
	ContentType string `header:"Content-Type"`
	Cache       string `header:"Cache-Control"`
	Policy      string `header:"Content-Security-Policy"`
	Sniff       string `header:"X-Content-Type-Options"`
	Body        []byte
}

func newRaw(contentType string, body []byte) *rawOutput {
	return &rawOutput{contentType, "private, no-store", pagePolicy, "nosniff", body}
}

const html = "text/html; charset=utf-8"

type documentInput struct {
	Number  string `query:"number" required:"true"`
	Purpose string `query:"purpose" doc:"what it is needed for, 4 characters at least; recorded"`
	Form    string `query:"form" enum:"page,data" default:"page"`
}

func (a *api) readDocument(ctx context.Context, in *documentInput) (*rawOutput, error) {
	why, err := purpose(ctx, in.Purpose)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	d, err := a.hub.document(ctx, in.Number)
	if err == nil {
		err = a.hub.disclose(ctx, a.hub.disclosed(ctx, "document-read", why, d.Listing))
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	if in.Form == "data" {
		return newRaw("application/json", d.Data), nil
	}
	return newRaw(html, d.Page), nil
}

type printInput struct {
	Body struct {
		Number  string `json:"number"`
		Purpose string `json:"purpose" doc:"what it is needed for, 4 characters at least; recorded"`
	}
}

// printDocument gives a document as it is handed to the person. A decision
// carries a fresh access code, which ends the ones before it.
func (a *api) printDocument(ctx context.Context, in *printInput) (*rawOutput, error) {
	page, err := a.hub.print(ctx, in.Body.Number, in.Body.Purpose)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return newRaw(html, page), nil
}

func (h *Hub) print(ctx context.Context, number, why string) ([]byte, error) {
	why, err := purpose(ctx, why)
	if err != nil {
		return nil, err
	}
	d, err := h.document(ctx, number)
	if err != nil {
		return nil, err
	}
	by := access.ActorFrom(ctx)
	if !by.ActsFor(d.Court) { // a code opens the listing, so only the court that decided gives one
		return nil, gongxin.Forbidden("NOT_ENTITLED", by.Role, d.Court)
	}
	var secret string
	var code access.Code
	if documents.TakesCode(d.Kind) {
		if secret, code, err = access.IssueCode(d.Listing, by.ID, gongxin.Millis(h.Now()), h.Random); err != nil {
			return nil, err
		}
	}
	page, err := documents.Print(d, secret, h.Address)
	if err != nil {
		return nil, err
	}
	disclosed := h.disclosed(ctx, "document-print", why, d.Listing)
	return page, h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if secret != "" {
			if err := tx.SaveCode(ctx, code); err != nil {
				return err
			}
		}
		return tx.Disclose(ctx, disclosed)
	})
}

// TemplatePath names the template of a kind of document.
type TemplatePath struct {
	Kind gongxin.DocumentKind `path:"kind" enum:"notice,decision,correction,suspension,extension,review,reconsideration,withdrawal,answer,employer"`
}

type templateOutput struct {
	Body struct {
		Kind    gongxin.DocumentKind `json:"kind"`
		Court   gongxin.CourtCode    `json:"court"`
		Text    string               `json:"text"`
		Own     bool                 `json:"own" doc:"the court's own; else the one for all courts"`
		Version int                  `json:"version,omitempty" doc:"of the court's own, counted from 1"`
		By      string               `json:"by,omitempty"`
		At      time.Time            `json:"at,omitzero"`
		Preview string               `json:"preview,omitempty" doc:"a document with invented people, as HTML"`
	}
}

type templateInput struct {
	TemplatePath
	Court string `query:"court" doc:"of which court, for operators; people of courts see their own"`
}

func (a *api) readTemplate(ctx context.Context, in *templateInput) (*templateOutput, error) {
	court := access.ActorFrom(ctx).Court
	if court.IsZero() && in.Court != "" {
		var err error
		if court, err = gongxin.ParseCourtCode(in.Court); err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	var t store.Template
	err := a.hub.Store.Read(ctx, func(ctx context.Context, v *store.View) (err error) {
		t, err = v.Template(ctx, court, in.Kind)
		return err
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return newTemplate(court, in.Kind, t), nil
}

func newTemplate(court gongxin.CourtCode, kind gongxin.DocumentKind, t store.Template) *templateOutput {
	out := new(templateOutput)
	b := &out.Body
	b.Kind, b.Court, b.Own = kind, court, t.Text != ""
	b.Text, b.Version, b.By, b.At = t.Text, t.Version, t.By, t.At
	if !b.Own {
		b.Text = documents.Default(kind)
	}
	return out
}

type templateWrite struct {
	TemplatePath
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"20000"`
		Try  bool   `json:"try,omitempty" doc:"only show a document by this text; nothing is kept"`
	}
}

// writeTemplate keeps a court's own text for the documents that it issues from
// now on. Those that were issued stay as they are.
func (a *api) writeTemplate(ctx context.Context, in *templateWrite) (*templateOutput, error) {
	by := access.ActorFrom(ctx)
	preview, err := documents.Preview(in.Kind, in.Body.Text)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	t := store.Template{Court: by.Court, Kind: in.Kind, Text: in.Body.Text, By: by.ID, At: gongxin.Millis(a.hub.Now())}
	if !in.Body.Try {
		err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveTemplate(ctx, t); err != nil {
				return err
			}
			t, err = tx.Template(ctx, by.Court, in.Kind)
			return err
		})
		if err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	out := newTemplate(by.Court, in.Kind, t)
	out.Body.Preview = string(preview)
	return out, nil
}

// CourtTemplates gives documents.Options the courts' own texts in db.
func CourtTemplates(db *store.DB) func(context.Context, gongxin.CourtCode, gongxin.DocumentKind) (string, error) {
	return func(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (text string, err error) {
		err = db.Read(ctx, func(ctx context.Context, v *store.View) error {
			t, err := v.Template(ctx, court, kind)
			text = t.Text
			return err
		})
		return text, err
	}
}
