package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/identity"
	"gongxin/match"
	"gongxin/match/pairs"
)

// matchCommand compares two names or subjects, or the pairs of a file.
type matchCommand struct {
	pairs         string
	asJSON        bool
	listed, given circumstances
}

// circumstances are what is known of a subject besides name and number.
type circumstances struct {
	born   int
	sex    string
	region string
}

func newMatch() *cobra.Command {
	var m matchCommand
	c := &cobra.Command{
		Use: "match LISTED GIVEN", Short: "比对两个名称或者主体，并说明理由 · compare two names or subjects, and say why", Args: cobra.MaximumNArgs(2),
		Long: `比对两个名称。名称后面可以用逗号加上证件号码，只知道一部分的号码用星号代替其余各位。
Compares two names. An identifier may follow after a comma, with asterisks for what is not known of it.

  equal   同一名称 the same name            strong  同一名称的另一写法 another form of it
  weak    线索，须由人核对 a hint for a person  none    另一名称 another one

--pairs FILE 比对一个文件，每行一对（列 query,candidate,match,kind,subject，后三列可以省略），并按种类计分。
--pairs FILE grades a file of pairs and scores it by kind; with --json one object a line, in order.
名称相同不等于同一人。 A name that is the same is not yet the same person. The rules are in docs/matching.md.

Exit codes: 0 compared, whatever came out, 1 a file or number that cannot be read, 2 wrong use.`,
		Example: `  gongxin match 王曉東 王晓东
  gongxin match 苏州恒瑞贸易有限公司 '恒瑞贸易（苏州）有限责任公司'
  gongxin match '张伟,320000198001010018' '章伟,3200**********0018' --json
  gongxin match 王小明 王小明 --listed-born 1980 --given-born 1981
  gongxin match --pairs pairs.csv --json > graded.ndjson`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case m.pairs != "" && len(args) > 0:
				return usage("give two names, or --pairs, and not both")
			case m.pairs != "":
				return m.file(c)
			case len(args) != 2:
				return usage("two names are needed, or --pairs FILE")
			}
			return m.two(c, args[0], args[1])
		},
	}
	f := c.Flags()
	f.StringVar(&m.pairs, "pairs", "", "file of pairs to grade and score; - for standard input")
	f.BoolVar(&m.asJSON, "json", false, "print one JSON object a pair to stdout; the score goes to stderr")
	m.listed.add(c, "listed")
	m.given.add(c, "given")
	return c
}

func (s *circumstances) add(c *cobra.Command, side string) {
	f := c.Flags()
	f.IntVar(&s.born, side+"-born", 0, "year of birth of the "+side+" person")
	f.StringVar(&s.sex, side+"-sex", "", "sex of the "+side+" person, 男 or 女")
	f.StringVar(&s.region, side+"-region", "", "address code of the "+side+" person, two to six digits")
}

func (s *circumstances) fill(p *match.Party) error {
	p.Born = s.born
	switch s.sex {
	case "":
	case "男", "m", "male":
		p.Sex = identity.Male
	case "女", "f", "female":
		p.Sex = identity.Female
	default:
		return usage("a sex is 男 or 女, not %q", s.sex)
	}
	if n := len(s.region); n > 6 || n%2 != 0 || strings.Trim(s.region, "0123456789") != "" {
		return usage("an address code has two, four or six digits, not %q", s.region)
	}
	p.Region = s.region
	return nil
}

func (m *matchCommand) two(c *cobra.Command, listed, given string) error {
	var sides [2]match.Party
	for i, text := range []string{listed, given} {
		p, err := match.ParseParty(text)
		if err != nil {
			return err
		}
		if err := []*circumstances{&m.listed, &m.given}[i].fill(&p); err != nil {
			return err
		}
		sides[i] = p
	}
	compared := match.Compare(sides[0], sides[1])
	if m.asJSON {
		return json.NewEncoder(c.OutOrStdout()).Encode(struct {
			pairGraded
			Rank int `json:"rank"`
		}{graded(sides[1], sides[0], compared), compared.Rank})
	}
	_, err := io.WriteString(c.OutOrStdout(), explain(compared))
	return err
}

// pairGraded is what --json prints of a pair.
type pairGraded struct {
	Query     string         `json:"query"`
	Candidate string         `json:"candidate"`
	Grade     gongxin.Grade  `json:"grade"`
	Evidence  []gongxin.Fact `json:"evidence"`
}

func graded(asked, listed match.Party, c match.Comparison) pairGraded {
	return pairGraded{written(asked), written(listed), c.Grade, c.Facts}
}

// written is a party as it was given, with its number masked.
func written(p match.Party) string {
	number := p.Masked
	if !p.Number.IsZero() {
		number = p.Number.String()
	}
	switch {
	case number == "":
		return p.Name
	case p.Name == "":
		return number
	}
	return p.Name + "," + number
}

func (m *matchCommand) file(c *cobra.Command) (err error) {
	in, size := io.Reader(os.Stdin), int64(0)
	name := "-"
	if m.pairs != "-" {
		f, err := os.Open(m.pairs)
		if err != nil {
			return fmt.Errorf("read the pairs: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in, name = f, filepath.Base(m.pairs)
	}
	human := c.ErrOrStderr()
	if stderr, ok := human.(*os.File); ok && isTerminal(stderr) && size > 1<<20 {
		bar := progressbar.DefaultBytes(size, "比对 comparing")
		in = io.TeeReader(in, bar)
		defer func() { err = errors.Join(err, bar.Exit()) }()
	}
	out := bufio.NewWriter(c.OutOrStdout())
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	var tally pairs.Tally
	var problem error // the first
	problems := 0
	for p, err := range pairs.Read(in, name) {
		if err != nil {
			return errors.Join(out.Flush(), err)
		}
		if err := c.Context().Err(); err != nil {
			return errors.Join(out.Flush(), err)
		}
		if p.Problem != nil {
			problems, problem = problems+1, cmp.Or(problem, p.Problem)
		}
		compared := match.Compare(p.Listed, p.Asked)
		tally.Add(p, compared.Grade)
		if m.asJSON {
			if err := lines.Encode(graded(p.Asked, p.Listed, compared)); err != nil {
				return fmt.Errorf("write the grades: %w", err)
			}
		}
	}
	if problems > 0 {
		fmt.Fprintf(human, "%d 行的证件号码或者名称无法识别，只按能识别的部分比对；第一处 %v\n%d lines have an identifier or name that cannot be read and were compared by the rest; the first: %v\n", problems, problem, problems, problem)
	}
	if m.asJSON {
		if err := out.Flush(); err != nil {
			return fmt.Errorf("write the grades: %w", err)
		}
		_, err := io.WriteString(human, tally.Table())
		return err
	}
	_, err = io.WriteString(out, tally.Table())
	return errors.Join(err, out.Flush())
}

// What grades, verdicts and the things compared are called.
var (
	gradeText = map[gongxin.Grade]gongxin.Text{
		gongxin.GradeEqual:  {ZH: "同一名称", EN: "the same name"},
		gongxin.GradeStrong: {ZH: "同一名称的另一写法", EN: "another form of the same name"},
		gongxin.GradeWeak:   {ZH: "仅为线索，须由人核对", EN: "a hint for a person who looks, and never more"},
		gongxin.GradeNone:   {ZH: "不相符", EN: "another one"},
	}
	verdictText = map[gongxin.Verdict]gongxin.Text{
		gongxin.VerdictSame:        {ZH: "相同", EN: "same"},
		gongxin.VerdictVariant:     {ZH: "写法不同", EN: "written in another way"},
		gongxin.VerdictHomophone:   {ZH: "同音", EN: "sounds alike"},
		gongxin.VerdictLookAlike:   {ZH: "形近", EN: "looks alike"},
		gongxin.VerdictNeighbour:   {ZH: "一字不同", EN: "one character is another"},
		gongxin.VerdictDiffers:     {ZH: "不同", EN: "differs"},
		gongxin.VerdictContradicts: {ZH: "矛盾，排除", EN: "contradicts, which excludes"},
	}
	aboutText = map[string]string{"number": "证件号码", "masked number": "号码已知各位", "name": "名称", "character": "不同的字", "kind": "个人或者单位",
		"place": "名称中的地名", "form": "组织形式", "branch": "分支机构", "born": "出生年份", "sex": "性别", "region": "号码地区"}
)

// explain writes a comparison for a terminal, Chinese first.
func explain(c match.Comparison) string {
	var b strings.Builder
	t := gradeText[c.Grade]
	fmt.Fprintf(&b, "%s %s · %s（%d）\n", strings.ToUpper(string(c.Grade)), t.ZH, t.EN, c.Rank)
	for _, f := range c.Facts {
		v := verdictText[f.Verdict]
		fmt.Fprintf(&b, "  %s %s: %s · %s\n    %s | %s\n", aboutText[f.About], f.About, v.ZH, v.EN, orNone(f.Listed), orNone(f.Given))
	}
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "—"
	}
	return s
}
