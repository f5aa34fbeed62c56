package match

import "testing"

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
