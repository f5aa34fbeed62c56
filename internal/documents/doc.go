// Package documents writes the papers of the procedure as a Chinese court lays
// them out: for A4, complete in one HTML page without scripts or anything from
// outside, and the same as data in Chinese and English (2.1–2.5, 3.8, 5.8).
//
//	act ──Draft──▶ Scribe.Write ──▶ Page (archived, its hash in the ledger) ──Print──▶ paper with access code
//	                   ▲            Data
//	    template: a court's own, else the default
//
// What a paper must say cannot be edited away: legal basis, effect and remedies
// are fields that the code fills and that a template must have. Layout, title,
// number, date and the place of the seal are the code's. The same draft gives the
// same bytes. A Scribe is safe for concurrent use.
package documents
