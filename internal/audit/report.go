package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"gongxin"
)

const reportForm = "gongxin report/v1"

// What an audit has looked at.
const (
	ScopeLog = "log" // the public log alone
	ScopeHub = "hub" // the log and all that the hub keeps beside it
)

// The verdicts.
const (
	Whole  = "whole"  // everything that could be checked is as it was signed
	Flawed = "flawed" // something is not: see the findings
)

// Examined counts what was compared beside the log.
type Examined struct {
	Opened         uint64 `json:"opened"`          // events whose bodies are those that their leaves commit to
	Erased         uint64 `json:"erased"`          // events without bodies, of listings that were erased
	Listings       uint64 `json:"listings"`        //
	ErasedListings uint64 `json:"erased_listings"` //
	Documents      uint64 `json:"documents"`       // whose bytes have the hash that an event commits to
	Evidence       uint64 `json:"evidence"`        // whose bytes have their hash
}

// A Report says what an audit has found. It is kept, so that the next audit can
// prove that the log has only grown since (Audit.Previous).
type Report struct {
	Form       string    `json:"form"`
	Origin     string    `json:"origin"`
	Verdict    string    `json:"verdict"`
	Scope      string    `json:"scope"`
	Checkpoint string    `json:"checkpoint"` // up to which the log was verified
	Size       uint64    `json:"size"`
	Root       string    `json:"root"`
	At         time.Time `json:"at"` // when the checkpoint was signed
	InForce    uint64    `json:"in_force"`
	Digest     string    `json:"digest"`

	Leaves      uint64    `json:"leaves"`      // read and put into the tree
	Checkpoints uint64    `json:"checkpoints"` // compared
	Tiles       uint64    `json:"tiles"`       // compared
	Receipts    uint64    `json:"receipts"`    // signed, and true
	Unsigned    uint64    `json:"unsigned"`    // receipts without a signature
	Snapshot    uint64    `json:"snapshot"`    // size at which the snapshot that was compared was made; 0 if none was
	Since       uint64    `json:"since"`       // size of the report that this one continues; 0 if none
	Examined    Examined  `json:"examined"`    // zero if only the log was audited
	Findings    []Finding `json:"findings"`    // what is wrong
	Remarks     []Finding `json:"remarks"`     // what an auditor should know
	More        uint64    `json:"more"`        // findings beyond those that are listed
}

// A Finding is one thing that is wrong, or a remark.
type Finding struct {
	Code     string       `json:"code"`
	Sequence uint64       `json:"sequence"` // of the event that it concerns; 0 if none
	What     gongxin.Text `json:"what"`
}

// maxFindings is how many are listed; the rest is counted.
const maxFindings = 1000

func (r *Report) find(f Finding) {
	if len(r.Findings) >= maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// NewFinding returns a finding with the texts that the catalogue has for code.
func NewFinding(sequence uint64, code string, args ...any) Finding {
	return Finding{code, sequence, gongxin.Invalid(code, args...).What()}
}

func (r *Report) flaw(sequence uint64, code string, args ...any) {
	r.find(NewFinding(sequence, code, args...))
}

func (r *Report) remark(sequence uint64, code string, args ...any) {
	if len(r.Remarks) < maxFindings {
		r.Remarks = append(r.Remarks, NewFinding(sequence, code, args...))
	}
}

func (r *Report) conclude() {
	if r.Verdict = Whole; len(r.Findings) > 0 {
		r.Verdict = Flawed
	}
}

// Encode gives the report as JSON.
func (r *Report) Encode() ([]byte, error) { return encode(r) }

// encode gives the one form of v.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decode reads the form that encode gives and nothing else: it writes what it
// understood again and compares.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	again, err := encode(v)
	if err == nil && !bytes.Equal(again, b) {
		err = errors.New("not in its one form")
	}
	return err
}

// maxReport is the length in bytes beyond which nothing is a report.
const maxReport = 4 << 20

// ParseReport reads a report as Encode gives it. Error: AUDIT_REPORT.
func ParseReport(b []byte) (*Report, error) {
	if len(b) > maxReport {
		return nil, gongxin.Invalid("AUDIT_REPORT", fmt.Sprintf("%d bytes", len(b)))
	}
	var r Report
	if err := decode(b, &r); err != nil {
		return nil, gongxin.Invalid("AUDIT_REPORT", err)
	}
	if r.Form != reportForm || r.Verdict != Whole && r.Verdict != Flawed {
		return nil, gongxin.Invalid("AUDIT_REPORT", fmt.Sprintf("form %.40q", r.Form))
	}
	return &r, nil
}

// WriteTo writes the report for people, in Chinese and English.
func (r *Report) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	line := func(zh, en string, args ...any) {
		n := len(args) / 2
		fmt.Fprintf(&b, zh+" · "+en+"\n", append(args[:n:n], args[n:]...)...)
	}
	one := func(zh, en string, n uint64) { line("  "+zh+" %d", en+" %d", n, n) }
	switch {
	case r.Verdict == Whole && r.Scope == ScopeHub:
		line("✔ 账本完整，中心所存与账本一致", "the log is whole, and what the hub keeps agrees with it")
	case r.Verdict == Whole:
		line("✔ 账本完整", "the log is whole")
	default:
		line("✘ 发现%d处不符", "%d findings", uint64(len(r.Findings))+r.More, uint64(len(r.Findings))+r.More)
	}
	fmt.Fprintf(&b, "  %s\n", r.Origin)
	at := r.At.In(gongxin.Shanghai).Format("2006-01-02 15:04:05")
	line("  核到序号 %d，检查点签署于 %s（北京时间），在列 %d 条", "verified up to %d, signed at %s (UTC+8), %d in force", r.Size, at, r.InForce, r.Size, at, r.InForce)
	if r.Since > 0 {
		one("承接前次报告，序号", "continues the earlier report at", r.Since)
	}
	one("账本条目", "leaves", r.Leaves)
	one("检查点", "checkpoints", r.Checkpoints)
	one("哈希块", "tiles", r.Tiles)
	if r.Scope == ScopeHub {
		one("内容与承诺相符的事件", "events whose bodies are as committed", r.Examined.Opened)
		one("已清除的事件", "events erased", r.Examined.Erased)
		one("名单条目", "listings", r.Examined.Listings)
		one("文书", "documents", r.Examined.Documents)
		one("证据材料", "evidence", r.Examined.Evidence)
		one("已验证的签名回执", "signed receipts that hold", r.Receipts)
		one("未签名的回执", "receipts without a signature", r.Unsigned)
		one("快照，序号", "snapshot at", r.Snapshot)
	}
	write := func(mark string, list []Finding) {
		for _, f := range list {
			fmt.Fprintf(&b, "%s %s\n    %s\n    %s\n", mark, f.Code, f.What.ZH, f.What.EN)
		}
	}
	write("✘", r.Findings)
	if r.More > 0 {
		line("✘ 另有%d处", "%d more", r.More, r.More)
	}
	write("·", r.Remarks)
	n, err := w.Write(b.Bytes())
	return int64(n), err
}
