//go:build linux && !race

package sim

const raced = false
