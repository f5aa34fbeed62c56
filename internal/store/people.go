package store

import (
	"context"
	"time"

	"gongxin/internal/access"
)

// SaveOrganisation keeps o as it is now, by its ID. Error: ORGANISATION_PARENT if
// the parent does not exist, or stands below o.
func (tx *Tx) SaveOrganisation(ctx context.Context, o access.Organisation) error {
	panic("not built yet")
}

// Organisations returns all organisations, by ID.
func (r *reader) Organisations(ctx context.Context) ([]access.Organisation, error) {
	panic("not built yet")
}

// SavePerson keeps p as it is now, by its ID; only Created stays as it was first.
// Error: PERSON_SUBJECT_TAKEN if another person signs in with the same Issuer and
// Subject.
func (tx *Tx) SavePerson(ctx context.Context, p access.Person) error { panic("not built yet") }

// Person returns the person with that ID. Error: PERSON_UNKNOWN.
func (r *reader) Person(ctx context.Context, id string) (access.Person, error) {
	panic("not built yet")
}

// PersonBySubject returns who signs in through OpenID Connect as subject of
// issuer. Error: PERSON_UNKNOWN.
func (r *reader) PersonBySubject(ctx context.Context, issuer, subject string) (access.Person, error) {
	panic("not built yet")
}

// People returns all people, by ID.
func (r *reader) People(ctx context.Context) ([]access.Person, error) { panic("not built yet") }

// SaveSession keeps s. Of one that is kept already only Seen, Expires and Ended
// change, and what has ended stays ended.
func (tx *Tx) SaveSession(ctx context.Context, s access.Session) error { panic("not built yet") }

// SessionByHash returns the session whose secret has that SHA-256. Error:
// SESSION_UNKNOWN.
func (r *reader) SessionByHash(ctx context.Context, hash [32]byte) (access.Session, error) {
	panic("not built yet")
}

// EndSessions ends those of a person that hold, at the instant at, and returns how
// many they were.
func (tx *Tx) EndSessions(ctx context.Context, person string, at time.Time) (int, error) {
	panic("not built yet")
}

// SaveCode keeps c. Codes of its listing that were not used are used up from now
// on: only the newest opens.
func (tx *Tx) SaveCode(ctx context.Context, c access.Code) error { panic("not built yet") }

// UseCode uses up the code with that hash, and returns it as used at the instant
// at. Of any number who use it at once, one succeeds. Errors, of kind forbidden:
// CODE_UNKNOWN; CODE_USED, also if a newer one has replaced it; CODE_EXPIRED.
func (tx *Tx) UseCode(ctx context.Context, hash [32]byte, at time.Time) (access.Code, error) {
	panic("not built yet")
}
