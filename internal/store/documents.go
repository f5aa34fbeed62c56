package store

import (
	"context"
	"time"

	"gongxin"
)

// NextDocument returns how many documents the case has so far plus one, and
// counts it: no number is given twice, and one that is undone is given again.
func (tx *Tx) NextDocument(ctx context.Context, caseKey string) (int, error) {
	panic("not built yet")
}

// KeepDocument keeps a document that an event of this transaction commits to.
// Error: DOCUMENT_NUMBER_TAKEN.
func (tx *Tx) KeepDocument(ctx context.Context, d gongxin.Document) error { panic("not built yet") }

// Document returns the document with that number; its Page and Data are nil once
// erased. Error: DOCUMENT_UNKNOWN.
func (r *reader) Document(ctx context.Context, number string) (gongxin.Document, error) {
	panic("not built yet")
}

// Documents returns the documents of a listing without Page and Data, oldest
// first. The Number of one that was erased is "".
func (r *reader) Documents(ctx context.Context, listing gongxin.ListingID) ([]gongxin.Document, error) {
	panic("not built yet")
}

// An Evidence is a file that a person attached to an objection or a request.
type Evidence struct {
	Hash    [32]byte // SHA-256 of Body; with Listing it identifies the file
	Listing gongxin.ListingID
	Media   string // content type
	Name    string // of the file, as the person gave it; "" once erased
	Size    int64  // of Body in bytes, also once that is erased; filled by the store
	At      time.Time
	By      string // Actor.ID
	Body    []byte // nil once erased
}

// SaveEvidence keeps e; the same file again for the same listing changes nothing.
func (tx *Tx) SaveEvidence(ctx context.Context, e Evidence) error { panic("not built yet") }

// Evidence returns the file with that hash. If several listings have it, it is
// given as that of the first; EvidenceIn tells for one of them. Error:
// EVIDENCE_UNKNOWN.
func (r *reader) Evidence(ctx context.Context, hash [32]byte) (Evidence, error) {
	panic("not built yet")
}

// EvidenceIn returns the file with that hash of one listing. Error: EVIDENCE_UNKNOWN.
func (r *reader) EvidenceIn(ctx context.Context, listing gongxin.ListingID, hash [32]byte) (Evidence, error) {
	panic("not built yet")
}

// EvidenceOf returns the files of a listing without Body, oldest first.
func (r *reader) EvidenceOf(ctx context.Context, listing gongxin.ListingID) ([]Evidence, error) {
	panic("not built yet")
}

// EvidenceSize returns how many files a listing has and how many bytes they are.
func (r *reader) EvidenceSize(ctx context.Context, listing gongxin.ListingID) (count int, bytes int64, err error) {
	panic("not built yet")
}

// A Template is a court's own text for a kind of document. Its versions are kept.
type Template struct {
	Court   gongxin.CourtCode
	Kind    gongxin.DocumentKind
	Version int // counted from 1, given by the store
	Text    string
	By      string // Actor.ID
	At      time.Time
}

// SaveTemplate keeps t as the newest version for its court and kind.
func (tx *Tx) SaveTemplate(ctx context.Context, t Template) error { panic("not built yet") }

// Template returns the newest version for a court and kind; the zero Template if
// the court has none of its own.
func (r *reader) Template(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (Template, error) {
	panic("not built yet")
}
