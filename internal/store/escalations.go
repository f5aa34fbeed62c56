package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gongxin"
)

// An Escalation tells a superior of a duty that lapsed (2.5). Listing, Kind,
// Opened and Level identify it.
type Escalation struct {
	Listing      gongxin.ListingID
	Kind         gongxin.DutyKind
	Opened       uint64            // sequence of the event that opened the duty
	Level        int               // 1 for the first superior, and so on upwards
	Court        gongxin.CourtCode // whose duty lapsed
	To           gongxin.CourtCode // that is told; zero if none is known
	At           time.Time
	Acknowledged time.Time // zero until the superior has taken note
	By           string    // Actor.ID of who acknowledged it
	Note         string    // and in which words
}

// ID names e in addresses: listing, kind, opening event and level, joined by dots.
func (e Escalation) ID() string {
	return fmt.Sprintf("%s.%s.%d.%d", e.Listing, e.Kind, e.Opened, e.Level)
}

// escalationKey reads an ID into the fields that it is made of.
func escalationKey(id string) (e Escalation, ok bool) {
	f := strings.Split(id, ".")
	if len(f) != 4 {
		return e, false
	}
	var errs [3]error
	e.Listing, errs[0] = gongxin.ParseListingID(f[0])
	e.Kind = gongxin.DutyKind(f[1])
	e.Opened, errs[1] = strconv.ParseUint(f[2], 10, 63)
	level, err := strconv.ParseInt(f[3], 10, 32)
	e.Level, errs[2] = int(level), err
	return e, errs == [3]error{} && e.ID() == id
}

const (
	saveEscalation = `
		INSERT INTO escalations (listing, kind, opened, level, court, told, at, acknowledged, noted_by, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (listing, kind, opened, level) DO UPDATE SET
			acknowledged = excluded.acknowledged, noted_by = excluded.noted_by, note = excluded.note
		WHERE escalations.acknowledged = 0`
	escalationColumns = `SELECT listing, kind, opened, level, court, told, at, acknowledged, noted_by, note FROM escalations `
	getEscalation     = escalationColumns + `WHERE listing = $1 AND kind = $2 AND opened = $3 AND level = $4`
	notNotedFirst     = ` ORDER BY CASE WHEN acknowledged = 0 THEN 0 ELSE 1 END, at DESC, listing, kind, opened, level LIMIT `
)

// SaveEscalation keeps e. Of one that is kept already nothing changes but the
// acknowledgement, and the first of those stays.
func (tx *Tx) SaveEscalation(ctx context.Context, e Escalation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := tx.exec(saveEscalation, e.Listing[:], string(e.Kind), int64(e.Opened), int64(e.Level), e.Court.String(), e.To.String(),
		millis(e.At), millis(e.Acknowledged), e.By, wordsValue(e.Note))
	if err != nil {
		return fmt.Errorf("save escalation %s: %w", e.ID(), err)
	}
	return nil
}

func scanEscalation(scan func(...any) error) (e Escalation, err error) {
	var listing []byte
	var court, told string
	var at, acknowledged int64
	var note sql.NullString
	if err := scan(&listing, &e.Kind, &e.Opened, &e.Level, &court, &told, &at, &acknowledged, &e.By, &note); err != nil {
		return e, err
	}
	e.At, e.Acknowledged, e.Note = instant(at), instant(acknowledged), note.String
	if e.Listing, err = listingID(listing); err == nil {
		e.Court, err = courtCode(court)
	}
	if err == nil {
		e.To, err = courtCode(told)
	}
	if err != nil {
		return e, &unreadable{fmt.Errorf("escalation of listing %x: %w", listing, err)}
	}
	return e, nil
}

// Escalation returns the one with that ID. Error: ESCALATION_UNKNOWN.
func (r *reader) Escalation(ctx context.Context, id string) (Escalation, error) {
	e, ok := escalationKey(id)
	if !ok {
		return Escalation{}, gongxin.Missing("ESCALATION_UNKNOWN", id)
	}
	found, err := r.one(ctx, getEscalation, []any{e.Listing[:], string(e.Kind), int64(e.Opened), int64(e.Level)}, func(scan func(...any) error) (err error) {
		e, err = scanEscalation(scan)
		return err
	})
	if err != nil {
		return Escalation{}, fmt.Errorf("read escalation %s: %w", id, err)
	}
	if !found {
		return Escalation{}, gongxin.Missing("ESCALATION_UNKNOWN", id)
	}
	return e, nil
}

// Escalations returns up to limit of those that courts have caused or are told of
// (nil for all), those without an acknowledgement first, then the newest first.
func (v *View) Escalations(ctx context.Context, courts []gongxin.CourtCode, limit int) ([]Escalation, error) {
	if courts != nil && len(courts) == 0 {
		return nil, nil
	}
	text, args := escalationColumns, []any(nil)
	if courts != nil {
		list, codes := courtList(courts)
		text, args = text+`WHERE (court IN`+list+` OR told IN`+list+`)`, codes
	}
	args = append(args, limit)
	var all []Escalation
	err := v.each(ctx, text+notNotedFirst+fmt.Sprintf("$%d", len(args)), args, func(scan func(...any) error) error {
		e, err := scanEscalation(scan)
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read escalations: %w", err)
	}
	return all, nil
}
