package match

import (
	_ "embed"
	"strings"
	"sync"
)

var (
	//go:embed data/readings.txt
	readingsFile string
	//go:embed data/lookalikes.txt
	looksFile string
)

// sounds is how characters are read and which look alike.
type sounds struct {
	of      map[rune][]uint16 // places in syllables, several for a character with several readings
	all     []syllable
	toneOff [][]uint16 // base → places of its syllables
	looks   map[rune][]rune
}

type syllable struct {
	text  string // zhong4
	base  uint16 // the same for all tones
	names []rune // characters of names that may be read so
}

var readings = sync.OnceValue(makeSounds)

func makeSounds() *sounds {
	s := &sounds{of: make(map[rune][]uint16, 24000), looks: make(map[rune][]rune, 6000)}
	bases := map[string]uint16{}
	for line := range linesOf(readingsFile) {
		text, chars, _ := strings.Cut(line, " ")
		names, others, _ := strings.Cut(chars, "|")
		b, known := bases[text[:len(text)-1]]
		if !known {
			b = uint16(len(bases))
			bases[text[:len(text)-1]] = b
			s.toneOff = append(s.toneOff, nil)
		}
		at := uint16(len(s.all))
		s.toneOff[b] = append(s.toneOff[b], at)
		s.all = append(s.all, syllable{text, b, []rune(names)})
		for _, r := range names {
			s.of[r] = append(s.of[r], at)
		}
		for _, r := range others {
			s.of[r] = append(s.of[r], at)
		}
	}
	for line := range linesOf(looksFile) {
		all := []rune(line)
		s.looks[all[0]] = all[1:]
	}
	return s
}

// How near two characters are by sound.
const (
	soundsOther = iota
	soundsNear  // the same syllable in another tone
	soundsSame  // a reading of one is a reading of the other
)

func (s *sounds) compare(a, b rune) int {
	best := soundsOther
	for _, x := range s.of[a] {
		for _, y := range s.of[b] {
			if x == y {
				return soundsSame
			}
			if s.all[x].base == s.all[y].base {
				best = soundsNear
			}
		}
	}
	return best
}

// read writes the readings of r, such as shan4/dan1.
func (s *sounds) read(r rune) string {
	var out []string
	for _, x := range s.of[r] {
		out = append(out, s.all[x].text)
	}
	return strings.Join(out, "/")
}

func (s *sounds) looksLike(a, b rune) bool {
	for _, r := range s.looks[a] {
		if r == b {
			return true
		}
	}
	for _, r := range s.looks[b] {
		if r == a {
			return true
		}
	}
	return false
}
