package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the command too: scripts and crash tests run it as gongxin.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gongxin":        func() { os.Exit(run()) },
		"gongxin-status": gateStatus,
		"nats":           natsServer,
		"nats-pub":       natsPublish,
		"nats-get":       natsGet,
		"applicants-as":  applicantsAs,
		"applicants-are": applicantsExpected,
	})
}

// gateStatus prints GET /v1/status of the gate whose URL is the argument.
func gateStatus() {
	answer, err := http.Get(os.Args[1] + "/v1/status")
	if err == nil {
		defer answer.Body.Close()
		_, err = io.Copy(os.Stdout, answer.Body)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Scripts read as scenarios: $HUB, $GATE, $RELAY and $WITNESS are free addresses on loopback,
// $SAMPLES holds the courts' sample files, and
//
//	until PATTERN COMMAND …   runs COMMAND until its output matches, for at most 20 s
//	save FILE                 keeps the last output in FILE
//	capture NAME PATTERN      sets $NAME to the first group of PATTERN in the last output
//	damage FILE TEXT          changes a bit of FILE where it holds TEXT
//	erase DIR LISTING         erases a listing that has ended
//	gongxin-status URL        prints a gate's status
//	nats DIR                  runs a NATS server with streams TRANSACTIONS, DECISIONS and DEAD; its URL goes to DIR/url
//	nats-pub DIR FILE         publishes each line of FILE as a transaction
//	nats-get DIR STREAM       prints what a stream holds, a message a line
//	applicants-as FROM TO …   writes a CSV file of applicants in other forms
//	applicants-are EXPECTED FROM RESULT …   holds results of a batch against the expected ones
func TestScripts(t *testing.T) {
	samples, err := filepath.Abs("../../internal/intake/testdata/samples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SAMPLES", samples)
			e.Setenv("APPLICANTS", filepath.Join(filepath.Dir(samples), "../../batch/testdata"))
			for _, name := range []string{"HUB", "GATE", "RELAY", "WITNESS"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Setenv(name, l.Addr().String())
				if err := l.Close(); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"until":   until,
			"capture": capture,
			"damage":  damage,
			"erase":   erase,
			"save": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: save FILE")
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(ts.ReadFile("stdout")), 0o600))
			},
		},
	})
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND …")
	}
	pattern := regexp.MustCompile(args[0])
	last := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		last = ts.ReadFile("stdout") + ts.ReadFile("stderr") + fmt.Sprint(err)
		if pattern.MatchString(last) {
			return
		}
	}
	ts.Fatalf("%q did not come; last: %s", args[0], last)
}
