//go:build !unix

package screen

import "os"

// lock does nothing: that only one gate runs on a directory is for whoever starts it
// to see to, and outcomes.db is locked beside.
func lock(*os.File) error { return nil }
