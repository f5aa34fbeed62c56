package hub

import (
	"context"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// An Organisation is one body in the tree, as the API tells and takes it.
type Organisation struct {
	ID     string            `json:"id" minLength:"1" maxLength:"100" doc:"stable, such as court.苏0505 or railway"`
	Parent string            `json:"parent,omitempty" maxLength:"100" doc:"id of the organisation above"`
	Kind   access.OrgKind    `json:"kind" enum:"province,city,district,centre,court,department"`
	Name   string            `json:"name" minLength:"1" maxLength:"100"`
	Court  gongxin.CourtCode `json:"court,omitzero" doc:"code of a court"`
}

type organisationsOutput struct {
	Body struct {
		Organisations []Organisation `json:"organisations"`
	}
}

// Organisations returns the tree's organisations.
func (h *Hub) Organisations(ctx context.Context) (all []access.Organisation, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.Organisations(ctx)
		return err
	})
	return all, err
}

// SaveOrganisation puts o into the tree, or in place of the one with its ID. Error:
// ORGANISATION_FIELD.
func (h *Hub) SaveOrganisation(ctx context.Context, o access.Organisation) error {
	err := h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.Organisations(ctx)
		if err != nil {
			return err
		}
		if err := access.NewTree(all).CheckOrganisation(o); err != nil {
			return err
		}
		return tx.SaveOrganisation(ctx, o)
	})
	h.treeChanged()
	return err
}

// readOrganisations serves GET /v1/organisations.
func (a *api) readOrganisations(ctx context.Context, _ *struct{}) (*organisationsOutput, error) {
	all, err := a.hub.Organisations(ctx)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(organisationsOutput)
	out.Body.Organisations = make([]Organisation, len(all))
	for i, o := range all {
		out.Body.Organisations[i] = Organisation(o)
	}
	return out, nil
}

type organisationInput struct{ Body Organisation }

type organisationOutput struct{ Body Organisation }

// writeOrganisation serves POST /v1/organisations.
func (a *api) writeOrganisation(ctx context.Context, in *organisationInput) (*organisationOutput, error) {
	if err := a.hub.SaveOrganisation(ctx, access.Organisation(in.Body)); err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "organisation saved", "organisation", in.Body.ID, "by", access.ActorFrom(ctx).ID)
	return &organisationOutput{in.Body}, nil
}

// A Person is one who can sign in, as the API tells it: without secrets.
type Person struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Organisation string         `json:"organisation" doc:"its id"`
	Roles        []gongxin.Role `json:"roles"`
	Password     bool           `json:"password" doc:"one is set"`
	Second       bool           `json:"second" doc:"a second factor is enrolled"`
	Issuer       string         `json:"issuer,omitempty"`
	Subject      string         `json:"subject,omitempty"`
	Created      time.Time      `json:"created"`
	Locked       time.Time      `json:"locked,omitzero" doc:"until when no password is taken"`
	Disabled     time.Time      `json:"disabled,omitzero"`
}

// NewPerson tells of p what may be told.
func NewPerson(p access.Person) Person {
	return Person{ID: p.ID, Name: p.Name, Organisation: p.Organisation, Roles: p.Roles, Password: p.Password != "", Second: p.Enrolled(),
		Issuer: p.Issuer, Subject: p.Subject, Created: p.Created, Locked: p.Locked, Disabled: p.Disabled}
}

type peopleOutput struct {
	Body struct {
		People []Person `json:"people"`
	}
}

// People returns everybody who can sign in or could.
func (h *Hub) People(ctx context.Context) (all []access.Person, err error) {
	err = h.Store.Read(ctx, func(ctx context.Context, v *store.View) error {
		all, err = v.People(ctx)
		return err
	})
	return all, err
}

// readPeople serves GET /v1/people.
func (a *api) readPeople(ctx context.Context, _ *struct{}) (*peopleOutput, error) {
	all, err := a.hub.People(ctx)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	out := new(peopleOutput)
	out.Body.People = make([]Person, len(all))
	for i, p := range all {
		out.Body.People[i] = NewPerson(p)
	}
	return out, nil
}

// Membership is what somebody else decides about a person.
type Membership struct {
	ID           string         `json:"id" minLength:"1" maxLength:"100" doc:"who acts, as the ledger records it, such as wang@苏0505"`
	Name         string         `json:"name" minLength:"1" maxLength:"100"`
	Organisation string         `json:"organisation" minLength:"1" maxLength:"100" doc:"its id"`
	Roles        []gongxin.Role `json:"roles" minItems:"1" maxItems:"8" doc:"in the order of preference"`
	Issuer       string         `json:"issuer,omitempty" maxLength:"500" doc:"of the identity provider, if the person signs in there"`
	Subject      string         `json:"subject,omitempty" maxLength:"500" doc:"who the person is to that provider"`
}

// reserved tells whether id is one by which the ledger names those who are no person:
// the hub's own jobs, the person concerned, files taken in on the hub's machine.
func reserved(id string) bool {
	return id == hubActor.ID || id == access.SubjectActor(gongxin.ListingID{}).ID || id == IntakeID
}

// IntakeID is who takes files in on the hub's own machine, as the ledger records it.
const IntakeID = "intake"

// SavePerson makes a person, or changes what others decide about one. A password
// that is not "" is the first one, or a new first one: it has to be changed on
// signing in, what was locked is open again, and every session ends. Errors:
// PERSON_FIELD, PASSWORD_WEAK, PERSON_SUBJECT_TAKEN.
func (h *Hub) SavePerson(ctx context.Context, m Membership, password string) (p access.Person, err error) {
	if m.ID = strings.TrimSpace(m.ID); reserved(m.ID) {
		return p, gongxin.Invalid("PERSON_FIELD", "id", m.ID)
	}
	var phc string
	if password != "" {
		if err := access.CheckPassword(password, m.ID, m.Name); err != nil {
			return p, err
		}
		if phc, err = access.HashFirstPassword(password, h.Random); err != nil {
			return p, err
		}
	}
	now := gongxin.Millis(h.Now())
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		p, err = tx.Person(ctx, m.ID)
		if gongxin.KindOf(err) == gongxin.KindMissing {
			p, err = access.Person{Created: now}, nil
		}
		if err != nil {
			return err
		}
		p.ID, p.Name, p.Organisation, p.Roles, p.Issuer, p.Subject = m.ID, m.Name, m.Organisation, m.Roles, m.Issuer, m.Subject
		all, err := tx.Organisations(ctx)
		if err != nil {
			return err
		}
		org, _ := access.NewTree(all).Organisation(p.Organisation)
		if err := access.CheckPerson(p, org); err != nil {
			return err
		}
		if phc != "" {
			p.Password, p.Failures, p.Locked = phc, 0, time.Time{}
			if _, err := tx.EndSessions(ctx, p.ID, now); err != nil {
				return err
			}
		}
		return tx.SavePerson(ctx, p)
	})
	return p, err
}

// ChangePerson lets change alter the person id, who exists, and ends their sessions.
// Error: PERSON_UNKNOWN.
func (h *Hub) ChangePerson(ctx context.Context, id string, change func(*access.Person)) (p access.Person, err error) {
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if p, err = tx.Person(ctx, id); err != nil {
			return err
		}
		change(&p)
		if _, err := tx.EndSessions(ctx, id, gongxin.Millis(h.Now())); err != nil {
			return err
		}
		return tx.SavePerson(ctx, p)
	})
	return p, err
}

// ResetPerson gives the person id a new first password and takes the second factor
// away: they lost one of them. Errors: PERSON_UNKNOWN, PASSWORD_WEAK.
func (h *Hub) ResetPerson(ctx context.Context, id, password string) (access.Person, error) {
	if err := access.CheckPassword(password, id); err != nil {
		return access.Person{}, err
	}
	phc, err := access.HashFirstPassword(password, h.Random)
	if err != nil {
		return access.Person{}, err
	}
	return h.ChangePerson(ctx, id, func(p *access.Person) {
		p.Password, p.Second, p.SecondStep, p.Failures, p.Locked = phc, "", 0, 0, time.Time{}
	})
}

type personInput struct {
	Body struct {
		Membership
		Password string `json:"password,omitempty" maxLength:"1024" doc:"a first password, which the person has to change on signing in"`
	}
}

type personOutput struct{ Body Person }

// writePerson serves POST /v1/people.
func (a *api) writePerson(ctx context.Context, in *personInput) (*personOutput, error) {
	p, err := a.hub.SavePerson(ctx, in.Body.Membership, in.Body.Password)
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "person saved", "person", p.ID, "roles", p.Roles, "password", in.Body.Password != "", "by", access.ActorFrom(ctx).ID)
	return &personOutput{NewPerson(p)}, nil
}

type disabledInput struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Disabled bool `json:"disabled" doc:"false lets the person sign in again"`
	}
}

// disablePerson serves POST /v1/people/{id}/disabled.
func (a *api) disablePerson(ctx context.Context, in *disabledInput) (*personOutput, error) {
	p, err := a.hub.ChangePerson(ctx, in.ID, func(p *access.Person) {
		switch {
		case !in.Body.Disabled:
			p.Disabled = time.Time{}
		case p.Disabled.IsZero():
			p.Disabled = gongxin.Millis(a.hub.Now())
		}
	})
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	a.hub.Log.InfoContext(ctx, "person disabled or let in again", "person", p.ID, "disabled", !p.Disabled.IsZero(), "by", access.ActorFrom(ctx).ID)
	return &personOutput{NewPerson(p)}, nil
}
