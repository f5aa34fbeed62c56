package access

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"gongxin"
)

// What one hashing costs: the OWASP recommendation for argon2id with 19 MiB.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	saltBytes   = 16
	keyBytes    = 32
)

// Of hashings a few run at a time, and not too many wait, so that attempts to sign
// in, however many, take at most hashers × 19 MiB and their callers soon an answer.
const (
	hashers     = 4
	mostWaiting = 64
	busySeconds = 5
)

var (
	hashing = make(chan struct{}, hashers)
	waiting atomic.Int32
)

// firstMark stands before the hash of a password that somebody else chose.
const firstMark = "first:"

// HashPassword gives the argon2id of password with a salt from random, in the PHC
// string format, to be kept in Person.Password. It takes some 20 ms and 19 MiB; a
// few run at a time and others wait, so call it outside a transaction. Errors:
// SIGN_IN_BUSY if too many wait already, PASSWORD_WEAK for none or one without bounds.
func HashPassword(password string, random io.Reader) (string, error) {
	if !bearable(password) {
		return "", gongxin.Invalid("PASSWORD_WEAK")
	}
	c := costly{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	if _, err := io.ReadFull(random, c.salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	if err := turn(context.Background()); err != nil {
		return "", err
	}
	defer done()
	c.key = c.derive(password)
	return c.String(), nil
}

// HashFirstPassword is HashPassword for a password that somebody else chose for the
// person: it opens a session of method "enrolment" alone, in which to change it, so
// that nobody acts with a password that an operator knows.
func HashFirstPassword(password string, random io.Reader) (string, error) {
	phc, err := HashPassword(password, random)
	if err != nil {
		return "", err
	}
	return firstMark + phc, nil
}

// VerifyPassword tells whether password is the one that HashPassword or
// HashFirstPassword gave phc for. Like them it waits for its turn. A phc that is
// none, such as that of a person without a password, agrees with nothing and takes
// as long.
func VerifyPassword(phc, password string) bool {
	agrees, err := verify(context.Background(), phc, password)
	return err == nil && agrees
}

func verify(ctx context.Context, phc, password string) (bool, error) {
	c, ok := parsePHC(strings.TrimPrefix(phc, firstMark))
	if !ok {
		c = decoy
	}
	if err := turn(ctx); err != nil {
		return false, err
	}
	defer done()
	return c.of(password) && ok, nil
}

// turn waits until one may hash; whoever did calls done.
func turn(ctx context.Context) error {
	defer waiting.Add(-1)
	if waiting.Add(1) > mostWaiting {
		return gongxin.Unavailable("SIGN_IN_BUSY", busySeconds)
	}
	select {
	case hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func done() { <-hashing }

// decoy is compared for somebody unknown, so that time does not tell who is known.
var decoy = costly{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}

// costly is an argon2id hash with what it takes to make it again.
type costly struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
	salt    []byte
	key     []byte
}

// bearable tells whether password can be one at all, and be hashed in little time.
func bearable(password string) bool {
	return password != "" && len(password) <= longestPassword*utf8.UTFMax
}

// derive gives the key of password at the cost of c.
func (c costly) derive(password string) []byte {
	// NFKC, so that a password agrees however a keyboard composes its characters.
	return argon2.IDKey(norm.NFKC.Bytes([]byte(password)), c.salt, c.time, c.memory, c.threads, uint32(len(c.key)))
}

// of tells whether c is the hash of password.
func (c costly) of(password string) bool {
	if !bearable(password) {
		return false // whoever c is of
	}
	return subtle.ConstantTimeCompare(c.derive(password), c.key) == 1
}

// String is the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (c costly) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b64.EncodeToString(c.salt), b64.EncodeToString(c.key))
}

// What a stored hash may demand, so that whoever can write one cannot make the hub
// spend gigabytes or minutes on it.
const (
	longestPHC    = 256
	mostMemory    = 64 * 1024 // KiB
	mostTime      = 8
	mostThreads   = 4
	shortestBytes = 8  // of salt
	shortestKey   = 16 // bytes
	longestBytes  = 64 // of salt and key
)

// parsePHC reads what String gives and no other way to write the same.
func parsePHC(s string) (c costly, ok bool) {
	parts := strings.Split(s, "$")
	if len(s) > longestPHC || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return costly{}, false
	}
	cost := strings.Split(parts[3], ",")
	if len(cost) != 3 {
		return costly{}, false
	}
	threads, ok1 := bounded(cost[2], "p=", 1, mostThreads)
	memory, ok2 := bounded(cost[0], "m=", 8*uint32(threads), mostMemory)
	time, ok3 := bounded(cost[1], "t=", 1, mostTime)
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil ||
		len(salt) < shortestBytes || len(salt) > longestBytes || len(key) < shortestKey || len(key) > longestBytes {
		return costly{}, false
	}
	c = costly{memory: memory, time: time, threads: uint8(threads), salt: salt, key: key}
	return c, c.String() == s
}

func bounded(s, name string, least, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && uint32(n) >= least && uint32(n) <= most
}

// How long a password is, in characters.
const (
	shortestPassword = 12
	longestPassword  = 256
	ownCharacters    = 6 // that are left when names and common words are taken out
	fewestDistinct   = 5
)

//go:embed common.txt
var commonText string

// common are words and runs of keys that passwords are often made of, the longest
// first, so that a part of a word does not hide it.
var common = func() []string {
	words := strings.Fields(commonText)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}()

// CheckPassword tells whether password may be chosen by a person known under known:
// their ID, name, organisation, and the password so far. It is long enough, not known words strung together
// and not one character after another; no rule says which characters it must have
// (NIST SP 800-63B, 5.1.1.2). Error: PASSWORD_WEAK.
func CheckPassword(password string, known ...string) error {
	plain := fold(password)
	n := utf8.RuneCountInString(norm.NFKC.String(password))
	rest := plain
	for _, k := range known {
		for _, word := range strings.FieldsFunc(strings.ToLower(norm.NFKC.String(k)), func(r rune) bool { return !letterOrDigit(r) }) {
			if utf8.RuneCountInString(word) > 1 {
				rest = strings.ReplaceAll(rest, word, " ")
			}
		}
	}
	for _, word := range common {
		rest = strings.ReplaceAll(rest, word, " ")
	}
	own := utf8.RuneCountInString(strings.ReplaceAll(rest, " ", ""))
	if !utf8.ValidString(password) || !bearable(password) || n < shortestPassword || n > longestPassword || own < ownCharacters || monotonous(plain) {
		return gongxin.Invalid("PASSWORD_WEAK")
	}
	return nil
}

// fold leaves the letters and digits of s, in lower case.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if letterOrDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(norm.NFKC.String(s)))
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// monotonous tells whether s has hardly any characters, or each is the neighbour of
// the one before, as in abcdefghijkl and 987654321098.
func monotonous(s string) bool {
	distinct := map[rune]bool{}
	steps, last := 0, rune(-1)
	for _, r := range s {
		distinct[r] = true
		if d := r - last; last >= 0 && (d < -1 || d > 1) && (last != '9' || r != '0') && (last != '0' || r != '9') {
			steps++
		}
		last = r
	}
	return len(distinct) < fewestDistinct || steps == 0
}
