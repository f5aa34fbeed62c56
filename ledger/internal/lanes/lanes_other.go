//go:build !amd64

package lanes

// There are no lanes on other processors.
const have, wide, narrow = false, false, false

// advance is never called where have is false.
func (w *work) advance(int) {}
