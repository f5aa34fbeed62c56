package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/ledger"
)

// A package carries the feed to a department without a network (2.2): a file
// *.gxp, on a medium or by SFTP. It is a ZIP, so that a person can open it:
//
//	manifest                    what is inside, signed by the hub
//	changes/<after>-<size>.gxc  what has happened, in the form of the feed
//	snapshot-<size>.gxs         in a full package: what was in force at size
//	checkpoint                  how the log stood
//	list.csv, list.xlsx         the same for people; 说明.txt, README.txt
//
// The manifest names the hash of every member, and the form leaves no byte free.
// It only guards the way: whoever follows a package recomputes the tree from it
// like from any other Source. docs/packages.md has the form byte by byte.

// What a package may hold beside changes and a snapshot.
const (
	PackageList     = "list.csv"
	PackageSheet    = "list.xlsx"
	PackageReadme   = "README.txt"
	PackageReadmeZH = "说明.txt"
)

// A Manifest says what a package holds.
type Manifest struct {
	Origin     string      // name of the log
	Full       bool        // begins with nothing; else it continues what the department holds
	From       uint64      // what it continues: a follower of it has applied the first From events; 0 if Full
	To         uint64      // size of the log at its end, which the member checkpoint signs
	Made       time.Time   // UTC, whole milliseconds
	Next       gongxin.Day // by when the next one is promised; zero if nothing is
	Gate       string      // short name of the department's gate, as in its receipts
	Department string      // name of the department
	Members    []Member    // by name
}

// A Member is one file in a package.
type Member struct {
	Name  string
	Bytes uint64
	Hash  ledger.Hash // SHA-256
}

// A Content is a member to be written. Open is called twice and gives the same
// bytes each time.
type Content struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// ChangesMember is the name in a package of the changes after the first after
// ones, up to size.
func ChangesMember(after, size uint64) string {
	return fmt.Sprintf("%s/%020d-%d%s", changesDir, after, size, changesSuffix)
}

// SnapshotMember is the name in a package of a snapshot of size.
func SnapshotMember(size uint64) string {
	return fmt.Sprintf("%s%020d%s", snapshotPrefix, size, snapshotSuffix)
}

// CheckpointMember is the name in a package of its checkpoint.
const CheckpointMember = checkpointFile

const (
	manifestTime = "2006-01-02T15:04:05.000Z"
	maxLine      = 200 // bytes of a department's name
)

var packageGate = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// malformedPackage is the error for a file that is no package, or not in its form.
func malformedPackage(format string, args ...any) error {
	return gongxin.Invalid("PACKAGE_MALFORMED", fmt.Sprintf(format, args...))
}

// text gives the manifest; it has one form only.
func (m Manifest) text() string {
	kind, next := "delta", "-"
	if m.Full {
		kind = "full"
	}
	if !m.Next.IsZero() {
		next = m.Next.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\nkind %s\naudience %s\nfrom %d\nto %d\ncheckpoint %d\nmade %s\nnext %s\ngate %s\ndepartment %s\n", ledger.TextPackage,
		m.Origin, kind, gongxin.AudiencePartner, m.From, m.To, m.To, m.Made.UTC().Format(manifestTime), next, m.Gate, m.Department)
	for _, f := range m.Members {
		fmt.Fprintf(&b, "%x %d %s\n", f.Hash[:], f.Bytes, f.Name)
	}
	return b.String()
}

// parseManifest reads what text gives and nothing else.
func parseManifest(text string) (m Manifest, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 11 {
		return m, malformedPackage("the manifest has %d lines", len(lines))
	}
	field := func(i int, name string) string {
		v, ok := strings.CutPrefix(lines[i], name+" ")
		if !ok && err == nil {
			err = malformedPackage("the manifest has no line %q where it belongs", name)
		}
		return v
	}
	number := func(s string) uint64 {
		n, failed := strconv.ParseUint(s, 10, 63)
		if failed != nil && err == nil {
			err = malformedPackage("a number in the manifest")
		}
		return n
	}
	m.Origin, m.Full = lines[1], field(2, "kind") == "full"
	field(3, "audience")
	m.From, m.To = number(field(4, "from")), number(field(5, "to"))
	made, failed := time.Parse(manifestTime, field(7, "made"))
	if failed != nil && err == nil {
		err = malformedPackage("when it was made")
	}
	m.Made = made
	if next := field(8, "next"); next != "-" {
		if m.Next, failed = gongxin.ParseDay(next); (failed != nil || m.Next.IsZero()) && err == nil {
			err = malformedPackage("when the next one is due")
		}
	}
	m.Gate, m.Department = field(9, "gate"), field(10, "department")
	for _, line := range lines[11:] {
		var f Member
		hash, rest, _ := strings.Cut(line, " ")
		size, name, _ := strings.Cut(rest, " ")
		h, failed := hex.DecodeString(hash)
		if failed != nil || copy(f.Hash[:], h) != len(h) || len(h) != len(f.Hash) {
			return Manifest{}, malformedPackage("the hash of a member")
		}
		f.Bytes, f.Name = number(size), name
		m.Members = append(m.Members, f)
	}
	if err == nil {
		err = m.check()
	}
	if err == nil && m.text() != text {
		err = malformedPackage("the manifest is not in its one form")
	}
	if err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// check tells whether m can be the manifest of a package: members of known names
// alone, and changes that lead from where it begins to To.
func (m Manifest) check() error {
	switch {
	case m.From > m.To || m.Full && m.From != 0:
		return malformedPackage("from %d to %d", m.From, m.To)
	case !packageGate.MatchString(m.Gate):
		return malformedPackage("gate %q", m.Gate)
	case m.Department == "" || len(m.Department) > maxLine || strings.TrimSpace(m.Department) != m.Department || strings.ContainsAny(m.Department, "\n\r"):
		return malformedPackage("department %q", m.Department)
	case m.Made.Year() < 1970 || m.Made.Year() > 9999:
		return malformedPackage("when it was made")
	}
	for i := 1; i < len(m.Members); i++ {
		if m.Members[i-1].Name >= m.Members[i].Name {
			return malformedPackage("members are not in their order")
		}
	}
	begins, checkpoint, snapshots := m.From, false, 0
	for _, f := range m.Members {
		switch size, isSnapshot := snapshotMember(f.Name); {
		case isSnapshot:
			if snapshots++; snapshots > 1 || !m.Full {
				return malformedPackage("a snapshot that does not belong there")
			}
			begins = size
		case f.Name == checkpointFile:
			checkpoint = f.Bytes <= ledger.MaxWitnessed
		case f.Name == PackageList, f.Name == PackageSheet, f.Name == PackageReadme, f.Name == PackageReadmeZH:
		default:
			if _, ok := changesMember(f.Name); !ok {
				return malformedPackage("a member of the name %q", f.Name)
			}
		}
	}
	if !checkpoint {
		return malformedPackage("it has no checkpoint")
	}
	at := begins
	for _, s := range m.spans() {
		if s.after != at {
			return malformedPackage("changes after %d are missing", at)
		}
		at = s.size
	}
	if at != m.To || snapshots > 0 && begins == m.To { // the event that commits to it comes later
		return malformedPackage("its changes end at %d instead of %d", at, m.To)
	}
	return nil
}

// changesMember reads the name of changes.
func changesMember(name string) (s span, ok bool) {
	after, size, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, changesDir+"/"), changesSuffix), "-")
	if !ok {
		return s, false
	}
	var err1, err2 error
	s.name = name
	s.after, err1 = strconv.ParseUint(after, 10, 63)
	s.size, err2 = strconv.ParseUint(size, 10, 63)
	return s, err1 == nil && err2 == nil && s.after < s.size && ChangesMember(s.after, s.size) == name
}

// snapshotMember reads the name of a snapshot.
func snapshotMember(name string) (size uint64, ok bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(name, snapshotPrefix), snapshotSuffix)
	size, err := strconv.ParseUint(digits, 10, 63)
	return size, err == nil && SnapshotMember(size) == name
}

// spans returns the changes in m, in their order.
func (m Manifest) spans() []span {
	var all []span
	for _, f := range m.Members {
		if s, ok := changesMember(f.Name); ok {
			all = append(all, s)
		}
	}
	return all
}

// WritePackage writes the package that m describes with the members in content;
// sign is that of the hub's key (ledger.Signer.SignText), and m.Members is found
// out here. It returns the manifest as written. Memory is bounded whatever the
// length of the members. Errors: PACKAGE_TOO_LONG where the manifest would hold
// more members than can be signed, PACKAGE_MALFORMED if no package can be so.
func WritePackage(w io.Writer, sign func(text string) ([]byte, error), m Manifest, content []Content) (Manifest, error) {
	content = slices.Clone(content)
	slices.SortFunc(content, func(a, b Content) int { return strings.Compare(a.Name, b.Name) })
	m.Members = make([]Member, len(content))
	sums := make([]uint32, len(content))
	for i, c := range content {
		size, hash, crc, err := copyMember(io.Discard, c)
		if err != nil {
			return m, fmt.Errorf("read %s for a package: %w", c.Name, err)
		}
		m.Members[i], sums[i] = Member{c.Name, size, hash}, crc
	}
	if err := m.check(); err != nil {
		return m, err
	}
	text := m.text()
	if len(text) > ledger.MaxText {
		return m, gongxin.Invalid("PACKAGE_TOO_LONG", m.From, m.To)
	}
	if _, err := parseManifest(text); err != nil { // nobody could read it
		return m, err
	}
	signed, err := sign(text)
	if err != nil {
		return m, fmt.Errorf("sign package: %w", err)
	}
	z := newZIPWriter(w)
	err = z.member(zipManifest, uint64(len(signed)), crc32.ChecksumIEEE(signed))
	if err == nil {
		_, err = z.Write(signed)
	}
	for i, c := range content {
		if err != nil {
			break
		}
		if err = z.member(c.Name, m.Members[i].Bytes, sums[i]); err != nil {
			break
		}
		var hash ledger.Hash
		if _, hash, _, err = copyMember(z, c); err == nil && hash != m.Members[i].Hash {
			err = fmt.Errorf("%s has changed meanwhile", c.Name)
		}
	}
	if err == nil {
		err = z.end()
	}
	if err != nil {
		return m, fmt.Errorf("write package: %w", err)
	}
	return m, nil
}

// copyMember copies c to w and returns its length and sums.
func copyMember(w io.Writer, c Content) (size uint64, hash ledger.Hash, crc uint32, err error) {
	r, err := c.Open()
	if err != nil {
		return 0, hash, 0, err
	}
	sum, check := sha256.New(), crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(w, sum, check), r)
	if closing := r.Close(); err == nil {
		err = closing
	}
	sum.Sum(hash[:0])
	return uint64(n), hash, check.Sum32(), err
}

// FileContent is a member that is a file at path.
func FileContent(name string, dir fs.FS, path string) Content {
	return Content{name, func() (io.ReadCloser, error) { return dir.Open(path) }}
}

// BytesContent is a member that is in memory.
func BytesContent(name string, b []byte) Content {
	return Content{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}
