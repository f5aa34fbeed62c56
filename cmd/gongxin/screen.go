package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/gate"
)

func newScreen() *cobra.Command {
	var address, scenario string
	var q gate.Query
	var asJSON bool
	var batch batchScreen
	c := &cobra.Command{
		Use: "screen", Short: "向网关查询一笔业务能否办理 · ask a gate whether a transaction may go ahead", Args: cobra.NoArgs,
		Long: `向本部门网关查询一人一事，或者用 --in 筛查一个申请人文件（CSV、XLSX、Parquet、NDJSON），
输出的形式和顺序与输入相同，增加结果、原因、编号、名单序号四列。中断后加 --resume 继续。
Ask about one subject, or with --in about a file of applicants. Its output has the form and the
order of the input, and columns added. After an interruption --resume goes on.
Exit codes: 0 clear (all of them), 1 refer or block, 2 wrong use, or a file that cannot be read.`,
		Example: `  gongxin screen --gate http://127.0.0.1:8701 --scenario flight --number 320000198001010018 --name 张三
  gongxin screen --in applicants.csv --out result.csv --scenario credit --summary review.html
  gongxin screen --in applicants.xlsx --out hits.xlsx --scenario credit --only-hits --resume`,
		RunE: func(c *cobra.Command, _ []string) error {
			if scenario == "" {
				return usage("--scenario is needed; GET /v1/scenarios of the gate lists them")
			}
			if given, err := batch.given(c); err != nil {
				return err
			} else if given {
				return batch.run(c, address, scenario, asJSON)
			}
			q.Scenario = scenario
			ctx, cancel := context.WithTimeout(c.Context(), 30*time.Second)
			defer cancel()
			client := gate.NewClient(address)
			defer client.Close()
			d, err := client.Screen(ctx, q)
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.OutOrStdout()).Encode(d)
			} else {
				_, err = fmt.Fprint(c.OutOrStdout(), describe(d))
			}
			if err == nil && d.Outcome != gongxin.Clear {
				return errFindings
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&address, "gate", "http://127.0.0.1:8701", "URL of the gate, or unix: and the path of its socket")
	f.StringVar(&scenario, "scenario", "", "business at hand, such as flight or g_train (needed)")
	f.StringVar(&q.Number, "number", "", "identifier of the person or organisation")
	f.StringVar(&q.Name, "name", "", "name of the person or organisation")
	f.StringVar(&q.Masked, "masked", "", "number of which only a part is known, such as 3205**********1234")
	f.IntVar(&q.Born, "born", 0, "year of birth")
	f.StringVar((*string)(&q.Sex), "sex", "", "男 or 女")
	f.StringVar(&q.Region, "region", "", "address code, two, four or six digits")
	f.StringVar(&q.Subject, "subject", "", "the department's own reference of the applicant, for gongxin differ")
	f.BoolVar(&q.Hints, "hints", false, "without a number: tell of similar names as well")
	f.BoolVar(&asJSON, "json", false, "print the decision as JSON")
	batch.add(c)
	return c
}

// outcomeText says an outcome to people.
var outcomeText = map[gongxin.Outcome]gongxin.Text{
	gongxin.Clear: {ZH: "可以办理", EN: "go ahead"},
	gongxin.Refer: {ZH: "请人工核实", EN: "a person must look"},
	gongxin.Block: {ZH: "依法限制", EN: "restricted"},
}

// describeEvidence writes what was compared, and the id by which gongxin differ
// names the listing.
func describeEvidence(b *strings.Builder, h gongxin.Hit) {
	for _, e := range h.Evidence {
		said := verdictText[e.Verdict]
		fmt.Fprintf(b, "    %s %s · %s  %s | %s\n", aboutText[e.About], said.ZH, said.EN, orNone(e.Listed), orNone(e.Given))
	}
	fmt.Fprintf(b, "    名单条目 listing %s\n", h.Listing)
}

// describe writes a decision for a terminal, Chinese first.
func describe(d gongxin.Decision) string {
	var b strings.Builder
	t := outcomeText[d.Outcome]
	fmt.Fprintf(&b, "%s %s · %s\n", strings.ToUpper(string(d.Outcome)), t.ZH, t.EN)
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "  %s  %s\n  %s\n", r.Code, r.ZH, r.EN)
	}
	for _, h := range d.Hits {
		fmt.Fprintf(&b, "  %s %s  %s  %s\n", h.Name, h.Number, h.Court, h.Case)
		if !h.Hint {
			fmt.Fprintf(&b, "  %s（%s）\n  %s\n", h.Basis.ZH, h.Clause, h.Basis.EN)
		}
		if d.Outcome != gongxin.Block { // for the person who looks
			describeEvidence(&b, h)
		}
	}
	if d.Remedy != nil {
		fmt.Fprintf(&b, "  救济 %s\n  %s\n", d.Remedy.ZH, d.Remedy.EN)
	}
	if d.Reference != "" {
		fmt.Fprintf(&b, "  编号 reference %s\n", d.Reference)
	}
	fmt.Fprintf(&b, "  名单序号 as of %d，%s\n", d.Sequence, d.AsOf.In(gongxin.Shanghai).Format("2006-01-02 15:04:05"))
	return b.String()
}
