package match

import (
	"fmt"
	"syscall"
	"testing"
)

// cpu reports the processor time of one op beside the time that passed: on a machine
// that others use as well it is the one to believe.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	begin := used()
	return func() { b.ReportMetric(float64(used()-begin)/float64(b.N), "cpu-ns/op") }
}

func BenchmarkTables(b *testing.B) {
	b.Run("shapes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			makeShapes()
		}
	})
	b.Run("readings", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			makeSounds()
		}
	})
	b.Run("regions", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			makePlaces()
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"王小明", "王曉東", "阿依努尔·吐尔逊", "苏州恒瑞贸易有限公司", "蘇州恒瑞貿易（集團）有限公司", "ＪＯＨＮ SMITH", "葛\U000e0100立"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			for b.Loop() {
				Fold(name)
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	for _, name := range []string{"王小明", "王曉東", "范伟", "阿依努尔·吐尔逊", "John Smith", "苏州恒瑞贸易有限公司", "恒瑞贸易（苏州）有限责任公司", "苏州恒瑞贸易有限公司无锡分公司"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			for b.Loop() {
				Key(name)
			}
		})
	}
}

func BenchmarkNear(b *testing.B) {
	for _, name := range []string{"王小明", "易怡", "苏州恒瑞贸易有限公司"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			n := 0
			for b.Loop() {
				for range Near(name) {
					n++
				}
			}
			b.ReportMetric(float64(n)/float64(b.N), "keys/op")
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, p := range [][2]string{{"王小明", "王小明"}, {"王小明", "王晓明"}, {"王小明", "李红"}, {"苏州恒瑞贸易有限公司", "恒瑞贸易（苏州）有限责任公司"}} {
		b.Run(fmt.Sprintf("%s/%s", p[0], p[1]), func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			for b.Loop() {
				Compare(Party{Name: p[0]}, Party{Name: p[1]})
			}
		})
	}
}
