package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gongxin"
	"gongxin/internal/calendar"
	"gongxin/internal/packages"
)

func newPackage() *cobra.Command {
	c := &cobra.Command{Use: "package", Short: "不联网部门的数据包 · signed files for departments without a network", Args: cobra.NoArgs,
		Example: `  gongxin package make --data ./hub --gate island --department 海岛部门 --out ./outbox      # at the hub
  gongxin package deliver --data ./hub --to /media/usb ./outbox/island-full-120.gxp
  gongxin package show --verifier-key-file hub.pub island-full-120.gxp                    # at the department
  gongxin package import --dir ./island --name island --verifier-key-file hub.pub island-full-120.gxp
  gongxin package receipt --dir ./island --verifier-key-file hub.pub --out receipt.txt
  gongxin package receive --data ./hub receipt.txt                                        # at the hub again
  gongxin package list --data ./hub`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(newPackageMake(), newPackageSchedule(), newPackageDeliver(), newPackageReceive(), newPackageList(),
		newPackageShow(), newPackageImport(), newPackageReceipt())
	return c
}

// A packageRoom is the hub's side of the packages.
type packageRoom struct {
	home  home
	clock clockFlag
}

func (p *packageRoom) add(c *cobra.Command) {
	addHome(c, &p.home)
	p.clock.add(c)
	c.Flags().StringVar(&p.home.holidays, "holidays", "", "newer table of holidays (CSV: date,name,kind), for schedules in workdays")
}

// use runs f with the room; withLog opens the store as well.
func (p *packageRoom) use(ctx context.Context, withLog bool, f func(*packages.Room, gongxin.Day) error) (err error) {
	now, exercise, err := p.clock.clock()
	if err != nil {
		return err
	}
	signer, _, err := p.home.keys()
	if err != nil {
		return err
	}
	_, days, err := p.home.rules()
	if err != nil {
		return err
	}
	c := packages.Config{Dir: p.home.dir, Sign: signer.SignText, VerifierKey: signer.VerifierKey(), Calendar: days, Now: now}
	if withLog {
		centre, db, err := p.home.open(ctx, now, exercise, newLog(os.Stderr, false))
		if err != nil {
			return err
		}
		defer db.Close()
		c.Log = packageLog{centre, db, p.home.path("snapshots")}
	}
	room, err := packages.Open(c)
	if err != nil {
		return err
	}
	return f(room, gongxin.DayOf(now()))
}

// printJSON prints v as one JSON value.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func newPackageMake() *cobra.Command {
	var p packageRoom
	var o packages.Order
	var since uint64
	var due, asJSON bool
	c := &cobra.Command{
		Use: "make", Short: "制作数据包 · make a package", Args: cobra.NoArgs,
		Long: `制作一个签名的数据包。不指定 --full 或 --since 的，接部门最近一次回执确认之处；没有确认过的，制作全量包。
Makes one signed package. Without --full and --since it continues what the department
confirmed last; one that confirmed nothing gets a full package.`,
		Example: `  gongxin package make --data ./hub --gate island --department 海岛部门 --out ./outbox
  gongxin package make --data ./hub --gate island --since 120 --out island.gxp
  gongxin package make --data ./hub --due --out ./outbox      # all that are due, such as from cron`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case due && (o.Gate != "" || o.Department != "" || o.Full || c.Flags().Changed("since")):
				return usage("--due makes what the schedules say")
			case o.Full && c.Flags().Changed("since"):
				return usage("give either --full or --since")
			}
			if o.Gate == "" {
				o.Gate = o.Department // if it is a short name
			}
			if c.Flags().Changed("since") {
				o.Since = &since
			}
			return p.use(c.Context(), true, func(room *packages.Room, _ gongxin.Day) error {
				if o.Out == "" {
					var err error
					if o.Out, err = room.Outbox(); err != nil {
						return err
					}
				}
				if !due {
					made, err := room.Make(c.Context(), o)
					if err != nil {
						return err
					}
					return printMade(c.OutOrStdout(), made, asJSON)
				}
				all, err := room.MakeDue(c.Context(), o.Out)
				for _, made := range all {
					err = errors.Join(err, printMade(c.OutOrStdout(), made, asJSON))
				}
				return err
			})
		},
	}
	p.add(c)
	f := c.Flags()
	f.StringVar(&o.Gate, "gate", "", "short name of the department's gate, as in its receipts; --department if that is one")
	f.StringVar(&o.Department, "department", "", "name of the department; as before if not given")
	f.BoolVar(&o.Full, "full", false, "the whole list, for a department that has nothing or lost something")
	f.Uint64Var(&since, "since", 0, "only what came after this event")
	f.StringVar(&o.Out, "out", "", "file to write, or directory in which it gets its usual name; the hub's outbox if not given, from where the department can fetch it")
	f.BoolVar(&due, "due", false, "make all packages that are due today, into the directory --out")
	f.BoolVar(&asJSON, "json", false, "print JSON, an object a package")
	return c
}

func printMade(w io.Writer, made packages.Made, asJSON bool) error {
	if asJSON {
		m := newShown(made.Manifest)
		m.File, m.Due = made.Path, made.Due
		return printJSON(w, m)
	}
	_, err := fmt.Fprintf(w, "%s\n  %s（%s）：%s，到第%d号事件；回执期限 %s\n  %s, up to event %d; receipt due %s\n",
		made.Path, made.Manifest.Department, made.Manifest.Gate, kindZH(made.Manifest), made.Manifest.To, made.Due, kindEN(made.Manifest), made.Manifest.To, made.Due)
	return err
}

func newPackageSchedule() *cobra.Command {
	var p packageRoom
	s := packages.Schedule{Unit: calendar.Days}
	var gate, department string
	var workdays bool
	c := &cobra.Command{
		Use: "schedule", Short: "约定制作周期和回执期限 · say how often a department gets packages", Args: cobra.NoArgs,
		Example: "  gongxin package schedule --data ./hub --gate island --department 海岛部门 --every 5 --workdays --receipt-within 10",
		RunE: func(c *cobra.Command, _ []string) error {
			if workdays {
				s.Unit = calendar.Workdays
			}
			return p.use(c.Context(), false, func(room *packages.Room, _ gongxin.Day) error { return room.SetSchedule(gate, department, s) })
		},
	}
	p.add(c)
	f := c.Flags()
	f.StringVar(&gate, "gate", "", "short name of the department's gate (needed)")
	f.StringVar(&department, "department", "", "name of the department (needed)")
	f.IntVar(&s.Every, "every", 0, "days after which the next package is due; 0: none by itself")
	f.BoolVar(&workdays, "workdays", false, "--every counts workdays")
	f.BoolVar(&s.Full, "full", false, "each is a full package")
	f.IntVar(&s.Within, "receipt-within", 10, "days within which the receipt is to come back")
	return c
}

func newPackageDeliver() *cobra.Command {
	var p packageRoom
	var to, address, key, known string
	c := &cobra.Command{
		Use: "deliver FILE", Short: "送达：目录或 SFTP · bring a package into a directory or to a machine by SFTP", Args: cobra.ExactArgs(1),
		Example: `  gongxin package deliver --data ./hub --to /media/usb island-120-250.gxp
  gongxin package deliver --data ./hub --sftp gongxin@front.example:22/inbox --key-file id_ed25519 --known-hosts known_hosts island-120-250.gxp`,
		RunE: func(c *cobra.Command, args []string) error {
			var carrier packages.Carrier = packages.Dir(to)
			switch {
			case (to == "") == (address == ""):
				return usage("give either --to DIR or --sftp USER@HOST/DIR")
			case address != "":
				if key == "" || known == "" {
					return usage("--sftp needs --key-file and --known-hosts")
				}
				s, err := packages.ParseSFTP(address)
				if err != nil {
					return usage("--sftp %v", err)
				}
				s.KeyFile, s.KnownHosts = key, known
				carrier = s
			}
			return p.use(c.Context(), false, func(room *packages.Room, _ gongxin.Day) error {
				if err := room.Deliver(c.Context(), args[0], carrier); err != nil {
					return err
				}
				_, err := fmt.Fprintf(c.OutOrStdout(), "已送达 delivered: %s → %s\n", filepath.Base(args[0]), carrier)
				return err
			})
		},
	}
	p.add(c)
	f := c.Flags()
	f.StringVar(&to, "to", "", "directory: a shared disk, a medium")
	f.StringVar(&address, "sftp", "", "user@host:port/dir; //dir from the machine's root")
	f.StringVar(&key, "key-file", "", "private key that signs in, for --sftp")
	f.StringVar(&known, "known-hosts", "", "file with the machine's host key, in the form of OpenSSH, for --sftp")
	return c
}

func newPackageReceive() *cobra.Command {
	var p packageRoom
	var keyFile, paper, gate string
	var to uint64
	var replace, asJSON bool
	c := &cobra.Command{
		Use: "receive [FILE]", Short: "收下部门送回的回执 · take a receipt that came back", Args: cobra.MaximumNArgs(1),
		Long: `核对回执：须由该网关登记的公钥签署，所持名单须与本中心当时签署的一致。首次收到的，登记随回执送来的公钥（回执.pub）。
Checks a receipt: signed with the key that is registered for the gate, and of what this hub
signed at that event. The key that came with the first receipt (FILE.pub) is registered then.`,
		Example: `  gongxin package receive --data ./hub receipt.txt
  gongxin package receive --data ./hub --on-paper 岛函〔2018〕3号 --gate island --up-to 120`,
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (paper != "") || (paper != "") != (gate != "") {
				return usage("give either FILE, or --on-paper with --gate and --up-to")
			}
			return p.use(c.Context(), paper == "", func(room *packages.Room, _ gongxin.Day) error {
				if paper != "" {
					return room.Confirm(gate, to, paper)
				}
				return receive(c, room, args[0], keyFile, replace, asJSON)
			})
		},
	}
	p.add(c)
	f := c.Flags()
	f.StringVar(&keyFile, "key-file", "", "the gate's receipt key, for the first receipt; FILE.pub if that is there")
	f.BoolVar(&replace, "replace-key", false, "register the key that came, in place of the one known: after asking the department")
	f.StringVar(&paper, "on-paper", "", "of a department without a gate: what its letter is called")
	f.StringVar(&gate, "gate", "", "short name, with --on-paper")
	f.Uint64Var(&to, "up-to", 0, "event that the letter confirms, with --on-paper")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// maxReceiptFile is longer than any receipt.
const maxReceiptFile = 1 << 20

func receive(c *cobra.Command, room *packages.Room, path, keyFile string, replace, asJSON bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	note, err := io.ReadAll(io.LimitReader(f, maxReceiptFile))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read receipt: %w", err)
	}
	if keyFile == "" {
		if _, err := os.Stat(path + ".pub"); err == nil {
			keyFile = path + ".pub"
		}
	}
	key := ""
	if keyFile != "" {
		if key, err = secretFile(keyFile); err != nil {
			return err
		}
	}
	got, err := room.Receive(c.Context(), note, key, replace)
	if err != nil {
		return err
	}
	r := got.Receipt
	if asJSON {
		return printJSON(c.OutOrStdout(), map[string]any{"gate": r.Gate, "sequence": r.Sequence, "count": r.Count, "applied": r.Applied, "key": got.Key, "first_use": got.FirstUse})
	}
	if got.FirstUse {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "登记回执公钥，请与部门核对 · key registered, compare it with the department:\n  %s\n", got.Key); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s 已采用至第%d号事件，在册%d条，与本中心一致 · applied up to event %d, %d in force, as this hub signed\n", r.Gate, r.Sequence, r.Count, r.Sequence, r.Count)
	return err
}

func newPackageList() *cobra.Command {
	var p packageRoom
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "谁收到了哪一包，逾期的在前；有逾期的退出码为1 · who has which; exit 1 if anything is overdue", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.use(c.Context(), false, func(room *packages.Room, today gongxin.Day) error {
				all, err := room.Standings()
				if err != nil {
					return err
				}
				late, err := room.Overdue(today)
				if err != nil {
					return err
				}
				if asJSON {
					err = printJSON(c.OutOrStdout(), map[string]any{"overdue": append([]packages.Overdue{}, late...), "departments": append([]packages.Standing{}, all...)})
				} else {
					err = printStandings(c.OutOrStdout(), all, late)
				}
				if err == nil && len(late) > 0 {
					err = errFindings
				}
				return err
			})
		},
	}
	p.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printStandings(w io.Writer, all []packages.Standing, late []packages.Overdue) error {
	var err error
	print := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	for _, o := range late {
		switch o.What {
		case packages.Disagrees:
			print("不一致 disagrees  %s %s：%s（%s）\n", o.Gate, o.Department, o.Why, o.Since)
		case packages.LateReceipt:
			print("逾期 overdue  %s %s：到第%d号的数据包未回执，期限 %s · no receipt up to %d, due %s\n", o.Gate, o.Department, o.To, o.Since, o.To, o.Since)
		case packages.LatePackage:
			print("逾期 overdue  %s %s：应于 %s 制作新的数据包 · a package was to be made by %s\n", o.Gate, o.Department, o.Since, o.Since)
		}
	}
	for _, s := range all {
		print("%s %s：已确认至第%d号事件 · confirmed up to event %d", s.Gate, s.Department, s.Confirmed, s.Confirmed)
		if !s.Next.IsZero() {
			print("；下一包 next %s", s.Next)
		}
		print("\n")
		for _, p := range s.Packages {
			sent, receipt := "未送 not sent", "待回执 receipt due "+p.Due.String()
			if !p.Sent.IsZero() {
				sent = "已送 sent " + gongxin.DayOf(p.Sent).String() + " " + p.How
			}
			if !p.Confirmed.IsZero() {
				receipt = "已确认 confirmed " + gongxin.DayOf(p.Confirmed).String() + " " + p.OnPaper
			}
			print("  %s  %s  %s  %s\n", gongxin.DayOf(p.Made), p.File, sent, receipt)
		}
	}
	return err
}
