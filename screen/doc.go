// Package screen is the list of a gate: who is listed, on disk and in memory.
//
//	number ─hash─▶ table of numbers ─┐                 ┌─ list-7.base  records, tables
//	name   ─Key──▶ table of names   ─┼─ reference ─▶ record
//	listing ─────▶ table of listings ┘                 └─ list-7.log   what changed since
//
// A View is the list at one instant and does not change. A writer makes the next one
// beside it: Write is durable and not visible, Publish is visible, and a reader sees one
// or the other and nothing between, without a lock (Step). What was read while its view
// was superseded is not given: ErrPast says to take the newer one.
//
// Identifiers are kept as keyed hashes alone. A search that finds nothing reads one
// line of memory and allocates nothing; a candidate counts only after a keyed 128-bit
// tag in its record agrees. Files are sealed with a key that comes from the gate's:
// without it they tell no name, and a byte that was changed or exchanged is noticed
// where it is read and named as Damage. A kill at any instant leaves the list before or
// after the step that was being written.
//
// Names tell nobody apart. The caller compares them and refers to a person.
package screen
