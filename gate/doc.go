// Package gate is a department's own instance: it follows the hub's list,
// verifies all of it, and answers in its own process whether a transaction may go
// ahead.
//
//	feed.Source ─▶ follow ─verify─▶ state.db ─▶ screen.Index ─▶ Screen ─▶ clear | refer | block
//	                  │ withdrawal                                  │ refer, block
//	                  └── lift, or keep ──▶ outcomes.db ◀── record ─┘
//	           officers: keep, review ──────┘     ├─▶ Reporter ─▶ hub (receipts, outcomes, reviews, proposals)
//	                                              └─▶ Webhook ─▶ the department's own system (lifts)
//
//	g, err := gate.Open(gate.Config{Dir: "railway", Name: "railway", VerifierKey: key, Source: source, …})
//	go g.Run(ctx)
//	d, err := g.Screen(ctx, gate.Query{Scenario: "flight", Number: "320000…", Name: "王小明"})
//
// It promises:
//
//   - A restriction needs an exact identifier, an agreeing name, a measure that
//     prohibits, and a copy of the list known to be fresh. Everything less refers.
//   - An answer that refers or blocks is on disk before it is given. A clear one
//     leaves no trace; nowhere is it kept who was screened.
//   - A reader sees the list as of one sequence or as of the next, nothing between.
//   - When a listing ends or is suspended, its restrictions are lifted before any
//     answer is given as of the sequence that ended it, and the hub is told. One is
//     kept on only by a legal ground and until an end that the department stated
//     before (Keep), and lifted the day after.
//   - A hub that has signed what cannot both be true restricts nobody through this
//     gate until an officer has decided; the proof is on disk before anything else.
//     An abnormal change waits for the hub's approval or an officer's.
//   - The department's own system hears of every lift at least once, and for one
//     restriction in order.
//   - The state survives a kill at any instant. A damaged copy of the list is
//     noticed, named and fetched again; a damaged record of restrictions is named
//     and the gate refuses to start (docs/decisions/gate-state.md).
//
// A Gate may be used from any number of goroutines; one Run at a time.
package gate
