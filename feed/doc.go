// Package feed is how the list travels: changes after a sequence, and snapshots of
// what is in force, with a reader that trusts nobody who carried them.
//
//	hub ── Changes.Encode ──▶ HTTP, a cache, a directory, a USB stick ── ReadChanges ──▶ Follower.Advance
//	                                                                                        │
//	Position{Tree, Head} ─── leaves ─▶ root, count, digest  =  what the checkpoint signs? ──┘─▶ Position, []Change
//
// A follower keeps the right edge of the tree, appends every leaf, and compares
// root, count and digest with the signed checkpoint; it opens each commitment of
// its own audience. No proofs travel. Anything off, and nothing is applied: the
// error (a gongxin.Error with a FEED_ code) says what. A hub that signs two
// histories is caught by its own signatures (Fork); its key can be handed over in
// the log (Keys), others can be asked to have seen it (Witnesses), and what is
// signed and yet unlikely can be held up (Guard).
//
// A reader is bounded in memory whatever it is given. Values are plain; what
// Advance returns shares memory with the Changes it was given. The wire forms are
// described in docs/feed.md.
package feed
