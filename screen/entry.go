package screen

import (
	"gongxin"
	"gongxin/identity"
)

// An Entry is what the index keeps of one listing in force: enough to answer and
// explain, and no identifier.
type Entry struct {
	Mark      Mark // the identifier, under this index's key (Index.Mark)
	Name      string
	Masked    string // the number as people may see it
	Case      string
	Court     string
	Severity  gongxin.Severity
	Published gongxin.Day
	Until     gongxin.Day  // last day in force; zero if there is no end
	Born      int          // year of birth as the citizen number says; 0 for other numbers
	Sex       identity.Sex // as the citizen number says; empty for other numbers
}

// A Row is a listing in force as it stands in the file.
type Row struct {
	Listing  gongxin.ListingID
	Sequence uint64   // of the event by which it counts
	Since    uint64   // of the event that put it in force, without a break since; 0 if not known
	Whose    uint64   // of the event that made it this person's, after it had been another's; 0 if it never was
	Element  [32]byte // what it adds to the digest of the set in force (ledger.Digest)
	Entry
}

// A Hit is a listing that was found.
type Hit struct {
	Listing  gongxin.ListingID
	Sequence uint64 // of the event by which it counts
	Entry
}
