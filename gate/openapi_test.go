package gate

import (
	"bytes"
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"gongxin"
)

var updateOpenAPI = flag.Bool("update-openapi", false, "write openapi.json anew")

//go:generate go test -run ^TestOpenAPISaysWhatIsServed$ . -update-openapi

func TestOpenAPISaysWhatIsServed(t *testing.T) {
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetIndent("", " ")
	j.SetEscapeHTML(false)
	if err := j.Encode(newDescriber(t).document()); err != nil {
		t.Fatal(err)
	}
	if *updateOpenAPI {
		if err := os.WriteFile("openapi.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(b.Bytes(), OpenAPI) {
		t.Error("openapi.json is not what the table of routes says; run make generate")
	}
}

// object is a JSON object; encoding/json writes its keys in order.
type object = map[string]any

// A describer makes schemas of types.
type describer struct {
	t       *testing.T
	remarks map[string]string // "Type" and "Type.Field" → what the source says about it
	schemas object
}

func newDescriber(t *testing.T) *describer {
	d := &describer{t: t, remarks: map[string]string{}, schemas: object{}}
	for _, dir := range []string{".", "..", "../measure", "../match"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				d.read(file)
			}
		}
	}
	return d
}

// read collects what the source file says about its structs and their fields.
func (d *describer) read(file string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, declaration := range parsed.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			named, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			structure, ok := named.Type.(*ast.StructType)
			if !ok {
				continue
			}
			doc := named.Doc
			if doc == nil && len(group.Specs) == 1 {
				doc = group.Doc
			}
			text, _, _ := strings.Cut(doc.Text(), "\n\n")
			d.remarks[named.Name.Name] = strings.Join(strings.Fields(text), " ")
			for _, f := range structure.Fields.List {
				for _, name := range f.Names {
					d.remarks[named.Name.Name+"."+name.Name] = strings.TrimSpace(f.Comment.Text())
				}
			}
		}
	}
}

func (d *describer) document() object {
	paths := object{}
	for _, r := range routes {
		at, ok := paths[r.path].(object)
		if !ok {
			at = object{}
			paths[r.path] = at
		}
		at[strings.ToLower(r.method)] = d.operation(r)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "gongxin gate", "version": "1",
			"description": "A department's own gate: may this transaction go ahead? It answers in the department's own network and authenticates nobody. See docs/gate.md."},
		"servers":    []object{{"url": "http://127.0.0.1:8701"}},
		"paths":      paths,
		"components": object{"schemas": d.schemas},
	}
}

func (d *describer) operation(r route) object {
	var parameters []object
	for rest := r.path; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range r.query {
		schema := object{"type": "string"}
		if p.values != nil {
			schema["enum"] = p.values
		}
		parameters = append(parameters, object{"name": p.name, "in": "query", "description": p.about, "required": p.needed, "schema": schema})
	}
	answer := object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.answer), false)}}
	operation := object{"operationId": r.id, "summary": r.summary}
	if parameters != nil {
		operation["parameters"] = parameters
	}
	if r.body != nil {
		body := object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.body), true)}}
		if r.lines {
			body[ndjson] = object{"schema": object{"type": "string", "description": "One Subject a line, any number of them. Read the answer while you send."}}
			answer[ndjson] = object{"schema": object{"type": "string",
				"description": "One Answer a line, each with its sequence; the last line is {\"summary\": LineSummary}, or {\"problem\": Problem}. Without it the gate did not finish."}}
			d.schema(reflect.TypeFor[LineSummary](), false)
		}
		operation["requestBody"] = object{"required": true, "content": body}
	}
	status := r.status
	if status == 0 {
		status = http.StatusOK
	}
	responses := object{strconv.Itoa(status): object{"description": http.StatusText(status), "content": answer}}
	problem := object{"application/problem+json": object{"schema": d.schema(reflect.TypeFor[problem](), false)}}
	fails := append(slices.Clone(r.fails), http.StatusInternalServerError)
	if r.method != http.MethodGet {
		fails = append(fails, http.StatusForbidden) // another site's page
	}
	for _, status := range fails {
		responses[strconv.Itoa(status)] = object{"description": http.StatusText(status), "content": problem}
	}
	operation["responses"] = responses
	if r.codes != nil {
		operation["description"] = "Problems: " + strings.Join(r.codes, ", ") + "."
	}
	return operation
}

// values are the types of which only some values exist.
var values = map[reflect.Type][]string{
	reflect.TypeFor[gongxin.Outcome](): {"clear", "refer", "block"},
	reflect.TypeFor[gongxin.Effect]():  {"prohibit", "strict", "reference", "revoke", "supervise", "notify"},
}

// notNeeded are fields of bodies that may be left out though they are written empty.
var notNeeded = []string{"Query.number", "Query.name", "Subject.scenario", "Subject.number", "Subject.name", "BulkQuery.scenario"}

// schema describes t; sent says that it is part of a body, of which unknown fields are refused.
func (d *describer) schema(t reflect.Type, sent bool) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return d.schema(t.Elem(), sent)
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[gongxin.Day]():
		return object{"type": "string", "description": "a day such as 2017-09-01; empty if there is none"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()), reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	case values[t] != nil:
		return object{"type": "string", "enum": values[t]}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem(), sent)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem(), sent)}
	case reflect.Interface:
		return object{}
	case reflect.Struct:
		return d.component(t, sent)
	}
	d.t.Fatalf("no schema for %s", t)
	return nil
}

// component describes the struct t among the components and returns a reference to it.
func (d *describer) component(t reflect.Type, sent bool) object {
	name := []rune(t.Name())
	name[0] = unicode.ToUpper(name[0])
	reference := object{"$ref": "#/components/schemas/" + string(name)}
	if _, known := d.schemas[string(name)]; known {
		return reference
	}
	properties, needed := object{}, []string{}
	schema := object{"type": "object", "properties": properties}
	d.schemas[string(name)] = schema // before its fields, which may lead back
	if remark := d.remarks[t.Name()]; remark != "" {
		schema["description"] = remark
	}
	d.fields(t, string(name), sent, properties, &needed)
	if len(needed) > 0 {
		schema["required"] = needed
	}
	if sent {
		schema["additionalProperties"] = false
	}
	return reference
}

func (d *describer) fields(t reflect.Type, component string, sent bool, properties object, needed *[]string) {
	for f := range t.Fields() {
		if f.Anonymous {
			d.fields(f.Type, component, sent, properties, needed)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			d.t.Fatalf("%s.%s has no name in JSON", t.Name(), f.Name)
		}
		schema := d.schema(f.Type, sent)
		if remark := d.remarks[t.Name()+"."+f.Name]; remark != "" {
			schema["description"] = remark
		}
		properties[name] = schema
		if !strings.Contains(options, "omit") && !(sent && slices.Contains(notNeeded, component+"."+name)) {
			*needed = append(*needed, name)
		}
	}
}

// TestOpenAPIHasNoDoubles holds that clients can be made from it.
func TestOpenAPIHasNoDoubles(t *testing.T) {
	ids, at := map[string]bool{}, map[string]bool{}
	for _, r := range routes {
		if ids[r.id] || r.id == "" || r.summary == "" {
			t.Errorf("%s %s: operation %q", r.method, r.path, r.id)
		}
		if at[r.method+r.path] {
			t.Errorf("%s %s stands twice", r.method, r.path)
		}
		ids[r.id], at[r.method+r.path] = true, true
		for _, code := range r.codes {
			if _, _, ok := gongxin.Message(code); !ok {
				t.Errorf("%s: there is no code %s", r.id, code)
			}
		}
	}
}

// conform holds value against a schema of the document and returns what is wrong. An
// answer may hold nothing that is not described.
func conform(document object, schema object, value any, at string) (faults []string) {
	if reference, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(reference, "#/components/schemas/")
		found, ok := document["components"].(object)["schemas"].(object)[name].(object)
		if !ok {
			return []string{at + ": no schema " + name}
		}
		return conform(document, found, value, at)
	}
	wrong := func(form string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(form, args...)) }
	switch schema["type"] {
	case "string":
		s, ok := value.(string)
		if !ok {
			wrong("%v is no string", value)
			break
		}
		if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, any(s)) {
			wrong("%q is none of %v", s, enum)
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
				wrong("%v", err)
			}
		}
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int64(n)) {
			wrong("%v is no integer", value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			wrong("%v is no boolean", value)
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			wrong("%v is no array", value)
		}
		for i, v := range list {
			faults = append(faults, conform(document, schema["items"].(object), v, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "object":
		fields, ok := value.(object)
		if !ok {
			wrong("%v is no object", value)
		}
		properties, _ := schema["properties"].(object)
		more, _ := schema["additionalProperties"].(object)
		for name, v := range fields {
			switch of, ok := properties[name].(object); {
			case ok:
				faults = append(faults, conform(document, of, v, at+"."+name)...)
			case more != nil:
				faults = append(faults, conform(document, more, v, at+"."+name)...)
			default:
				wrong("%s is not described", name)
			}
		}
		needed, _ := schema["required"].([]any)
		for _, name := range needed {
			if _, ok := fields[name.(string)]; !ok {
				wrong("%s is missing", name)
			}
		}
	}
	return faults
}
