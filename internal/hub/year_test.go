package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/calendar"
	"gongxin/internal/courts"
	"gongxin/internal/documents"
	"gongxin/internal/policy"
	"gongxin/internal/register"
	"gongxin/internal/store"
	"gongxin/ledger"
)

var update = flag.Bool("update", false, "write the golden files of the scripted year anew")

// An act is one line of the script.
type act struct {
	line             int
	day              gongxin.Day
	who, listing, op string
	fields           map[string]string
	refused          string // code, "" if it is to be done
}

func readScript(t *testing.T) (acts []act) {
	t.Helper()
	text, err := os.ReadFile("testdata/year/script.txt")
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		a := act{line: n + 1, day: gongxin.MustDay(words[0]), who: words[1], fields: map[string]string{}}
		if a.who != "board" {
			a.listing, a.op = words[2], words[3]
			for _, w := range words[4:] {
				if code, ok := strings.CutPrefix(w, "!"); ok {
					a.refused = code
					continue
				}
				k, v, ok := strings.Cut(w, "=")
				if !ok {
					t.Fatalf("script.txt:%d: %q", n+1, w)
				}
				a.fields[k] = v
			}
		}
		acts = append(acts, a)
	}
	slices.SortStableFunc(acts, func(a, b act) int { return cmp.Compare(a.day, b.day) })
	return acts
}

// A year is one court's, told to a hub over HTTP, with a clock of its own.
type year struct {
	*centre
	boss  *overseer
	now   time.Time
	ids   map[string]string // by letter: the latest listing
	names map[string]string // by listing id: letter, and round from the second on
	codes map[string]string // by listing id: the access code in the person's hands
	told  strings.Builder   // what happened
	board strings.Builder   // what was due
}

var letters = map[string]struct{ name, number string }{
	"A": {"程志远", "320000198003050019"}, "B": {"陆文斌", "320000197511200025"}, "C": {"沈秀英", "320000196804110038"},
	"D": {"顾建国", "320000197009090043"}, "E": {"姚春梅", "320000198212120055"}, "F": {"汪海波", "32000019770707006X"},
	"G": {"苏永福", "320000196901010075"}, "H": {"孟青", "320000199002280083"}, "I": {"薛丽华", "320000198508080095"},
	"J": {"贾学才", "320000196512310109"}, "K": {"龚莉", "320000198806160110"}, "L": {"郝元龙", "320000197303030127"},
	"M": {"万晶", "320000199111110133"}, "N": {"钱立新", "320000196210010149"}, "O": {"严慧", "320000198704040152"},
	"Q": {"洪小雨", "320000200306060168"},
}

// written completes the check character of a citizen number.
func written(number string) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(number[i]-'0')
	}
	return number[:17] + string("10X98765432"[sum%11])
}

func (y *year) row(a act) map[string]string {
	l := letters[a.listing]
	number := written(l.number)
	sex := "女"
	if (number[16]-'0')%2 == 1 {
		sex = "男"
	}
	born := gongxin.MustDay(number[6:10] + "-" + number[10:12] + "-" + number[12:14])
	age := int(a.day-born) / 10000
	return map[string]string{
		"案号": fmt.Sprintf("（2016）苏0505执%d号", 100+int(a.listing[0]-'A')), "姓名": l.name, "性别": sex, "年龄": fmt.Sprint(age), "身份证号码": number,
		"执行法院": "苏州市虎丘区人民法院", "执行依据文号": fmt.Sprintf("（2016）苏0505民初%d号", 700+int(a.listing[0]-'A')), "作出执行依据单位": "苏州市虎丘区人民法院",
		"法律生效文书确定的义务": "支付货款45000元", "被执行人的履行情况": "全部未履行", "失信被执行人具体情形": "有履行能力而拒不履行生效法律文书确定义务",
		"发布时间": a.day.String(), "立案时间": "2016-10-10", "已履行部分": "0元", "未履行部分": "45000元", "失信严重程度": "一般", "失信信息有效期": cmp.Or(a.fields["until"], a.day.Add(700).String()),
	}
}

func newYear(t *testing.T) *year {
	t.Helper()
	y := &year{now: gongxin.MustDay("2017-01-01").Start(), ids: map[string]string{}, names: map[string]string{}, codes: map[string]string{}}
	random := rand.NewChaCha8([32]byte{20, 17})
	secret, verifier, err := ledger.GenerateKey("gongxin.test/hub", random)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return y.now }
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir+"/hub.db", store.Options{Sign: signer.Sign, BlindKey: bytes.Repeat([]byte{7}, 32), Now: now, Random: random})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	scribe := documents.New(documents.Options{Courts: courts.Embedded()})
	h, err := New(Config{
		Store: db, Courts: courts.Embedded(), VerifierKey: verifier, Dir: dir, Now: now, Random: random,
		Register: register.New(register.Config{
			Writer: NewWriter(db), Policy: policy.Default(), Calendar: calendar.Embedded(), Courts: courts.Embedded(), Scribe: scribe, Now: now, Random: random,
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h.Handler())
	t.Cleanup(server.Close)
	y.centre, y.boss = &centre{Hub: h, t: t, url: server.URL, tokens: map[string]string{}}, &overseer{hub: h}
	court := gongxin.MustCourtCode("苏0505")
	for name, token := range map[string]access.Token{
		"clerk":    {Role: gongxin.RoleClerk, Court: court},
		"judge":    {Role: gongxin.RoleJudge, Court: court},
		"judge2":   {Role: gongxin.RoleJudge, Court: court},
		"stranger": {Role: gongxin.RoleJudge, Court: gongxin.MustCourtCode("苏0508")},
		"higher":   {Role: gongxin.RoleHigherCourt, Court: gongxin.MustCourtCode("苏05")},
		"system":   {Role: gongxin.RoleCourtSystem, Court: court},
		"auditor":  {Role: gongxin.RoleAuditor},
		"railway":  {Role: gongxin.RoleDepartment, Gate: "railway", Organisation: "铁路部门"},
	} {
		token.ID, token.Created, token.Expires = name, y.now, y.now.AddDate(2, 0, 0)
		y.issue(name, token)
	}
	return y
}

// TestAYearOfOneCourt takes every path of the procedure once, in 2017, and holds
// what happened, what was due and what was written against golden files.
func TestAYearOfOneCourt(t *testing.T) {
	y := newYear(t)
	taken := map[string]bool{}
	for _, a := range readScript(t) {
		y.until(a.day)
		if a.who == "board" {
			y.printBoard(a.day)
			continue
		}
		taken[a.op] = true
		y.act(a)
	}
	for _, operation := range access.Operations() {
		op, ok := strings.CutPrefix(operation, "listing-")
		if reads := []string{"read", "full", "search", "deliveries", "at", "proof"}; ok && !slices.Contains(reads, op) && !taken[op] {
			t.Errorf("the script never takes the step %s", op)
		}
	}
	y.histories()
	golden(t, "testdata/year/events.golden", y.told.String())
	golden(t, "testdata/year/board.golden", y.board.String())
	golden(t, "testdata/year/documents.golden", y.documents())
	if err := y.Store.Read(t.Context(), func(ctx context.Context, v *store.View) error { return v.Check(ctx) }); err != nil {
		t.Errorf("the ledger and the database disagree after the year: %v", err)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Fatalf("%s differs from line %d on; run go test ./internal/hub -run TestAYear -update and read the change\n got: %q\nwant: %q", file, i+1, at(g, i), at(w, i))
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// until lets the days pass up to day: each morning at nine the jobs run.
func (y *year) until(day gongxin.Day) {
	y.t.Helper()
	for {
		next := gongxin.DayOf(y.now)
		if !y.now.Before(next.Start().Add(9 * time.Hour)) {
			next = next.Add(1)
		}
		if next > day {
			break
		}
		y.now = next.Start().Add(9 * time.Hour)
		y.jobs()
	}
	y.now = day.Start().Add(10 * time.Hour)
}

func (y *year) jobs() {
	y.t.Helper()
	ctx := y.t.Context()
	for _, job := range []func(context.Context) error{y.expire, y.boss.run} {
		if err := job(ctx); err != nil {
			y.t.Fatal(err)
		}
	}
}

// paths are where the operations live that are not called as their path is.
var paths = map[string]string{
	"review": "objection/review", "rejection-service": "objection/rejection-service", "reconsideration-decision": "reconsideration/decision",
	"answer": "request/answer", "proposal-answer": "proposal/answer",
}

func (y *year) act(a act) {
	t := y.t
	t.Helper()
	y.now = y.now.Add(time.Minute)
	if a.op == "file" {
		y.file(a)
		return
	}
	body := map[string]any{}
	var set map[string]string
	for k, v := range a.fields {
		switch k {
		case "nonpublic", "upheld", "granted", "found", "lead":
			body[k] = v == "true"
		case "evidence":
			body[k] = []string{y.evidence(a, v)}
		case "until":
			if a.op == "extension" {
				body[k] = v
			}
		default:
			if field, ok := strings.CutPrefix(k, "set:"); ok {
				if set == nil {
					set = map[string]string{}
				}
				set[field] = v
				continue
			}
			body[k] = v
		}
	}
	switch a.op { // acts of the day on which they are told
	case "notice-service", "decision-service", "rejection-service", "initiation", "round-closure", "check", "ground", "employer-notice":
		body["on"] = a.day.String()
	}
	id := y.ids[a.listing]
	path := "/v1/listings/" + id + "/" + cmp.Or(paths[a.op], a.op)
	switch {
	case a.op == "notice":
		path, body["fields"] = "/v1/listings", y.row(a)
	case set != nil:
		row := y.row(act{listing: a.listing, day: y.published(id), fields: map[string]string{"until": y.lastDay(id)}})
		for k, v := range set {
			row[k] = v
		}
		body["fields"] = row
		if y.names[id] == "D" {
			body["nonpublic"], body["employer"] = true, "某事业单位"
		}
	}
	who := a.who
	if who == "subject" {
		who = y.signIn(id)
	}
	status, answer := y.do(who, http.MethodPost, path, body)
	var told struct {
		Listing, State, Step, Code string
		Documents                  []struct{ Number, Kind string }
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		t.Fatalf("script.txt:%d: %d %s", a.line, status, answer)
	}
	if told.Code != a.refused || (status >= 300) != (a.refused != "") {
		t.Fatalf("script.txt:%d: %s %s %s: %d %s, want %q: %s", a.line, a.day, a.who, a.op, status, told.Code, a.refused, answer)
	}
	fmt.Fprintf(&y.told, "%s  %-8s %-3s %-26s", a.day, a.who, a.listing, a.op)
	if a.refused != "" {
		fmt.Fprintf(&y.told, " refused %s\n", a.refused)
		return
	}
	if a.op == "notice" {
		y.ids[a.listing] = told.Listing
		rounds := 0
		for _, name := range y.names {
			if strings.TrimRight(name, "'") == a.listing {
				rounds++
			}
		}
		y.names[told.Listing] = a.listing + strings.Repeat("'", rounds)
	}
	fmt.Fprintf(&y.told, " → %s %s", told.State, told.Step)
	for _, d := range told.Documents {
		fmt.Fprintf(&y.told, "  [%s %s]", d.Kind, d.Number)
		if d.Kind == "decision" {
			y.codes[told.Listing] = y.print(d.Number)
		}
	}
	y.told.WriteString("\n")
}

// file sends one row as the court's system does.
func (y *year) file(a act) {
	y.t.Helper()
	row, err := json.Marshal(y.row(a))
	if err != nil {
		y.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(y.t.Context(), http.MethodPost, y.url+"/v1/intake?name=year&report=all", bytes.NewReader(row))
	if err != nil {
		y.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+y.tokens[a.who])
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		y.t.Fatal(err)
	}
	defer answer.Body.Close()
	var record struct{ Outcome, Listing string }
	if err := json.NewDecoder(answer.Body).Decode(&record); err != nil || record.Listing == "" {
		y.t.Fatalf("script.txt:%d: %+v, %v", a.line, record, err)
	}
	y.ids[a.listing], y.names[record.Listing] = record.Listing, a.listing
	fmt.Fprintf(&y.told, "%s  %-8s %-3s %-26s → in_force\n", a.day, a.who, a.listing, a.op)
}

func (y *year) listing(id string) (l gongxin.Listing) {
	y.t.Helper()
	parsed, err := gongxin.ParseListingID(id)
	if err != nil {
		y.t.Fatal(err)
	}
	err = y.Store.Read(y.t.Context(), func(ctx context.Context, v *store.View) error {
		l, err = v.Listing(ctx, parsed)
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	return l
}

func (y *year) published(id string) gongxin.Day { return y.listing(id).Entry.Published }
func (y *year) lastDay(id string) string        { return y.listing(id).Entry.Until.String() }

var codeOnPaper = regexp.MustCompile(`(?s)id="access-code">.{0,40}?([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})`)

// print has the clerk print a decision and reads the access code off the paper.
func (y *year) print(number string) string {
	y.t.Helper()
	paper := y.want(http.StatusOK, "", "clerk", http.MethodPost, "/v1/documents/print", map[string]string{"number": number, "purpose": "打印决定书送达"})
	found := codeOnPaper.FindSubmatch(paper)
	if found == nil {
		y.t.Fatalf("no access code on the paper %s", number)
	}
	return string(found[1])
}

// signIn gives the person of the listing a session by the code in their hands, and
// keeps the next one. It returns the name under which do knows the session.
func (y *year) signIn(id string) string {
	y.t.Helper()
	b := y.want(http.StatusOK, "", "", http.MethodPost, "/v1/subject/session", map[string]string{"listing": id, "code": y.codes[id]})
	var s struct {
		Secret   string
		NextCode string `json:"next_code"`
	}
	if err := json.Unmarshal(b, &s); err != nil || s.Secret == "" {
		y.t.Fatalf("sign in: %s", b)
	}
	y.want(http.StatusUnauthorized, "CODE_USED", "", http.MethodPost, "/v1/subject/session", map[string]string{"listing": id, "code": y.codes[id]})
	y.codes[id], y.tokens["subject "+id] = s.NextCode, s.Secret
	return "subject " + id
}

func (y *year) evidence(a act, name string) string {
	y.t.Helper()
	b := y.want(http.StatusOK, "", y.signIn(y.ids[a.listing]), http.MethodPost, "/v1/listings/"+y.ids[a.listing]+"/evidence?name="+url.QueryEscape(name+".txt"), []byte("银行回单 "+name))
	var e struct{ Hash string }
	if err := json.Unmarshal(b, &e); err != nil || e.Hash == "" {
		y.t.Fatalf("evidence: %s", b)
	}
	return e.Hash
}

// histories writes what the ledger holds of each listing: what happened by itself
// as well, such as lapses and expiry.
func (y *year) histories() {
	y.t.Helper()
	var ids []string
	for id := range y.names {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(y.names[a], y.names[b]) })
	y.told.WriteString("\nwhat the ledger holds\n")
	err := y.Store.Read(y.t.Context(), func(ctx context.Context, v *store.View) error {
		for _, id := range ids {
			l := y.listing(id)
			fmt.Fprintf(&y.told, "%-2s %-10s %s %s\n  ", y.names[id], l.State, l.Exit.Ground, l.Exit.On)
			events, err := v.Events(ctx, l.ID)
			if err != nil {
				return err
			}
			for _, e := range events {
				fmt.Fprintf(&y.told, " %s", e.Event.Kind)
			}
			y.told.WriteString("\n")
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

// printBoard writes what the court's board and its superior's notes say.
func (y *year) printBoard(day gongxin.Day) {
	y.t.Helper()
	var b struct {
		Duties []struct {
			Listing, Kind, State, Case, Person string
			Since, Due, Met                    gongxin.Day
		}
	}
	answer := y.want(http.StatusOK, "", "auditor", http.MethodGet, "/v1/board", nil)
	if err := json.Unmarshal(answer, &b); err != nil {
		y.t.Fatalf("board: %v: %s", err, answer)
	}
	fmt.Fprintf(&y.board, "%s\n", day)
	for _, d := range b.Duties {
		fmt.Fprintf(&y.board, "  %-2s %-10s %-16s %s  since %s  due %-10s  met %-10s  %s\n", y.names[d.Listing], d.State, d.Kind, d.Case, d.Since, d.Due, d.Met, d.Person)
	}
	var notes struct {
		Escalations []struct {
			Listing, Kind, To string
			Level             int
			At                time.Time
		}
	}
	if err := json.Unmarshal(y.want(http.StatusOK, "", "auditor", http.MethodGet, "/v1/escalations", nil), &notes); err != nil {
		y.t.Fatal(err)
	}
	for _, n := range notes.Escalations {
		fmt.Fprintf(&y.board, "  note to %s, level %d: %s %s, %s\n", n.To, n.Level, y.names[n.Listing], n.Kind, gongxin.DayOf(n.At))
	}
}

var (
	tags   = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	blanks = regexp.MustCompile(`[ \t]*\n[ \t\n]*`)
)

// documents are all papers of the year as text, by number.
func (y *year) documents() string {
	y.t.Helper()
	var all []gongxin.Document
	err := y.Store.Read(y.t.Context(), func(ctx context.Context, v *store.View) error {
		for id := range y.names {
			parsed, err := gongxin.ParseListingID(id)
			if err != nil {
				return err
			}
			of, err := v.Documents(ctx, parsed)
			if err != nil {
				return err
			}
			for _, d := range of {
				if d, err = v.Document(ctx, d.Number); err != nil {
					return err
				}
				all = append(all, d)
			}
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b gongxin.Document) int { return cmp.Compare(a.Sequence, b.Sequence) })
	kinds := map[gongxin.DocumentKind]bool{}
	var b strings.Builder
	for _, d := range all {
		kinds[d.Kind] = true
		page := strings.ReplaceAll(string(d.Page), d.Listing.String(), "the id of "+y.names[d.Listing.String()])
		text := strings.TrimSpace(blanks.ReplaceAllString(tags.ReplaceAllString(page, "\n"), "\n"))
		fmt.Fprintf(&b, "=== %s %s, %s\n%s\n\n", d.Number, d.Kind, gongxin.DayOf(d.At), text)
	}
	for _, k := range gongxin.DocumentKinds {
		if !kinds[k] {
			y.t.Errorf("no paper of the kind %s was written in the year", k)
		}
	}
	return b.String()
}
