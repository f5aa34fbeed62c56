package packages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"gongxin"
)

// An SFTP carries to a front-end machine that takes files by SFTP. Only a host key
// that stands in KnownHosts is accepted, and only a key signs in.
type SFTP struct {
	Address    string // host or host:port
	User       string
	Dir        string // on the machine; "" is where the user begins
	KeyFile    string // private key, in a form that ssh-keygen writes, without a passphrase
	KnownHosts string // file in the form of OpenSSH's known_hosts
}

// ParseSFTP reads user@host[:port][/dir], or //dir for a path from the root.
func ParseSFTP(s string) (SFTP, error) {
	s = strings.TrimPrefix(s, "sftp://")
	user, rest, ok := strings.Cut(s, "@")
	address, dir, _ := strings.Cut(rest, "/")
	if !ok || user == "" || address == "" {
		return SFTP{}, fmt.Errorf("%q is not of the form user@host:port/dir", s)
	}
	return SFTP{Address: address, User: user, Dir: dir}, nil
}

func (s SFTP) String() string { return "sftp://" + s.User + "@" + s.Address + "/" + s.Dir }

const (
	sshPort    = "22"
	sshTimeout = 30 * time.Second // for signing in
	stallTime  = 2 * time.Minute  // for the machine to take more of a file
	partSuffix = ".part"
)

// Carry uploads under another name, asks for it to be forced to disk, and renames
// once all of it is there.
func (s SFTP) Carry(ctx context.Context, name string, file io.Reader, size int64) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // the upload is checked before; a machine that does not hang up is not waited for
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.alive(); err != nil {
		return err
	}
	client, err := sftp.NewClient(conn.Client)
	if err != nil {
		return fmt.Errorf("begin sftp: %w", err)
	}
	final := path.Join(s.Dir, name)
	if err := upload(client, final+partSuffix, watched{file, conn}, size); err != nil {
		return errors.Join(err, ctx.Err())
	}
	// POSIX rename replaces; a server that lacks it refuses if the name is taken.
	if err := client.PosixRename(final+partSuffix, final); err != nil {
		if err := client.Rename(final+partSuffix, final); err != nil {
			return fmt.Errorf("rename %s: %w", final+partSuffix, err)
		}
	}
	return nil
}

func upload(client *sftp.Client, name string, file io.Reader, size int64) error {
	f, err := client.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	_, err = io.Copy(f, file)
	if err == nil {
		var status *sftp.StatusError
		if syncing := f.Sync(); syncing != nil && !errors.As(syncing, &status) { // a server may not have it
			err = syncing
		}
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	info, err := client.Stat(name)
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	if info.Size() != size {
		return fmt.Errorf("%s has %d bytes instead of %d", name, info.Size(), size)
	}
	return nil
}

// A machine is one that this end has signed in to.
type machine struct {
	*ssh.Client
	conn net.Conn
}

// alive lets the connection break unless it is called again within stallTime.
func (m machine) alive() error { return m.conn.SetDeadline(time.Now().Add(stallTime)) }

// watched is a file on its way to a machine that must not stall.
type watched struct {
	file io.Reader
	to   machine
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.to.alive(); err != nil {
		return 0, err
	}
	return w.file.Read(p)
}

func (s SFTP) dial(ctx context.Context) (machine, error) {
	secret, err := os.ReadFile(s.KeyFile)
	if err != nil {
		return machine{}, fmt.Errorf("read key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(secret)
	if err != nil {
		return machine{}, fmt.Errorf("read key %s: %w", s.KeyFile, err)
	}
	known, err := knownhosts.New(s.KnownHosts)
	if err != nil {
		return machine{}, fmt.Errorf("read known hosts: %w", err)
	}
	address := s.Address
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), sshPort)
	}
	dialer := net.Dialer{Timeout: sshTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return machine{}, err
	}
	if err := conn.SetDeadline(time.Now().Add(sshTimeout)); err != nil { // of the handshake alone
		return machine{}, errors.Join(err, conn.Close())
	}
	c, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: s.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known,
		HostKeyAlgorithms: algorithms(known, address, conn.RemoteAddr()),
	})
	if err != nil {
		err = errors.Join(err, conn.Close())
		var key *knownhosts.KeyError
		var none *ssh.AlgorithmNegotiationError // it has no key of the kind that is registered
		if errors.As(err, &key) || errors.As(err, &none) && none.What == "host key" {
			err = fmt.Errorf("%w: %w", gongxin.Conflict("PACKAGE_HOST_KEY", address), err)
		}
		return machine{}, err
	}
	return machine{ssh.NewClient(c, channels, requests), conn}, nil
}

// algorithms returns those of the keys that are registered for address, so that a
// machine with several keys shows one of them. nil if none is: the callback will
// refuse whatever it shows.
func algorithms(known ssh.HostKeyCallback, address string, remote net.Addr) []string {
	var key *knownhosts.KeyError
	if !errors.As(known(address, remote, noKey{}), &key) {
		return nil
	}
	var all []string
	for _, k := range key.Want {
		if t := k.Key.Type(); t == ssh.KeyAlgoRSA {
			all = append(all, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			all = append(all, t)
		}
	}
	return all
}

// noKey is a host key that no machine has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte(strconv.Quote("none")) }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
