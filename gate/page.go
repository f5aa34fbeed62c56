package gate

import (
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"gongxin"
	"gongxin/screen"
)

// The page of alerts at the gate, for the department's officers. It works without
// scripts and prints. Like all of the gate's answers it authenticates nobody, and a
// form that another site's page sends is refused.

//go:embed page
var pageFiles embed.FS

var alertPage = template.Must(template.ParseFS(pageFiles, "page/alerts.html"))

const pageAlerts = 50

const pagePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pages adds the page and its form to m.
func (g *Gate) pages(m *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	m.HandleFunc("GET /alerts", g.pageOfAlerts)
	m.Handle("POST /alerts/{reference}", guard.Handler(http.HandlerFunc(g.pageAcknowledge)))
	m.HandleFunc("GET /alerts/style.css", func(w http.ResponseWriter, r *http.Request) {
		secureHeaders(w.Header())
		http.ServeFileFS(w, r, pageFiles, "page/style.css")
	})
}

func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// A pageView is what the page shows.
type pageView struct {
	Department             string
	Sure                   bool // new alerts are raised
	Fault                  *gongxin.Text
	State                  string
	States                 []pageState
	Watched, Open, Waiting int
	Alerts                 []pageAlert
	More                   string // reference after which the older ones come
}

type pageState struct {
	State, ZH, EN string
	Now           bool
}

type pageAlert struct {
	Reference, State, What, Subject, Scenario string
	Sequence                                  uint64
	Time, Machine, ClosedTime                 string
	Because                                   gongxin.Text
	Hit                                       *pageHit // the listing, while it is in force
	Seen, Undone                              *pageSeen
	Waits                                     bool
}

type pageHit struct {
	Name, Number, Court, Case string
	Until                     gongxin.Day
}

type pageSeen struct{ By, Time, Remark string }

func (g *Gate) pageOfAlerts(w http.ResponseWriter, r *http.Request) { g.writePage(w, r, nil) }

// writePage shows the page, and what went wrong with a form.
func (g *Gate) writePage(w http.ResponseWriter, r *http.Request, fault *gongxin.Error) {
	state := r.URL.Query().Get("state")
	if state == "" {
		state = stateWaiting
	}
	rows, err := g.outcomes.alertRows(r.Context(), alertPages[state], r.URL.Query().Get("after"), pageAlerts)
	if alertPages[state] == "" {
		err = gongxin.Invalid("GATE_STATE_UNKNOWN", state, stateWaiting+", "+stateOpen+", "+stateClosed)
	}
	if err != nil {
		g.fail(w, r, err)
		return
	}
	counts := g.outcomes.tally()
	v := pageView{Department: g.config.Department, Sure: g.sure(), State: state, Watched: counts.watched, Open: counts.alerts, Waiting: counts.unseen,
		States: []pageState{{stateWaiting, "待处理", "to be seen", false}, {stateOpen, "未了结", "open", false}, {stateClosed, "已了结", "closed", false}}}
	status := http.StatusOK
	if fault != nil {
		said := fault.What()
		v.Fault, status = &said, statusOf[fault.Kind]
	}
	for i := range v.States {
		v.States[i].Now = v.States[i].State == state
	}
	for _, a := range rows {
		hit, in, err := g.listing(a.listing)
		if err != nil {
			g.fail(w, r, err)
			return
		}
		v.Alerts = append(v.Alerts, onPage(a, hit, in))
	}
	if len(rows) == pageAlerts {
		v.More = rows[len(rows)-1].reference
	}
	secureHeaders(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := alertPage.Execute(w, v); err != nil {
		g.config.Log.WarnContext(r.Context(), "page not written", "err", err)
	}
}

func onPage(a alert, hit screen.Hit, in bool) pageAlert {
	p := pageAlert{Reference: a.reference, State: a.told().State, What: a.what, Subject: a.subject, Scenario: a.scenario, Sequence: a.sequence,
		Time: local(a.at), Machine: a.at.Format(time.RFC3339), Seen: seenOnPage(a.seen), Undone: seenOnPage(a.undone), Waits: a.waits()}
	if in && a.open() {
		p.Hit = &pageHit{hit.Name, hit.Masked, hit.Court, hit.Case, hit.Until}
	}
	if !a.open() {
		p.ClosedTime, p.Because = local(a.closedAt), text(a.why)
	}
	return p
}

func seenOnPage(s Seen) *pageSeen {
	if s.At.IsZero() {
		return nil
	}
	return &pageSeen{s.By, local(s.At), s.Remark}
}

func local(t time.Time) string { return t.In(gongxin.Shanghai).Format("2006-01-02 15:04") }

// pageAcknowledge takes the form of one alert and shows the page again.
func (g *Gate) pageAcknowledge(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxQuery)
	if err := r.ParseForm(); err != nil {
		g.writePage(w, r, gongxin.Invalid(malformed, "form"))
		return
	}
	_, err := g.AcknowledgeAlert(r.Context(), r.PathValue("reference"), r.PostForm.Get("by"), r.PostForm.Get("remark"))
	var told *gongxin.Error
	switch {
	case errors.As(err, &told):
		g.writePage(w, r, told)
	case err != nil:
		g.fail(w, r, err)
	default:
		http.Redirect(w, r, "/alerts?state="+url.QueryEscape(r.URL.Query().Get("state")), http.StatusSeeOther)
	}
}
