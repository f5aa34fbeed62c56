package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gongxin",
		Short: "公信：失信被执行人名单的登记与联合惩戒网络 · register and network of judgment defaulters",
		Long: `公信 gongxin

法院的失信被执行人名单，在每一个部门同时生效，也同时停止生效。
Courts' lists of judgment defaulters take effect, and stop taking effect, in every department at once.`,
		Example: `  gongxin demo                                   # the whole way on this machine
  gongxin intake --dry-run persons.csv           # check a court's file, change nothing
  gongxin hub --data ./hub --listen :8700        # run the provincial centre
  gongxin gate --hub http://hub:8700 …           # run a department's gate`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return errUsage{err} })
	root.AddCommand(newDemo(), newHub(), newGate(), newIntake(), newMatch(), newRelay(), newWitness(), newScreen(), newWatch(), newDiffer(), newStream(), newVerify(), newProof(), newKey(), newGateKey(), newBatch(), newPerson(), newOrganisation(), newToken(), newAccessLog(), newPackage(), newBench(), newVersion())
	for _, c := range append(root.Commands(), root) {
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, given []string) error {
				if err := args(c, given); err != nil {
					return errUsage{err}
				}
				return nil
			}
		}
	}
	return root
}

// newLog writes for people at a terminal; identifiers mask themselves.
func newLog(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// clockFlag is the flag --exercise-clock: an instant from which the clock starts
// to run, for training and for replaying files of the past. See
// docs/decisions/exercise-clock.md.
type clockFlag struct{ from string }

func (f *clockFlag) add(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "exercise-clock", "", "for training only: let the clock start at this instant, such as 2017-09-01T08:00:00+08:00")
}

// clock returns the clock to use, and whether it is an exercise.
func (f *clockFlag) clock() (now func() time.Time, exercise bool, err error) {
	if f.from == "" {
		return time.Now, false, nil
	}
	from, err := time.Parse(time.RFC3339, f.from)
	if err != nil {
		return nil, false, usage("--exercise-clock %q: write it as 2017-09-01T08:00:00+08:00", f.from)
	}
	shift := time.Until(from)
	return func() time.Time { return time.Now().Add(shift) }, true, nil
}

// isTerminal tells whether f is watched by a person, so that progress is drawn.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
