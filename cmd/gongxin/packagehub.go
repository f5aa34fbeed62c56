package main

import (
	"context"
	"os"

	"gongxin"
	"gongxin/internal/hub"
	"gongxin/internal/packages"
)

// hubPackages are the packages of a hub's directory, as the hub offers them.
type hubPackages struct{ room *packages.Room }

// Of implements hub.Packages.
func (p hubPackages) Of(gate string) ([]hub.Package, error) {
	all, err := p.room.Standings()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Gate != gate {
			continue
		}
		out := make([]hub.Package, len(s.Packages))
		for i, one := range s.Packages {
			out[i] = hub.Package{File: one.File, Full: one.Full, From: one.From, To: one.To, Made: one.Made, Sent: one.Sent, How: one.How,
				Due: one.Due, Confirmed: one.Confirmed}
			f, err := p.room.Fetch(gate, one.File)
			if err == nil {
				out[i].Here = true
				err = f.Close()
			}
			if err != nil && gongxin.CodeOf(err) != "PACKAGE_NOT_HERE" {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, gongxin.Missing("PACKAGE_UNKNOWN_GATE", gate)
}

// Fetch implements hub.Packages.
func (p hubPackages) Fetch(gate, file string) (*os.File, error) { return p.room.Fetch(gate, file) }

// Fetched implements hub.Packages.
func (p hubPackages) Fetched(gate, file string) error { return p.room.Fetched(gate, file) }

// Receive implements hub.Packages. A key in the place of a known one is the
// operator's to set, by the command.
func (p hubPackages) Receive(ctx context.Context, note []byte, key string) (hub.PackageReceipt, error) {
	got, err := p.room.Receive(ctx, note, key, false)
	return hub.PackageReceipt{Gate: got.Receipt.Gate, Sequence: got.Receipt.Sequence, Key: got.Key, First: got.FirstUse}, err
}
