package intake

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gongxin"
)

// The limits of a workbook's archive. Sheets of ordinary tables shrink to a tenth
// or a fiftieth; only a bomb shrinks to a two-hundredth.
const (
	maxEntries   = 4096
	maxDirectory = 4 << 20 // bytes of the archive's table of contents
	maxRatio     = 200
	ratioFrom    = 8 << 20 // a part smaller than this hurts nobody, whatever its ratio
	maxPart      = 6 << 30
)

// An archive is the ZIP file of a workbook, opened with care.
type archive struct {
	parts map[string]*zip.File // by lower-case name with forward slashes
	size  int64
}

func notAWorkbook(detail string) error { return gongxin.Invalid("NOT_A_WORKBOOK", detail) }

func bomb(name string, packed, unpacked uint64) error {
	return gongxin.Invalid("ZIP_BOMB", fmt.Sprintf("%s: %d MiB / %d KiB", path.Base(name), unpacked>>20, packed>>10))
}

// openArchive reads the table of contents. Errors: NOT_A_WORKBOOK, ZIP_BOMB.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	if err := directorySize(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		if errors.Is(err, zip.ErrInsecurePath) {
			return nil, notAWorkbook("a part with an unsafe name")
		}
		return nil, notAWorkbook("the ZIP archive is damaged or cut off")
	}
	if len(z.File) > maxEntries {
		return nil, gongxin.Invalid("ZIP_BOMB", fmt.Sprintf("%d parts", len(z.File)))
	}
	a := &archive{parts: make(map[string]*zip.File, len(z.File)), size: size}
	for _, f := range z.File {
		if f.UncompressedSize64 > maxPart || tooDense(f.CompressedSize64, f.UncompressedSize64) {
			return nil, bomb(f.Name, f.CompressedSize64, f.UncompressedSize64)
		}
		name := partName(f.Name)
		if _, twice := a.parts[name]; !twice {
			a.parts[name] = f
		}
	}
	return a, nil
}

func tooDense(packed, unpacked uint64) bool {
	return unpacked > ratioFrom && unpacked/maxRatio > packed
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/"))
}

// directorySize refuses an archive whose table of contents alone would fill
// the memory, before anything reads it.
func directorySize(r io.ReaderAt, size int64) error {
	const record = 22 // the end record, which a comment of up to 64 KiB may follow
	tail := make([]byte, min(size, record+1<<16))
	at := size - int64(len(tail))
	if n, err := r.ReadAt(tail, at); err != nil && err != io.EOF || n < len(tail) {
		return notAWorkbook("the ZIP archive is damaged or cut off")
	}
	for i := len(tail) - record; i >= 0; i-- {
		if !bytes.HasPrefix(tail[i:], []byte("PK\x05\x06")) {
			continue
		}
		length := int64(binary.LittleEndian.Uint32(tail[i+12:]))
		offset := int64(binary.LittleEndian.Uint32(tail[i+16:]))
		if length == 0xFFFFFFFF || offset == 0xFFFFFFFF { // the large form: beyond what a workbook needs
			return gongxin.Invalid("ZIP_BOMB", "ZIP64")
		}
		if end := at + int64(i); length > maxDirectory || end-offset > maxDirectory+record {
			return gongxin.Invalid("ZIP_BOMB", fmt.Sprintf("%d MiB table of contents", max(length, end-offset)>>20))
		}
		return nil
	}
	return notAWorkbook("the ZIP archive is damaged or cut off")
}

// A part is one file of the archive being read. It stops when it grows beyond
// what its packed size can honestly hold.
type part struct {
	f   *zip.File
	in  io.ReadCloser
	n   uint64
	err error
}

func (a *archive) open(name string) (*part, error) {
	f := a.parts[partName(name)]
	if f == nil {
		return nil, notAWorkbook("no part " + path.Base(name))
	}
	if f.Flags&1 != 0 {
		return nil, gongxin.Invalid("WORKBOOK_ENCRYPTED")
	}
	in, err := f.Open()
	if err != nil {
		return nil, notAWorkbook("the part " + path.Base(name) + " cannot be read")
	}
	return &part{f: f, in: in}, nil
}

func (p *part) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.in.Read(b)
	p.n += uint64(n)
	switch {
	case p.n > maxPart || tooDense(p.f.CompressedSize64, p.n):
		p.err = bomb(p.f.Name, p.f.CompressedSize64, p.n)
	case err == io.EOF:
		p.err = err
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF), err != nil:
		p.err = notAWorkbook("the part " + path.Base(p.f.Name) + " is damaged")
	}
	return n, p.err
}

func (p *part) Close() error { return p.in.Close() }

// oldWorkbook tells apart what begins like an OLE file: a workbook with a
// password is kept in one, and the format of Excel 97-2003 is one.
func oldWorkbook(r io.ReaderAt, size int64) error {
	var mark []byte
	for _, c := range "EncryptedPackage" {
		mark = append(mark, byte(c), 0)
	}
	buf := make([]byte, 1<<20)
	for at := int64(0); at < min(size, 64<<20); at += int64(len(buf) - len(mark)) {
		n, err := r.ReadAt(buf, at)
		if bytes.Contains(buf[:n], mark) {
			return gongxin.Invalid("WORKBOOK_ENCRYPTED")
		}
		if err != nil || n < len(buf) {
			break
		}
	}
	return gongxin.Invalid("WORKBOOK_OLD")
}
