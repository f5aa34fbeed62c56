// Command counter is a ticket counter: it asks about one passenger, then about several.
//
//	go run . http://127.0.0.1:8701 SCENARIO NUMBER NAME [NUMBER NAME]…
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gongxin/examples/go/gateclient"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, scenario string, people []string) error {
	gate := gateclient.New(address)
	decision, err := gate.Screen(ctx, gateclient.Query{Scenario: scenario, Number: people[0], Name: people[1]})
	var problem *gateclient.Problem
	if errors.As(err, &problem) {
		fmt.Println("problem", problem.Code)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Println(decision.Outcome, "as of", decision.Sequence)
	for _, r := range decision.Reasons {
		fmt.Println(r.Code)
	}
	if decision.Outcome == "block" {
		restriction, err := gate.Restriction(ctx, decision.Reference)
		if err != nil {
			return err
		}
		fmt.Println(restriction.State)
	}

	many := gateclient.BulkQuery{Scenario: scenario}
	for i := 0; i+1 < len(people); i += 2 {
		many.Subjects = append(many.Subjects, gateclient.Subject{ID: fmt.Sprintf("row %d", i/2+1), Number: people[i], Name: people[i+1]})
	}
	all, err := gate.ScreenBulk(ctx, many, nil)
	if err != nil {
		return err
	}
	for _, a := range all.Answers {
		fmt.Println(a.ID, a.Outcome)
	}
	return nil
}
