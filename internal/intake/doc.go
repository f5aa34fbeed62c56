// Package intake turns a court's file into checked submissions and a report on
// their quality. It reads CSV in any of the encodings that Chinese offices
// produce, XLSX, and JSON rows; finds the header; and accepts, accepts with a named
// normalisation, or rejects each record with a stable code.
//
//	bytes ─▶ encoding, structure ─▶ header ─▶ cells ─▶ fields ─▶ cross-checks ─▶ Record
//	         └── whole-file checks, refused before any record ──┘
//
// Promises: a file that cannot be trusted as a whole is refused by Open and gives
// no record; a record that is not good does not touch the others, and none is
// left out silently; memory does not grow with the file. The codes, the columns and
// the order of the checks stand in docs/intake.md. A File and a Seen are for one
// goroutine at a time. Nothing here reads a clock or the network.
package intake
