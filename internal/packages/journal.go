package packages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/durable"
)

// What an event of the journal says.
const (
	eventScheduled = "scheduled" // when a department gets packages
	eventMade      = "made"
	eventSent      = "sent"
	eventReceived  = "received"  // a receipt that agrees with what the hub signed, or one on paper
	eventDisagreed = "disagreed" // a receipt that does not
)

// An event is a line of the journal.
type event struct {
	At         time.Time   `json:"at"`
	What       string      `json:"what"`
	Gate       string      `json:"gate"`
	Department string      `json:"department,omitempty"`
	Schedule   *Schedule   `json:"schedule,omitempty"`
	File       string      `json:"file,omitempty"`
	Full       bool        `json:"full,omitempty"`
	From       uint64      `json:"from,omitempty"`
	To         uint64      `json:"to,omitempty"`   // of a package; of a receipt, what it confirms
	Made       time.Time   `json:"made,omitzero"`  // names the package that was sent
	Next       gongxin.Day `json:"next,omitzero"`  // when the one after it is due
	Due        gongxin.Day `json:"due,omitzero"`   // of the receipt
	How        string      `json:"how,omitempty"`  // it was sent; or what was wrong
	Note       string      `json:"note,omitempty"` // the signed receipt, or what the one on paper is called
}

// whole tells whether e is an event as change writes it.
func (e event) whole() bool {
	switch e.What {
	case eventScheduled:
		return e.Gate != "" && e.Schedule != nil && e.Schedule.check() == nil
	case eventMade, eventSent, eventReceived, eventDisagreed:
		return e.Gate != ""
	}
	return false
}

// A journal keeps events in a file, a line each. A line counts once it is on disk.
type journal struct{ path string }

// read returns what happened so far. Error: PACKAGE_JOURNAL for a damaged line
// that is not the last: a last one without its end was cut off by a crash.
func (j journal) read() ([]event, error) {
	events, _, err := j.load()
	return events, err
}

// load also returns the length of the lines that count.
func (j journal) load() (events []event, length int64, err error) {
	b, err := os.ReadFile(j.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("read journal of packages: %w", err)
	}
	for line := 1; len(b) > 0; line++ {
		text, rest, whole := bytes.Cut(b, []byte("\n"))
		var e event
		if err := json.Unmarshal(text, &e); err != nil || !e.whole() || !whole {
			if len(rest) == 0 {
				return events, length, nil
			}
			return nil, 0, gongxin.Conflict("PACKAGE_JOURNAL", line)
		}
		events, length, b = append(events, e), length+int64(len(text))+1, rest
	}
	return events, length, nil
}

// change appends what f makes of what happened so far; nobody else appends
// meanwhile. It returns once that is on disk.
func (j journal) change(f func([]event) ([]event, error)) (err error) {
	unlock, err := lock(j.path + ".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	events, length, err := j.load()
	if err != nil {
		return err
	}
	more, err := f(events)
	if err != nil || len(more) == 0 {
		return err
	}
	var b bytes.Buffer
	for _, e := range more {
		if err := json.NewEncoder(&b).Encode(e); err != nil {
			return fmt.Errorf("write journal of packages: %w", err)
		}
	}
	return j.append(b.Bytes(), length)
}

// append writes b after the first length bytes, in place of what a crash left there.
func (j journal) append(b []byte, length int64) error {
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write journal of packages: %w", err)
	}
	err = f.Truncate(length)
	if err == nil {
		_, err = f.WriteAt(b, length)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil && length == 0 {
		err = durable.SyncDir(filepath.Dir(j.path))
	}
	if err != nil {
		return fmt.Errorf("write journal of packages: %w", err)
	}
	return nil
}
