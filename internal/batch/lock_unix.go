//go:build unix

package batch

import (
	"errors"
	"os"
	"syscall"
)

// lock holds f against other processes until it is closed or the process ends;
// false if another one holds it.
func lock(f *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		}
		return err == nil, err
	}
}
