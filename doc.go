// Package gongxin is the vocabulary of the register of judgment defaulters
// (失信被执行人名单): what a listing is, what can happen to it, what a gate may
// answer, and how mistakes are told. Every other room speaks in these words.
//
//	court ─ file/API ─▶ intake ─▶ register ─▶ ledger ─▶ feed ─▶ gate ─▶ screen ─▶ decision
//	                              (one transaction)              │                  │
//	                                                    receipts, lifts   outcome ──┘
//
// The package promises values only: no I/O, no clock, no goroutines. All types
// are safe to copy and to share between goroutines once made. Clause ids such
// as 2.4 are those of the Jiangsu Opinion of 4 February 2017.
package gongxin
