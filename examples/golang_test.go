package examples

import (
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
	"testing"
)

// goClient makes the client in Go.
func goClient(t *testing.T, d *document) []byte {
	var b strings.Builder
	b.WriteString(`// Package gateclient is a client of a gate, made from its OpenAPI document. Do not edit.
package gateclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Client asks one gate. It may be used from any number of goroutines.
type Client struct {
	URL  string       // such as http://127.0.0.1:8701
	HTTP *http.Client // http.DefaultClient if nil
}

// New returns a client of the gate at address: a URL, or unix: and the path of its socket.
func New(address string) *Client {
	path, socket := strings.CutPrefix(address, "unix:")
	if !socket {
		return &Client{URL: strings.TrimSuffix(address, "/")}
	}
	return &Client{URL: "http://gate", HTTP: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}}}}
}

// Error says what the gate says: its code and both texts.
func (p *Problem) Error() string { return p.Code + ": " + p.Message.ZH + " / " + p.Message.EN }

// call sends body, if there is one, and reads the answer; a problem comes as *Problem.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(sent))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if got.StatusCode >= 300 {
		p := new(Problem)
		if err := json.NewDecoder(got.Body).Decode(p); err != nil || p.Code == "" {
			return fmt.Errorf("%s %s: %s", method, path, got.Status)
		}
		return p
	}
	return json.NewDecoder(got.Body).Decode(answer)
}

`)
	for _, o := range d.operations() {
		goMethod(&b, o)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		goType(&b, name, d.Components.Schemas[name])
	}
	out, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatalf("the client in Go: %v", err)
	}
	return out
}

func goMethod(b *strings.Builder, o *operation) {
	arguments, path := "ctx context.Context", fmt.Sprintf("%q", o.path)
	for _, p := range o.in("path") {
		arguments += ", " + lowerCamel(p.Name) + " string"
		path = strings.ReplaceAll(path, "{"+p.Name+"}", `" + url.PathEscape(`+lowerCamel(p.Name)+`) + "`)
	}
	path = strings.TrimSuffix(path, ` + ""`)
	body, query := "nil", "nil"
	if o.body() != "" {
		arguments, body = arguments+", body "+o.body(), "body"
	}
	remark := fmt.Sprintf("// %s: %s.", camel(o.OperationID), strings.TrimSuffix(o.Summary, "."))
	if q := o.in("query"); len(q) > 0 {
		arguments, query = arguments+", query url.Values", "query"
		remark += " Of query:\n//\n"
		for _, p := range q {
			remark += fmt.Sprintf("//   - %s: %s\n", p.Name, p.Description)
		}
		remark = strings.TrimSuffix(remark, "\n")
	}
	answer := o.answer()
	if answer == "" {
		answer = "any"
	}
	fmt.Fprintf(b, "%s\nfunc (c *Client) %s(%s) (answer %s, err error) {\n\terr = c.call(ctx, %q, %s, %s, %s, &answer)\n\treturn answer, err\n}\n\n",
		remark, camel(o.OperationID), arguments, answer, o.method, path, query, body)
}

func goType(b *strings.Builder, name string, s *schema) {
	if s.Description != "" {
		fmt.Fprintf(b, "// %s\n", s.Description)
	} else {
		fmt.Fprintf(b, "// %s is sent or answered.\n", name)
	}
	fmt.Fprintf(b, "type %s struct {\n", name)
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[field]
		kind, tag := goKind(p), field
		if !s.needs(field) {
			if tag += ",omitempty"; kind == "time.Time" {
				tag = field + ",omitzero"
			} else if p.Ref != "" || kind == "int64" && field == "index" {
				kind = "*" + kind
			}
		}
		fmt.Fprintf(b, "\t%s %s `json:%q`", camelText(field), kind, tag)
		if p.Description != "" {
			fmt.Fprintf(b, " // %s", p.Description)
		}
		b.WriteString("\n")
	}
	b.WriteString("}\n\n")
}

// camelText is camel, and ZH and EN for the languages.
func camelText(field string) string {
	if field == "zh" || field == "en" {
		return strings.ToUpper(field)
	}
	return camel(field)
}

func goKind(s *schema) string {
	switch {
	case s.Ref != "":
		return s.name()
	case s.Format == "date-time":
		return "time.Time"
	}
	switch s.Type {
	case "integer":
		return "int64"
	case "boolean":
		return "bool"
	case "array":
		return "[]" + goKind(s.Items)
	case "object":
		return "map[string]int64"
	}
	return "string"
}
