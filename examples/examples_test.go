package examples

import (
	"bytes"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gongxin/internal/gatetest"
)

var update = flag.Bool("update", false, "write the clients anew")

func TestClientsAreMadeFromTheDocument(t *testing.T) {
	d := readDocument(t)
	for path, want := range map[string][]byte{
		"go/gateclient/client.go": goClient(t, d), "python/gate_client.py": pythonClient(d), "java/GateClient.java": javaClient(d),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the document says; run make generate (%v)", path, err)
		}
	}
}

// A counter is the example in one language.
type counter struct {
	name    string
	needs   []string // programs
	build   func(t *testing.T) []string
	sockets bool // asks over a socket as well
}

var counters = []counter{
	{"go", []string{"go"}, func(t *testing.T) []string {
		program := filepath.Join(t.TempDir(), "counter")
		output(t, exec.Command("go", "build", "-o", program, "./go"))
		return []string{program}
	}, true},
	{"python", []string{"python3"}, func(t *testing.T) []string { return []string{"python3", "-B", "-W", "error", "python/counter.py"} }, true},
	{"java", []string{"javac", "java"}, func(t *testing.T) []string {
		dir := t.TempDir()
		output(t, exec.Command("javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-d", dir, "java/Json.java", "java/GateClient.java", "java/Counter.java"))
		return []string{"java", "-Dfile.encoding=UTF-8", "-cp", dir, "Counter"}
	}, false},
}

func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	b, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", c.Path, err, b)
	}
	return string(b)
}

func TestEveryExampleAsksARealGate(t *testing.T) {
	s := gatetest.Open(t, 3)
	served := httptest.NewServer(s.Gate.Handler())
	t.Cleanup(served.Close)
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "gate.sock"))
	if err != nil {
		t.Fatal(err)
	}
	socket := &http.Server{Handler: s.Gate.Handler()}
	done := make(chan struct{})
	go func() { defer close(done); _ = socket.Serve(l) }() // ends with Close
	t.Cleanup(func() { socket.Close(); <-done })

	listedNumber, listedName := gatetest.Person(1)
	freeNumber, freeName := gatetest.Person(7)
	for _, c := range counters {
		t.Run(c.name, func(t *testing.T) {
			for _, program := range c.needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("%s is not on this machine", program)
				}
			}
			addresses := []string{served.URL}
			if c.sockets {
				addresses = append(addresses, "unix:"+l.Addr().String())
			}
			command := c.build(t)
			ask := func(address string, arguments ...string) string {
				t.Helper()
				all := append(append(append([]string{}, command[1:]...), address), arguments...)
				return output(t, exec.Command(command[0], all...))
			}
			for _, address := range addresses {
				want := "block as of 3\nLISTED\nin_force\nrow 1 block\nrow 2 clear\n"
				if got := ask(address, "flight", listedNumber, listedName, freeNumber, freeName); got != want {
					t.Errorf("%s: got\n%swant\n%s", address, got, want)
				}
				if got, want := ask(address, "flight", freeNumber, freeName), "clear as of 3\nrow 1 clear\n"; got != want {
					t.Errorf("%s: got\n%swant\n%s", address, got, want)
				}
				if got, want := ask(address, "bus", freeNumber, freeName), "problem SCENARIO_UNKNOWN\n"; got != want {
					t.Errorf("%s: got\n%swant\n%s", address, got, want)
				}
			}
		})
	}
}
