package gongxin

import "testing"

func BenchmarkParseCaseNumber(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"modern", "（2016）苏0508执1234号"}, {"folded", "(2016) 苏0508执1234号"}, {"older", "（2013）姑苏执字第0123号"}, {"none", "苏州市姑苏区人民法院"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParseCaseNumber(bb.in)
			}
		})
	}
	c := MustCaseNumber("（2016）苏0508执1234号")
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = c.Key()
		}
	})
}
