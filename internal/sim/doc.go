// Package sim puts a hub, relays and gates into one process and lets everything
// happen to them that does happen: messages lost, late and changed, a kill at any
// write, a full disk, clocks that jump, a relay that lies, a hub that was restored
// from a backup or shows two lists. A seed makes a schedule, and the same seed makes
// the same one.
//
//	seed ─▶ schedule ─▶ world: hub's log ──▶ relay ──▶ network ──▶ gate.Gate, its files in memory
//	                     │       court acts    lies      faults       kills, full disks, clocks
//	                     └─ after every step: the invariants, each with a name
//
// What is real: the ledger, the feed's wire forms and its follower, the gates with
// SQLite, their HTTP clients. What is a model: the hub's store and the carrier of
// bytes. docs/simulation.md says more, and how to reproduce a failure.
package sim
