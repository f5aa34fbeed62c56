//go:build unix

package feed

import (
	"syscall"
	"time"
)

// cpuTime is what all threads of the process have spent on the processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
