package screen

import (
	"math/bits"

	"gongxin/identity"
)

// Many numbers are asked for at once so that the waits for memory overlap. Each goes
// three ways, some steps apart: it is hashed and memory is asked for the marks where its
// search begins; the marks are looked at; for the few that they do not settle, memory
// is asked for the slots, and then these are looked at.
const (
	lookStep = 16 // numbers that take one step together
	lookLead = 64 // numbers between asking memory and looking
)

// A flow takes many numbers through a view.
type flow struct {
	v        *View
	out      []bool
	hashes   [2 * lookLead]uint64 // of the numbers on their way, by index modulo its length
	suspects [lookLead]suspect
	n        int // of suspects
}

// A suspect is not settled by marks.
type suspect struct {
	hash uint64
	i    int // of the number
}

// room returns where the hashes of numbers from i on go; i is a multiple of lookStep.
func (f *flow) room(i int) *[lookStep]uint64 {
	return (*[lookStep]uint64)(f.hashes[i%len(f.hashes):])
}

// step asks for the marks of the hashes at i, and looks at those asked for lookLead before.
func (f *flow) step(i int) {
	t, at := f.v.number, i-lookLead
	may := look(&t.marks[0], uint64(t.lines*lineGroups), f.room(i+len(f.hashes)-lookLead), f.room(i))
	if at < 0 {
		return
	}
	out := f.out[at:min(at+lookStep, len(f.out))]
	clear(out)
	for ; may != 0; may &= may - 1 {
		k := bits.TrailingZeros64(may)
		if k >= len(out) {
			break
		}
		s := suspect{f.hashes[(at+k)%len(f.hashes)], at + k}
		g := t.home(s.hash) * groupSlots
		prefetch(&t.slots[g])
		prefetch(&t.slots[g^groupSlots])
		f.suspects[f.n] = s
		if f.n++; f.n == len(f.suspects) {
			f.settle()
		}
	}
}

// settle looks at the slots of suspects.
func (f *flow) settle() {
	for _, s := range f.suspects[:f.n] {
		first, second := f.v.number.marksAt(s.hash)
		f.out[s.i] = f.v.candidate(s.hash, first, second)
	}
	f.n = 0
}

// Maybe sets out[i], for each of numbers, to false if it is certainly not in the list,
// else to true. It allocates nothing, and is fastest for hundreds at once. If the
// view is past afterwards, out says nothing.
func (v *View) Maybe(numbers []identity.Number, out []bool) {
	f := flow{v: v, out: out[:len(numbers)]}
	for i := 0; i < len(numbers)+lookLead; i += lookStep {
		hashes := f.room(i)
		for k := range hashes {
			if i+k >= len(numbers) {
				break // what stands there is looked at for nobody
			}
			number := &numbers[i+k]
			if s := number.Full(); len(s) == 18 && !number.IsOrganisation() {
				hashes[k] = v.numbers.hash18(word(s, 0), word(s, 8), word(s, 10))
			} else if number.IsZero() {
				hashes[k] = 0
			} else {
				hashes[k] = v.numbers.hashOther(canonical(*number))
			}
		}
		f.step(i)
	}
	f.settle()
}

// Candidate is Maybe for one number, given as the ASCII bytes of its canonical form: of
// an organisation, those of its organisation code. What is no number is asked for like
// one that nobody has. It allocates nothing.
func (v *View) Candidate(number []byte) bool {
	hash := v.numbers.hashBytes(number)
	first, second := v.number.marksAt(hash)
	return maybe(hash, first, second) && v.candidate(hash, first, second)
}

// Candidates is Candidate for many, which is several times as fast.
func (v *View) Candidates(numbers [][]byte, out []bool) {
	f := flow{v: v, out: out[:len(numbers)]}
	for i := 0; i < len(numbers)+lookLead; i += lookStep {
		hashes := f.room(i)
		for k := range hashes {
			if i+k >= len(numbers) {
				break
			}
			hashes[k] = v.numbers.hashBytes(numbers[i+k])
		}
		f.step(i)
	}
	f.settle()
}
