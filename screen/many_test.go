package screen

import (
	"math/rand/v2"
	"testing"

	"gongxin/identity"
)

// naiveMay says what look has to say of hash, slot by slot.
func naiveMay(t *table, hash uint64) bool {
	home := t.home(hash)
	for _, g := range []uint32{home, home ^ 1} {
		free := false
		for i := range groupSlots {
			m := t.marks[g] >> (8 * i) & 0xff
			if m == markOf(hash) {
				return true
			}
			free = free || m == 0
		}
		if free {
			return false
		}
	}
	return true
}

// What is looked at many at once is what is looked at slot by slot, however full the
// table is and whatever was removed.
func TestLookingAtManyMarksIsLookingAtEach(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, load := range []float64{0, 0.3, 0.6, 0.9, 1} {
		table := newTable(300, loadOfNumbers)
		groups := uint64(table.lines * lineGroups)
		for g := range table.marks {
			for i := range groupSlots {
				m := uint64(0)
				if r.Float64() < load {
					m = 1 + r.Uint64N(255) // removed ones as well
				}
				table.marks[g] |= m << (8 * i)
			}
		}
		seen := [2]int{}
		for range 2000 {
			var asked, ahead [lookStep]uint64
			for i := range asked {
				asked[i], ahead[i] = r.Uint64(), r.Uint64()
				if i%4 == 0 { // a low byte that is no mark
					asked[i] = asked[i]&^0xff | r.Uint64N(4)
				}
			}
			fast, slow := look(&table.marks[0], groups, &asked, &ahead), lookSlowly(&table.marks[0], groups, &asked, &ahead)
			for i, hash := range asked {
				want := naiveMay(table, hash)
				if fast>>i&1 == 1 != want || slow>>i&1 == 1 != want {
					t.Fatalf("load %v, hash %x: %v %v, want %v", load, hash, fast>>i&1 == 1, slow>>i&1 == 1, want)
				}
				if want {
					seen[1]++
				} else {
					seen[0]++
				}
			}
		}
		if load > 0 && load < 1 && (seen[0] == 0 || seen[1] == 0) {
			t.Errorf("load %v: %v", load, seen)
		}
	}
}

// Many numbers asked for at once get what each gets, however many they are.
func TestManyAtOnceIsOneAfterTheOther(t *testing.T) {
	files, key := newDir(t), testKey()
	b := must[*Builder](t)(Build(files, key))
	const n = 3000
	var rows []Row
	for i := range n {
		rows = append(rows, row(key, i, i, "王小明"))
	}
	if err := b.Add(rows); err != nil {
		t.Fatal(err)
	}
	x := must[*Index](t)(b.Finish(nil))
	defer x.Close()
	v := x.View()
	for _, many := range []int{0, 1, 2, lookStep - 1, lookStep, lookStep + 1, lookLead, lookLead + 1, 2 * lookLead, 1000, 5000} {
		numbers, texts := make([]identity.Number, many), make([][]byte, many)
		for i := range numbers {
			switch i % 7 {
			case 3:
				texts[i] = []byte("")
			default:
				numbers[i] = citizen(i * 5 % (2 * n))
				texts[i] = []byte(numbers[i].Full())
			}
		}
		out, byText := make([]bool, many+1), make([]bool, many+1)
		for i := range out { // what was there before does not matter, and what is behind is not touched
			out[i], byText[i] = i%2 == 0, i%2 == 0
		}
		v.Maybe(numbers, out)
		v.Candidates(texts, byText)
		for i := range numbers {
			want := !numbers[i].IsZero() && v.Candidate(texts[i])
			if out[i] != want || byText[i] != v.Candidate(texts[i]) {
				t.Fatalf("%d of %d: %v %v, want %v", i, many, out[i], byText[i], want)
			}
			if listed := i%7 != 3 && i*5%(2*n) < n; listed && !want {
				t.Fatalf("%d of %d is listed and was not found", i, many)
			}
		}
		if out[many] != (many%2 == 0) || byText[many] != (many%2 == 0) {
			t.Errorf("%d numbers: more was written", many)
		}
	}
}
