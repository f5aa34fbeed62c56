package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/intake"
	"gongxin/internal/synthetic"
	"gongxin/ledger"
)

// runDemo puts everything up, tells the story, and stays up unless once is set.
// Every step is checked: a story that does not hold ends with an error.
func runDemo(ctx context.Context, dir string, once bool, out io.Writer) (err error) {
	ctx, stop := context.WithCancel(ctx)
	s, err := putUp(ctx, dir, !once)
	if err != nil {
		stop()
		return err
	}
	defer func() {
		stop()
		if closing := s.takeDown(); err == nil {
			err = closing
		}
	}()
	t := &story{stand: s, out: out, person: demoPerson(), firm: demoFirm()}
	if err := t.tell(ctx); err != nil {
		return fmt.Errorf("the story does not hold: %w", err)
	}
	if once {
		return nil
	}
	t.invite()
	<-ctx.Done()
	return nil
}

// A story is one telling: who it is about, and where it is told.
type story struct {
	*stand
	out          io.Writer
	person, firm party
	reference    string // of the stopped purchase
	step         int
}

// A party is whom the story is about: a synthetic number that nobody can hold.
type party struct{ name, number string }

func demoPerson() party { return party{"沈澄", synthetic.CitizenNumber(12345, true)} }
func demoFirm() party   { return party{"苏州澄澜贸易有限公司", synthetic.CreditCode(2017)} }

func (t *story) tell(ctx context.Context) error {
	t.printf("公信演示：一条名单的全程 · the whole way of one listing\n")
	for _, step := range []func(context.Context) error{
		t.before, t.submit, t.arrive, t.stopped, t.notThem, t.withdrawn, t.free, t.proved,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *story) printf(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// head prints the heading of the next step.
func (t *story) head(zh, en string) {
	t.step++
	t.printf("\n%d. %s\n   %s\n", t.step, zh, en)
}

func (t *story) gate(name string) *demoGate {
	for _, d := range t.gates {
		if d.name == name {
			return d
		}
	}
	panic("no gate " + name)
}

// ask puts one transaction to a gate over HTTP and holds the answer against want.
func (t *story) ask(ctx context.Context, gateName, scenario string, p party, want gongxin.Outcome) (gongxin.Decision, error) {
	var d gongxin.Decision
	g := t.gate(gateName)
	body, err := json.Marshal(map[string]string{"scenario": scenario, "number": p.number, "name": p.name})
	if err != nil {
		return d, err
	}
	began := time.Now()
	if err := t.call(ctx, http.MethodPost, g.url+"/v1/screen", "", "application/json", body, &d); err != nil {
		return d, fmt.Errorf("ask %s: %w", g.name, err)
	}
	took := time.Since(began).Round(10 * time.Microsecond)
	said := outcomeText[d.Outcome]
	t.printf("   %s  %s %s  →  %-5s %s · %s  (%v)\n", g.department.ZH, p.name, mask(p.number), d.Outcome, said.ZH, said.EN, took)
	if d.Outcome != want {
		return d, fmt.Errorf("%s answered %s for %s, want %s", g.name, d.Outcome, p.name, want)
	}
	return d, nil
}

// mask shows a number as pages do.
func mask(number string) string {
	if strings.HasPrefix(number, "91") {
		return number
	}
	return number[:6] + "********" + number[len(number)-4:]
}

// call makes one request and decodes the JSON answer into v.
func (t *story) call(ctx context.Context, method, url, token, contentType string, body []byte, v any) error {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return problemOf(answer)
	}
	if b, ok := v.(*[]byte); ok {
		*b, err = io.ReadAll(io.LimitReader(answer.Body, 64<<20))
		return err
	}
	return json.NewDecoder(answer.Body).Decode(v)
}

func (t *story) before(ctx context.Context) error {
	t.head("列入之前，"+t.person.name+"购买G字头车票", "Before the listing, a G-train ticket")
	if err := t.wait(ctx, 0); err != nil {
		return err
	}
	_, err := t.ask(ctx, "railway", "g_train", t.person, gongxin.Clear)
	return err
}

// rows are what the court submits: two good rows, and one with a mistyped number.
func (t *story) rows() (persons, firms []byte) {
	m := synthetic.New(2017, gongxin.DayOf(t.now()))
	first, typo, firm := m.Person(), m.Person(), m.Organisation()
	for _, row := range [][]string{first, typo, firm} {
		at := 5 // 执行法院 of a person
		if len(row) == len(synthetic.OrganisationColumns) {
			at = 4
		}
		row[0] = strings.Replace(row[0], row[0][len("（2016）"):strings.Index(row[0], "执")], "苏0505", 1)
		row[at] = "苏州市虎丘区人民法院"
	}
	first[1], first[2], first[4] = t.person.name, "男", t.person.number
	first[3] = age(t.person.number, first[11])
	last := typo[4][17]
	typo[4] = typo[4][:17] + string("0123456789"[(int(last)+1)%10])
	firm[1], firm[2] = t.firm.name, t.firm.number
	return synthetic.CSV(synthetic.PersonColumns, first, typo), synthetic.CSV(synthetic.OrganisationColumns, firm)
}

// age is the age in full years on day that belongs to a citizen number.
func age(number, day string) string {
	years := int(day[0]-'0')*1000 + int(day[1]-'0')*100 + int(day[2]-'0')*10 + int(day[3]-'0')
	born := int(number[6]-'0')*1000 + int(number[7]-'0')*100 + int(number[8]-'0')*10 + int(number[9]-'0')
	years -= born
	if day[5:7]+day[8:10] < number[10:14] {
		years--
	}
	return fmt.Sprint(years)
}

// post submits one file as the court and prints what became of each record.
func (t *story) post(ctx context.Context, name string, file []byte) (rejected int, err error) {
	var answer []byte
	url := t.url + "/v1/intake?report=all&name=" + name
	if err := t.call(ctx, http.MethodPost, url, t.court, "text/csv", file, &answer); err != nil {
		return 0, err
	}
	err = readRecords(bytes.NewReader(answer), func(r intake.Record) error {
		if r.Outcome != intake.Reject {
			t.printf("   %s 第%d条：收下 · row %d: taken\n", name, r.Row, r.Row)
			return nil
		}
		rejected++
		t.printf("   %s 第%d条：退回 %s · row %d: rejected\n      %s\n      %s\n", name, r.Row, r.Reason, r.Row, r.Message.ZH, r.Message.EN)
		return nil
	})
	return rejected, err
}

func (t *story) submit(ctx context.Context) error {
	t.head("法院报送名单，其中一条号码有误", "The court submits its list; one number is mistyped")
	persons, firms := t.rows()
	rejected, err := t.post(ctx, "persons.csv", persons)
	if err != nil {
		return err
	}
	if rejected != 1 {
		return fmt.Errorf("%d rows of persons.csv rejected, want 1", rejected)
	}
	if rejected, err = t.post(ctx, "firms.csv", firms); err != nil {
		return err
	}
	if rejected != 0 {
		return fmt.Errorf("%d rows of firms.csv rejected, want 0", rejected)
	}
	return nil
}

func (t *story) arrive(ctx context.Context) error {
	t.head("名单到达三个部门，每个网关都核验了签名和账本", "The list reaches three departments; each gate has verified signature and ledger")
	return t.reached(ctx)
}

// sequence is the hub's own position.
func (t *story) sequence(ctx context.Context) (ledger.Head, []byte, error) {
	var note []byte
	if err := t.call(ctx, http.MethodGet, t.url+"/checkpoint", "", "", nil, &note); err != nil {
		return ledger.Head{}, nil, err
	}
	v, err := ledger.NewVerifier(t.hub.VerifierKey)
	if err != nil {
		return ledger.Head{}, nil, err
	}
	head, err := v.Open(note)
	return head, note, err
}

// reached waits until every gate has applied what the hub holds, and says so.
func (t *story) reached(ctx context.Context) error {
	head, _, err := t.sequence(ctx)
	if err != nil {
		return err
	}
	if err := t.wait(ctx, head.Size); err != nil {
		return err
	}
	for _, d := range t.gates {
		p := d.gate.Status()
		t.printf("   %s：已应用到序号 %d · %s: applied up to %d\n", d.department.ZH, p.Sequence, d.department.EN, p.Sequence)
	}
	return nil
}

// wait waits until every gate is at least at sequence and knows that it is fresh.
func (t *story) wait(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for _, d := range t.gates {
		for {
			if s := d.gate.Status(); s.Sequence >= sequence && s.FreshUntil.After(t.now()) {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("gate %s did not reach sequence %d: %w", d.name, sequence, ctx.Err())
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
	return nil
}

func (t *story) stopped(ctx context.Context) error {
	t.head("再去购票、住店、投标：依法限制，说明依据和救济途径", "Ticket, hotel, tender: restricted, with ground and remedy")
	d, err := t.ask(ctx, "railway", "g_train", t.person, gongxin.Block)
	if err != nil {
		return err
	}
	t.reference = d.Reference
	for _, line := range strings.Split(strings.TrimSuffix(describe(d), "\n"), "\n")[1:] {
		t.printf("      %s\n", line)
	}
	if _, err = t.ask(ctx, "hotels", "star_hotel", t.person, gongxin.Block); err != nil {
		return err
	}
	_, err = t.ask(ctx, "procurement", "procurement", t.firm, gongxin.Block)
	return err
}

func (t *story) notThem(ctx context.Context) error {
	t.head("同名的人不受影响；号码相同而姓名不同，交人工核实", "A namesake goes free; one number with another name goes to a person")
	if _, err := t.ask(ctx, "railway", "g_train", party{t.person.name, synthetic.CitizenNumber(777, true)}, gongxin.Clear); err != nil {
		return err
	}
	_, err := t.ask(ctx, "railway", "g_train", party{"沈橙", t.person.number}, gongxin.Refer)
	return err
}

func (t *story) withdrawn(ctx context.Context) error {
	t.head(t.person.name+"全部履行完毕，法院撤销名单", "He has paid in full; the court withdraws the listing")
	persons, _ := t.rows()
	number, _, _ := strings.Cut(strings.Split(string(persons), "\r\n")[1], ",")
	file := synthetic.CSV(synthetic.WithdrawalColumns, []string{number, t.person.number, gongxin.DayOf(t.now()).String(), "全部履行完毕"})
	rejected, err := t.post(ctx, "withdrawals.csv", file)
	if err != nil {
		return err
	}
	if rejected != 0 {
		return fmt.Errorf("the withdrawal was rejected")
	}
	return t.reached(ctx)
}

func (t *story) free(ctx context.Context) error {
	t.head("再次购票：可以办理；原限制已自动解除", "The ticket again: go ahead; what was restricted is lifted by itself")
	if _, err := t.ask(ctx, "railway", "g_train", t.person, gongxin.Clear); err != nil {
		return err
	}
	var r struct {
		State    string
		Sequence uint64
	}
	if err := t.call(ctx, http.MethodGet, t.gate("railway").url+"/v1/restrictions/"+t.reference, "", "", nil, &r); err != nil {
		return err
	}
	t.printf("   %s → %s\n", t.reference, r.State)
	if r.State != "lifted" {
		return fmt.Errorf("restriction %s is %s, want lifted", t.reference, r.State)
	}
	return nil
}

// invite prints what a person can try while everything stays up.
func (t *story) invite() {
	t.printf("\n一直运行，按 Ctrl-C 结束。· Everything stays up; Ctrl-C ends it.\n")
	t.printf("   状态页 status page  %s/\n   账本 ledger         %s/checkpoint\n   接口 OpenAPI        %s/openapi.json\n", t.url, t.url, t.url)
	for _, d := range t.gates {
		t.printf("   %s %s  %s/v1/status\n", d.department.ZH, d.department.EN, d.url)
	}
	railway, procurement := t.gate("railway").url, t.gate("procurement").url
	t.printf("\n   curl -s %s/v1/screen -d '{\"scenario\":\"g_train\",\"number\":\"%s\",\"name\":\"%s\"}'\n", railway, t.person.number, t.person.name)
	t.printf("   curl -s %s/v1/screen -d '{\"scenario\":\"procurement\",\"number\":\"%s\",\"name\":\"%s\"}'\n", procurement, t.firm.number, t.firm.name)
	t.printf("   curl -s %s/v1/status\n", railway)
}
