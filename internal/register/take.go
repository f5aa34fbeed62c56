package register

import (
	"context"
	"errors"

	"gongxin"
	"gongxin/identity"
)

// A Submission is one checked row of a court's file: of a list (Entry) or of
// withdrawals (Withdrawal), never both.
type Submission struct {
	Entry      *gongxin.Entry
	Withdrawn  gongxin.Day // 撤销时间 of a list row; zero while the listing is in force
	Withdrawal *Withdrawal
	Digest     [32]byte // of what a list row says, 撤销时间 left out: tells the same row again from another
}

// A Withdrawal is a row of a court's file of withdrawals.
type Withdrawal struct {
	Case   gongxin.CaseNumber
	Number identity.Number
	On     gongxin.Day    // 撤销时间
	Ground gongxin.Ground // GroundWrong revokes
	Reason string         // 撤销原因 as written, to be quoted if Ground is none
}

// Taken says what became of a Submission. A refused row has Err and changed nothing.
type Taken struct {
	Listing  gongxin.ListingID // of the listing concerned, where one was found or made
	Sequence uint64            // of the latest event of that listing
	Changed  bool
	Note     string // why nothing changed though nothing is wrong: ALREADY_LISTED, ALREADY_ENDED
	Err      error  // a gongxin.Error
}

// Notes of rows that change nothing.
const (
	NoteAlreadyListed = "ALREADY_LISTED" // the same row was taken before
	NoteAlreadyEnded  = "ALREADY_ENDED"  // and the listing has ended since
)

// Take enters a court's file.
func (r *Register) Take(ctx context.Context, by gongxin.Actor, batch []Submission) ([]Taken, error) {
	return nil, errors.New("register: Take is being written")
}
