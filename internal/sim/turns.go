//go:build linux

package sim

import (
	"time"

	"gongxin"
	"gongxin/gate"
)

// What a gate and its officers do when a schedule gives them a turn.

func (g *gateway) follow(s step) {
	if g.gate == nil {
		return
	}
	l := g.link
	l.fault, l.at, l.pos, l.asked = s.over, s.m, s.n, 0
	for range 1 + s.n%3 {
		more, err := g.gate.FollowOnce(g.w.ctx)
		l.asked = 0 // the fault may come again
		if !g.alive() {
			break
		}
		g.turned(err)
		if err == nil {
			g.w.told["turns that went well"]++
		} else {
			g.w.told["turns: "+gongxin.CodeOf(err)]++
		}
		if err != nil {
			break
		}
		if !more { // as a gate that is up to date asks again and again, while the hub signs on
			g.w.now = g.w.now.Add(time.Second)
			g.w.tick()
			if h := g.w.shown(g); s.n%2 == 0 && h.signed[len(h.signed)-1].head.Size == h.size() {
				h.sign(g.w.now)
			}
		}
	}
	l.fault, l.at = whole, -1
	g.restrictions()
}

func (g *gateway) deliver(s step) {
	if g.gate == nil {
		return
	}
	l := g.link
	l.fault, l.at, l.pos, l.asked = s.over, s.m, s.n, 0
	_, err := g.gate.DeliverOnce(g.w.ctx)
	l.fault, l.at = whole, -1
	if err != nil {
		g.w.told["reports that were hindered"]++
	}
	g.alive()
}

// hindered tells whether an answer may fail: the disk is full, or it was killed.
func (g *gateway) hindered() bool {
	g.disk.mu.Lock()
	defer g.disk.mu.Unlock()
	return g.disk.full || g.disk.dead
}

func (g *gateway) keep(s step) {
	if g.gate == nil || len(g.given) == 0 {
		return
	}
	r := g.given[s.n%len(g.given)]
	until := g.today().Add(s.m % 5)
	before, err := g.gate.Restriction(g.w.ctx, r.reference)
	if err != nil {
		g.w.violate("recorded", "gate %d, %s: %v", g.n, r.reference, err)
		return
	}
	err = g.gate.Keep(g.w.ctx, gate.Keep{Reference: r.reference, Ground: "《民事诉讼法》第二百五十五条", Until: until, By: "李科长"})
	switch code := gongxin.CodeOf(err); {
	case g.hindered():
		r.maybe, r.keep = true, max(r.keep, until)
	case err == nil:
		// Of a restriction that is kept on already the same may be said again; else
		// it is what counts from now on.
		r.maybe, r.keep = r.maybe || len(r.kept) > 0, max(r.keep, until)
		for i, p := range before.Parts {
			if p.State == "in_force" {
				r.kept[i] = true
			}
		}
	case code == "KEPT_TOO_LATE", code == "KEPT_ALREADY":
	default:
		g.w.violate("answers", "gate %d does not keep %s: %v", g.n, r.reference, err)
	}
	g.alive()
}

func (g *gateway) uphold(s step) {
	if g.gate == nil || len(g.given) == 0 {
		return
	}
	r := g.given[s.n%len(g.given)]
	_, err := g.gate.FileReview(g.w.ctx, r.reference, "请求复核", "王")
	if err == nil {
		r.perhaps = true
		_, err = g.gate.AnswerReview(g.w.ctx, r.reference, true, "已经核实", "赵")
	}
	switch {
	case g.hindered():
	case err == nil:
		r.upheld = true
	default:
		g.w.violate("answers", "gate %d does not uphold %s: %v", g.n, r.reference, err)
	}
	g.alive()
}
