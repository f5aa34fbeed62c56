package access

import (
	"bytes"
	"context"
	"crypto/rand"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gongxin"
)

func TestAPasswordIsKnownByItsHashAlone(t *testing.T) {
	const password = "三尺讲台 forty two 棵树"
	phc, err := HashPassword(password, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash %s is not of the cost that OWASP recommends", phc)
	}
	again, err := HashPassword(password, rand.Reader)
	if err != nil || again == phc {
		t.Errorf("two hashes of one password are the same, %v", err)
	}
	for _, tt := range []struct {
		name, phc, password string
		want                bool
	}{
		{"the password", phc, password, true},
		{"with another salt", again, password, true},
		{"in full width", phc, "三尺讲台　ｆｏｒｔｙ　ｔｗｏ　棵树", true},
		{"one that an operator chose", firstMark + phc, password, true},
		{"another", phc, password + "!", false},
		{"in capitals", phc, strings.ToUpper(password), false},
		{"none", phc, "", false},
		{"a very long one", phc, strings.Repeat(password, 1000), false},
		{"nobody's", "", password, false},
		{"nobody's and none", "", "", false},
		{"of a damaged hash", phc[:len(phc)-1], password, false},
		{"the hash itself", phc, phc, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := VerifyPassword(tt.phc, tt.password); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if first, err := HashFirstPassword(password, rand.Reader); err != nil || !VerifyPassword(first, password) || !(Person{Password: first}).incomplete() {
		t.Errorf("a first password does not ask for another: %s, %v", first, err)
	}
	for _, none := range []string{"", strings.Repeat("长", 2000)} {
		if _, err := HashPassword(none, rand.Reader); gongxin.CodeOf(err) != "PASSWORD_WEAK" {
			t.Errorf("a password of %d bytes was hashed: %v", len(none), err)
		}
	}
	if _, err := HashPassword(password, strings.NewReader("short")); err == nil {
		t.Error("a salt was made from five bytes")
	}
}

// The vector of the reference implementation: argon2id, version 19, t=2, m=64 MiB, p=1,
// "password" and "somesalt".
func TestTheHashIsArgon2idOfTheReference(t *testing.T) {
	const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !VerifyPassword(phc, "password") || VerifyPassword(phc, "differentpassword") {
		t.Error("argon2id differs from the reference")
	}
}

func TestAStoredHashCannotDemandMuch(t *testing.T) {
	const salt, key = "$c29tZXNhbHQ", "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, s := range []string{
		"$argon2id$v=19$m=4294967295,t=2,p=1" + salt + key,
		"$argon2id$v=19$m=65537,t=2,p=1" + salt + key,
		"$argon2id$v=19$m=65536,t=4294967295,p=1" + salt + key,
		"$argon2id$v=19$m=65536,t=0,p=1" + salt + key,
		"$argon2id$v=19$m=65536,t=2,p=0" + salt + key,
		"$argon2id$v=19$m=65536,t=2,p=255" + salt + key,
		"$argon2id$v=19$m=7,t=2,p=1" + salt + key,
		"$argon2id$v=19$m=065536,t=2,p=1" + salt + key,
		"$argon2id$v=19$m=+65536,t=2,p=1" + salt + key,
		"$argon2id$v=19$t=2,m=65536,p=1" + salt + key,
		"$argon2id$v=16$m=65536,t=2,p=1" + salt + key,
		"$argon2i$v=19$m=65536,t=2,p=1" + salt + key,
		"$argon2id$v=19$m=65536,t=2,p=1" + salt + "$",
		"$argon2id$v=19$m=65536,t=2,p=1$" + key,
		"$argon2id$v=19$m=65536,t=2,p=1" + salt + key + "$",
		"$argon2id$v=19$m=65536,t=2,p=1" + salt + key + "=",
		"$argon2id$v=19$m=65536,t=2,p=1" + salt + key + "\n",
		"$argon2id$v=19$m=65536,t=2,p=1" + salt + strings.Repeat(key[1:], 10),
		"", "$", "$$$$$",
	} {
		if c, ok := parsePHC(s); ok {
			t.Errorf("%q was taken as %v", s, c)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(decoy.String())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$c29tZXNhbHQ")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parsePHC(s)
		if !ok {
			return
		}
		if c.String() != s {
			t.Errorf("%q prints as %q", s, c)
		}
		if c.memory > mostMemory || c.time < 1 || c.time > mostTime || c.threads < 1 || c.threads > mostThreads || c.memory < 8*uint32(c.threads) ||
			len(c.salt) < shortestBytes || len(c.key) < shortestKey || len(c.salt) > longestBytes || len(c.key) > longestBytes {
			t.Errorf("%q demands %d KiB, %d passes, %d threads", s, c.memory, c.time, c.threads)
		}
	})
}

// Sixty-four wait and four hash; with all of these places taken the next is told to
// come back, and one that gives up waiting leaves its place.
func TestAttemptsCannotExhaustMemory(t *testing.T) {
	for range hashers {
		if err := turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	impatient, giveUp := context.WithCancel(t.Context())
	var all sync.WaitGroup
	failures := make(chan error, mostWaiting)
	for range mostWaiting {
		all.Go(func() { failures <- turn(impatient) })
	}
	for waiting.Load() < mostWaiting {
		runtime.Gosched() // the others are on their way
	}
	if err := turn(t.Context()); gongxin.CodeOf(err) != "SIGN_IN_BUSY" || gongxin.KindOf(err) != gongxin.KindUnavailable {
		t.Errorf("one more got %v, want SIGN_IN_BUSY", err)
	}
	if _, err := HashPassword("a good long password", rand.Reader); gongxin.CodeOf(err) != "SIGN_IN_BUSY" {
		t.Errorf("one more hashing got %v, want SIGN_IN_BUSY", err)
	}
	giveUp()
	all.Wait()
	for range mostWaiting {
		if err := <-failures; err != context.Canceled {
			t.Errorf("who gave up got %v", err)
		}
	}
	for range hashers {
		done()
	}
	if n := waiting.Load(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	if err := turn(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	done()
}

func TestAPasswordIsLongAndNotWhatAnybodyWouldTry(t *testing.T) {
	for _, tt := range []struct {
		password string
		good     bool
	}{
		{"correct horse battery staple", true},
		{"春眠不觉晓处处闻啼鸟夜来", true},
		{"kf93 jw0x qm2", true},
		{"my 3 dogs bark at noon", true},
		{"short enough", true},
		{"shortenough", false}, // eleven
		{"", false},
		{"            ", false},
		{"aaaaaaaaaaaaaaaa", false},
		{"abababababababab", false},
		{"abcdefghijklmnop", false},
		{"987654321098765", false},
		{"123456789012", false},
		{"Password1234", false},
		{"p a s s w o r d 1 2 3 4", false},
		{"Pa$$word123456", true}, // no list is whole, and this one is short
		{"qwertyuiop123456", false},
		{"woaini5201314", false},
		{"Fayuan@2017@Suzhou", false},
		{"admin888888admin", false},
		{"密码密码密码密码密码密码", false},
		{"wang.huqiu.2017", false}, // ID and year
		{"王小明王小明王小明王小明", false},    // name
		{"苏州市虎丘区人民法院2017", false},
		{strings.Repeat("kf93jw0x", 32), true},
		{strings.Repeat("kf93jw0x", 32) + "!", false}, // 257
		{"kf93 jw0x qm2 \xff", false},
	} {
		err := CheckPassword(tt.password, "wang.huqiu@苏0505", "王小明", "苏州市虎丘区人民法院")
		if (err == nil) != tt.good {
			t.Errorf("%q: got %v, want good %v", tt.password, err, tt.good)
		}
		if err != nil && (gongxin.CodeOf(err) != "PASSWORD_WEAK" || tt.password != "" && strings.Contains(err.Error(), tt.password)) {
			t.Errorf("%q: got %v, want PASSWORD_WEAK without the password", tt.password, err)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("correct horse battery staple", "wang@苏0505")
	f.Add("\xff\xfe", "")
	f.Add(strings.Repeat("\u0fb0", 300), "\u0345")
	f.Add(strings.Repeat("\u1100\u1161\u11a8", 120), "")
	f.Fuzz(func(t *testing.T, password, known string) {
		if CheckPassword(password, known) == nil && !bearable(password) {
			t.Errorf("%q may be chosen but not hashed", password)
		}
	})
}

func TestTheDecoyCostsWhatAPasswordCosts(t *testing.T) {
	phc, err := HashPassword("correct horse battery staple", bytes.NewReader(make([]byte, saltBytes)))
	if err != nil {
		t.Fatal(err)
	}
	c, ok := parsePHC(phc)
	if !ok || c.memory != decoy.memory || c.time != decoy.time || c.threads != decoy.threads || len(c.key) != len(decoy.key) || len(c.salt) != len(decoy.salt) {
		t.Errorf("a password costs %v, the decoy %v", c, decoy)
	}
	if back, ok := parsePHC(decoy.String()); !ok || back.String() != decoy.String() {
		t.Error("the decoy is not one that can be read")
	}
}
