package documents

import (
	"context"
	"crypto/sha256"
	"sync"

	"gongxin"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
	"gongxin/internal/register"
)

// Options are what a Scribe works with.
type Options struct {
	Courts *courts.Directory // names of courts; needed

	// Templates returns the text that a court has written for a kind, "" if it uses
	// the default. nil: all courts use the defaults.
	Templates func(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (text string, err error)

	Policy *policy.Policy // windows that a paper announces before they run; nil: the default
}

// A Scribe writes documents.
type Scribe struct {
	courts    *courts.Directory
	templates func(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (string, error)
	policy    *policy.Policy

	mu     sync.Mutex
	parsed map[source]*Template // nil for a text that does not parse
}

// A source is what a template is parsed from.
type source struct {
	kind gongxin.DocumentKind
	text string
}

// mostParsed bounds the templates that a Scribe remembers; past it, it starts anew.
const mostParsed = 512

var _ register.Scribe = (*Scribe)(nil)

// New returns a Scribe that works with o.
func New(o Options) *Scribe {
	s := &Scribe{courts: o.Courts, templates: o.Templates, policy: o.Policy, parsed: map[source]*Template{}}
	if s.policy == nil {
		s.policy = policy.Default()
	}
	return s
}

// Write implements register.Scribe. A court's template that no longer parses, as
// after a change of the fields, is passed over for the default and Data says so: an
// exit must not wait for somebody to mend a text. Error: DOCUMENT_KIND_UNKNOWN.
func (s *Scribe) Write(ctx context.Context, d register.Draft) (gongxin.Document, error) {
	doc := d.Document
	t, own, err := s.template(ctx, doc.Court, doc.Kind)
	if err != nil {
		return gongxin.Document{}, err
	}
	c := s.compose(d)
	doc.Page = render(c, t, "")
	if doc.Data, err = data(c, own); err != nil {
		return gongxin.Document{}, err
	}
	doc.Hash = sha256.Sum256(doc.Page)
	return doc, nil
}

// template returns the template of court for kind; own tells that it is the court's.
func (s *Scribe) template(ctx context.Context, court gongxin.CourtCode, kind gongxin.DocumentKind) (t *Template, own bool, err error) {
	fallback, ok := defaults[kind]
	if !ok {
		return nil, false, gongxin.Invalid("DOCUMENT_KIND_UNKNOWN", kind)
	}
	if s.templates == nil {
		return fallback, false, nil
	}
	text, err := s.templates(ctx, court, kind)
	if err != nil || text == "" {
		return fallback, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := source{kind, text}
	t, known := s.parsed[key]
	if !known {
		if len(s.parsed) >= mostParsed {
			clear(s.parsed)
		}
		t, _ = Parse(kind, text) // nil with an error: remembered as such
		s.parsed[key] = t
	}
	if t == nil {
		return fallback, false, nil
	}
	return t, true, nil
}
