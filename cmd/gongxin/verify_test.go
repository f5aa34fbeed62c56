package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"gongxin"
)

// capture NAME PATTERN sets $NAME to the first group of PATTERN in the last output.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("%q is not in the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// damage FILE TEXT changes one bit of the first place in FILE that holds TEXT, as a
// disk or an intruder may.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE TEXT")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	at := bytes.Index(b, []byte(args[1]))
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	b[at+len(args[1])-1] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

// erase DIR LISTING erases a listing that has ended out of a hub's data, as the hub
// does when the retention term is over.
func erase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: erase DIR LISTING")
	}
	id, err := gongxin.ParseListingID(args[1])
	ts.Check(err)
	db, _, err := home{dir: ts.MkAbs(args[0])}.openThere(context.Background())
	ts.Check(err)
	ts.Check(db.Erase(context.Background(), id, time.Now()))
	ts.Check(db.Settle(context.Background()))
	ts.Check(db.Close())
}
