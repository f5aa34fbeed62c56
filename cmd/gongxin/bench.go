package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// benchFlags say how large the measurements are.
type benchFlags struct {
	rows     int    // of the court's file
	listings int    // to screen against, and of the snapshot
	courts   int    // that decide at once
	changes  int    // whose way to the gate is timed
	database string // instead of the embedded one

	followers int           // that follow one hub at once
	pace      int           // decisions a second while they do
	lasting   time.Duration // for so long
	redis     string        // address
	rivals    int           // longest list that databases are filled with
	missed    int           // changes that a gate catches up with
	dir       string
}

// A measurement is one line of the table.
type measurement struct {
	what  string
	value float64
	unit  string
	note  string // the ratio to its rival, or what it was
}

func newBench() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use: "bench [intake|decide|screen|batch|reach|followers|catchup|snapshot]…", Short: "在本机测量 · measure on this machine", ValidArgs: []string{"intake", "decide", "screen", "batch", "reach", "followers", "catchup", "snapshot"},
		Args: cobra.OnlyValidArgs,
		Long: `Measures on your own machine, each figure beside its rival in one run:

  intake  a court's CSV file into the store, durable: rows/s and resident memory
  decide  single durable decisions by several courts at once against one after the other
  screen  answers by identifier and by name at growing lengths of the list: the index against a Go map, SQLite, PostgreSQL
  batch   a CSV file of --rows applicants against a ready list on disk of --listings
  reach   from the hub's commit to the gate's changed answer, over loopback
  followers  the same up to a follower's verified copy, with one follower and with a thousand
  catchup    changes that a gate has missed: verified alone, and applied by the gate
  snapshot   a gate in a process of its own: from nothing to serving, a restart, and its memory`,
		Example: "  gongxin bench\n  gongxin bench intake --rows 1000000",
		RunE: func(c *cobra.Command, which []string) (err error) {
			if f.dir, err = os.MkdirTemp(f.dir, "gongxin-bench-"); err != nil {
				return err
			}
			defer os.RemoveAll(f.dir)
			return f.run(c.Context(), which, c.OutOrStdout())
		},
	}
	c.Flags().IntVar(&f.rows, "rows", 1_000_000, "rows of the court's file, and of the applicants' file")
	c.Flags().IntVar(&f.listings, "listings", 1_000_000, "listings to screen against, and of the snapshot: up to 10000000 and more")
	c.Flags().IntVar(&f.courts, "courts", 32, "courts that decide at once")
	c.Flags().IntVar(&f.changes, "changes", 200, "changes whose way to the gate is timed")
	c.Flags().IntVar(&f.followers, "followers", 1000, "followers of one hub at once")
	c.Flags().IntVar(&f.pace, "pace", 50, "decisions a second while they follow")
	c.Flags().DurationVar(&f.lasting, "lasting", 20*time.Second, "how long they follow")
	c.Flags().IntVar(&f.missed, "missed", 200_000, "changes that a gate catches up with")
	c.Flags().StringVar(&f.database, "db", "", "measure intake and decide on this database: it must be empty, and is filled")
	c.Flags().StringVar(&f.redis, "redis", "", "address of a Redis server to ask as well; what it is filled with is taken out again")
	c.Flags().IntVar(&f.rivals, "rivals", 1_000_000, "longest list that SQLite, PostgreSQL and Redis are filled with; 10000000 takes minutes and gigabytes")
	c.Flags().StringVar(&f.dir, "dir", "", "directory for the data; a temporary one if empty")
	return c
}

func (f *benchFlags) run(ctx context.Context, which []string, out io.Writer) error {
	all := []struct {
		name    string
		measure func(context.Context) ([]measurement, error)
	}{{"intake", f.intake}, {"decide", f.decide}, {"screen", f.screen}, {"batch", f.batch}, {"reach", f.reach}, {"followers", f.follow}, {"catchup", f.catchup}, {"snapshot", f.snapshot}}
	for _, b := range all {
		if len(which) > 0 && !slices.Contains(which, b.name) {
			continue
		}
		lines, err := b.measure(ctx)
		if err != nil {
			return fmt.Errorf("bench %s: %w", b.name, err)
		}
		for _, m := range lines {
			fmt.Fprintf(out, "%-9s %-48s %14.1f %-9s %s\n", b.name, m.what, m.value, m.unit, m.note)
		}
	}
	return nil
}

// ratio says how a compares with b.
func ratio(a, b float64) string { return fmt.Sprintf("%.2f × the line above", a/b) }

// peakMemory is the largest resident memory of this process so far, in MiB; 0
// where the system does not tell.
func peakMemory() float64 { return memory("VmHWM") }

// memory reads one line of what Linux says of this process, in MiB.
func memory(line string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(l, line+": %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}

// rate is n in a second, if it took d.
func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
