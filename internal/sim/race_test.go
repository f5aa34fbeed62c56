//go:build linux && race

package sim

// raced says that this binary was built with the race detector, under which SQLite,
// which is Go here, takes ten times as long.
const raced = true
