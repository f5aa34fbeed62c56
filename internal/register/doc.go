// Package register is the only place where a listing changes: commands in,
// events out, by one transition table.
//
//	command ─▶ Do ───┐                       ┌─▶ Journal.Append ─▶ ledger, projections
//	                 ├─▶ who? which state? ──┤   (the writer's transaction)
//	court file ▶ Take┘   Transitions         └─▶ refusal: a gongxin.Error, nothing changed
//
// Rules are pure: a command's decide takes the listing, the policy and the time,
// and gives the events. Do and Take are the thin shells around them. The package
// promises:
//   - An event is appended only where the table has a row for the listing's state,
//     by a role that the row names, of the court that lists (or the hub itself).
//   - The same command twice changes nothing the second time.
//   - An ended listing never changes again; a new decision after an exit is a new
//     listing (the next round of the same key).
//   - No minor and nobody whose age cannot be known comes into force (5.8).
//
// A Register is safe for concurrent use; the order of events is the writer's.
// New steps of the procedure are added as states and kinds in the root package,
// rows of Transitions, and a file with the command.
package register
