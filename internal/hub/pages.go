package hub

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/oversight"
	"gongxin/internal/web"
)

const (
	maxForm    = 16 << 10 // bytes of a form
	notesShown = 50       // escalations on the page of the board
)

// page is guard for what people look at: whoever is not signed in is led to the
// sign-in page, and who may not see it is told so in words.
func (a *api) page(operation string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.enter(r, operation)
		r = r.WithContext(ctx)
		secret, _ := secretOf(r)
		switch {
		case err == nil:
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			serve(w, r)
		case secret == "" && gongxin.CodeOf(err) == "UNAUTHENTICATED": // nothing was tried
			toSignIn(w, r)
		default:
			a.failPage(w, r, err)
		}
	})
}

func (a *api) failPage(w http.ResponseWriter, r *http.Request, err error) {
	noteRefusal(r.Context(), err)
	p := a.problem(r, err)
	if p.Status == http.StatusUnauthorized {
		toSignIn(w, r)
		return
	}
	web.ShowRefused(w, r, p.Status, web.Refused{Path: r.URL.Path, Problem: p.Message, Mend: p.Mend, Reader: readerOf(access.CallerFrom(r.Context()))})
}

func toSignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/sign-in"+web.Lang(r), http.StatusSeeOther)
}

// signInPage serves GET /sign-in.
func (a *api) signInPage(w http.ResponseWriter, r *http.Request) {
	web.ShowSignIn(w, r, http.StatusOK, web.SignIn{OIDC: a.hub.OIDC != nil, Exercise: a.hub.Exercise})
}

// signInByForm serves POST /sign-in.
func (a *api) signInByForm(w http.ResponseWriter, r *http.Request) {
	in := access.Credentials{
		Person: strings.TrimSpace(r.PostFormValue("person")), Password: r.PostFormValue("password"),
		Second: strings.ReplaceAll(r.PostFormValue("second"), " ", ""),
	}
	secret, s, _, err := a.signIn(r.Context(), in)
	if err != nil {
		noteRefusal(r.Context(), err)
		p := a.problem(r, err)
		web.ShowSignIn(w, r, p.Status, web.SignIn{Person: in.Person, Problem: p.Message, Mend: p.Mend, OIDC: a.hub.OIDC != nil, Exercise: a.hub.Exercise})
		return
	}
	cookie := a.cookie(r.Context(), secret, s.Expires)
	http.SetCookie(w, &cookie)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/board"+web.Lang(r), http.StatusSeeOther)
}

// signOutByForm serves POST /sign-out.
func (a *api) signOutByForm(w http.ResponseWriter, r *http.Request) {
	if err := a.signOut(r.Context()); err != nil {
		a.failPage(w, r, err)
		return
	}
	cookie := a.cookie(r.Context(), "", time.Time{})
	http.SetCookie(w, &cookie)
	toSignIn(w, r)
}

var roleNames = map[gongxin.Role]gongxin.Text{
	gongxin.RoleClerk:       {ZH: "书记员", EN: "clerk"},
	gongxin.RoleJudge:       {ZH: "法官", EN: "judge"},
	gongxin.RoleHigherCourt: {ZH: "上级法院法官", EN: "judge of a higher court"},
	gongxin.RoleOperator:    {ZH: "中心工作人员", EN: "operator of the centre"},
	gongxin.RoleOfficer:     {ZH: "部门工作人员", EN: "officer of a department"},
	gongxin.RoleSupervisor:  {ZH: "监督人员", EN: "supervisor"},
	gongxin.RoleAuditor:     {ZH: "审计人员", EN: "auditor"},
}

func readerOf(c access.Caller) web.Reader {
	r := web.Reader{Name: c.Person.Name, Role: roleNames[c.Actor.Role]}
	if r.Name == "" {
		r.Name = c.Actor.ID
	}
	return r
}

// queryOf reads what the page of the board is asked for. What has no sense filters
// nothing: the form offers only what has.
func queryOf(v url.Values) boardQuery {
	q := boardQuery{Limit: boardRows}
	if err := q.Court.UnmarshalText([]byte(v.Get("court"))); err != nil {
		q.Court = gongxin.CourtCode{}
	}
	q.Person = strings.TrimSpace(v.Get("person"))
	for _, s := range oversight.States {
		if v.Get("state") == string(s) {
			q.State = s
		}
	}
	if from, err := strconv.ParseUint(v.Get("from"), 10, 16); err == nil {
		q.From = int(from)
	}
	return q
}

// boardPage serves GET /board.
func (a *api) boardPage(w http.ResponseWriter, r *http.Request) {
	ctx, q := r.Context(), queryOf(r.URL.Query())
	b, err := a.hub.board(ctx, q)
	if err != nil {
		a.failPage(w, r, err)
		return
	}
	notes, err := a.hub.escalations(ctx, notesShown)
	if err != nil {
		a.failPage(w, r, err)
		return
	}
	c := access.CallerFrom(ctx)
	v := a.hub.shownBoard(b, q)
	v.Reader, v.Exercise = readerOf(c), a.hub.Exercise
	for _, n := range notes {
		v.Notes = append(v.Notes, web.Note{Case: n.Case, What: n.What, Court: n.CourtName, To: n.ToName, Level: n.Level, At: n.At, Acknowledged: n.Acknowledged, By: n.By})
	}
	web.ShowBoard(w, r, v)
}

// shownBoard is b as the page shows it.
func (h *Hub) shownBoard(b Board, q boardQuery) web.Board {
	v := web.Board{
		Today: b.Today, Scope: scopeText(b), From: b.From, Shown: len(b.Duties), Limit: q.Limit, Incomplete: b.Incomplete,
		Choice: web.Choice{Court: q.Court.String(), Person: q.Person, State: string(q.State)},
	}
	for _, s := range oversight.States {
		section := web.Section{Key: string(s), Name: oversight.StateTerm(s).Text, Count: b.Total.Of(s), Matching: b.Matching.Of(s)}
		for _, d := range b.Duties {
			if d.State == s {
				section.Duties = append(section.Duties, web.Duty{
					Case: d.Case, What: d.What, Clause: d.Clause, Court: d.CourtName, Person: d.Person, Since: d.Since, Due: d.Due,
					Days: d.Days, Uncounted: s == oversight.NoTime && d.Rule != "", Lapsed: d.Lapsed,
				})
			}
		}
		v.Matching += section.Matching
		v.States = append(v.States, section)
	}
	v.Courts, v.People = groupsOf(b.Courts), groupsOf(b.People)
	for _, g := range b.Late {
		v.Late = append(v.Late, web.LateGate{Name: g.Gate, Organisation: g.Organisation, Behind: g.Behind, Since: g.Since})
	}
	for _, w := range b.Witnesses {
		v.Late = append(v.Late, web.LateGate{Name: w.Witness, Organisation: witnessIs.ZH, What: witnessLate, Since: w.Heard})
	}
	for _, p := range b.Packages {
		v.Late = append(v.Late, web.LateGate{Name: p.Gate, Organisation: p.Organisation, What: p.What, Since: p.Since.Start()})
	}
	for _, k := range b.Kept {
		v.Kept = append(v.Kept, web.Kept{Gate: k.Gate, Reference: k.Reference, Measure: k.Measure, Ground: k.Ground, Until: k.Until, Days: daysSince(k.Until.Start(), b.Today)})
	}
	for _, r := range b.Reviews {
		v.Reviews = append(v.Reviews, web.Review{Gate: r.Gate, Reference: r.Reference, Filed: r.Filed, Days: daysSince(r.Filed, b.Today)})
	}
	for _, held := range b.Batches {
		v.Batches = append(v.Batches, web.Batch{Name: held.Name, By: held.By, Reason: held.Reason, Listings: held.Listings, Withdrawals: held.Withdrawals, At: held.At})
	}
	return v
}

func groupsOf(groups []BoardGroup) (shown []web.Group) {
	for _, g := range groups {
		counts := make([]int, len(oversight.States))
		for i, s := range oversight.States {
			counts[i] = g.Count.Of(s)
		}
		shown = append(shown, web.Group{Key: g.Key, Name: g.Name, Counts: counts})
	}
	return shown
}

// daysSince is how many days before today the instant at lay.
func daysSince(at time.Time, today gongxin.Day) int {
	return int(today.Start().Sub(gongxin.DayOf(at).Start()) / (24 * time.Hour))
}

// scopeText says whose duties b shows.
func scopeText(b Board) gongxin.Text {
	switch {
	case b.all:
		return gongxin.Text{ZH: "全部法院", EN: "every court"}
	case len(b.seen) == 1:
		return gongxin.Text{ZH: b.seen[0], EN: b.seen[0]}
	}
	return gongxin.Text{ZH: strconv.Itoa(len(b.seen)) + " 家法院", EN: strconv.Itoa(len(b.seen)) + " courts"}
}
