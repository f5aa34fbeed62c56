//go:build !unix

package packages

import "sync"

var only sync.Mutex // one process at a time works with a data directory here

func lock(string) (unlock func() error, err error) {
	only.Lock()
	return func() error { only.Unlock(); return nil }, nil
}
