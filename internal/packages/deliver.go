package packages

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gongxin"
	"gongxin/durable"
)

// A Carrier brings a file somewhere: it appears there under its name whole, or not
// at all.
type Carrier interface {
	Carry(ctx context.Context, name string, file io.Reader, size int64) error
	String() string // where to, for people
}

// Deliver verifies the package at path, brings it where the carrier goes, and
// notes that it was sent. Errors: those of reading a package, PACKAGE_UNKNOWN_GATE,
// PACKAGE_DELIVERY, PACKAGE_HOST_KEY.
func (r *Room) Deliver(ctx context.Context, path string, to Carrier) error {
	p, f, err := r.Read(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	events, err := r.journal.read()
	if err != nil {
		return err
	}
	if _, known := standing(events, p.Gate); !known {
		return gongxin.Missing("PACKAGE_UNKNOWN_GATE", p.Gate)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("deliver package: %w", err)
	}
	if err := to.Carry(ctx, filepath.Base(path), io.NewSectionReader(f, 0, info.Size()), info.Size()); err != nil {
		if gongxin.CodeOf(err) != "" {
			return err
		}
		return fmt.Errorf("%w: %w", gongxin.Unavailable("PACKAGE_DELIVERY", to), err)
	}
	return r.journal.change(func([]event) ([]event, error) {
		return []event{{At: gongxin.Millis(r.Now()), What: eventSent, Gate: p.Gate, To: p.To, Made: p.Made, How: to.String()}}, nil
	})
}

// A Dir carries into a directory: a shared disk, a medium.
type Dir string

func (d Dir) String() string { return string(d) }

// Carry writes aside, forces to disk and renames.
func (d Dir) Carry(_ context.Context, name string, file io.Reader, _ int64) error {
	return durable.ReplaceWith(filepath.Join(string(d), name), 0o600, func(f *os.File) error {
		_, err := io.Copy(f, file)
		return err
	})
}
