package gate_test

import (
	"context"
	"fmt"
	"os"

	"gongxin/gate"
	"gongxin/internal/gatetest"
)

// A department's own program holds the list and asks it, in its own process.
func Example() {
	ctx := context.Background()
	config, number, name := railway() // directory, hub, token and key: see Config and Connection
	defer os.RemoveAll(config.Dir)

	g, err := gate.Open(config)
	if err != nil {
		panic(err)
	}
	defer g.Close()
	catchUp(ctx, g) // a service says: go g.Run(ctx)
	d, err := g.Screen(ctx, gate.Query{Scenario: "flight", Number: number, Name: name})
	fmt.Println(d.Outcome, d.Hits[0].Court, d.Hits[0].Clause, err)
	// Output: block 苏州市虎丘区人民法院 3.6 <nil>
}

// A nightly batch asks about many at once.
func ExampleGate_ScreenAll() {
	ctx := context.Background()
	config, number, name := railway()
	defer os.RemoveAll(config.Dir)
	g, err := gate.Open(config)
	if err != nil {
		panic(err)
	}
	defer g.Close()
	catchUp(ctx, g)

	decisions, err := g.ScreenAll(ctx, []gate.Query{{Scenario: "credit", Number: number, Name: name}, {Scenario: "credit", Number: number, Name: "张三"}, {Scenario: "credit", Number: "?"}})
	for _, d := range decisions {
		fmt.Println(d.Outcome, d.Reasons[0].Code)
	}
	fmt.Println(err)
	// Output:
	// refer MEASURE_REFERS
	// refer NAME_DIFFERS
	// refer NUMBER_INVALID
	// <nil>
}

// railway is the configuration of a gate whose hub lists the person with number and name.
func railway() (config gate.Config, number, name string) {
	dir, err := os.MkdirTemp("", "gongxin-example-")
	if err == nil {
		config, err = gatetest.Config(dir, 1)
	}
	if err != nil {
		panic(err)
	}
	number, name = gatetest.Person(0)
	return config, number, name
}

// catchUp follows the hub until there is nothing new.
func catchUp(ctx context.Context, g *gate.Gate) {
	for more := true; more; {
		var err error
		if more, err = g.FollowOnce(ctx); err != nil {
			panic(err)
		}
	}
}
