package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gongxin"
)

const (
	countDocument = `
		INSERT INTO document_counts (case_index, count) VALUES ($1, 1)
		ON CONFLICT (case_index) DO UPDATE SET count = document_counts.count + 1`
	documentCount = `SELECT count FROM document_counts WHERE case_index = $1`
)

// NextDocument returns how many documents the case has so far plus one, and
// counts it: no number is given twice, and one that is undone is given again.
func (tx *Tx) NextDocument(ctx context.Context, caseKey string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	value := tx.db.blind.caseValue(caseKey)
	_, err := tx.exec(countDocument, value)
	if err != nil {
		return 0, fmt.Errorf("count document: %w", err)
	}
	var n int
	if _, err = tx.one(ctx, documentCount, []any{value}, func(scan func(...any) error) error { return scan(&n) }); err != nil {
		return 0, fmt.Errorf("count document: %w", err)
	}
	return n, nil
}

const (
	keepDocument = `
		INSERT INTO documents (number_index, number, listing, kind, court, act, sequence, at, hash, page, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (number_index) DO NOTHING`
	getDocument  = `SELECT number, listing, kind, court, act, sequence, at, hash, page, data FROM documents WHERE number_index = $1`
	getDocuments = `
		SELECT number, listing, kind, court, act, sequence, at, hash, NULL, NULL FROM documents
		WHERE listing = $1 ORDER BY sequence, number_index`
)

// documentIndex is what a document is found by: its number names the case.
func (b *blind) documentIndex(number string) []byte {
	sum := b.sum("document", number)
	return sum[:16]
}

// KeepDocument keeps a document that an event of this transaction commits to.
// Error: DOCUMENT_NUMBER_TAKEN.
func (tx *Tx) KeepDocument(ctx context.Context, d gongxin.Document) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := tx.exec(keepDocument, tx.db.blind.documentIndex(d.Number), d.Number, d.Listing[:], string(d.Kind), d.Court.String(),
		int64(d.For), int64(d.Sequence), millis(d.At), d.Hash[:], d.Page, d.Data)
	if err != nil {
		return fmt.Errorf("keep %s of listing %s: %w", d.Kind, d.Listing, err)
	}
	if n == 0 {
		return gongxin.Conflict("DOCUMENT_NUMBER_TAKEN", d.Number)
	}
	return nil
}

func scanDocument(scan func(...any) error) (d gongxin.Document, err error) {
	var number sql.NullString
	var listing, hash []byte
	var court string
	var at int64
	if err := scan(&number, &listing, &d.Kind, &court, &d.For, &d.Sequence, &at, &hash, &d.Page, &d.Data); err != nil {
		return d, err
	}
	d.Number, d.At = number.String, instant(at)
	copy(d.Hash[:], hash)
	if d.Listing, err = listingID(listing); err == nil {
		d.Court, err = courtCode(court)
	}
	if err != nil {
		return d, &unreadable{fmt.Errorf("%s of listing %x: %w", d.Kind, listing, err)}
	}
	return d, nil
}

// Document returns the document with that number; its Page and Data are nil once
// erased. Error: DOCUMENT_UNKNOWN.
func (r *reader) Document(ctx context.Context, number string) (d gongxin.Document, err error) {
	found, err := r.one(ctx, getDocument, []any{r.db.blind.documentIndex(number)}, func(scan func(...any) error) (err error) {
		d, err = scanDocument(scan)
		return err
	})
	if err != nil {
		return gongxin.Document{}, fmt.Errorf("read document: %w", err)
	}
	if !found {
		return gongxin.Document{}, gongxin.Missing("DOCUMENT_UNKNOWN", number)
	}
	d.Number = number
	return d, nil
}

// Documents returns the documents of a listing without Page and Data, oldest
// first. The Number of one that was erased is "".
func (r *reader) Documents(ctx context.Context, listing gongxin.ListingID) (documents []gongxin.Document, err error) {
	err = r.each(ctx, getDocuments, []any{listing[:]}, func(scan func(...any) error) error {
		d, err := scanDocument(scan)
		documents = append(documents, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read documents of listing %s: %w", listing, err)
	}
	return documents, nil
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

const (
	saveEvidence = `
		INSERT INTO evidence (listing, hash, media, name, size, at, filed_by, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (listing, hash) DO NOTHING`
	evidenceColumns = `SELECT listing, hash, media, name, size, at, filed_by, `
	getEvidence     = evidenceColumns + `body FROM evidence WHERE hash = $1 ORDER BY at, listing LIMIT 1`
	getEvidenceIn   = evidenceColumns + `body FROM evidence WHERE hash = $1 AND listing = $2`
	getEvidenceOf   = evidenceColumns + `NULL FROM evidence WHERE listing = $1 ORDER BY at, hash`
	sizeEvidence    = `SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM evidence WHERE listing = $1`
)

// SaveEvidence keeps e; the same file again for the same listing changes nothing.
func (tx *Tx) SaveEvidence(ctx context.Context, e Evidence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveEvidence, e.Listing[:], e.Hash[:], e.Media, e.Name, int64(len(e.Body)), millis(e.At), e.By, e.Body)
	if err != nil {
		return fmt.Errorf("save evidence %x: %w", e.Hash, err)
	}
	return nil
}

func scanEvidence(scan func(...any) error) (e Evidence, err error) {
	var listing, hash []byte
	var name sql.NullString
	var at int64
	if err := scan(&listing, &hash, &e.Media, &name, &e.Size, &at, &e.By, &e.Body); err != nil {
		return e, err
	}
	e.Name, e.At = name.String, instant(at)
	copy(e.Hash[:], hash)
	if e.Listing, err = listingID(listing); err != nil {
		return e, &unreadable{fmt.Errorf("evidence %x: %w", hash, err)}
	}
	return e, nil
}

func (r *reader) evidence(ctx context.Context, text string, args ...any) (e Evidence, err error) {
	found, err := r.one(ctx, text, args, func(scan func(...any) error) (err error) {
		e, err = scanEvidence(scan)
		return err
	})
	if err != nil {
		return Evidence{}, fmt.Errorf("read evidence: %w", err)
	}
	if !found {
		return Evidence{}, gongxin.Missing("EVIDENCE_UNKNOWN")
	}
	return e, nil
}

// Evidence returns the file with that hash. If several listings have it, it is
// given as that of the first; EvidenceIn tells for one of them. Error:
// EVIDENCE_UNKNOWN.
func (r *reader) Evidence(ctx context.Context, hash [32]byte) (Evidence, error) {
	return r.evidence(ctx, getEvidence, hash[:])
}

// EvidenceIn returns the file with that hash of one listing. Error: EVIDENCE_UNKNOWN.
func (r *reader) EvidenceIn(ctx context.Context, listing gongxin.ListingID, hash [32]byte) (Evidence, error) {
	return r.evidence(ctx, getEvidenceIn, hash[:], listing[:])
}

// EvidenceOf returns the files of a listing without Body, oldest first.
func (r *reader) EvidenceOf(ctx context.Context, listing gongxin.ListingID) (all []Evidence, err error) {
	err = r.each(ctx, getEvidenceOf, []any{listing[:]}, func(scan func(...any) error) error {
		e, err := scanEvidence(scan)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read evidence of listing %s: %w", listing, err)
	}
	return all, nil
}

// EvidenceSize returns how many files a listing has and how many bytes they are.
func (r *reader) EvidenceSize(ctx context.Context, listing gongxin.ListingID) (count int, bytes int64, err error) {
	_, err = r.one(ctx, sizeEvidence, []any{listing[:]}, func(scan func(...any) error) error { return scan(&count, &bytes) })
	if err != nil {
		return 0, 0, fmt.Errorf("measure evidence of listing %s: %w", listing, err)
	}
	return count, bytes, nil
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

const (
	saveTemplate = `
		INSERT INTO templates (court, kind, version, words, saved_by, at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(version), 0) + 1 FROM templates WHERE court = $1 AND kind = $2), $3, $4, $5)`
	getTemplate = `
		SELECT version, words, saved_by, at FROM templates
		WHERE court = $1 AND kind = $2 ORDER BY version DESC LIMIT 1`
)

// SaveTemplate keeps t as the newest version for its court and kind.
func (tx *Tx) SaveTemplate(ctx context.Context, t Template) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := tx.exec(saveTemplate, t.Court.String(), string(t.Kind), t.Text, t.By, millis(t.At)); err != nil {
		return fmt.Errorf("save template %s of court %s: %w", t.Kind, t.Court, err)
	}
	return nil
}

// Template returns the newest version for a court and kind; the zero Template if
// the court has none of its own.
func (r *reader) Template(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (t Template, err error) {
	_, err = r.one(ctx, getTemplate, []any{court.String(), string(kind)}, func(scan func(...any) error) error {
		var words sql.NullString
		var at int64
		err := scan(&t.Version, &words, &t.By, &at)
		t.Court, t.Kind, t.Text, t.At = court, kind, words.String, instant(at)
		return err
	})
	if err != nil {
		return Template{}, fmt.Errorf("read template %s of court %s: %w", kind, court, err)
	}
	return t, nil
}

// wordsValue is what a column of people's own words holds: nothing for no words,
// as after they were erased.
func wordsValue(s string) any {
	if s == "" {
		return nil
	}
	return s
}
