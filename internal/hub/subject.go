package hub

import "time"

// How often a code may be tried for one listing, whatever the address: with 80
// random bits guessing is hopeless, so this only keeps the noise down and must not
// shut out the person whom the listing concerns for long.
const (
	codeBurst    = 10
	codeInterval = 30 * time.Second
)
