package main

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/screen"
)

const (
	askedNumbers = 1 << 20 // distinct numbers asked for, of which one in a thousand is listed
	lookupRounds = 4
)

// askedOf returns numbers to ask for: one of a thousand is among the first n of the series.
func askedOf(n int) []identity.Number {
	const length = 18
	var text []byte
	for i := range askedNumbers {
		who := n + i
		if i%1000 == 500 {
			who = i * 7919 % n
		}
		text = synthetic.AppendCitizenNumber(text, who)
	}
	asked, all := make([]identity.Number, askedNumbers), string(text)
	for i := range asked {
		number, _, err := identity.Parse(all[i*length:(i+1)*length], identity.CitizenID)
		if err != nil {
			panic(err) // a number of our own series
		}
		asked[i] = number
	}
	return asked
}

// inSlices calls f for all of asked, lookupRounds times, and says how long it took for each
// number, in ns. f is given slices of a few thousand that were read just before, and to
// read them is not counted: numbers to ask for come from a request or a file and are
// near, so that what is measured is what finds them.
func inSlices(asked []identity.Number, f func(part []identity.Number)) (ns float64) {
	const length = 4096
	near := make([]identity.Number, length)
	var took time.Duration
	read := 0
	for range lookupRounds {
		for part := range slices.Chunk(asked, length) {
			part = near[:copy(near, part)]
			for i := range part {
				text := part[i].Full()
				read += int(text[0]) + int(text[len(text)-1])
			}
			began := time.Now()
			f(part)
			took += time.Since(began)
		}
	}
	runtime.KeepAlive(read)
	return float64(took.Nanoseconds()) / float64(lookupRounds*len(asked))
}

// expected is how many of the numbers asked for are listed.
const expected = (askedNumbers + 499) / 1000

func benchMap(n int, asked []identity.Number) (ns, mib float64, err error) {
	before := resident()
	m := make(map[string]gongxin.ListingID, n)
	for i := range n {
		m[string(synthetic.AppendCitizenNumber(nil, i))] = idOf(i)
	}
	mib = resident() - before
	found := 0
	ns = inSlices(asked, func(part []identity.Number) {
		for i := range part {
			if _, ok := m[part[i].Full()]; ok {
				found++
			}
		}
	})
	if found != lookupRounds*expected {
		return 0, 0, fmt.Errorf("the map found %d of %d", found, lookupRounds*expected)
	}
	return ns, mib, nil
}

func lookups(view *screen.View, asked []identity.Number) (ns float64, err error) {
	var hits []screen.Hit
	found := 0
	ns = inSlices(asked, func(part []identity.Number) {
		for i := 0; i < len(part) && err == nil; i++ {
			hits, err = view.Lookup(part[i], hits[:0])
			found += len(hits)
		}
	})
	if err == nil && found != lookupRounds*expected {
		err = fmt.Errorf("the index found %d of %d", found, lookupRounds*expected)
	}
	return ns, err
}

// manyAtOnce asks in batches of a thousand on so many cores, each of which asks for all.
// It says how long it takes for each number, with all cores together.
func manyAtOnce(view *screen.View, asked []identity.Number, cores int) (float64, error) {
	const batch = 1000
	var wait sync.WaitGroup
	found, rates := make([]int, cores), make([]float64, cores)
	for c := range cores {
		wait.Go(func() {
			maybe := make([]bool, batch)
			rates[c] = 1 / inSlices(asked, func(part []identity.Number) {
				for some := range slices.Chunk(part, batch) {
					view.Maybe(some, maybe)
					for _, m := range maybe[:len(some)] {
						if m {
							found[c]++
						}
					}
				}
			})
		})
	}
	wait.Wait()
	rate := 0.0
	for c, n := range found {
		if n < lookupRounds*expected || n > 2*lookupRounds*expected {
			return 0, fmt.Errorf("asked at once, %d of %d may be listed", n, lookupRounds*expected)
		}
		rate += rates[c]
	}
	return 1 / rate, nil
}
