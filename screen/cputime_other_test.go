//go:build !unix

package screen

import "time"

// cpuTime is not told by such systems.
func cpuTime() time.Duration { return 0 }
