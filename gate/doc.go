// Package gate is a department's own instance: it follows the hub's list,
// verifies all of it, and answers in its own process whether a transaction may go
// ahead.
//
//	feed.Source ─▶ follow ─verify─▶ list/ (screen.Index) ─▶ Screen ─▶ clear | refer | block
//	                  │ withdrawal, listing                    │ refer, block
//	                  └── lift, keep, alert ─▶ outcomes.db ◀───┘
//	 officers: keep, review, differ, watch ─────┘ ├─▶ Reporter ─▶ hub (receipts, outcomes, reviews, proposals)
//	                                              └─▶ Webhook, file, page ─▶ the department (lifts, alerts)
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
//   - A reader sees the list as of one sequence or as of the next, nothing between,
//     and waits for nobody who writes.
//   - When a listing ends or is suspended, its restrictions are lifted before any
//     answer is given as of the sequence that ended it, and the hub is told. One is
//     kept on only by a legal ground and until an end that the department stated
//     before (Keep), and lifted the day after.
//   - A hub that has signed what cannot both be true restricts nobody through this
//     gate until an officer has decided; the proof is on disk before anything else.
//     An abnormal change waits for the hub's approval or an officer's.
//   - The department's own system hears of every lift at least once, and for one
//     restriction in order.
//   - What an officer found of one applicant and one listing takes that listing out
//     of that applicant's answers, hides nobody else, and ends when either changes.
//   - For each watched subject whom a listing in force names by number one alert is
//     open and no other, after any history and any kill. When the listing ends the
//     alert is closed, and that is told as the alert was. The hub never learns who is
//     watched or what is remembered.
//   - The state survives a kill at any instant. A damaged copy of the list is
//     noticed, named and fetched again; a damaged record of restrictions is named
//     and the gate refuses to start (docs/decisions/gate-state.md).
//
// A Gate may be used from any number of goroutines; one Run at a time.
package gate
