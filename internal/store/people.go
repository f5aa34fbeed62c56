package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gongxin"
	"gongxin/internal/access"
)

const (
	saveOrganisation = `
		INSERT INTO organisations (id, parent, kind, name, court) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, kind = excluded.kind, name = excluded.name, court = excluded.court`
	getOrganisations = `SELECT id, parent, kind, name, court FROM organisations ORDER BY id`
)

// SaveOrganisation keeps o as it is now, by its ID. Error: ORGANISATION_PARENT if
// the parent does not exist, or stands below o.
func (tx *Tx) SaveOrganisation(ctx context.Context, o access.Organisation) error {
	all, err := tx.Organisations(ctx)
	if err != nil {
		return err
	}
	parents := make(map[string]string, len(all))
	for _, x := range all {
		parents[x.ID] = x.Parent
	}
	// What is kept already has no circles, so that the way up ends.
	for at := o.Parent; at != ""; at = parents[at] {
		if _, known := parents[at]; !known || at == o.ID {
			return gongxin.Conflict("ORGANISATION_PARENT", o.ID, o.Parent)
		}
	}
	if _, err := tx.exec(saveOrganisation, o.ID, o.Parent, string(o.Kind), o.Name, o.Court.String()); err != nil {
		return fmt.Errorf("save organisation %s: %w", o.ID, err)
	}
	return nil
}

// Organisations returns all organisations, by ID.
func (r *reader) Organisations(ctx context.Context) (all []access.Organisation, err error) {
	err = r.each(ctx, getOrganisations, nil, func(scan func(...any) error) (err error) {
		var o access.Organisation
		var court string
		if err := scan(&o.ID, &o.Parent, &o.Kind, &o.Name, &court); err != nil {
			return err
		}
		if o.Court, err = courtCode(court); err != nil {
			return &unreadable{fmt.Errorf("organisation %s: %w", o.ID, err)}
		}
		all = append(all, o)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	return all, nil
}

const (
	savePerson = `
		INSERT INTO people (id, name, organisation, roles, password, second, second_step, issuer, subject, failures, locked, created, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET
			name = excluded.name, organisation = excluded.organisation, roles = excluded.roles, password = excluded.password,
			second = excluded.second, second_step = excluded.second_step, issuer = excluded.issuer, subject = excluded.subject,
			failures = excluded.failures, locked = excluded.locked, disabled = excluded.disabled`
	personColumns   = `SELECT id, name, organisation, roles, password, second, second_step, issuer, subject, failures, locked, created, disabled FROM people `
	getPerson       = personColumns + `WHERE id = $1`
	personBySubject = personColumns + `WHERE issuer = $1 AND subject = $2 AND issuer <> ''`
	getPeople       = personColumns + `ORDER BY id`
)

// SavePerson keeps p as it is now, by its ID; only Created stays as it was first.
// Error: PERSON_SUBJECT_TAKEN if another person signs in with the same Issuer and
// Subject.
func (tx *Tx) SavePerson(ctx context.Context, p access.Person) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	other, err := tx.PersonBySubject(ctx, p.Issuer, p.Subject)
	switch {
	case err == nil && other.ID != p.ID:
		return gongxin.Conflict("PERSON_SUBJECT_TAKEN", other.ID)
	case err != nil && gongxin.KindOf(err) != gongxin.KindMissing:
		return err
	}
	roles := make([]string, len(p.Roles))
	for i, role := range p.Roles {
		roles[i] = string(role)
	}
	second, err := tx.db.blind.seal(secondFactor, p.ID, p.Second, tx.db.random)
	if err == nil {
		_, err = tx.exec(savePerson, p.ID, p.Name, p.Organisation, strings.Join(roles, " "), p.Password, second, p.SecondStep,
			p.Issuer, p.Subject, int64(p.Failures), millis(p.Locked), millis(p.Created), millis(p.Disabled))
	}
	if err != nil {
		return fmt.Errorf("save person %s: %w", p.ID, err)
	}
	return nil
}

// secondFactor is the domain under which secrets of second factors are sealed.
const secondFactor = "second factor"

func (r *reader) people(ctx context.Context, text string, args ...any) (all []access.Person, err error) {
	err = r.each(ctx, text, args, func(scan func(...any) error) error {
		var p access.Person
		var roles string
		var second []byte
		var locked, created, disabled int64
		err := scan(&p.ID, &p.Name, &p.Organisation, &roles, &p.Password, &second, &p.SecondStep, &p.Issuer, &p.Subject,
			&p.Failures, &locked, &created, &disabled)
		if err != nil {
			return err
		}
		for role := range strings.FieldsSeq(roles) {
			p.Roles = append(p.Roles, gongxin.Role(role))
		}
		if p.Second, err = r.db.blind.open(secondFactor, p.ID, second); err != nil {
			return &unreadable{fmt.Errorf("person %s: %w", p.ID, err)}
		}
		p.Locked, p.Created, p.Disabled = instant(locked), instant(created), instant(disabled)
		all = append(all, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	return all, nil
}

func (r *reader) person(ctx context.Context, name, text string, args ...any) (access.Person, error) {
	found, err := r.people(ctx, text, args...)
	if err != nil {
		return access.Person{}, err
	}
	if len(found) == 0 {
		return access.Person{}, gongxin.Missing("PERSON_UNKNOWN", name)
	}
	return found[0], nil
}

// Person returns the person with that ID. Error: PERSON_UNKNOWN.
func (r *reader) Person(ctx context.Context, id string) (access.Person, error) {
	return r.person(ctx, id, getPerson, id)
}

// PersonBySubject returns who signs in through OpenID Connect as subject of
// issuer. Error: PERSON_UNKNOWN.
func (r *reader) PersonBySubject(ctx context.Context, issuer, subject string) (access.Person, error) {
	return r.person(ctx, subject, personBySubject, issuer, subject)
}

// People returns all people, by ID.
func (r *reader) People(ctx context.Context) ([]access.Person, error) {
	return r.people(ctx, getPeople)
}

const (
	saveSession = `
		INSERT INTO sessions (hash, person, listing, method, created, seen, expires, ended)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (hash) DO UPDATE SET seen = excluded.seen, expires = excluded.expires, ended = excluded.ended
		WHERE sessions.ended = 0`
	getSession  = `SELECT hash, person, listing, method, created, seen, expires, ended FROM sessions WHERE hash = $1`
	endSessions = `UPDATE sessions SET ended = $2 WHERE person = $1 AND person <> '' AND ended = 0`
)

// SaveSession keeps s. Of one that is kept already only Seen, Expires and Ended
// change, and what has ended stays ended.
func (tx *Tx) SaveSession(ctx context.Context, s access.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveSession, s.Hash[:], s.Person, listingValue(s.Listing), s.Method, millis(s.Created), millis(s.Seen), millis(s.Expires), millis(s.Ended))
	if err != nil {
		return fmt.Errorf("save session of %q: %w", s.Person, err)
	}
	return nil
}

// SessionByHash returns the session whose secret has that SHA-256. Error:
// SESSION_UNKNOWN.
func (r *reader) SessionByHash(ctx context.Context, hash [32]byte) (s access.Session, err error) {
	found, err := r.one(ctx, getSession, []any{hash[:]}, func(scan func(...any) error) error {
		var listing, hash []byte
		var created, seen, expires, ended int64
		err := scan(&hash, &s.Person, &listing, &s.Method, &created, &seen, &expires, &ended)
		copy(s.Hash[:], hash)
		copy(s.Listing[:], listing)
		s.Created, s.Seen, s.Expires, s.Ended = instant(created), instant(seen), instant(expires), instant(ended)
		return err
	})
	if err != nil {
		return access.Session{}, fmt.Errorf("read session: %w", err)
	}
	if !found {
		return access.Session{}, gongxin.Missing("SESSION_UNKNOWN")
	}
	return s, nil
}

// EndSessions ends those of a person that hold, at the instant at, and returns how
// many they were.
func (tx *Tx) EndSessions(ctx context.Context, person string, at time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := tx.exec(endSessions, person, millis(at))
	if err != nil {
		return 0, fmt.Errorf("end sessions of %s: %w", person, err)
	}
	return int(n), nil
}

const (
	saveCode = `
		INSERT INTO codes (hash, listing, issued_by, issued, expires, used) VALUES ($1, $2, $3, $4, $5, $6)`
	replaceCodes = `UPDATE codes SET used = $2 WHERE listing = $1 AND used = 0`
	useCode      = `UPDATE codes SET used = $2 WHERE hash = $1 AND used = 0 AND expires > $2`
	getCode      = `SELECT hash, listing, issued_by, issued, expires, used FROM codes WHERE hash = $1`
)

// SaveCode keeps c. Codes of its listing that were not used are used up from now
// on: only the newest opens.
func (tx *Tx) SaveCode(ctx context.Context, c access.Code) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(replaceCodes, c.Listing[:], millis(c.Issued))
	if err == nil {
		_, err = tx.exec(saveCode, c.Hash[:], c.Listing[:], c.By, millis(c.Issued), millis(c.Expires), millis(c.Used))
	}
	if err != nil {
		return fmt.Errorf("save code of listing %s: %w", c.Listing, err)
	}
	return nil
}

// UseCode uses up the code with that hash, and returns it as used at the instant
// at. Of any number who use it at once, one succeeds. Errors, of kind forbidden:
// CODE_UNKNOWN; CODE_USED, also if a newer one has replaced it; CODE_EXPIRED.
func (tx *Tx) UseCode(ctx context.Context, hash [32]byte, at time.Time) (c access.Code, err error) {
	if err := ctx.Err(); err != nil {
		return c, err
	}
	n, err := tx.exec(useCode, hash[:], millis(at))
	if err != nil {
		return c, fmt.Errorf("use code: %w", err)
	}
	found, err := tx.one(ctx, getCode, []any{hash[:]}, func(scan func(...any) error) error {
		var listing, hash []byte
		var issued, expires, used int64
		err := scan(&hash, &listing, &c.By, &issued, &expires, &used)
		copy(c.Hash[:], hash)
		copy(c.Listing[:], listing)
		c.Issued, c.Expires, c.Used = instant(issued), instant(expires), instant(used)
		return err
	})
	switch {
	case err != nil:
		return access.Code{}, fmt.Errorf("use code: %w", err)
	case !found:
		return access.Code{}, gongxin.Forbidden("CODE_UNKNOWN")
	case n == 1:
		return c, nil
	case !c.Used.IsZero():
		return access.Code{}, gongxin.Forbidden("CODE_USED")
	}
	return access.Code{}, gongxin.Forbidden("CODE_EXPIRED")
}

// listingValue is what a column holds that need not name a listing.
func listingValue(id gongxin.ListingID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}
