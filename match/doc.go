// Package match compares names and subjects: what is one name written in two ways,
// what is only near, and what is another one. It says why in named facts, and is
// never a mystery number.
//
//	listed 苏州恒瑞贸易有限责任公司 ─┐ fold shapes, width, dots ─▶ key 苏州恒瑞贸易有限公司
//	given  恒瑞貿易（蘇州）有限公司 ─┘        Compare: strong; name variant, form variant, region same
//
// An index stores Key of each listed name and looks up Key(asked), and Near(asked)
// when a hint for a person is wanted; Compare then grades what was found. All
// functions are pure, and may be called from any number of goroutines. The tables are
// built once, when they are first needed (some 10 ms). The rules stand in
// docs/matching.md, the sources of the tables in data/README.md.
package match
