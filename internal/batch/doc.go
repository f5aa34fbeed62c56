// Package batch screens a file of applicants against a gate (5.1): a bank's
// nightly list, everyone who asks for a special fund, a ticket office's bookings.
//
//	input ──split──▶ chunks ──all cores: read cells, ask the gate──▶ in the input's order ──▶ output
//	                              └─ answers that are not clear ──▶ journal ──▶ summary
//
// The output has the form and the order of the input, with columns added: outcome,
// reason codes, reference, sequence. Forms are CSV (UTF-8, GB 18030, UTF-16; comma,
// tab, semicolon), XLSX, Parquet and NDJSON.
//
// What it promises. Memory does not grow with the file: a bounded number of chunks
// is under way. A row that cannot be read is refer with a reason, never dropped and
// never clear. The output appears under its name whole or not at all. A run that
// was killed goes on where the journal beside the output says; an answer that came
// before is not asked for again, so the gate does not record it twice.
// Personal numbers stand in the output, as they do in the input; in the journal and
// the summary they are masked, and no error or log holds one.
package batch
