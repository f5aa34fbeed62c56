package ledger

import (
	"io"
	"time"
)

// CONTRACT of this room, to be written by its owner; this file goes then.

// A Head says how far the log is and what it holds: the content of a checkpoint.
type Head struct {
	Size   uint64    // number of leaves; the sequence of the latest event
	Root   Hash      // RFC 6962 tree head of Size leaves
	At     time.Time // when it was signed, UTC, whole milliseconds
	Count  uint64    // listings in force
	Digest Digest    // of the set in force
}

// A Tree is the right edge of the log (the frontier): enough to append and to know the root.
// The zero Tree is empty. It is a value: copying it copies the position.
// Implementation: size and the hashes of the complete subtrees, left to right (at most 64).
type Tree struct{ _ int }

func (t Tree) Size() uint64                   { panic("todo") }
func (t *Tree) Append(leafHash Hash)          { panic("todo") }
func (t Tree) Root() Hash                     { panic("todo") } // RFC 6962; SHA-256("") for the empty tree
func (t Tree) MarshalBinary() ([]byte, error) { panic("todo") }
func (t *Tree) UnmarshalBinary([]byte) error  { panic("todo") }

// A Signer signs heads as C2SP tlog-checkpoints in Ed25519 notes:
//
//	<origin>\n<size>\n<root base64>\ntime <RFC 3339 ms UTC>\nin-force <count> <digest base64>\n\n— <name> <sig>\n
type Signer struct{ _ int }

func GenerateKey(origin string, random io.Reader) (secret, verifier string, err error) { panic("todo") } // note.GenerateKey forms
func NewSigner(secret string) (*Signer, error)                                         { panic("todo") }
func (s *Signer) Sign(h Head) ([]byte, error)                                          { panic("todo") }
func (s *Signer) VerifierKey() string                                                  { panic("todo") }

type Verifier struct{ _ int }

func NewVerifier(key string) (*Verifier, error)          { panic("todo") }
func (v *Verifier) Origin() string                       { panic("todo") }
func (v *Verifier) Open(checkpoint []byte) (Head, error) { panic("todo") } // wrong key, wrong origin, malformed: distinct errors

// Tiles of C2SP tlog-tiles. A tile is named by level and index; its data are up to 256 hashes.
// TileStore is what appending needs to read: the rightmost, partial tiles.
type Tile struct {
	Level int // 0 = leaf hashes
	Index uint64
	Data  []byte // 32 × width bytes, width 1..256
}

// GrowTiles appends leafHashes to a log of size leaves, of which edge holds the partial tile of each level
// (level → data, absent if none), and returns every tile that changed, whole, in a fixed order.
// Complete tiles never change again.
func GrowTiles(size uint64, edge map[int][]byte, leafHashes []Hash) ([]Tile, error) { panic("todo") }

// ParseTilePath reads "tile/0/x001/234.p/5", "tile/entries/000" …; level −1 is entries, width 256 if full.
func ParseTilePath(path string) (level int, index uint64, width int, err error) { panic("todo") }
func TilePath(level int, index uint64, width int) string                        { panic("todo") }

// AppendEntry appends one entry of an entry bundle: big-endian uint16 length and the leaf.
func AppendEntry(bundle, leaf []byte) []byte { panic("todo") }
