package batch

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"gongxin"
)

// A journal stands beside the output while it is made, and says how far it is. Each
// line is a sum, a blank and a JSON object:
//
//	{"begin":…}   first: which input, asked how
//	{"answer":…}  an answer that is not clear, as soon as the gate gave it
//	{"at":…}      so many rows are done and so many bytes of the part are on disk
//
// A kill leaves at most a torn last line, which is cut.
type journal struct {
	mu       sync.Mutex
	file     *os.File
	buf      []byte
	answered bool // an answer stands in it
}

// A begin is what a run must agree with to go on where another one was stopped.
type begin struct {
	Form     string  `json:"form"` // of the journal: journalForm
	Size     int64   `json:"size"` // of the input
	Hash     string  `json:"hash"` // of its beginning and end
	Kind     string  `json:"kind"`
	Scenario string  `json:"scenario"`
	Columns  Columns `json:"columns"`
	Sheet    string  `json:"sheet,omitempty"`
	OnlyHits bool    `json:"only_hits,omitempty"`
}

const journalForm = "gongxin batch 1"

// A noted is an answer with what the summary says of it: the name as in the input,
// the number masked.
type noted struct {
	Row      uint64           `json:"row"`
	Name     string           `json:"name"`
	Number   string           `json:"number"` // masked
	Decision gongxin.Decision `json:"decision"`
}

// An at is how far a run is.
type at struct {
	In     position `json:"in"`
	Out    int64    `json:"out"` // bytes of the part
	Counts Counts   `json:"counts"`
	End    bool     `json:"end,omitempty"` // all rows are done
}

type entry struct {
	Begin  *begin `json:"begin,omitempty"`
	Answer *noted `json:"answer,omitempty"`
	At     *at    `json:"at,omitempty"`
}

// openJournal opens the journal at path, made if missing, and holds it against other
// runs. Error: BATCH_RUNNING.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	held, err := lock(f)
	if err == nil && !held {
		err = gongxin.Conflict("BATCH_RUNNING", filepath.Base(path))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{file: f}, nil
}

// recall reads what is in the journal, cuts a torn end and stands behind it. Answers
// are those behind the last at.
func (j *journal) recall() (began *begin, last at, answers map[uint64]Answer, err error) {
	answers = map[uint64]Answer{}
	end, err := j.each(func(_ int64, e entry) error {
		switch {
		case e.Begin != nil:
			began = e.Begin
		case e.Answer != nil:
			j.answered = true
			if e.Answer.Decision.Reference != "" {
				answers[e.Answer.Row] = answerOf(e.Answer.Decision)
			}
		case e.At != nil: // what came before is in the part; an answer given out of turn is not
			last = *e.At
			maps.DeleteFunc(answers, func(n uint64, _ Answer) bool { return n <= last.In.Rows })
		}
		return nil
	})
	if err != nil {
		return nil, last, nil, err
	}
	if err := j.file.Truncate(end); err != nil {
		return nil, last, nil, fmt.Errorf("cut the journal: %w", err)
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil {
		return nil, last, nil, fmt.Errorf("cut the journal: %w", err)
	}
	return began, last, answers, nil
}

// each hands on all whole lines with where they begin, and returns where they end.
func (j *journal) each(f func(at int64, e entry) error) (end int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(j.file, 0, 1<<62), 64<<10)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return end, fmt.Errorf("read the journal: %w", err)
		}
		e, ok := parseLine(line)
		if !ok {
			return end, nil // torn, and with it all behind it
		}
		if err := f(end, e); err != nil {
			return end, err
		}
		end += int64(len(line))
	}
}

func parseLine(line []byte) (e entry, ok bool) {
	sum, body, found := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !found || string(sum) != sumOf(body) || json.Unmarshal(body, &e) != nil {
		return entry{}, false
	}
	return e, true
}

func sumOf(body []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)) }

// write appends entries. They are beyond a kill, but beyond a loss of power only
// after sync.
func (j *journal) write(entries ...entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = j.buf[:0]
	for _, e := range entries {
		j.answered = j.answered || e.Answer != nil
		body, err := json.Marshal(e)
		if err != nil {
			return err
		}
		j.buf = append(append(append(append(j.buf, sumOf(body)...), ' '), body...), '\n')
	}
	if _, err := j.file.Write(j.buf); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (j *journal) sync() error {
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }

// hashOf identifies an input by its first mebibyte and its last 64 KiB.
func hashOf(f io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	for _, part := range [][2]int64{{0, 1 << 20}, {max(0, size-64<<10), 64 << 10}} {
		if _, err := io.Copy(h, io.NewSectionReader(f, part[0], part[1])); err != nil {
			return "", fmt.Errorf("read the input: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeWhole writes a file that is there whole and durable, or not at all.
func writeWhole(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return f.Close()
}

// syncDir makes renames in dir durable. Where directories cannot be synchronised the
// file system does so by itself.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}
