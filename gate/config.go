package gate

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"gongxin"
	"gongxin/feed"
	"gongxin/ledger"
	"gongxin/measure"
)

// A Config says how a gate is set up. Dir, Name, VerifierKey, Source and MaxAge
// are needed.
type Config struct {
	Dir         string                               // of the gate's files; made if missing. One process at a time
	Name        string                               // short name, as in the gate's token: a–z, 0–9, '-', '_', '.'; part of each reference
	Department  string                               // the department's name, for people; Name if empty
	VerifierKey string                               // the hub's public key, in the form of ledger.GenerateKey
	Source      feed.Source                          // where the list comes from
	Reporter    Reporter                             // where receipts and outcomes go; nil keeps outcomes waiting in the outbox
	MaxAge      time.Duration                        // how old the last verified checkpoint may be before the gate only refers
	Guard       *feed.Guard                          // what is abnormal; DefaultGuard if nil, the zero Guard for nothing
	Witnesses   feed.Witnesses                       // who else has to have seen each checkpoint; nobody if zero
	Webhook     Webhook                              // where the department's system is told of lifts; nowhere if zero
	Alerts      string                               // file to which messages about watched subjects are appended; none if empty
	Catalogue   *measure.Catalogue                   // measure.Embedded() if nil
	Retention   int                                  // years for which what is over stays on record; DefaultRetention if 0
	Lists       func(path string) (ListFiles, error) // opens the directory of the list; screen.Dir if nil
	Now         func() time.Time                     // time.Now if nil
	Random      io.Reader                            // for references; crypto/rand if nil
	Log         *slog.Logger                         // discards if nil
}

var gateName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// check fills in what may be left out and returns all faults at once as GATE_CONFIG.
func (c *Config) check() (*ledger.Verifier, error) {
	var faults []string
	if c.Dir == "" {
		faults = append(faults, "Dir is missing")
	}
	if !gateName.MatchString(c.Name) {
		faults = append(faults, fmt.Sprintf("Name %q is not of a-z, 0-9, '-', '_', '.'", c.Name))
	}
	if c.Source == nil {
		faults = append(faults, "Source is missing")
	}
	if c.MaxAge <= 0 {
		faults = append(faults, "MaxAge is not positive")
	}
	v, err := ledger.NewVerifier(c.VerifierKey)
	if err != nil {
		faults = append(faults, fmt.Sprintf("VerifierKey: %v", err))
	}
	if c.Witnesses.Need < 0 || c.Witnesses.Need > len(c.Witnesses.Known) {
		faults = append(faults, fmt.Sprintf("Witnesses: %d are needed and %d are known", c.Witnesses.Need, len(c.Witnesses.Known)))
	}
	if c.Retention < 0 || c.Retention > 100 {
		faults = append(faults, fmt.Sprintf("Retention %d is not a number of years", c.Retention))
	}
	if c.Retention == 0 {
		c.Retention = DefaultRetention
	}
	if fault := c.Webhook.check(); fault != "" {
		faults = append(faults, fault)
	}
	if c.Guard == nil {
		c.Guard = &DefaultGuard
	}
	if c.Department == "" {
		c.Department = c.Name
	}
	if c.Catalogue == nil {
		c.Catalogue = measure.Embedded()
	}
	if c.Lists == nil {
		c.Lists = openListDir
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if len(faults) > 0 {
		return nil, gongxin.Invalid("GATE_CONFIG", strings.Join(faults, "; "))
	}
	return v, nil
}
