package gate

import (
	_ "embed"
	"net/http"
)

// OpenAPI is the gate's API as an OpenAPI 3.1 document. A test makes it from the
// table of routes and the types that they take and answer.
//
//go:embed openapi.json
var OpenAPI []byte

func (g *Gate) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(OpenAPI) // a reader that went away needs no answer
}
