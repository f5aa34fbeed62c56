package intake

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
)

// manyPersons writes n clean records: those of the sample with other case numbers.
func manyPersons(t testing.TB, n int) []byte {
	rows := sampleRows(t, "clean-persons.csv")
	var b []byte
	b = append(b, asCSV(rows[:1], ',', "\r\n")...)
	for i := range n {
		r := append([]string(nil), rows[1+i%(len(rows)-1)]...)
		head, _, _ := strings.Cut(r[0], "执")
		r[0] = head + "执" + strconv.Itoa(i+1) + "号"
		b = append(b, asCSV([][]string{r}, ',', "\r\n")...)
	}
	return b
}

func BenchmarkIntake(b *testing.B) {
	const n = 20000
	text := manyPersons(b, n)
	for _, w := range []struct {
		name string
		data []byte
	}{{"UTF-8", text}, {"GB18030", gb18030.encode(text)}, {"UTF-16", withBOM(utf16LE, text)}} {
		b.Run("rows/"+w.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(w.data)))
			rows := 0
			for b.Loop() {
				seen := NewSeen()
				f, err := Open(bytes.NewReader(w.data), int64(len(w.data)), Options{Name: "a.csv", Today: today, Seen: seen})
				if err != nil {
					b.Fatal(err)
				}
				for {
					r, err := f.Next()
					if err == io.EOF {
						break
					}
					if err != nil || r.Outcome != Accept {
						b.Fatal(r.Reason, err)
					}
					rows++
				}
				seen.Close()
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
