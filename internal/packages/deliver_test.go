package packages

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"gongxin"
)

// newSSHKey makes a key and writes its secret part into a file.
func newSSHKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return signer, path
}

// serveSFTP runs a machine that takes files into dir from whoever has the key
// allowed, and returns its address.
func serveSFTP(t *testing.T, host ssh.Signer, allowed ssh.PublicKey, dir string) string {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() == "gongxin" && bytes.Equal(key.Marshal(), allowed.Marshal()) {
			return nil, nil
		}
		return nil, errors.New("unknown key")
	}}
	config.AddHostKey(host)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wait.Wait()
	})
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			wait.Go(func() { serveSSH(conn, config, dir) })
		}
	})
	return l.Addr().String()
}

// serveSSH serves one connection. What goes wrong in it, the client sees.
func serveSSH(conn net.Conn, config *ssh.ServerConfig, dir string) {
	defer conn.Close()
	c, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	defer c.Close()
	go ssh.DiscardRequests(requests)
	for opening := range channels {
		channel, requests, err := opening.Accept()
		if err != nil {
			return
		}
		for r := range requests {
			ok := r.Type == "subsystem" && string(r.Payload[4:]) == "sftp"
			if err := r.Reply(ok, nil); err != nil || !ok {
				return
			}
			break
		}
		go ssh.DiscardRequests(requests)
		server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(dir))
		if err != nil {
			return
		}
		_ = server.Serve()  // ends with the connection
		_ = channel.Close() // it may be closed already
	}
}

func TestDeliveryBySFTP(t *testing.T) {
	ctx, l := context.Background(), newLog(t)
	r := l.room()
	l.admit("甲某某")
	_, m := made(t, r, l, Order{Gate: "island", Department: "海岛部门"})
	want, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	machine := t.TempDir()
	if err := os.Mkdir(filepath.Join(machine, "inbox"), 0o700); err != nil {
		t.Fatal(err)
	}
	host, _ := newSSHKey(t)
	user, userFile := newSSHKey(t)
	other, otherFile := newSSHKey(t)
	address := serveSFTP(t, host, user.PublicKey(), machine)
	hosts := func(key ssh.PublicKey, address string) string {
		path := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(path, []byte(knownhosts.Line([]string{knownhosts.Normalize(address)}, key)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	known := hosts(host.PublicKey(), address)
	for _, tt := range []struct {
		name string
		to   SFTP
		want string
	}{
		{"another host key", SFTP{Address: address, User: "gongxin", Dir: "inbox", KeyFile: userFile, KnownHosts: hosts(other.PublicKey(), address)}, "PACKAGE_HOST_KEY"},
		{"a machine that is not registered", SFTP{Address: address, User: "gongxin", Dir: "inbox", KeyFile: userFile, KnownHosts: hosts(host.PublicKey(), "front.example:22")}, "PACKAGE_HOST_KEY"},
		{"another user's key", SFTP{Address: address, User: "gongxin", Dir: "inbox", KeyFile: otherFile, KnownHosts: known}, "PACKAGE_DELIVERY"},
		{"a directory that is not there", SFTP{Address: address, User: "gongxin", Dir: "outbox", KeyFile: userFile, KnownHosts: known}, "PACKAGE_DELIVERY"},
		{"nobody there", SFTP{Address: "127.0.0.1:1", User: "gongxin", KeyFile: userFile, KnownHosts: known}, "PACKAGE_DELIVERY"},
		{"all as it should be", SFTP{Address: address, User: "gongxin", Dir: "inbox", KeyFile: userFile, KnownHosts: known}, ""},
		{"the same again", SFTP{Address: address, User: "gongxin", Dir: "inbox", KeyFile: userFile, KnownHosts: known}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := r.Deliver(ctx, m.Path, tt.to); gongxin.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			files, err := os.ReadDir(filepath.Join(machine, "inbox"))
			if err != nil {
				t.Fatal(err)
			}
			if tt.want != "" {
				if len(files) != 0 {
					t.Errorf("%v arrived", files)
				}
				return
			}
			got, err := os.ReadFile(filepath.Join(machine, "inbox", filepath.Base(m.Path)))
			if err != nil || !bytes.Equal(got, want) || len(files) != 1 {
				t.Errorf("%d bytes of %d arrived in %v: %v", len(got), len(want), files, err)
			}
		})
	}
	all, err := r.Standings()
	if err != nil || !strings.HasPrefix(all[0].Packages[0].How, "sftp://gongxin@127.0.0.1:") || all[0].Packages[0].Sent.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
}

// A file that was cut off on the way never has the name of a package.
func TestASFTPUploadThatIsCutOff(t *testing.T) {
	machine := t.TempDir()
	host, _ := newSSHKey(t)
	user, userFile := newSSHKey(t)
	address := serveSFTP(t, host, user.PublicKey(), machine)
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(knownhosts.Line([]string{knownhosts.Normalize(address)}, host.PublicKey())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := SFTP{Address: address, User: "gongxin", KeyFile: userFile, KnownHosts: known}
	broken := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), failing{})
	if err := to.Carry(context.Background(), "island.gxp", broken, 200_000); err == nil {
		t.Error("a broken file was delivered")
	}
	if err := to.Carry(context.Background(), "island.gxp", bytes.NewReader(make([]byte, 10)), 20); err == nil {
		t.Error("a short file was delivered")
	}
	if _, err := os.Stat(filepath.Join(machine, "island.gxp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
	if err := to.Carry(context.Background(), "island.gxp", bytes.NewReader(make([]byte, 20)), 20); err != nil { // what was left does not hinder
		t.Error(err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("medium failed") }

func TestDeliveryIntoADirectory(t *testing.T) {
	ctx, l, usb := context.Background(), newLog(t), t.TempDir()
	r := l.room()
	l.admit("甲某某")
	_, m := made(t, r, l, Order{Gate: "island", Department: "海岛部门"})
	for range 2 {
		if err := r.Deliver(ctx, m.Path, Dir(usb)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Dir(usb).Carry(ctx, "cut.gxp", failing{}, 1); err == nil {
		t.Error("a broken file was delivered")
	}
	files, err := os.ReadDir(usb)
	if err != nil || len(files) != 1 || files[0].Name() != filepath.Base(m.Path) {
		t.Errorf("%v, %v", files, err)
	}
	if err := r.Deliver(ctx, m.Path, Dir(filepath.Join(usb, "missing"))); gongxin.CodeOf(err) != "PACKAGE_DELIVERY" {
		t.Errorf("into a directory that is not there: %v", err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.gxp")
	b, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(damaged, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Deliver(ctx, damaged, Dir(usb)); !strings.HasPrefix(gongxin.CodeOf(err), "PACKAGE_M") {
		t.Errorf("a damaged package: %v", err)
	}
}

func TestParseSFTP(t *testing.T) {
	for in, want := range map[string]string{
		"gongxin@front.example:2222/inbox": "sftp://gongxin@front.example:2222/inbox", "sftp://u@h//var/in": "sftp://u@h//var/in", "u@h": "sftp://u@h/",
		"front.example": "", "@h/x": "", "u@/x": "",
	} {
		got, err := ParseSFTP(in)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}
