package feed

import (
	"encoding/binary"
	"io"
)

// A package is a ZIP in one form only, so that a reader can tell what every byte
// of it must be: members are stored as they are, in the order of the manifest,
// without comments, times or data descriptors. Whatever opens ZIP files opens it,
// and a member cannot be larger than what is really there.
const (
	zipLocal      = 0x04034b50
	zipCentral    = 0x02014b50
	zipEnd        = 0x06054b50
	zipEnd64      = 0x06064b50
	zipLocator64  = 0x07064b50
	zipLocalSize  = 30 // of a local header, without name and extra field
	zipVersion    = 20
	zipVersion64  = 45
	zipUnix       = 3 << 8
	zipUTF8       = 1 << 11
	zipDay        = 1<<5 | 1         // 1980-01-01, the first day that a ZIP can write
	zipAttributes = 0o100600 << 16   // a file that its owner alone reads
	zipLargest    = 0xFFFFFFFF       // from here on lengths and offsets take 64 bits
	zipMany       = 0xFFFF           // and so do counts
	zipCRC        = 14               // where the CRC-32 stands in a local header
	zipStored     = zipCRC + 4       // and the length
	zipExtra64    = 1                // the extra field that holds lengths of 64 bits
	zipEnd64Rest  = 44               // length of the end record of 64 bits, after its first 12 bytes
	zipManifest   = "manifest"       // the first member
	zipFirst      = zipLocalSize + 8 // where its content begins: 8 is its name's length
	zipReadAhead  = 256 << 10
)

// A zipWriter writes that form. After member come the bytes of the member, by Write.
type zipWriter struct {
	w       io.Writer
	at      uint64
	central []byte
	count   uint64
	largest uint64 // zipLargest, but in tests
}

func newZIPWriter(w io.Writer) *zipWriter { return &zipWriter{w: w, largest: zipLargest} }

func (z *zipWriter) Write(p []byte) (int, error) {
	n, err := z.w.Write(p)
	z.at += uint64(n)
	return n, err
}

// narrow returns what the field of 32 bits says of n.
func (z *zipWriter) narrow(n uint64) uint32 {
	if n >= z.largest {
		return zipLargest
	}
	return uint32(n)
}

// member begins a member of size bytes.
func (z *zipWriter) member(name string, size uint64, crc uint32) error {
	offset := z.at
	large := size >= z.largest
	var local []byte
	version := uint16(zipVersion)
	if large {
		version = zipVersion64
		local = extra64(size, size)
	}
	b := binary.LittleEndian.AppendUint32(nil, zipLocal)
	b = append(z.common(b, version, name, size, crc, local), name...)
	b = append(b, local...)

	var central []byte
	switch {
	case large && offset >= z.largest:
		central = extra64(size, size, offset)
	case large:
		central = extra64(size, size)
	case offset >= z.largest:
		central, version = extra64(offset), zipVersion64
	}
	c := binary.LittleEndian.AppendUint32(z.central, zipCentral)
	c = binary.LittleEndian.AppendUint16(c, zipUnix|version)
	c = z.common(c, version, name, size, crc, central)
	c = append(c, make([]byte, 2+2+2)...) // no comment, the first disk, no text
	c = binary.LittleEndian.AppendUint32(c, zipAttributes)
	c = binary.LittleEndian.AppendUint32(c, z.narrow(offset))
	c = append(c, name...)
	z.central = append(c, central...)
	z.count++
	_, err := z.Write(b)
	return err
}

// common appends what local and central headers have in common.
func (z *zipWriter) common(b []byte, version uint16, name string, size uint64, crc uint32, extra []byte) []byte {
	for _, v := range []uint16{version, zipUTF8, 0, 0, zipDay} { // 0: stored; 0: midnight
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, crc)
	b = binary.LittleEndian.AppendUint32(b, z.narrow(size))
	b = binary.LittleEndian.AppendUint32(b, z.narrow(size))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)))
	return binary.LittleEndian.AppendUint16(b, uint16(len(extra)))
}

func extra64(values ...uint64) []byte {
	b := binary.LittleEndian.AppendUint16(nil, zipExtra64)
	b = binary.LittleEndian.AppendUint16(b, uint16(8*len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// end writes the central directory and what closes the file.
func (z *zipWriter) end() error {
	offset, size := z.at, uint64(len(z.central))
	b := z.central
	if offset >= z.largest || size >= z.largest || z.count >= zipMany {
		at := offset + size
		b = binary.LittleEndian.AppendUint32(b, zipEnd64)
		b = binary.LittleEndian.AppendUint64(b, zipEnd64Rest)
		b = binary.LittleEndian.AppendUint16(b, zipUnix|zipVersion64)
		b = binary.LittleEndian.AppendUint16(b, zipVersion64)
		b = append(b, make([]byte, 4+4)...) // the first disk
		for _, v := range []uint64{z.count, z.count, size, offset} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = binary.LittleEndian.AppendUint32(b, zipLocator64)
		b = append(b, make([]byte, 4)...)
		b = binary.LittleEndian.AppendUint64(b, at)
		b = binary.LittleEndian.AppendUint32(b, 1)
	}
	count := uint16(min(z.count, zipMany))
	b = binary.LittleEndian.AppendUint32(b, zipEnd)
	b = append(b, make([]byte, 2+2)...)
	b = binary.LittleEndian.AppendUint16(b, count)
	b = binary.LittleEndian.AppendUint16(b, count)
	b = binary.LittleEndian.AppendUint32(b, z.narrow(size))
	b = binary.LittleEndian.AppendUint32(b, z.narrow(offset))
	b = append(b, make([]byte, 2)...) // no comment
	_, err := z.Write(b)
	return err
}
