package feed

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A Package is one that was read and found whole. What it says of the list is
// verified by whoever follows its Source.
type Package struct {
	Manifest
	Head       ledger.Head // at its end
	checkpoint []byte
	file       io.ReaderAt
	at         map[string]int64 // where each member begins
}

// ReadPackage reads the package of size bytes in r and verifies all of it before
// anything can be used: the hub's signature, every member against its hash, and
// every other byte against the one form that a package has. r is kept, and must
// stay open and unchanged, for Open and Source. Memory is bounded whatever is in
// it. It may be used from several goroutines at once if r may.
//
// It is signed with one of keys, of which there is one at least: a hub that has
// handed its log over to another key signs with that, and who has not followed it
// so far has to be given both.
//
// Errors: PACKAGE_KEY if it was not signed with one of keys or was signed for
// another purpose, PACKAGE_MEMBER if a member is not the one that was signed,
// PACKAGE_MALFORMED for everything else; what r returns stays what it is.
func ReadPackage(r io.ReaderAt, size int64, keys ...*ledger.Verifier) (*Package, error) {
	p := packageReader{in: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), zipReadAhead)}
	p.zip = newZIPWriter(&p)
	signed, err := p.signed()
	if err != nil {
		return nil, err
	}
	m, err := openManifest(signed, keys)
	if err != nil {
		return nil, err
	}
	whole := &Package{Manifest: m, file: r, at: map[string]int64{}}
	for _, f := range m.Members {
		if whole.at[f.Name], err = p.member(f); err != nil {
			return nil, err
		}
	}
	if err := p.zip.end(); err != nil {
		return nil, p.fault("its end", err)
	}
	if _, err := p.in.ReadByte(); err == nil {
		return nil, malformedPackage("more follows after its end")
	} else if err != io.EOF {
		return nil, fmt.Errorf("read package: %w", err)
	}
	if whole.checkpoint, err = io.ReadAll(whole.section(checkpointFile)); err != nil {
		return nil, fmt.Errorf("read package: %w", err)
	}
	whole.Head, err = openCheckpoint(whole.checkpoint, keys)
	if err != nil || whole.Head.Size != m.To {
		return nil, malformedPackage("its checkpoint is not one of size %d: %v", m.To, err)
	}
	return whole, nil
}

// openManifest opens what one of keys has signed.
func openManifest(signed []byte, keys []*ledger.Verifier) (m Manifest, err error) {
	for _, v := range keys {
		text, failed := v.OpenText(ledger.TextPackage, signed)
		switch {
		case failed == nil:
			if m, err = parseManifest(text); err == nil && m.Origin != v.Origin() {
				err = gongxin.Conflict("PACKAGE_KEY", v.Origin())
			}
			return m, err
		case errors.Is(failed, ledger.ErrKey), errors.Is(failed, ledger.ErrPurpose):
			err = fmt.Errorf("%w: %w", gongxin.Conflict("PACKAGE_KEY", v.Origin()), failed)
		default:
			return m, fmt.Errorf("%w: %w", malformedPackage("the manifest"), failed)
		}
	}
	return m, err
}

// openCheckpoint opens the log's own part of a checkpoint; witnesses are asked for
// by whoever follows.
func openCheckpoint(checkpoint []byte, keys []*ledger.Verifier) (h ledger.Head, err error) {
	own, err := ledger.Own(checkpoint)
	if err != nil {
		return h, err
	}
	for _, v := range keys {
		if h, err = v.Open(own); err == nil {
			break
		}
	}
	return h, err
}

// A packageReader goes through a package from front to back. It writes the ZIP
// that the manifest describes once more, and every byte must be the one that is there.
type packageReader struct {
	in  *bufio.Reader
	zip *zipWriter
}

// errOtherByte says that a byte is not the one that the form asks for.
var errOtherByte = errors.New("not what the form asks for")

// Write compares p with what comes next.
func (p *packageReader) Write(want []byte) (int, error) {
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.in, got); err != nil {
		return n, err
	}
	if !bytes.Equal(got, want) {
		return 0, errOtherByte
	}
	return len(want), nil
}

// fault names an error of going through the package; a fault of the carrier stays
// what it is.
func (p *packageReader) fault(where string, err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return malformedPackage("it ends within %s", where)
	case errors.Is(err, errOtherByte):
		return malformedPackage("%s has another form", where)
	}
	return fmt.Errorf("read package: %w", err)
}

// signed takes the first member, whose length nothing but its own header tells.
func (p *packageReader) signed() ([]byte, error) {
	head, err := p.in.Peek(zipFirst)
	if err != nil {
		return nil, p.fault("its beginning", err)
	}
	if binary.LittleEndian.Uint32(head) != zipLocal || string(head[zipLocalSize:]) != zipManifest {
		return nil, malformedPackage("it is no package")
	}
	crc, size := binary.LittleEndian.Uint32(head[zipCRC:]), binary.LittleEndian.Uint32(head[zipStored:])
	if size > ledger.MaxText+1024 {
		return nil, malformedPackage("a manifest of %d bytes", size)
	}
	if err := p.zip.member(zipManifest, uint64(size), crc); err != nil {
		return nil, p.fault("its beginning", err)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(p.in, b); err != nil {
		return nil, p.fault("the manifest", err)
	}
	p.zip.at += uint64(size)
	if crc32.ChecksumIEEE(b) != crc {
		return nil, malformedPackage("the sum of the manifest")
	}
	return b, nil
}

// member goes through f and returns where it begins.
func (p *packageReader) member(f Member) (at int64, err error) {
	head, err := p.in.Peek(zipCRC + 4)
	if err != nil {
		return 0, p.fault(f.Name, err)
	}
	crc := binary.LittleEndian.Uint32(head[zipCRC:]) // the manifest does not say it: compared below
	if err := p.zip.member(f.Name, f.Bytes, crc); err != nil {
		return 0, p.fault(f.Name, err)
	}
	at = int64(p.zip.at)
	sum, check := sha256.New(), crc32.NewIEEE()
	n, err := io.CopyN(io.MultiWriter(sum, check), p.in, int64(f.Bytes))
	if err != nil {
		return 0, p.fault(f.Name, err)
	}
	p.zip.at += uint64(n)
	switch {
	case ledger.Hash(sum.Sum(nil)) != f.Hash:
		return 0, gongxin.Conflict("PACKAGE_MEMBER", f.Name)
	case check.Sum32() != crc:
		return 0, malformedPackage("the sum of %s", f.Name)
	}
	return at, nil
}

// Checkpoint returns the checkpoint at the package's end.
func (p *Package) Checkpoint() []byte { return bytes.Clone(p.checkpoint) }

// Open returns the content of a member, nil if there is none of that name.
func (p *Package) Open(name string) io.Reader {
	if _, ok := p.at[name]; !ok {
		return nil
	}
	return p.section(name)
}

func (p *Package) section(name string) *io.SectionReader {
	for _, f := range p.Members {
		if f.Name == name {
			return io.NewSectionReader(p.file, p.at[name], int64(f.Bytes))
		}
	}
	return io.NewSectionReader(p.file, 0, 0)
}

// Continues tells whether a follower that has applied the first size events can
// go on with p; one that holds more than p does has nothing to do and can.
// Error: PACKAGE_GAP, which says which events are missing in between.
func (p *Package) Continues(size uint64) error {
	if size < p.From {
		return gongxin.Conflict("PACKAGE_GAP", size+1, p.From, size)
	}
	return nil
}

// Source returns p as something to follow. It gives what it holds and never waits.
// Changes of before what p holds are refused with FEED_GAP: a full package has a
// snapshot instead, a delta needs the package before it (Continues).
func (p *Package) Source() Source { return packageSource{p} }

type packageSource struct{ p *Package }

// Changes gives the changes of one member; none, with the checkpoint, at the end.
func (s packageSource) Changes(ctx context.Context, after uint64, _ time.Duration) (Changes, error) {
	if err := ctx.Err(); err != nil {
		return Changes{}, err
	}
	if after >= s.p.To {
		return Changes{After: after, Checkpoint: s.p.Checkpoint()}, nil
	}
	for _, f := range s.p.spans() {
		if after < f.after || after >= f.size {
			continue
		}
		c, err := ReadChanges(s.p.section(f.name))
		if err != nil {
			return Changes{}, fmt.Errorf("%s: %w", f.name, err)
		}
		if c.After != f.after || c.After+uint64(len(c.Records)) != f.size {
			return Changes{}, fmt.Errorf("%s: %w", f.name, malformed("changes under another name"))
		}
		c.Records, c.After = c.Records[after-f.after:], after
		return c, nil
	}
	return Changes{}, gongxin.Conflict("FEED_GAP", after, s.p.first())
}

// first returns where the changes in p begin.
func (p *Package) first() uint64 {
	if all := p.spans(); len(all) > 0 {
		return all[0].after
	}
	return p.To
}

// Snapshot opens the snapshot of a full package.
func (s packageSource) Snapshot(context.Context) (io.ReadCloser, error) {
	for _, f := range s.p.Members {
		if _, ok := snapshotMember(f.Name); ok {
			return io.NopCloser(s.p.section(f.Name)), nil
		}
	}
	return nil, gongxin.Missing("FEED_NO_SNAPSHOT")
}

// Publish writes the changes and the snapshot in p into the directory dir, for a
// gate that follows it (DirSource). The same again changes nothing. Error:
// PACKAGE_GAP if dir does not reach where p begins.
func (p *Package) Publish(ctx context.Context, dir string) error {
	published, err := Published(dir)
	if err != nil {
		return err
	}
	if err := p.Continues(published); err != nil {
		return err
	}
	src := packageSource{p}
	for _, f := range p.spans() {
		if f.size <= published {
			continue
		}
		c, err := src.Changes(ctx, f.after, 0)
		if err == nil {
			err = Publish(dir, c)
		}
		if err != nil {
			return err
		}
	}
	if p.To >= published {
		if err := Publish(dir, Changes{After: p.To, Checkpoint: p.checkpoint}); err != nil {
			return err
		}
	}
	for _, f := range p.Members {
		if size, ok := snapshotMember(f.Name); ok && p.To >= published {
			return PublishSnapshot(dir, size, p.section(f.Name))
		}
	}
	return nil
}
