// Command gotest runs go test with the arguments given and holds it to more than
// go test does: a test that was skipped is a failure, and so is a run without any
// test. It prints a line for each package as go test does, the output of what
// failed, and at the end a count.
//
//	go run ./scripts/gotest -race ./...
package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest: start go test:", err)
		os.Exit(2)
	}
	r, readErr := read(out, os.Stdout)
	err = cmd.Wait()
	r.print(os.Stdout)
	if readErr != nil {
		fmt.Fprintln(os.Stderr, "gotest:", readErr)
	}
	if err != nil || readErr != nil || !r.ok() {
		os.Exit(1)
	}
}
