package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/hub"
)

// shownTraces bounds each of the two records that access-log prints.
const shownTraces = 10_000

func newAccessLog() *cobra.Command {
	var h home
	var clock clockFlag
	var from, to string
	var asJSON bool
	c := &cobra.Command{
		Use: "access-log", Short: "查阅记录和拒绝记录 · who used a full identifier, and who was turned away", Args: cobra.NoArgs,
		Example: "  gongxin access-log --from 2017-03-01 --to 2017-03-31 --json",
		RunE: func(c *cobra.Command, _ []string) error {
			return onHub(c.Context(), h, clock, func(centre *hub.Hub, now time.Time) error {
				first, last := gongxin.DayOf(now), gongxin.DayOf(now)
				var err error
				if from != "" {
					if first, err = gongxin.ParseDay(from); err != nil {
						return err
					}
				}
				if to != "" {
					if last, err = gongxin.ParseDay(to); err != nil {
						return err
					}
				}
				disclosures, err := centre.Disclosures(c.Context(), first.Start(), last.Add(1).Start(), shownTraces)
				if err != nil {
					return err
				}
				refusals, err := centre.Refusals(c.Context(), first.Start(), last.Add(1).Start(), shownTraces)
				if err != nil {
					return err
				}
				if len(disclosures) == shownTraces || len(refusals) == shownTraces {
					fmt.Fprintf(c.ErrOrStderr(), "只显示前%d条，请缩短期间 · the first %d of each alone are shown: choose a shorter period\n", shownTraces, shownTraces)
				}
				out := traces{c.OutOrStdout(), asJSON}
				for _, d := range disclosures {
					if err := out.disclosure(hub.Disclosure(d)); err != nil {
						return err
					}
				}
				for _, r := range refusals {
					if err := out.refusal(hub.Refusal(r)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addHome(c, &h)
	clock.add(c)
	c.Flags().StringVar(&from, "from", "", "first day; today if not given")
	c.Flags().StringVar(&to, "to", "", "last day; today if not given")
	c.Flags().BoolVar(&asJSON, "json", false, `print one JSON object a line: {"disclosure": …} or {"refusal": …}`)
	return c
}

// traces prints records of access, for people or as JSON.
type traces struct {
	w      io.Writer
	asJSON bool
}

func (t traces) disclosure(d hub.Disclosure) error {
	if t.asJSON {
		return json.NewEncoder(t.w).Encode(map[string]hub.Disclosure{"disclosure": d})
	}
	_, err := fmt.Fprintf(t.w, "%s  查阅 used     %-24s %-14s %-20s %s  %s\n", d.At.In(gongxin.Shanghai).Format(time.DateTime), d.By, d.Role, d.Operation, d.Listing, d.Purpose)
	return err
}

func (t traces) refusal(r hub.Refusal) error {
	if t.asJSON {
		return json.NewEncoder(t.w).Encode(map[string]hub.Refusal{"refusal": r})
	}
	_, err := fmt.Fprintf(t.w, "%s  拒绝 refused  %-24s %-24s %-20s %s\n", r.At.In(gongxin.Shanghai).Format(time.DateTime), r.By, r.Code, r.Operation, r.From)
	return err
}
