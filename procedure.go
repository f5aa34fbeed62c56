package gongxin

import "strings"

// A Motion is how a listing was begun (2.1).
type Motion string

// The motions.
const (
	OnApplication Motion = "application" // 申请执行人申请
	OnOwnMotion   Motion = "own_motion"  // 人民法院依职权
)

// A Service is how a document reached the person (送达方式).
type Service string

// The ways of service.
const (
	ServedDirectly     Service = "direct"      // 直接送达
	ServedLeft         Service = "left"        // 留置送达
	ServedByMail       Service = "mail"        // 邮寄送达
	ServedElectronic   Service = "electronic"  // 电子送达
	ServedByOtherCourt Service = "other_court" // 委托送达
	ServedThrough      Service = "through"     // 转交送达, by the army unit or place of custody
	ServedByNotice     Service = "notice"      // 公告送达
)

// Services are all ways of service.
var Services = []Service{ServedDirectly, ServedLeft, ServedByMail, ServedElectronic, ServedByOtherCourt, ServedThrough, ServedByNotice}

// A Step is where an objection stands. It runs beside the listing's own state and
// suspends nothing (2.3).
type Step string

// The steps of an objection; "" is none.
const (
	Objected        Step = "objected"         // filed, the court's review awaited
	Rejected        Step = "rejected"         // rejected, the rejection not served yet
	RejectionKnown  Step = "rejection_served" // rejected and served: reconsideration can be asked for
	Reconsidering   Step = "reconsidering"    // before the next higher court
	ObjectionClosed Step = "closed"           // upheld, decided by the next higher court, or without an object because the listing ended
)

// A RequestKind is what a person concerned asks the court for, besides objecting.
type RequestKind string

// The kinds of requests.
const (
	RequestCorrection RequestKind = "correction" // of an inaccurate entry (2.1.5)
	RequestWithdrawal RequestKind = "withdrawal" // because a ground for exit is there (2.4)
)

// A Procedure is what due process has seen of a listing, folded from its steps.
// It holds days, numbers of documents and names of the people who acted, never the
// words of anybody; those stand in the events. Days are the ones that the acts
// state: of service, of filing, of the check.
type Procedure struct {
	Noticed   Day    `json:"noticed,omitzero"`    // risk notice served
	Barred    Day    `json:"barred,omitzero"`     // last day on which the creditor cannot apply, having had the last round deleted (5.8)
	Motion    Motion `json:"motion,omitempty"`    //
	Moved     Day    `json:"moved,omitzero"`      // application received, or begun by the court
	Drafter   string `json:"drafter,omitempty"`   // Actor.ID of who drafted the decision
	Approver  string `json:"approver,omitempty"`  // Actor.ID of the judge who made it
	Decision  string `json:"decision,omitempty"`  // its number
	Decided   Day    `json:"decided,omitzero"`    //
	Delivered Day    `json:"delivered,omitzero"`  // decision received: the objection's window runs from here
	Handler   string `json:"handler,omitempty"`   // Actor.ID of the court's person who acted last
	Suspended Day    `json:"suspended,omitzero"`  // since when, while it is
	Term      Day    `json:"term,omitzero"`       // last day as first decided, once it was extended
	Notified  Day    `json:"notified,omitzero"`   // the subject's organisation was told (2.1.4, 3.8)
	Proposals int    `json:"proposals,omitempty"` // review proposals of departments without an answer (2.4.1)
	Proposers string `json:"proposers,omitempty"` // Actor.ID of each who made them, separated by blanks
	Lapses    int    `json:"lapses,omitempty"`    // deadlines that were missed, for ever (2.5)

	// Exits.
	Ground      Ground      `json:"ground,omitempty"`       // a ground for exit that the court has recorded
	GroundOn    Day         `json:"ground_on,omitzero"`     // since when it is there: the 3 days run from here (2.4)
	RoundClosed Day         `json:"round_closed,omitzero"`  // 终结本次执行程序
	Checks      int         `json:"checks,omitempty"`       // fruitless property checks since then, no lead between (5.8)
	Checked     Day         `json:"checked,omitzero"`       // the latest check, whatever it found
	Request     RequestKind `json:"request,omitempty"`      // that has no answer
	RequestOn   Day         `json:"request_on,omitzero"`    //
	RequestFor  Ground      `json:"request_for,omitempty"`  // ground that the person states
	Answered    int         `json:"answered,omitempty"`     // requests that were answered
	LastRequest string      `json:"last_request,omitempty"` // "granted" or "refused": the latest answer

	// Objection.
	Step           Step      `json:"step,omitempty"`
	Objected       Day       `json:"objected,omitzero"`
	Late           bool      `json:"late,omitempty"` // after the window; reviewed all the same
	Reviewed       Day       `json:"reviewed,omitzero"`
	Review         string    `json:"review,omitempty"`         // number of the review decision
	RejectedServed Day       `json:"rejected_served,omitzero"` // the reconsideration's window runs from here
	Reconsidered   Day       `json:"reconsidered,omitzero"`    // asked for
	ReconsiderLate bool      `json:"reconsider_late,omitempty"`
	Higher         CourtCode `json:"higher,omitzero"`           // before which court
	HigherDecision string    `json:"higher_decision,omitempty"` // its number
}

// apply folds e into p, in place: an admission, of which a file may hold a million,
// changes nothing.
func (p *Procedure) apply(e *Event) {
	if e.Kind == ListingAdmitted { // who sends a file handles none of its listings
		return
	}
	switch e.By.Role {
	case RoleClerk, RoleJudge:
		p.Handler = e.By.ID
	}
	switch e.Kind {
	case NoticeDrafted:
		p.Barred = e.Barred
	case NoticeServed:
		p.Noticed = e.On
		if p.Barred.IsZero() {
			p.Barred = e.Barred
		}
	case ListingInitiated:
		p.Motion, p.Moved = e.Motion, e.On
	case DecisionDrafted:
		p.Drafter = e.By.ID
	case DraftReturned:
		p.Drafter = ""
	case ListingDecided:
		p.Approver, p.Decision, p.Decided = e.By.ID, e.Decision, e.On
	case DecisionServed:
		p.Delivered = e.On
	case ListingSuspended:
		p.Suspended = e.On
	case SuspensionEnded:
		p.Suspended = 0
	case TermExtended:
		if p.Term.IsZero() {
			p.Term = e.Was
		}
	case OrganisationNotified:
		p.Notified = e.On
	case ReviewProposed:
		p.Proposals++
		p.Proposers = strings.TrimPrefix(p.Proposers+" "+e.By.ID, " ")
	case ProposalAnswered:
		p.Proposals, p.Proposers = 0, ""
	case DeadlineLapsed:
		p.Lapses++
	case RoundClosed:
		p.RoundClosed, p.Checks, p.Checked = e.On, 0, 0
	case PropertyChecked:
		p.Checks, p.Checked = p.Checks+1, e.On
		if e.Found || e.Lead {
			p.Checks = 0
		}
	case GroundRecorded:
		p.Ground, p.GroundOn = e.Ground, e.On
	case RequestFiled:
		p.Request, p.RequestOn, p.RequestFor = e.Request, e.On, e.Ground
	case RequestGranted, RequestRefused:
		p.Request, p.RequestOn, p.RequestFor = "", 0, ""
		p.Answered++
		p.LastRequest = "refused"
		if e.Kind == RequestGranted {
			p.LastRequest = "granted"
		}
	case ObjectionFiled:
		p.Step, p.Objected, p.Late = Objected, e.On, e.Late
		p.Reviewed, p.Review, p.RejectedServed, p.Reconsidered, p.ReconsiderLate, p.Higher, p.HigherDecision = 0, "", 0, 0, false, CourtCode{}, ""
	case ObjectionUpheld:
		p.Step, p.Reviewed, p.Review = ObjectionClosed, e.On, e.Decision
	case ObjectionRejected:
		p.Step, p.Reviewed, p.Review = Rejected, e.On, e.Decision
	case RejectionServed:
		p.Step, p.RejectedServed = RejectionKnown, e.On
	case ReconsiderationFiled:
		p.Step, p.Reconsidered, p.ReconsiderLate, p.Higher = Reconsidering, e.On, e.Late, e.Higher
	case ReconsiderationUpheld, ReconsiderationRejected:
		p.Step, p.HigherDecision = ObjectionClosed, e.Decision
	case ListingDropped, ListingWithdrawn, ListingExpired, ListingRevoked: // an exit closes what runs beside
		if p.Step != "" {
			p.Step = ObjectionClosed
		}
		p.Request, p.RequestOn, p.RequestFor = "", 0, ""
		p.Proposals, p.Proposers = 0, ""
		p.Suspended = 0
	}
}
