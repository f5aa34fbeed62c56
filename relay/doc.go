// Package relay is a cache of the feed for the gates of a city or a department:
// one connection to the hub, whatever the number of gates behind it.
//
//	hub ◀── one long poll ── Relay ── verified ──▶ Dir: changes/, snapshot, checkpoint
//	                           │                    │
//	                           └── a new tip ──▶ all gates that wait, at once
//
// A relay is trusted by nobody: gates verify what it gives them as they verify the
// hub. It verifies as well, so that damage on the way to it goes no further, and
// keeps serving what it has while the hub is away; the checkpoints that it serves
// grow old then, and each gate notices by itself.
//
// What it keeps is the form of package feed, written durably before it is served:
// after kill -9 it verifies its own files and goes on from there. Bodies of changes
// that are older than the last snapshot but one are removed, so that what the hub
// erases does not live on here.
//
// One Relay owns its directory. All methods may be called at once.
package relay
