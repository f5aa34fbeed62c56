package ledger

import (
	"encoding/binary"

	"gongxin/ledger/internal/lanes"
)

// What a follower hashes for ten million listings it hashes in batches: the same
// hashes as one by one, several times as fast where the processor has no SHA
// instructions. The functions that give what is hashed are called in rising order.

// RecordHashes sets each sums[i] to RecordHash(leaf(i)).
func RecordHashes(sums []Hash, leaf func(i int) []byte) {
	lanes.Sum(sums, func(i int, b []byte) lanes.Message { return lanes.Message{Head: append(b, 0), Body: leaf(i)} })
}

// ElementsOf sets each sums[i] to ElementOf(sequence(i), leafHashes[i]).
func ElementsOf(sums []Digest, sequence func(i int) uint64, leafHashes []Hash) {
	lanes.Sum(sums, func(i int, b []byte) lanes.Message {
		return lanes.Message{Head: binary.BigEndian.AppendUint64(append(b, elementDomain...), sequence(i)), Body: leafHashes[i][:]}
	})
}

// Commits sets each sums[i] to Commit(of(i)).
func Commits(sums []Hash, of func(i int) (salt, body []byte)) {
	lanes.Sum(sums, func(i int, b []byte) lanes.Message {
		salt, body := of(i)
		return lanes.Message{Head: append(b, salt...), Body: body}
	})
}

// Extend adds the hashes of leaves at the right, in their order.
func (t *Tree) Extend(leafHashes []Hash) {
	if len(leafHashes) == 1 {
		t.Append(leafHashes[0])
		return
	}
	row := make([]Hash, 1+len(leafHashes)) // of a level: the new nodes behind the one at the edge, if it has no pair yet
	copy(row[1:], leafHashes)
	n := uint64(len(leafHashes))
	for level := 0; len(row) > 1; level++ {
		nodes := row[1:]
		if t.size>>level&1 == 1 {
			nodes, row[0] = row, t.edge[level]
		}
		t.edge[level] = Hash{}
		if len(nodes)%2 == 1 {
			t.edge[level] = nodes[len(nodes)-1]
		}
		pairs := nodes[:len(nodes)/2] // each takes a place that has been read
		lanes.Sum(pairs, func(i int, b []byte) lanes.Message {
			return lanes.Message{Head: append(append(append(b, 1), nodes[2*i][:]...), nodes[2*i+1][:]...)}
		})
		row = append(make([]Hash, 1, 1+len(pairs)), pairs...)
	}
	t.size += n
}
