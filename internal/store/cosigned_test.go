package store_test

import (
	"context"
	"testing"

	"gongxin/internal/store"
	"gongxin/internal/store/storetest"
)

// The last cosigned size within reach is found, and of one size the newest.
func TestCosignedCheckpointsAreFoundBySize(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		for _, c := range []struct {
			size uint64
			text string
		}{{5, "five"}, {9, "nine"}, {9, "nine again"}, {20, "twenty"}} {
			write(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCosigned(ctx, c.size, []byte(c.text)) })
		}
		view(t, db, func(ctx context.Context, v *store.View) {
			for _, tt := range []struct {
				after, to, size uint64
				text            string
			}{{0, 4, 0, ""}, {0, 5, 5, "five"}, {0, 19, 9, "nine again"}, {9, 19, 0, ""}, {5, 100, 20, "twenty"}} {
				size, text, err := v.CosignedIn(ctx, tt.after, tt.to)
				if err != nil || size != tt.size || string(text) != tt.text {
					t.Errorf("after %d to %d: got %d %q, %v", tt.after, tt.to, size, text, err)
				}
			}
			for size, want := range map[uint64]string{0: "", 4: "", 9: "nine again"} {
				if text, err := v.Cosigned(ctx, size); err != nil || string(text) != want {
					t.Errorf("at %d: got %q, %v", size, text, err)
				}
			}
		})
	})
}
