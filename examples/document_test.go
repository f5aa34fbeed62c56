package examples

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A document is what the clients are made from: the parts of an OpenAPI document
// that the gate's has.
type document struct {
	Paths      map[string]map[string]*operation
	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	OperationID string
	Summary     string
	Description string
	Parameters  []parameter
	RequestBody *struct{ Content map[string]content }
	Responses   map[string]struct{ Content map[string]content }

	method, path string
}

type parameter struct {
	Name, In, Description string
	Required              bool
}

type content struct{ Schema *schema }

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Description          string
	Properties           map[string]*schema
	Items                *schema
	AdditionalProperties any
	Required             []string
}

func readDocument(t *testing.T) *document {
	t.Helper()
	b, err := os.ReadFile("../gate/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := new(document)
	if err := json.Unmarshal(b, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// operations returns them in the order of their paths and methods.
func (d *document) operations() (all []*operation) {
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			o := d.Paths[path][method]
			o.method, o.path = strings.ToUpper(method), path
			all = append(all, o)
		}
	}
	return all
}

// body is the name of the schema that is sent, "" if nothing is.
func (o *operation) body() string {
	if o.RequestBody == nil {
		return ""
	}
	return o.RequestBody.Content["application/json"].Schema.name()
}

// answer is the name of the schema that is answered, "" if it is any JSON.
func (o *operation) answer() string {
	for status, r := range o.Responses {
		if status[0] == '2' {
			return r.Content["application/json"].Schema.name()
		}
	}
	return ""
}

// in returns the parameters of one place: path or query.
func (o *operation) in(place string) (found []parameter) {
	for _, p := range o.Parameters {
		if p.In == place {
			found = append(found, p)
		}
	}
	return found
}

func (s *schema) name() string { return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:] }

func (s *schema) needs(field string) bool { return slices.Contains(s.Required, field) }

// camel writes snake_case as CamelCase, with Go's ID.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part == "id" {
			part = "ID"
		}
		r := []rune(part)
		r[0] = unicode.ToUpper(r[0])
		b.WriteString(string(r))
	}
	return b.String()
}

// lowerCamel writes snake_case as camelCase.
func lowerCamel(name string) string {
	first, rest, ok := strings.Cut(name, "_")
	if !ok {
		return first
	}
	return first + strings.ReplaceAll(camel(rest), "ID", "Id")
}
