package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/intake"
)

// maxSubmission bounds a court's file on its way in, in bytes.
const maxSubmission = 2 << 30

// intakeOptions are what checking a court's file needs to know.
func (h *Hub) intakeOptions(name string) intake.Options {
	return intake.Options{Name: name, Courts: h.Courts, Today: gongxin.DayOf(h.Now())}
}

// serveIntake serves POST /v1/intake?name=…&report=all|findings: a court's file
// (CSV, XLSX) or JSON rows as the body. The answer is one JSON object a line, as
// of gongxin intake --json: every record, or without report=all only those that
// were not simply accepted; then a summary. A record is told when it is durable.
// A file refused as a whole is answered with a problem and nothing is taken; one
// that is held for a second person, with 202 and the batch.
func (a *api) serveIntake(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "submission"
	}
	spool, err := a.spool(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	s := Submission{By: access.ActorFrom(ctx), Name: name, ContentType: r.Header.Get("Content-Type"), File: spool}
	from, seen, err := a.hub.openSubmission(s)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer seen.Close()
	defer from.Close()
	way, held, err := a.hub.Admit(ctx, s)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if held != nil {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(NewHeld(*held)) // a reader that went away needs no answer
		return
	}

	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	all := r.URL.Query().Get("report") == "all"
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	var sum Summary
	err = way.Take(ctx, from, func(rec intake.Record) error {
		sum.Add(rec)
		if !all && rec.Outcome == intake.Accept && len(rec.Notes) == 0 {
			return nil
		}
		return lines.Encode(rec)
	})
	if err != nil {
		// The status has gone out with the first line, so the fault is told as the last.
		_ = lines.Encode(a.problem(r, err)) // a reader that went away needs no answer
		return
	}
	_ = lines.Encode(map[string]Summary{"summary": sum})
	a.hub.Log.InfoContext(ctx, "submission taken", "by", access.ActorFrom(ctx).ID, "accepted", sum.Accepted, "rejected", sum.Rejected, "unchanged", sum.Unchanged)
}

// A Summary counts the records of a submission.
type Summary struct {
	Records    int `json:"records"`
	Accepted   int `json:"accepted"`
	Normalised int `json:"normalised"` // of the accepted
	Unchanged  int `json:"unchanged"`  // of the accepted: the register held them already
	Rejected   int `json:"rejected"`
}

// Add counts r.
func (s *Summary) Add(r intake.Record) {
	s.Records++
	switch r.Outcome {
	case intake.Reject:
		s.Rejected++
		return
	case intake.Normalised:
		s.Normalised++
	}
	s.Accepted++
	if unchanged(r) {
		s.Unchanged++
	}
}

// unchanged tells whether the register held r already.
func unchanged(r intake.Record) bool {
	return slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "ALREADY_") })
}

// spool writes the body to a temporary file: a file is checked as a whole before
// any row goes in, and memory must not grow with it.
func (a *api) spool(w http.ResponseWriter, r *http.Request) (*os.File, error) {
	f, err := os.CreateTemp(a.hub.Dir, "submission-*")
	if err != nil {
		return nil, fmt.Errorf("spool a submission: %w", err)
	}
	if _, err = io.Copy(f, http.MaxBytesReader(w, r.Body, maxSubmission)); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, gongxin.Invalid("SUBMISSION_TOO_LARGE", maxSubmission>>20)
		}
		return nil, fmt.Errorf("spool a submission: %w", err)
	}
	return f, nil
}

// openSubmission opens s from its beginning, checked by the hub's own rules. The
// caller closes both. Errors: those of intake.Open.
func (h *Hub) openSubmission(s Submission) (*intake.File, *intake.Seen, error) {
	info, err := s.File.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("open the submission %s: %w", s.Name, err)
	}
	o := h.intakeOptions(s.Name)
	o.Seen = intake.NewSeen()
	var from *intake.File
	if s.rows() {
		from, err = intake.JSONRows(io.NewSectionReader(s.File, 0, info.Size()), o)
	} else {
		from, err = intake.Open(s.File, info.Size(), o)
	}
	if err != nil {
		return nil, nil, errors.Join(err, o.Seen.Close())
	}
	return from, o.Seen, nil
}

// rows tells whether s is JSON rows.
func (s Submission) rows() bool {
	media, _, _ := mime.ParseMediaType(s.ContentType)
	return media == "application/json" || media == "application/x-ndjson"
}

// measure gives the size of s in bytes, and whether it is a workbook.
func (s Submission) measure() (size int64, workbook bool, err error) {
	info, err := s.File.Stat()
	if err != nil {
		return 0, false, err
	}
	begin := make([]byte, 4)
	_, err = s.File.ReadAt(begin, 0)
	if err != nil && err != io.EOF {
		return 0, false, err
	}
	return info.Size(), !s.rows() && string(begin) == "PK\x03\x04", nil
}
