package screen

import "syscall"

// hasten is an advice: without it Sync takes longer.
func (f osFile) hasten(off, n int64) {
	const write = 2 // SYNC_FILE_RANGE_WRITE: begin, do not wait
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { _ = syscall.SyncFileRange(int(fd), off, n, write) })
	}
}
