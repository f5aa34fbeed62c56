package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gongxin"
	"gongxin/durable"
)

// The file of alerts (Config.Alerts): one Message a line, appended and never
// changed, for a department's system that reads files. A message is in it once: it
// leaves the queue after the file is on disk, and what a kill left in both is known
// by its id. A line that a kill tore is cut.

const (
	notePage = 200
	noteTail = 1 << 20 // more than a page of messages
	noteWait = 10 * time.Second

	messageBegins = `{"id":"A-` // what alone may be cut
)

// noteAll writes what waits for the file until ctx ends.
func (g *Gate) noteAll(ctx context.Context) {
	for ctx.Err() == nil {
		more, err := g.noteSome(context.WithoutCancel(ctx))
		if err != nil {
			g.report(ctx, err)
		}
		if more && err == nil {
			continue
		}
		t := time.NewTimer(noteWait)
		select {
		case <-ctx.Done():
		case <-g.noting:
		case <-t.C:
		}
		t.Stop()
	}
}

// noteSome writes a page of what waits; more says that there may be more. Error:
// ALERT_FILE.
func (g *Gate) noteSome(ctx context.Context) (more bool, err error) {
	notes, messages, err := g.outcomes.notes(ctx, notePage)
	if err != nil || len(notes) == 0 {
		return false, err
	}
	if err := appendMessages(g.config.Alerts, messages); err != nil {
		return false, fmt.Errorf("%w: %w", gongxin.Unavailable("ALERT_FILE", g.config.Alerts), err)
	}
	return len(notes) == notePage, g.outcomes.noteDown(ctx, notes)
}

// appendMessages appends those of messages that are not at the end of the file at path yet,
// and returns once they are on disk.
func appendMessages(path string, messages []Message) (err error) {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, had, err := messagesAtEnd(f)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, m := range messages {
		if had[m.ID] {
			continue
		}
		if err := json.NewEncoder(&b).Encode(m); err != nil {
			return err
		}
	}
	if err := f.Truncate(end); err != nil { // a torn line
		return err
	}
	if _, err := f.WriteAt(b.Bytes(), end); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if errors.Is(missing, os.ErrNotExist) {
		return durable.SyncDir(filepath.Dir(path))
	}
	return nil
}

// messagesAtEnd returns where the last whole line of f ends, and the ids of the
// messages before it.
func messagesAtEnd(f *os.File) (end int64, had map[string]bool, err error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, nil, err
	}
	from := max(0, size-noteTail)
	b := make([]byte, size-from)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	if torn := b[whole:]; !bytes.HasPrefix(torn, []byte(messageBegins)) && !bytes.HasPrefix([]byte(messageBegins), torn) {
		return 0, nil, errors.New("it ends with something that is no message of this gate")
	}
	had = map[string]bool{}
	for line := range bytes.Lines(b[:whole]) {
		var m struct{ ID string }
		if json.Unmarshal(line, &m) == nil { // the first line of the tail may be a part of one
			had[m.ID] = true
		}
	}
	return from + int64(whole), had, nil
}
