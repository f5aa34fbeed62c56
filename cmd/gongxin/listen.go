package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketMask leaves a socket to its owner and group: mode 0660.
const socketMask = 0o117

// listenOn listens on address: host and port, or unix: and the path of a socket, which
// owner and group may use. A socket that nobody answers on any more, as a kill
// leaves it, is replaced; one that is in use, or a file of another kind, is not.
func listenOn(address string) (net.Listener, error) {
	path, socket := strings.CutPrefix(address, "unix:")
	if !socket {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
		return l, nil
	}
	if path == "" {
		return nil, usage("--listen unix: needs the path of a socket")
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	before := unix.Umask(socketMask) // not chmod afterwards: for a moment everybody could connect
	l, err := net.Listen("unix", path)
	unix.Umask(before)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// removeStale removes the socket at path if nobody listens on it.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return usage("--listen: %s is there and is no socket", path)
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		return errors.Join(usage("--listen: somebody answers on %s already", path), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("listen: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// addressOf says where l is asked, as a client writes it.
func addressOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}
