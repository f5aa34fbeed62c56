package durable

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestReplacePutsTheNewInThePlaceOfTheOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "position")
	for _, want := range []string{"one", "two, longer", ""} {
		if err := Replace(path, []byte(want), 0o640); err != nil {
			t.Fatal(err)
		}
		holds(t, path, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestWhatCannotBeWrittenLeavesTheOldFileAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "position")
	if err := Replace(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no room")
	err := ReplaceWith(path, 0o600, func(f *os.File) error {
		_, err := f.WriteString("half of what")
		return errors.Join(err, full)
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v instead of the one that fill gave", err)
	}
	holds(t, path, "old")
	if err := Replace(filepath.Join(filepath.Dir(path), "none", "position"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

func TestCreateTakesNoNameThatIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hub.key")
	var made atomic.Int32
	var writing sync.WaitGroup
	for i := range 16 {
		writing.Go(func() {
			switch err := Create(path, fmt.Append(nil, "key ", i), 0o600); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	writing.Wait()
	if made.Load() != 1 {
		t.Errorf("%d of 16 made the same file", made.Load())
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("another"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one: %v", err)
	}
	holds(t, path, string(kept))
}

func TestRenameTakesThePlaceOfAnother(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "next.key"), filepath.Join(dir, "hub.key")
	for path, content := range map[string]string{from: "next", to: "current"} {
		if err := Create(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Rename(from, to); err != nil {
		t.Fatal(err)
	}
	holds(t, to, "next")
	if err := Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is gone: %v", err)
	}
	if err := SyncDir(from); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// Killed at any moment, a writer leaves a whole file: the one that it said it wrote,
// or the one after.
func TestAKillLeavesAWholeFile(t *testing.T) {
	if path := os.Getenv("DURABLE_KILLED"); path != "" {
		for i := 0; ; i++ {
			if err := Replace(path, version(i), 0o600); err != nil {
				t.Fatal(err)
			}
			fmt.Println("wrote", i)
		}
	}
	path := filepath.Join(t.TempDir(), "position")
	for round := range 10 {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAKillLeavesAWholeFile$")
		c.Env = append(os.Environ(), "DURABLE_KILLED="+path)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		last := -1
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, err := fmt.Sscanf(lines.Text(), "wrote %d", &last); n != 1 || err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
			if last == round*3 {
				_ = c.Process.Kill() // what it printed before is read to the end
			}
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, version(last)) && !bytes.Equal(b, version(last+1)) {
			t.Fatalf("after %d was written the file holds %d bytes beginning with %.20q", last, len(b), b)
		}
	}
}

// version is what the file holds at its n-th writing: of different lengths, each too
// long for one write of a few pages.
func version(n int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "version %d\n", n), 3000+n)
}

// holds fails if path has another content, or if something unfinished lies beside it.
func holds(t *testing.T, path, want string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != want {
		t.Errorf("%s holds %q instead of %q", filepath.Base(path), b, want)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), Unfinished+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
