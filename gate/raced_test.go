//go:build race

package gate

import "flag"

// Under the race detector SQLite, which is Go here, takes ten times as long, and races
// show in the first histories: of those that tests make at random a third is made, each
// time others. Without it all are.
func init() {
	damages = 130
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
}
