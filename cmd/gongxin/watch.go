package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/gate"
)

func newWatch() *cobra.Command {
	c := &cobra.Command{Use: "watch", Short: "关注许可、任职、荣誉持有人，被列入名单时提醒 · watch holders of licences, posts and honours", Args: cobra.NoArgs,
		Long: `关注的对象存在本部门网关里：只有本部门的编号、种类，号码和姓名只存密钥摘要，中心不知道。名单变化时自动比对，列入时提醒，撤销时了结
（三（四）、三（五）、四（二））。提醒也在网关的 /alerts 页面、回调地址和 --alerts 文件里。
Who is watched stands in the department's gate, by the department's own reference and kind; of number
and name there are keyed sums, and the centre does not learn of it. As the list changes each is held
against it: an alert is raised when a court lists one of them, and closed when the listing ends.`,
		Example: `  gongxin watch import licences.csv --by 赵科长 --scenario 建筑业资质
  gongxin watch alerts
  gongxin watch acknowledge A-housing-20261128-7K3M9QXA --by 李科长 --remark 已约谈
  gongxin watch remove 许可-0042 --by 赵科长`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newWatchImport(), newWatchList(), newWatchRemove(), newWatchAlerts(), newWatchAcknowledge())
	return c
}

// gateFlag adds the flag that says which gate is asked.
func gateFlag(c *cobra.Command, address *string) {
	c.Flags().StringVar(address, "gate", "http://127.0.0.1:8701", "URL of the gate, or unix: and the path of its socket")
}

func newWatchImport() *cobra.Command {
	var address, by string
	var file watchFile
	c := &cobra.Command{
		Use: "import FILE", Short: "导入关注对象 · take a file of subjects", Args: cobra.ExactArgs(1),
		Long: `文件是 CSV（UTF-8、GB 18030 或者 UTF-16，逗号、制表符、分号均可）、XLSX、Parquet 或者 NDJSON，按表头找列：
编号、证件号码、姓名（名称）、种类；表头看不懂的，用 --…-column 指明（列名，或从 1 起的列号）。
再次导入时，号码或者姓名有变化的按新的替换，没有变化的不动。逐行告知不能接受的行。
The file is CSV (UTF-8, GB 18030, UTF-16), XLSX, Parquet or NDJSON; columns are found by their heads:
reference (编号), number (证件号码), name (姓名), scenario (种类), the last one left out with
--scenario, or named with the flags --…-column. Handed in again, a subject whose number or name is
another is replaced. Rows that cannot be taken are told one by one.
Exit codes: 0 all taken, 1 some rejected, 2 wrong use, or a file that cannot be read.`,
		Example: `  gongxin watch import licences.csv --by 赵科长 --scenario 建筑业资质 --gate http://127.0.0.1:8701
  gongxin watch import licences.xlsx --by 赵科长 --scenario 建筑业资质 --sheet 2026 --reference-column 证号`,
		RunE: func(c *cobra.Command, args []string) error {
			if by == "" {
				return usage("--by is needed: the officer who hands them in")
			}
			subjects, rows, err := file.read(args[0])
			if err != nil {
				return errUnusable{err}
			}
			client := gate.NewClient(address)
			defer client.Close()
			bar := progressbar.NewOptions(len(subjects), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("导入 importing"),
				progressbar.OptionSetVisibility(isTerminal(os.Stderr)), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
			results, err := client.Watch(c.Context(), subjects, by, func(n int) { _ = bar.Set(n) })
			if err != nil {
				return err
			}
			return tellWatched(c.OutOrStdout(), args[0], results, rows)
		},
	}
	gateFlag(c, &address)
	f := c.Flags()
	f.StringVar(&file.scenario, "scenario", "", "kind of post, licence or honour, for rows that name none")
	f.StringVar(&by, "by", "", "name of the officer who hands them in (needed)")
	const column = "heading or number (from 1) of the column with %s, if its heading is not understood; - for none"
	f.StringVar(&file.reference, "reference-column", "", fmt.Sprintf(column, "the department's own reference"))
	f.StringVar(&file.number, "number-column", "", fmt.Sprintf(column, "the identifier"))
	f.StringVar(&file.name, "name-column", "", fmt.Sprintf(column, "the name"))
	f.StringVar(&file.kind, "scenario-column", "", fmt.Sprintf(column, "the kind"))
	f.StringVar(&file.sheetOf, "sheet", "", "sheet of the workbook, if several hold subjects")
	return c
}

// tellWatched prints what was rejected, by rows of file, and a summary.
func tellWatched(w io.Writer, file string, results []gate.WatchResult, rows []int) error {
	counts, alerts := map[string]int{}, 0
	for i, r := range results {
		counts[r.State]++
		alerts += r.Alerts
		if r.Because != nil {
			if _, err := fmt.Fprintf(w, "%s 第 %d 行 row %d  %s %s · %s\n", file, rows[i], rows[i], r.Because.Code, r.Because.ZH, r.Because.EN); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "关注 watched %d，替换 replaced %d，不变 unchanged %d，不接受 rejected %d；现有提醒 alerts open %d\n",
		counts["watched"], counts["replaced"], counts["unchanged"], counts["rejected"], alerts)
	if err == nil && counts["rejected"] > 0 {
		return errFindings
	}
	return err
}

func newWatchList() *cobra.Command {
	var address, scenario string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "关注了谁 · who is watched", Args: cobra.NoArgs,
		Example: `  gongxin watch list --scenario 建筑业资质`,
		RunE: func(c *cobra.Command, _ []string) error {
			client := gate.NewClient(address)
			defer client.Close()
			out := c.OutOrStdout()
			return client.Watched(c.Context(), scenario, func(s gate.WatchedSubject) error {
				if asJSON {
					return json.NewEncoder(out).Encode(s)
				}
				lost := ""
				if s.Lost {
					lost = "  密钥已更换，请重新导入 · another key: hand it in again"
				}
				_, err := fmt.Fprintf(out, "%s  %s  %s %s%s\n", s.Subject, s.Scenario, s.By, localTime(s.At), lost)
				return err
			})
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&scenario, "scenario", "", "of this kind alone")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

func newWatchRemove() *cobra.Command {
	var address, scenario, by string
	c := &cobra.Command{
		Use: "remove REFERENCE", Short: "不再关注 · watch a subject no more", Args: cobra.ExactArgs(1),
		Example: `  gongxin watch remove 许可-0042 --by 赵科长`,
		RunE: func(c *cobra.Command, args []string) error {
			if by == "" {
				return usage("--by is needed: the officer who decides it")
			}
			client := gate.NewClient(address)
			defer client.Close()
			n, err := client.Unwatch(c.Context(), args[0], scenario, by)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "不再关注 no longer watched: %s（%d）\n", args[0], n)
			return err
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&scenario, "scenario", "", "of this kind alone")
	c.Flags().StringVar(&by, "by", "", "name of the officer who decides it (needed)")
	return c
}

func newWatchAlerts() *cobra.Command {
	var address, state string
	var asJSON bool
	c := &cobra.Command{
		Use: "alerts", Short: "提醒 · alerts", Args: cobra.NoArgs,
		Long:    `Exit codes: 0 there are none, 1 there are some, 2 wrong use.`,
		Example: `  gongxin watch alerts --state waiting`,
		RunE: func(c *cobra.Command, _ []string) error {
			client := gate.NewClient(address)
			defer client.Close()
			out, n := c.OutOrStdout(), 0
			err := client.Alerts(c.Context(), state, func(a gate.Alert) error {
				n++
				if asJSON {
					return json.NewEncoder(out).Encode(a)
				}
				_, err := fmt.Fprint(out, describeAlert(a))
				return err
			})
			if err == nil && n > 0 {
				return errFindings
			}
			return err
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&state, "state", "waiting", "which ones: waiting for an officer, open, closed")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// alertText says what an alert is, to people.
var alertText = map[string]gongxin.Text{
	"block": {ZH: "号码和姓名一致", EN: "number and name agree"},
	"refer": {ZH: "号码一致，请核对姓名", EN: "the number agrees, check the name"},
}

// describeAlert writes an alert for a terminal, Chinese first.
func describeAlert(a gate.Alert) string {
	said := alertText[a.What]
	s := fmt.Sprintf("%s  %s · %s  %s · %s  名单条目 listing %s  %s\n", a.Reference, a.Scenario, a.Subject, said.ZH, said.EN, a.Listing, localTime(a.At))
	if a.Seen != nil {
		s += fmt.Sprintf("  已阅 seen  %s %s %s\n", a.Seen.By, localTime(a.Seen.At), a.Seen.Remark)
	}
	if a.Because != nil {
		s += fmt.Sprintf("  已了结 closed  %s  %s · %s\n", localTime(a.Closed), a.Because.ZH, a.Because.EN)
	}
	if a.Undone != nil {
		s += fmt.Sprintf("  了结已阅 closing seen  %s %s %s\n", a.Undone.By, localTime(a.Undone.At), a.Undone.Remark)
	}
	return s
}

func localTime(t time.Time) string { return t.In(gongxin.Shanghai).Format("2006-01-02 15:04") }

func newWatchAcknowledge() *cobra.Command {
	var address, by, remark string
	c := &cobra.Command{
		Use: "acknowledge REFERENCE", Short: "已阅提醒或者了结 · an officer has seen an alert, or that it was closed", Args: cobra.ExactArgs(1),
		Example: `  gongxin watch acknowledge A-housing-20261128-7K3M9QXA --by 李科长 --remark 已约谈`,
		RunE: func(c *cobra.Command, args []string) error {
			if by == "" {
				return usage("--by is needed: the officer who has seen it")
			}
			client := gate.NewClient(address)
			defer client.Close()
			a, err := client.AcknowledgeAlert(c.Context(), args[0], by, remark)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), describeAlert(a))
			return err
		},
	}
	gateFlag(c, &address)
	c.Flags().StringVar(&by, "by", "", "name of the officer (needed)")
	c.Flags().StringVar(&remark, "remark", "", "what was done, in words")
	return c
}
