package match

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/regions.txt
var regionsFile string

// places knows the divisions of the country by name, with and without their kind:
// 苏州市 and 苏州 are 320500.
type places struct {
	codes   map[string][]string // name → codes that bear it
	full    map[string]bool     // names with their kind
	shortOf map[string]string   // code → name without its kind
	most    map[string]int      // first two characters → bytes of the longest name that begins so
}

// nations are those in the names of autonomous regions, which the short name leaves out.
var nations = strings.Fields("维吾尔 壮族 回族 藏族 彝族 苗族 侗族 布依族 土家族 朝鲜族 哈尼族 傣族 白族 傈僳族 景颇族 蒙古族 蒙古 哈萨克 柯尔克孜 羌族 瑶族 黎族 畲族 满族")

var regions = sync.OnceValue(makePlaces)

func makePlaces() *places {
	p := &places{codes: map[string][]string{}, full: map[string]bool{}, shortOf: map[string]string{}, most: map[string]int{}}
	for line := range linesOf(regionsFile) {
		code, name, _ := strings.Cut(line, " ")
		p.add(Fold(name), code, true)
		short := Fold(shortRegion(name))
		alone := !strings.HasSuffix(name, "县") || code[4:] == "00"
		if utf8.RuneCountInString(short) < 2 {
			short = Fold(name)
		}
		p.shortOf[code] = short
		if short != Fold(name) {
			p.add(short, code, alone)
		}
	}
	return p
}

// add notes that name means code; a name that means a place only after its parent is added under it alone.
func (p *places) add(name, code string, alone bool) {
	if !alone {
		name = "+" + name
	}
	p.codes[name] = append(p.codes[name], code)
	p.full[name] = true
	at := firstTwo(strings.TrimPrefix(name, "+"))
	p.most[at] = max(p.most[at], len(strings.TrimPrefix(name, "+")))
}

// firstTwo returns the first two characters of s, "" if there are fewer.
func firstTwo(s string) string {
	_, a := utf8.DecodeRuneInString(s)
	_, b := utf8.DecodeRuneInString(s[a:])
	if b == 0 {
		return ""
	}
	return s[:a+b]
}

// shortRegion leaves out of a division's name its kind and the nations: 广西壮族自治区 is 广西.
func shortRegion(name string) string {
	for _, kind := range []string{"自治区", "自治州", "自治县", "特别行政区", "地区", "省", "市", "区", "县", "盟"} {
		if short, ok := strings.CutSuffix(name, kind); ok {
			if strings.HasPrefix(kind, "自治") {
				for again := true; again; {
					again = false
					for _, n := range nations {
						if s, ok := strings.CutSuffix(short, n); ok && utf8.RuneCountInString(s) >= 2 {
							short, again = s, true
						}
					}
				}
			}
			return short
		}
	}
	return name
}

// inside tells whether the division inner lies in outer, or is it: 320505 in 320500, in 320000.
func inside(inner, outer string) bool {
	return len(inner) == 6 && len(outer) == 6 && strings.HasPrefix(inner, trunk(outer))
}

// trunk is the part of a code that all divisions within it share.
func trunk(code string) string {
	switch {
	case code[2:] == "0000":
		return code[:2]
	case code[4:] == "00":
		return code[:4]
	}
	return code
}

// The last characters of a division's name, which may also begin another word: 苏州市政工程.
const kinds = "省市区县"

var otherWords = strings.Fields("市政 市场 市容 市郊 市井 区块 区域 县域 省心 省力")

// A place is a division as a name has it: its short name, and the codes that this may mean.
type place struct {
	name  string
	codes []string
}

// takeRegion takes the place off the front of s, which is folded: 江苏省苏州市恒瑞贸易 gives
// 苏州, 320500 and 恒瑞贸易. No place gives the zero place and s.
func takeRegion(s string) (where place, rest string) {
	p := regions()
	rest = s
	for range 3 {
		codes, after := p.step(rest, where.codes)
		if codes == nil {
			break
		}
		where.name, where.codes = p.shortOf[codes[0]], codes
		rest = after
	}
	return where, rest
}

// relation tells whether two places may be one, and whether one may lie within the other.
func (w place) relation(v place) (same, within bool) {
	for _, a := range w.codes {
		for _, b := range v.codes {
			same = same || a == b && w.name == v.name
			within = within || inside(a, b) || inside(b, a)
		}
	}
	return same || len(w.codes) == 0 && len(v.codes) == 0, within
}

// step reads one division at the front of s that lies within one of now.
func (p *places) step(s string, now []string) (codes []string, rest string) {
	most := p.most[firstTwo(s)]
	if most == 0 {
		return nil, s
	}
	for n := min(most, len(s)); n >= 6; n-- {
		if n < len(s) && !utf8.RuneStart(s[n]) {
			continue
		}
		name := s[:n]
		all := p.codes[name]
		if now != nil {
			all = slices.DeleteFunc(append(slices.Clone(all), p.codes["+"+name]...), func(code string) bool {
				return !slices.ContainsFunc(now, func(outer string) bool { return code != outer && inside(code, outer) })
			})
		}
		if len(all) == 0 {
			continue
		}
		if last, size := utf8.DecodeLastRuneInString(name); strings.ContainsRune(kinds, last) && beginsOther(s[n-size:]) {
			continue // 苏州市政 is 苏州 and 市政
		}
		rest = s[n:]
		if r, size := utf8.DecodeRuneInString(rest); strings.ContainsRune(kinds, r) && !beginsOther(rest) && !p.full[rest] && !strings.ContainsRune(kinds, lastOf(name)) {
			rest = rest[size:] // 吴江市, which is 吴江区 now
		}
		return all, rest
	}
	return nil, s
}

func lastOf(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func beginsOther(s string) bool {
	for _, w := range otherWords {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}
