// Command gongxin is the register of judgment defaulters and the network that
// carries it: the hub, a department's gate, and the tools around them, in one
// binary. Each subcommand is flags, wiring and one call; a file for each.
//
//	gongxin demo       the whole way on this machine: listed, stopped, withdrawn, free
//	gongxin hub        the provincial centre
//	gongxin gate       a department's instance
//	gongxin intake     check or submit a court's file
//	gongxin screen     ask a gate
//	gongxin match      compare two names, or score a file of pairs
//	gongxin relay      a cache of the feed for many gates
//	gongxin package    signed files for departments without a network
//	gongxin verify     check a ledger, or a proof file, trusting nobody
//	gongxin person     who can sign in; organisation, token, batch, key likewise
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gongxin"
)

// Exit codes: what a script needs to know.
const (
	exitDone     = 0
	exitFindings = 1 // something was rejected, refused or failed
	exitUsage    = 2 // wrong use
)

// errFindings ends a command that did its work and found something: all that is
// to be said has been printed.
var errFindings = errors.New("findings")

// An errUnusable is of a command that could not begin or end its work, where 1 says
// what the work found: it ends with 2.
type errUnusable struct{ error }

func (e errUnusable) Unwrap() error { return e.error }

// errUsage marks mistakes in flags and arguments.
type errUsage struct{ error }

func usage(format string, args ...any) error { return errUsage{fmt.Errorf(format, args...)} }

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return exitCode(newRoot().ExecuteContext(ctx))
}

// exitCode tells err to the person at the terminal and chooses the exit code.
func exitCode(err error) int {
	var wrong errUsage
	var unusable errUnusable
	var e *gongxin.Error
	switch {
	case errors.As(err, &unusable):
		exitCode(unusable.error)
		return exitUsage
	case err == nil:
		return exitDone
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "gongxin: %v\n用法见 gongxin --help · see gongxin --help\n", wrong.error)
		return exitUsage
	case errors.As(err, &e):
		what, mend := e.What(), e.Mend()
		fmt.Fprintf(os.Stderr, "gongxin: %s\n  %s\n  %s\n", e.Code, what.ZH, what.EN)
		if mend.ZH != "" {
			fmt.Fprintf(os.Stderr, "  → %s\n  → %s\n", mend.ZH, mend.EN)
		}
		return exitFindings
	}
	fmt.Fprintf(os.Stderr, "gongxin: %v\n", err)
	return exitFindings
}
