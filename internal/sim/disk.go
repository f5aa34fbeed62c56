//go:build linux

package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A disk is the directory of one gate and what is wrong with it. The files of the
// list are opened through it (gate.Config.Lists), and SQLite's file layer for Unix lets
// its system calls be replaced (xSetSystemCall): every write, cut, renaming and removal
// of the list and of the record passes here first.
type disk struct {
	dir string

	mu     sync.Mutex
	dead   bool // killed: nothing reaches the disk any more
	full   bool
	killIn int // writes until the kill; 0 for none
	torn   int // of the last write, how many 256ths still reach the disk
	loseIn int // writes until one is lost that the disk says it has done; 0 for none
	writes int // so far
	lost   bool
}

var disks struct {
	sync.RWMutex
	byDir   map[string]*disk
	install sync.Once
}

// The replaced calls are kept here, because what SQLite holds of them is no
// reference that the collector sees.
var (
	writeCall    = write // where it seeks first, as on Linux with amd64
	pwriteCall   = pwrite
	truncateCall = ftruncate
	unlinkCall   = unlink
)

// newDisk makes the directory dir and watches it.
func newDisk(dir string) (*disk, error) {
	var installing error
	disks.install.Do(func() { installing = replaceCalls() })
	if installing != nil {
		return nil, installing
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &disk{dir: dir}
	disks.Lock()
	defer disks.Unlock()
	if disks.byDir == nil {
		disks.byDir = map[string]*disk{}
	}
	disks.byDir[dir] = d
	return d, nil
}

// remove forgets the directory and all that is in it.
func (d *disk) remove() error {
	disks.Lock()
	delete(disks.byDir, d.dir)
	disks.Unlock()
	return os.RemoveAll(d.dir)
}

// killed is what a killed gate's directory is called until the gate is closed, so that
// whatever the rest of the killed process does by a path finds nothing.
const killed = ".killed"

// kill ends what the gate does to its disk, as kill -9 would. The caller holds d.mu.
func (d *disk) kill() {
	d.dead, d.killIn = true, 0
	_ = os.Rename(d.dir, d.dir+killed) // fails only if it is so called already
}

// gone tells whether the process that the disk was for was killed.
func (d *disk) gone() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// revive gives the directory back as the kill left it.
func (d *disk) revive() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead {
		return nil
	}
	d.dead = false
	if err := os.RemoveAll(d.dir); err != nil { // of what was killed, and made the directory again
		return err
	}
	return os.Rename(d.dir+killed, d.dir)
}

// A verdict says what becomes of one call.
type verdict struct {
	errno syscall.Errno // 0: it is done
	part  int           // 256ths of it that are done, if errno says that it failed
	lie   bool          // it is not done, and said to be
}

// What a call does.
type call uint8

const (
	changes    call = iota // needs no room
	writes                 // needs room
	writesList             // likewise; alone of all it may be lost in silence: what does that to the record cannot keep it, and the gate refuses to start
)

// judge decides about the next call.
func (d *disk) judge(what call) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return verdict{errno: syscall.EIO}
	}
	d.writes++
	if d.killIn > 0 {
		if d.killIn--; d.killIn == 0 {
			d.kill()
			return verdict{errno: syscall.EIO, part: d.torn}
		}
	}
	if what != changes && d.full {
		return verdict{errno: syscall.ENOSPC}
	}
	if what == writesList && d.loseIn > 0 {
		if d.loseIn--; d.loseIn == 0 {
			d.lost = true
			return verdict{lie: true}
		}
	}
	return verdict{}
}

// diskOf returns the disk on which path lies, nil if it is none of ours.
func diskOf(path string) *disk {
	disks.RLock()
	defer disks.RUnlock()
	return disks.byDir[strings.TrimSuffix(filepath.Dir(path), killed)]
}

func diskOfFile(fd int32) *disk {
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil
	}
	return diskOf(strings.TrimSuffix(path, " (deleted)"))
}

// pointer turns an address of SQLite's own memory, which no collector moves, into a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// fail returns −1 with errno, as the system does.
func fail(tls *libc.TLS, errno syscall.Errno) int32 {
	*(*int32)(pointer(libc.X__errno_location(tls))) = int32(errno)
	return -1
}

func write(tls *libc.TLS, fd int32, b uintptr, n uint64) int64 {
	return written(tls, fd, n, func(n uint64) int64 { return libc.Xwrite(tls, fd, b, n) })
}

func pwrite(tls *libc.TLS, fd int32, b uintptr, n uint64, off int64) int64 {
	return written(tls, fd, n, func(n uint64) int64 { return libc.Xpwrite(tls, fd, b, n, off) })
}

func written(tls *libc.TLS, fd int32, n uint64, really func(n uint64) int64) int64 {
	d := diskOfFile(fd)
	if d == nil {
		return really(n)
	}
	switch v := d.judge(writes); {
	case v.errno != 0:
		if part := n * uint64(v.part) / 256; part > 0 {
			really(part)
		}
		return int64(fail(tls, v.errno))
	}
	return really(n)
}

func ftruncate(tls *libc.TLS, fd int32, size int64) int32 {
	if d := diskOfFile(fd); d != nil {
		if v := d.judge(changes); v.errno != 0 {
			return fail(tls, v.errno)
		}
	}
	return libc.Xftruncate(tls, fd, size)
}

func unlink(tls *libc.TLS, path uintptr) int32 {
	if d := diskOf(libc.GoString(path)); d != nil {
		if v := d.judge(changes); v.errno != 0 {
			return fail(tls, v.errno)
		}
	}
	return libc.Xunlink(tls, path)
}

// replaceCalls puts ours in the place of the system's.
func replaceCalls() error {
	tls := libc.NewTLS()
	defer tls.Close()
	if rc := sqlite3.Xsqlite3_initialize(tls); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("initialize SQLite: %d", rc)
	}
	vfs := sqlite3.Xsqlite3_vfs_find(tls, 0)
	set := (*sqlite3.Tsqlite3_vfs)(pointer(vfs)).FxSetSystemCall
	call := *(*func(*libc.TLS, uintptr, uintptr, uintptr) int32)(unsafe.Pointer(&struct{ uintptr }{set}))
	for name, f := range map[string]uintptr{
		"write":     *(*uintptr)(unsafe.Pointer(&writeCall)),
		"pwrite":    *(*uintptr)(unsafe.Pointer(&pwriteCall)),
		"pwrite64":  *(*uintptr)(unsafe.Pointer(&pwriteCall)),
		"ftruncate": *(*uintptr)(unsafe.Pointer(&truncateCall)),
		"unlink":    *(*uintptr)(unsafe.Pointer(&unlinkCall)),
	} {
		text, err := libc.CString(name)
		if err != nil {
			return err
		}
		rc := call(tls, vfs, text, f)
		libc.Xfree(tls, text)
		if rc != sqlite3.SQLITE_OK {
			return fmt.Errorf("replace %s: %d", name, rc)
		}
	}
	return nil
}
