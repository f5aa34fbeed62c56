package gate

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"gongxin"
)

// What officers' commands ask of a gate that runs in another process. Errors of all:
// GATE_REFUSES with the gate's code, GATE_UNREACHABLE, and ctx's.

// Watch takes subjects as Gate.Watch does, more than MaxWatch in several requests;
// done, if not nil, is told how many were taken or rejected after each.
func (c *Client) Watch(ctx context.Context, subjects []Watch, by string, done func(int)) ([]WatchResult, error) {
	var all []WatchResult
	for part := range slices.Chunk(subjects, MaxWatch) {
		var a watchAnswer
		if err := c.send(ctx, http.MethodPost, "/v1/watch", watchBody{by, part}, &a); err != nil {
			return all, err
		}
		all = append(all, a.Results...)
		if done != nil {
			done(len(all))
		}
	}
	return all, nil
}

// Unwatch is Gate.Unwatch.
func (c *Client) Unwatch(ctx context.Context, subject, scenario, by string) (int, error) {
	var a unwatched
	err := c.send(ctx, http.MethodDelete, "/v1/watch/"+url.PathEscape(subject)+"?"+url.Values{"scenario": {scenario}}.Encode(), byBody{by}, &a)
	return a.Removed, err
}

// Watched gives to each every subject that is watched, of scenario alone unless that is empty.
func (c *Client) Watched(ctx context.Context, scenario string, each func(WatchedSubject) error) error {
	var after WatchedSubject
	for {
		var page watchedList
		q := url.Values{"scenario": {scenario}, "after": {after.Subject}, "after_scenario": {after.Scenario}}
		if err := c.send(ctx, http.MethodGet, "/v1/watch?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		for _, s := range page.Subjects {
			if err := each(s); err != nil {
				return err
			}
			after = s
		}
		if len(page.Subjects) < maxPage {
			return nil
		}
	}
}

// Alerts gives to each every alert of state, the newest day first.
func (c *Client) Alerts(ctx context.Context, state string, each func(Alert) error) error {
	after := ""
	for {
		var page alertList
		if err := c.send(ctx, http.MethodGet, "/v1/alerts?"+url.Values{"state": {state}, "after": {after}}.Encode(), nil, &page); err != nil {
			return err
		}
		for _, a := range page.Alerts {
			if err := each(a); err != nil {
				return err
			}
			after = a.Reference
		}
		if len(page.Alerts) < maxPage {
			return nil
		}
	}
}

// AcknowledgeAlert is Gate.AcknowledgeAlert.
func (c *Client) AcknowledgeAlert(ctx context.Context, reference, by, remark string) (a Alert, err error) {
	err = c.send(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(reference)+"/acknowledge", seenBody{by, remark}, &a)
	return a, err
}

// RememberDifference is Gate.RememberDifference.
func (c *Client) RememberDifference(ctx context.Context, d Different) (said Difference, err error) {
	err = c.send(ctx, http.MethodPost, "/v1/differences", d, &said)
	return said, err
}

// ForgetDifference is Gate.ForgetDifference.
func (c *Client) ForgetDifference(ctx context.Context, reference, reason, by string) (said Difference, err error) {
	err = c.send(ctx, http.MethodDelete, "/v1/differences/"+url.PathEscape(reference), forgetBody{reason, by}, &said)
	return said, err
}

// Differences gives to each every difference on record, of listing alone unless that is zero.
func (c *Client) Differences(ctx context.Context, listing gongxin.ListingID, each func(Difference) error) error {
	after := ""
	for {
		q := url.Values{"after": {after}}
		if !listing.IsZero() {
			q.Set("listing", listing.String())
		}
		var page differenceList
		if err := c.send(ctx, http.MethodGet, "/v1/differences?"+q.Encode(), nil, &page); err != nil {
			return err
		}
		for _, d := range page.Differences {
			if err := each(d); err != nil {
				return err
			}
			after = d.Reference
		}
		if len(page.Differences) < maxPage || !listing.IsZero() {
			return nil
		}
	}
}
