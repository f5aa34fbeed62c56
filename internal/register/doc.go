// Package register is the only place where a listing changes: commands in,
// events out, by one transition table.
//
//	command ─▶ Carry ─┐                       ┌─▶ events ─▶ ledger, projections
//	                  ├─▶ who? which state? ──┼─▶ duties: opened, met, lapsed
//	court file ▶ Take─┘   Transitions         ├─▶ documents: numbered, written, committed to
//	                                          └─▶ refusal: a gongxin.Error, nothing changed
//
// Rules are pure: a command's decide takes the listing and its setting (the rules,
// the time, what is owed), and gives the events. Carry and Take are the thin shells
// around them; an act records the events with the duties and documents that follow,
// all in the writer's transaction. The package promises:
//   - An event is appended only where the table has a row for the place where the
//     listing stands, by a role that the row names, in the relation that it asks for.
//   - Two people decide: a judge approves what somebody else drafted (2.1).
//   - The same command twice changes nothing the second time.
//   - An ended listing never changes again, but for the document that records its
//     end; a new decision after an exit is a new listing (the next round of the same key).
//   - No minor and nobody whose age cannot be known comes into force (5.8), and
//     nobody stays in force for longer than the rules allow.
//   - What is owed and done too late, or never, leaves its lapse for ever (2.5).
//   - Objection and reconsideration suspend nothing (2.3).
//
// A Register is safe for concurrent use; the order of events is the writer's. A new
// step is a kind in the root package, rows of Transitions and perhaps of
// Obligations, and a file with the command.
package register
