package main

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestASocketIsReplacedOnlyIfNobodyAnswersOnIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gate.sock")
	l, err := listenOn("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if other, err := listenOn("unix:" + path); err == nil {
		t.Error("two listen on one socket", other.Close())
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as a kill leaves it
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = listenOn("unix:" + path); err != nil {
		t.Fatal("after a kill:", err)
	}
	if got := addressOf(l); got != "unix:"+path {
		t.Errorf("address %s", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket stays after an orderly end")
	}
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenOn("unix:" + path); err == nil {
		t.Error("a file was replaced")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a file" {
		t.Errorf("the file: %q %v", b, err)
	}
	if _, err := listenOn("unix:"); err == nil {
		t.Error("no path")
	}
}
