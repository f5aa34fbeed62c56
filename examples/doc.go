// Package examples holds clients of a gate in Go, Python and Java, and what uses
// them. The clients are made from ../gate/openapi.json by this package's tests,
// which also run each of them against a real gate:
//
//	go generate ./examples
//
// Copy a client into your own system; none needs anything but its language.
package examples

//go:generate go test -run ^TestOpenAPISaysWhatIsServed$ ../gate -update-openapi
//go:generate go test -run ^TestClientsAreMadeFromTheDocument$ . -update
