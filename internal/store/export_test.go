package store

// MergeEvery makes db fill its index tables after every n listings. Call it
// before anything is written.
func (db *DB) MergeEvery(n uint64) { db.mergeEvery = n }

// EscalationKey reads an escalation's ID.
func EscalationKey(id string) (Escalation, bool) { return escalationKey(id) }
