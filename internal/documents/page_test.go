package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gongxin"
	"gongxin/identity"
	"gongxin/internal/courts"
	"gongxin/internal/policy"
	"gongxin/internal/register"
)

var update = flag.Bool("update", false, "write the golden files anew; then read the diff")

// A scene is a draft of one act, as the register makes it.
type scene struct {
	name  string
	draft register.Draft
}

// scenes are all kinds, and the acts that one kind serves besides the usual one.
func scenes() []scene {
	var all []scene
	with := func(name string, kind gongxin.DocumentKind, change func(*register.Draft)) {
		d := sample(kind)
		change(&d)
		all = append(all, scene{name, d})
	}
	for _, kind := range gongxin.DocumentKinds {
		with(string(kind), kind, func(*register.Draft) {})
	}
	with("suspension-end", gongxin.DocSuspension, func(d *register.Draft) {
		d.Act.Kind, d.Act.Reason = gongxin.SuspensionEnded, "担保财产已经灭失，执行担保不再有效。"
		d.Before.State, d.After.State = gongxin.Suspended, gongxin.InForce
		d.Before.Procedure.Suspended, d.After.Procedure.Suspended = gongxin.MustDay("2017-06-20"), 0
	})
	with("review-upheld", gongxin.DocReview, func(d *register.Draft) {
		d.Act.Kind, d.Act.Reason, d.Remedy = gongxin.ObjectionUpheld, "付款凭证经核对属实，义务在作出纳入决定之前已经履行。", register.Remedy{}
		d.Before.Procedure.Late, d.After.Procedure.Late = true, true
	})
	with("reconsideration-upheld", gongxin.DocReconsideration, func(d *register.Draft) {
		d.Act.Kind, d.Act.Reason = gongxin.ReconsiderationUpheld, "原审查认定事实不清。"
		d.After.Procedure.ReconsiderLate = true
	})
	with("revocation", gongxin.DocWithdrawal, func(d *register.Draft) {
		d.Act.Kind, d.After.State = gongxin.ListingRevoked, gongxin.Revoked
		d.After.Exit.Ground, d.After.Procedure.Notified = gongxin.GroundWrong, gongxin.MustDay("2017-06-15")
	})
	with("revocation-before-publication", gongxin.DocWithdrawal, func(d *register.Draft) {
		d.Act.Kind, d.Before.State, d.After.State = gongxin.ListingRevoked, gongxin.Delivered, gongxin.Revoked
		d.After.Exit.Ground = gongxin.GroundWrong
	})
	with("withdrawal-from-court-file", gongxin.DocWithdrawal, func(d *register.Draft) { // no step was taken here
		d.Before.Origin, d.Before.Procedure = gongxin.FromCourtFile, gongxin.Procedure{}
		d.After.Origin, d.After.Procedure = gongxin.FromCourtFile, gongxin.Procedure{}
	})
	with("expiry", gongxin.DocWithdrawal, func(d *register.Draft) {
		d.Act.Kind, d.After.State, d.After.Exit.Ground = gongxin.ListingExpired, gongxin.Expired, gongxin.GroundTerm
	})
	with("decision-without-term", gongxin.DocDecision, func(d *register.Draft) {
		d.Before.Entry.Until, d.After.Entry.Until = 0, 0
		d.Act.On, d.Remedy.Court = gongxin.MustDay("2017-03-01"), gongxin.CourtCode{} // before the rules were amended
	})
	with("employer-end", gongxin.DocEmployer, func(d *register.Draft) {
		d.After.State, d.After.Exit = gongxin.Withdrawn, gongxin.Exit{Ground: gongxin.GroundPerformed, On: d.Act.On}
	})
	return all
}

// of gives both listings of d the subject.
func of(d register.Draft, change func(*gongxin.Entry)) register.Draft {
	change(&d.Before.Entry)
	change(&d.After.Entry)
	return d
}

func organisation(t testing.TB) func(*gongxin.Entry) {
	t.Helper()
	number, _, err := identity.Parse("91320000QQ0020179A")
	if err != nil {
		t.Fatal(err)
	}
	return func(e *gongxin.Entry) {
		e.Subject = gongxin.Subject{Name: "苏州澄澜贸易有限公司", Number: number, LegalRep: "沈澜"}
		e.Employer = "澄澜集团有限公司"
	}
}

func scribe(templates map[gongxin.DocumentKind]string) *Scribe {
	return New(Options{Courts: courts.Embedded(), Policy: policy.Default(),
		Templates: func(_ context.Context, _ gongxin.CourtCode, kind gongxin.DocumentKind) (string, error) {
			return templates[kind], nil
		}})
}

func write(t testing.TB, s *Scribe, d register.Draft) gongxin.Document {
	t.Helper()
	doc, err := s.Write(t.Context(), d)
	if err != nil {
		t.Fatalf("write %s: %v", d.Document.Kind, err)
	}
	return doc
}

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was; run go test -update and read the diff", path)
	}
}

func TestPapersReadAsTheyShould(t *testing.T) {
	s := scribe(nil)
	shown := func(t *testing.T, name string, d register.Draft) {
		t.Helper()
		doc := write(t, s, d)
		golden(t, name+".html", bytes.Replace(doc.Page, []byte(paper), []byte("/* paper.css */\n"), 1))
		var indented bytes.Buffer
		if err := json.Indent(&indented, doc.Data, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", append(indented.Bytes(), '\n'))
	}
	for _, x := range scenes() {
		shown(t, "person/"+x.name, x.draft)
		if x.name == string(x.draft.Document.Kind) {
			shown(t, "organisation/"+x.name, of(x.draft, organisation(t)))
			shown(t, "nonpublic/"+x.name, of(x.draft, func(e *gongxin.Entry) { e.NonPublic = true }))
		}
	}
}

func TestTheSameDraftGivesTheSameBytes(t *testing.T) {
	for _, x := range scenes() {
		a, b := write(t, scribe(nil), x.draft), write(t, scribe(nil), x.draft)
		if !bytes.Equal(a.Page, b.Page) || !bytes.Equal(a.Data, b.Data) || a.Hash != b.Hash || a.Hash != sha256.Sum256(a.Page) {
			t.Errorf("%s differs from itself", x.name)
		}
		a.Page, a.Data, a.Hash = nil, nil, [32]byte{}
		if !equal(a, x.draft.Document) {
			t.Errorf("%s: the document is %v, the draft said %v", x.name, a, x.draft.Document)
		}
	}
}

func equal(a, b gongxin.Document) bool {
	return a.Number == b.Number && a.Listing == b.Listing && a.Kind == b.Kind && a.Court == b.Court &&
		a.For == b.For && a.Sequence == b.Sequence && a.At.Equal(b.At)
}

// words is the text of a page, without its style and tags.
func words(page []byte) string {
	_, body, _ := strings.Cut(string(page), "<body>")
	return tag.ReplaceAllString(body, "")
}

var tag = regexp.MustCompile(`<[^>]*>`)

func TestAPaperOnANonPublicListingSuggestsNoPublication(t *testing.T) {
	denials := strings.NewReplacer("关于公布失信被执行人名单信息的若干规定", "", "不向社会公开", "", "不得公开", "")
	for _, x := range scenes() {
		d := of(x.draft, func(e *gongxin.Entry) { e.NonPublic = true })
		text := denials.Replace(words(write(t, scribe(nil), d).Page))
		for _, word := range []string{"公布", "公开", "公示", "曝光"} {
			if i := strings.Index(text, word); i >= 0 {
				t.Errorf("%s says %q: …%s…", x.name, word, text[max(0, i-60):min(len(text), i+60)])
			}
		}
	}
}

func TestTheOrganisationIsToldWhatItNeedsAndNoMore(t *testing.T) {
	for _, x := range scenes() {
		if x.draft.Document.Kind != gongxin.DocEmployer {
			continue
		}
		doc := write(t, scribe(nil), x.draft)
		e := x.draft.After.Entry
		for _, secret := range []string{e.Subject.Number.Full(), e.Obligation, e.Performance, e.Conduct, e.Performed, e.Unperformed, e.Basis, "一九八〇年", "1980"} {
			if bytes.Contains(doc.Page, []byte(secret)) || bytes.Contains(doc.Data, []byte(secret)) {
				t.Errorf("%s: the letter says %q", x.name, secret)
			}
		}
		if !bytes.Contains(doc.Page, []byte(e.Subject.Number.String())) {
			t.Errorf("%s: the letter does not say which person", x.name)
		}
	}
	for _, f := range []field{id, party, obligation, performance, conduct, basis, remedies, reason, sex, birth} {
		if f != id && slices.Contains(forms[gongxin.DocEmployer].fields, f) {
			t.Errorf("a court could write {%s} into the letter", names[f].zh)
		}
	}
}

func TestEveryPaperToThePersonNamesItInFullAndSaysWhatToDo(t *testing.T) {
	for _, x := range scenes() {
		if x.draft.Document.Kind == gongxin.DocEmployer {
			continue
		}
		doc := write(t, scribe(nil), x.draft)
		if !bytes.Contains(doc.Page, []byte(x.draft.After.Entry.Subject.Number.Full())) {
			t.Errorf("%s does not name the person in full", x.name)
		}
		var body dataBody
		if err := json.Unmarshal(doc.Data, &body); err != nil {
			t.Fatal(err)
		}
		if len(body.Remedies) == 0 || len(body.Clause) == 0 || body.Title.EN == "" {
			t.Errorf("%s: remedies %v, clause %v", x.name, body.Remedies, body.Clause)
		}
		text := words(doc.Page)
		for _, r := range body.Remedies {
			if r.EN == "" || !strings.Contains(text, r.ZH) {
				t.Errorf("%s: the page lacks the remedy %q", x.name, r)
			}
		}
		if strings.Contains(text, "。。") || strings.Contains(text, "{") || strings.Contains(text, "止止") {
			t.Errorf("%s is not well written: %s", x.name, text)
		}
	}
}

func TestArticlesAreNamedOnlyAsTheyWereCountedOnThatDay(t *testing.T) {
	for day, want := range map[string]bool{"2017-04-30": false, "2017-05-01": true} {
		d := sample(gongxin.DocDecision)
		d.Act.On = gongxin.MustDay(day)
		if got := strings.Contains(words(write(t, scribe(nil), d).Page), "第一条、第五条"); got != want {
			t.Errorf("on %s: articles %v, want %v", day, got, want)
		}
	}
}

func TestTheCourtIsNamedAsOnItsSeal(t *testing.T) {
	s := scribe(nil)
	for code, want := range map[string]string{
		"苏0505": "江苏省苏州市虎丘区人民法院", "苏05": "江苏省苏州市中级人民法院", "苏": "江苏省高级人民法院", "浙0101": "浙0101",
	} {
		d := sample(gongxin.DocReconsideration)
		d.Document.Court = gongxin.MustCourtCode(code)
		if got := s.compose(d).head; got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	for _, c := range courts.Embedded().All() {
		if strings.Contains(c.Level, "专门") && s.sealName(c.Code, c.Name) != c.Name {
			t.Errorf("%s has another name on its seal", c.Name)
		}
	}
	d := of(sample(gongxin.DocNotice), func(e *gongxin.Entry) { e.Court, e.CourtName = gongxin.CourtCode{}, "某市某区人民法院" })
	d.Document.Court = gongxin.CourtCode{}
	if got := s.compose(d).head; got != "某市某区人民法院" {
		t.Errorf("a court without a known code is %q", got)
	}
}

func TestACourtsOwnWordsAreUsedAndOutdatedOnesPassedOver(t *testing.T) {
	own := strings.Replace(Default(gongxin.DocNotice), "一、不履行的后果。", "一、后果。", 1) + "本院地址：某路1号。\n"
	for _, tt := range []struct {
		name, text, template string
	}{
		{"none", "", "default"},
		{"its own", own, "court"},
		{"with a field that is no longer there", "{旧项目}\n" + own, "default"},
	} {
		s := scribe(map[gongxin.DocumentKind]string{gongxin.DocNotice: tt.text})
		for range 2 { // the second is from memory
			doc := write(t, s, sample(gongxin.DocNotice))
			var body dataBody
			if err := json.Unmarshal(doc.Data, &body); err != nil {
				t.Fatal(err)
			}
			if body.Template != tt.template || bytes.Contains(doc.Page, []byte("某路1号")) != (tt.template == "court") {
				t.Errorf("%s: written with the template %q, want %q", tt.name, body.Template, tt.template)
			}
		}
	}
	broken := errors.New("no database")
	s := New(Options{Courts: courts.Embedded(), Templates: func(context.Context, gongxin.CourtCode, gongxin.DocumentKind) (string, error) { return "", broken }})
	if _, err := s.Write(t.Context(), sample(gongxin.DocNotice)); !errors.Is(err, broken) {
		t.Errorf("a store that fails gives %v", err)
	}
	if _, err := s.Write(t.Context(), register.Draft{}); gongxin.CodeOf(err) != "DOCUMENT_KIND_UNKNOWN" {
		t.Errorf("no kind gives %v", err)
	}
}

func TestAPreviewCannotBeTakenForAPaper(t *testing.T) {
	for _, kind := range gongxin.DocumentKinds {
		b, err := Preview(kind, least(kind))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte(`aria-hidden="true">样张</p>`)) {
			t.Errorf("the preview of %s has no mark", kind)
		}
	}
	if _, err := Preview(gongxin.DocNotice, "{案号"); gongxin.CodeOf(err) != "TEMPLATE_BRACE" {
		t.Errorf("a wrong template gives %v", err)
	}
}

// FuzzText puts any text where others' text goes and looks whether it stayed text.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</p><span id="access-code">AAAA</span>`, `<!--printed-->`, "&lt;&#60;",
		"a\nb\r\n\n c", "\u202ename\u2066", "\xff\x00", `\"}</style><b>`, "*/ } body { display: none", "{案号}", strings.Repeat("长", 400),
	} {
		for i := range gongxin.DocumentKinds {
			f.Add(uint8(i), s)
		}
	}
	plain := map[gongxin.DocumentKind]map[string]bool{}
	for _, x := range scenes() {
		tags := plain[x.draft.Document.Kind]
		if tags == nil {
			tags = map[string]bool{}
			plain[x.draft.Document.Kind] = tags
		}
		for _, s := range tag.FindAllString(string(write(f, scribe(nil), x.draft).Page), -1) {
			tags[s] = true
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, s string) {
		kind := gongxin.DocumentKinds[int(n)%len(gongxin.DocumentKinds)]
		d := of(sample(kind), func(e *gongxin.Entry) {
			e.CourtName, e.Subject.Name, e.Subject.LegalRep, e.Basis, e.BasisBody, e.Obligation = s, s, s, s, s, s
			e.Performance, e.Conduct, e.Performed, e.Unperformed, e.Severity, e.Employer = s, s, s, s, gongxin.Severity(s), s
		})
		d.Act.Reason, d.Document.Number, d.After.Procedure.Decision, d.After.Procedure.Review = s, s, s, s
		own := Default(kind)
		if text, err := Parse(kind, strings.Map(lineOnly, s)+"\n"+own); err == nil {
			own = text.String()
		}
		doc := write(t, scribe(map[gongxin.DocumentKind]string{kind: own}), d)
		if !bytes.Equal(Archived(doc.Page), doc.Page) {
			t.Fatalf("%s: the text looks as if it was printed: %q", kind, s)
		}
		page := string(doc.Page)
		for _, got := range tag.FindAllString(page, -1) {
			if !plain[kind][got] {
				t.Fatalf("%s: the text %q became the tag %q", kind, s, got)
			}
		}
		if strings.Count(page, codePlace) > 1 || strings.Count(page, "</style>") != 1 || strings.Count(page, hashPlace) != 1 {
			t.Fatalf("%s: the text %q made a place of its own", kind, s)
		}
		_, head, _ := strings.Cut(page, `@top-right { content: "`)
		inside, rest, closed := strings.Cut(head, `" } }`+"\n</style>")
		if !closed || strings.ContainsAny(inside, "\"<>{}\n") || rest == "" {
			t.Fatalf("%s: the number %q left its place in the style: %q", kind, s, inside)
		}
		if !json.Valid(doc.Data) {
			t.Fatalf("%s: data is not JSON for %q", kind, s)
		}
	})
}

// lineOnly drops what would end the line.
func lineOnly(r rune) rune {
	if r == '\n' {
		return -1
	}
	return r
}

func BenchmarkWrite(b *testing.B) {
	s := scribe(map[gongxin.DocumentKind]string{gongxin.DocNotice: Default(gongxin.DocNotice) + "本院地址：某路1号。\n"})
	for _, kind := range []gongxin.DocumentKind{gongxin.DocNotice, gongxin.DocDecision, gongxin.DocWithdrawal} {
		d := sample(kind)
		b.Run(string(kind), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				write(b, s, d)
			}
		})
	}
}
