package feed

import (
	"fmt"

	"gongxin"
	"gongxin/ledger"
)

// openLog checks the body of an event of the log itself.
func (c Change) openLog() (err error) {
	switch c.Event.Kind {
	case gongxin.KeyAnnouncement:
		_, err = gongxin.ParseKeyAnnounced(c.Body)
	case gongxin.BatchApproval:
		_, err = gongxin.ParseBatchApproved(c.Body)
	default:
		return gongxin.Conflict("FEED_HISTORY", c.Sequence) // a snapshot's event has no body
	}
	if err != nil {
		return fmt.Errorf("%w: %w", malformed("the body of event %d", c.Sequence), err)
	}
	return nil
}

// commits tells whether c commits to the snapshot file with that hash.
func (f Follower) commits(c Change, file ledger.Hash) bool {
	if c.Event.Kind != gongxin.SnapshotMade {
		return false
	}
	l, err := ledger.ParseLeaf(c.Leaf)
	return err == nil && l.Commitments[f.Audience] == file
}
