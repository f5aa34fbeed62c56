package hub

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/register"
	"gongxin/internal/store/storetest"
)

func TestTheStatusPageShowsASuspensionAndNoObjection(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		c := newCourt(t, url)
		h := c.hub(calendar.Embedded()).hub
		c.on(gongxin.MustDay("2017-04-05"))
		first := c.listed(h, 0)
		c.listed(h, 1)
		shown := func() (lines []string) {
			t.Helper()
			s, err := h.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range s.Listings {
				lines = append(lines, strings.TrimSpace(l.Case.String()+" "+string(l.State)+" "+l.Subject))
			}
			return lines
		}
		before := []string{"（2016）苏0505执2号 in_force 赵**", "（2016）苏0505执1号 in_force 赵**"}
		if got := shown(); !slices.Equal(got, before) {
			t.Fatalf("shown: %q", got)
		}
		c.object(h, first)
		c.do(h, register.DraftNotice{Entry: c.entry(h, courtJudge.Court, 7), By: courtClerk})
		if got := shown(); !slices.Equal(got, before) {
			t.Errorf("after an objection and a notice: %q, want no change", got)
		}
		c.at.Add(time.Hour.Milliseconds())
		c.do(h, register.Suspend{Listing: first, Reason: "提供担保", Decision: "（2017）苏0505执1号之二", By: courtJudge})
		s, err := h.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held := s.Listings[0]
		if held.State != gongxin.Suspended || held.Subject != "" || held.Number != "" || held.Begin.Sequence != 1 || !held.End.At.Equal(c.now()) || held.End.Sequence == 0 {
			t.Errorf("suspended: %+v", held)
		}
		c.do(h, register.Resume{Listing: first, Reason: "担保失效", Decision: "（2017）苏0505执1号之三", By: courtJudge})
		if got := shown(); !slices.Equal(got, []string{before[1], before[0]}) {
			t.Errorf("after the suspension's end: %q", got)
		}
	})
}
