package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gongxin"
)

// frame is what document needs to know of a page.
type frame struct {
	Title  string
	Other  string // address of the page in the other language
	Live   bool   // it renews itself
	Reader Reader // zero if nobody is signed in
}

// A Reader is who is signed in.
type Reader struct {
	Name string
	Role gongxin.Text
}

// SignIn is the page on which people sign in.
type SignIn struct {
	Person   string       // as it was typed
	Problem  gongxin.Text // why they are not signed in; zero at first
	Mend     gongxin.Text
	OIDC     bool // another way to sign in is there
	Exercise bool // the clock is shifted for training
}

// Refused says that the reader may not see a page.
type Refused struct {
	Path    string // of the page
	Problem gongxin.Text
	Mend    gongxin.Text
	Reader  Reader
}

// A Board is the page of what is due and what came late, as one reader may see it.
// It names cases and the people in charge, never the person concerned.
type Board struct {
	Reader     Reader
	Today      gongxin.Day
	Scope      gongxin.Text // whose duties they are
	Exercise   bool
	Choice     Choice
	States     []Section // each state, in order, with the rows of this page
	Courts     []Group   // all that the reader can choose from
	People     []Group   // those with most to do first; perhaps not all
	From       int       // rows before this page
	Shown      int       // rows on this page
	Limit      int       // rows on a page at most
	Matching   int       // rows that match Choice
	Incomplete bool      // there is more than the hub reads at once: counts are too small
	Notes      []Note
	Kept       []Kept
	Reviews    []Review
	Batches    []Batch
	Late       []LateGate
}

// A Choice is what the reader filters by; what is "" filters nothing.
type Choice struct {
	Court, Person, State string
}

// with is c for another state, or for all if it is chosen already.
func (c Choice) with(state string) Choice {
	if c.State == state {
		state = ""
	}
	c.State = state
	return c
}

// A Section is one state of duties.
type Section struct {
	Key      string
	Name     gongxin.Text
	Count    int // within what the reader may see, whatever is chosen
	Matching int // of those chosen, on all pages
	Duties   []Duty
}

// A Duty is one row of the board.
type Duty struct {
	Case      string // "" once the listing was erased
	What      gongxin.Text
	Clause    string
	Court     string // name, or the code if there is none
	Person    string // in charge; "" if nobody is known
	Since     gongxin.Day
	Due       gongxin.Day // zero if no time is set
	Days      int         // late, or left, as its state has it
	Uncounted bool        // a time is set and nobody could count it yet
	Lapsed    uint64      // sequence of the lapse in the ledger; 0 if none
}

// A Group is a court or a person with their duties in each state.
type Group struct {
	Key    string
	Name   string
	Counts []int // as Board.States
}

// A Note is one escalation to a higher court (2.5).
type Note struct {
	Case         string
	What         gongxin.Text
	Court, To    string
	Level        int
	At           time.Time
	Acknowledged time.Time
	By           string
}

// Kept is a measure that is kept beyond the end that was stated for it (3.13).
type Kept struct {
	Gate, Reference, Measure, Ground string
	Until                            gongxin.Day
	Days                             int // past Until
}

// A Review is one of a restriction that the department has not answered (3.12).
type Review struct {
	Gate, Reference string
	Filed           time.Time
	Days            int // ago
}

// A Batch is a court's file that waits for a second person.
type Batch struct {
	Name, By, Reason      string
	Listings, Withdrawals int
	At                    time.Time
}

// address is that of the board in a language, filtered, from a row on.
func (v Board) address(lang string, c Choice, from int) string {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	set("court", c.Court)
	set("person", c.Person)
	set("state", c.State)
	if from > 0 {
		q.Set("from", strconv.Itoa(from))
	}
	if lang != zh.Lang {
		q.Set("lang", lang)
	}
	if len(q) == 0 {
		return "/board"
	}
	return "/board?" + q.Encode()
}

// ShowSignIn answers r with the page for signing in, in the language that it asks for.
func ShowSignIn(w http.ResponseWriter, r *http.Request, status int, v SignIn) {
	secure(w.Header(), deskPolicy)
	words := wordsFor(r.URL.Query().Get("lang"))
	send(w, r, status, signIn(words, v))
}

// ShowRefused answers r by saying why the page is not shown.
func ShowRefused(w http.ResponseWriter, r *http.Request, status int, v Refused) {
	secure(w.Header(), deskPolicy)
	words := wordsFor(r.URL.Query().Get("lang"))
	send(w, r, status, refused(words, v))
}

// ShowBoard answers r with the board.
func ShowBoard(w http.ResponseWriter, r *http.Request, v Board) {
	secure(w.Header(), deskPolicy)
	words := wordsFor(r.URL.Query().Get("lang"))
	send(w, r, http.StatusOK, deadlines(words, v))
}

// Lang gives what a link or redirection needs to stay in the language of r: "" or "?lang=en".
func Lang(r *http.Request) string { return wordsFor(r.URL.Query().Get("lang")).query() }
