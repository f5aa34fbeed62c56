package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"gongxin/ledger"
)

// proved checks the ledger as anyone can, from its public files alone, and shows
// the receipts of the gates.
func (t *story) proved(ctx context.Context) error {
	t.head("账本可由任何人核验；回执说明撤销已在每个部门生效", "Anyone can verify the ledger; receipts show the withdrawal in effect everywhere")
	head, _, err := t.sequence(ctx)
	if err != nil {
		return err
	}
	var tree ledger.Tree
	for tree.Size() < head.Size {
		index := tree.Size() / 256
		width := min(256, head.Size-index*256)
		var bundle []byte
		url := t.url + "/" + ledger.TilePath(-1, index, int(width))
		if err := t.call(ctx, http.MethodGet, url, "", "", nil, &bundle); err != nil {
			return fmt.Errorf("read entries: %w", err)
		}
		for range width {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("entry bundle %d is cut short", index)
			}
			n := int(binary.BigEndian.Uint16(bundle))
			tree.Append(ledger.RecordHash(bundle[2 : 2+n]))
			bundle = bundle[2+n:]
		}
	}
	if tree.Root() != head.Root {
		return fmt.Errorf("the ledger's entries do not give the signed root")
	}
	t.printf("   %d 条事件与签名的树根一致，在列 %d 条 · %d events give the signed root, %d in force\n", head.Size, head.Count, head.Size, head.Count)
	return t.receipts(ctx, head.Size)
}

// receipts waits until the hub has every gate's receipt up to sequence.
func (t *story) receipts(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		gates, err := t.hub.Gates(ctx)
		if err != nil {
			return err
		}
		all, lifted := len(gates) == len(t.gates), 0
		for _, g := range gates {
			all = all && g.Sequence >= sequence && g.Agrees
			lifted += g.Lifted
		}
		if all && lifted >= 2 {
			for _, g := range gates {
				t.printf("   %s：回执到序号 %d，限制 %d，转人工 %d，解除 %d · receipt, restricted, referred, lifted\n",
					g.Organisation, g.Sequence, g.Restricted, g.Referred, g.Lifted)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("receipts of all gates up to %d did not come: %w", sequence, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
