package audit

import (
	"bytes"
	"fmt"
	"io"

	"gongxin"
)

// WriteTo writes the answer for people, in Chinese and English.
func (a *Answer) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	p := func(form string, args ...any) { fmt.Fprintf(&b, form, args...) }
	at := shown(a.At)
	if a.InForce {
		p("✔ 名单条目 %s 在 %s 在列 · listing %s was in force then\n", a.Listing, at, a.Listing)
	} else {
		p("✔ 名单条目 %s 在 %s 不在列 · listing %s was not in force then\n", a.Listing, at, a.Listing)
	}
	if e := a.Entry; e != nil {
		p("  %s %s %s\n", e.Court, e.Case, e.Name)
	}
	cause := func(zh, en string, c Cause) {
		if c.Sequence != 0 {
			p("  %s · %s: %d %s %s（条款 clause %s）%s%s\n", zh, en, c.Sequence, c.Kind, shown(c.At), c.Clause, after(string(c.Ground)), after(c.Decision))
		}
	}
	cause("依据", "by", a.By)
	cause("其后", "then", a.Next)
	if a.By.Sequence == 0 {
		p("  此前尚无列入事件 · nothing had put it in force until then\n")
	}
	if g := a.Gate; g != nil {
		a.gate(p, g)
	}
	list := func(zh, en string, texts []gongxin.Text) {
		p("%s · %s\n", zh, en)
		for _, t := range texts {
			p("  - %s\n    %s\n", t.ZH, t.EN)
		}
	}
	list("已证明", "proved", a.Proved)
	list("仅由中心声明", "stated by the hub alone", a.Stated)
	n, err := w.Write(b.Bytes())
	return int64(n), err
}

func (a *Answer) gate(p func(string, ...any), g *GateAnswer) {
	if g.Applied.IsZero() {
		p("  %s：当时没有回执 · %s had confirmed nothing until then\n", g.Gate, g.Gate)
		return
	}
	p("  %s：当时所用名单至少到序号 %d（%s 起） · acted on the list as of %d at least\n", g.Gate, g.Sequence, shown(g.Applied), g.Sequence)
	if g.Until != 0 {
		p("    下一次确认为序号 %d · confirmed %d next\n", g.Until, g.Until)
	}
	switch {
	case a.By.Sequence == 0:
	case g.Knew:
		p("    已包含序号 %d · which includes %d\n", a.By.Sequence, a.By.Sequence)
	default:
		p("    尚未确认序号 %d · and had not confirmed %d yet\n", a.By.Sequence, a.By.Sequence)
	}
}

// after is s behind a blank, or nothing.
func after(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
