package gongxin

import (
	"testing"
	"time"
)

var logBodies = []string{
	`{"key":"credit.example/list+0123abcd+AAECAwQ=","from":"2017-04-01T01:02:03.045Z"}`,
	`{"batch":"b-7","listings":3,"withdrawals":12000,"by":"judge"}`,
	`{"batch":"b-8","by":"hub"}`,
}

func TestEventsOfTheLogHaveOneBody(t *testing.T) {
	k, err := ParseKeyAnnounced([]byte(logBodies[0]))
	if err != nil || k.VerifierKey != "credit.example/list+0123abcd+AAECAwQ=" || !k.From.Equal(time.Date(2017, 4, 1, 1, 2, 3, 45e6, time.UTC)) {
		t.Errorf("got %+v, %v", k, err)
	}
	b, err := ParseBatchApproved([]byte(logBodies[1]))
	if err != nil || b != (BatchApproved{"b-7", 3, 12000, RoleJudge}) {
		t.Errorf("got %+v, %v", b, err)
	}
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"key":"a+b","from":"2017-04-01T01:02:03.045Z"}`, `{"key":"a+b+c"}`,
		`{"key":"a+b+c","from":"2017-04-01T01:02:03.0451Z"}`, `{"key":"a+b+c","from":"2017-04-01T09:02:03.045+08:00"}`,
		`{"key":"a +b+c","from":"2017-04-01T01:02:03.045Z"}`, `{"from":"2017-04-01T01:02:03.045Z","key":"a+b+c"}`,
		`{"key":"a+b+c","from":"2017-04-01T01:02:03.045Z","more":1}`, `{"key":"a+b+c","key":"a+b+c","from":"2017-04-01T01:02:03.045Z"}`,
	} {
		if k, err := ParseKeyAnnounced([]byte(body)); err == nil {
			t.Errorf("%s is read as %+v", body, k)
		}
	}
	for _, body := range []string{
		``, `{}`, `{"batch":"b 7","by":"judge"}`, `{"batch":"b-7","listings":-1,"by":"judge"}`, `{"batch":"b-7","listings":0,"by":"judge"}`,
		`{"batch":"b-7","by":"king"}`, `{"batch":"b-7","listings":1e3,"by":"judge"}`, `{"batch":"b-7","by":"judge"} `,
	} {
		if b, err := ParseBatchApproved([]byte(body)); err == nil {
			t.Errorf("%s is read as %+v", body, b)
		}
	}
}

func TestEventsOfTheLogConcernNoListing(t *testing.T) {
	for _, k := range []EventKind{SnapshotMade, KeyAnnouncement, BatchApproval} {
		if !k.OfLog() || !k.Known() || k.Step() || k.SetsEntry() || k.Force() != ForceNone || k.LeafKind() != k {
			t.Errorf("%s: of the log %t, known %t, a step %t", k, k.OfLog(), k.Known(), k.Step())
		}
		if _, err := (Listing{}).Apply(Event{Kind: k}, 1); err == nil {
			t.Errorf("%s changes a listing", k)
		}
	}
	if ListingWithdrawn.OfLog() {
		t.Error("a withdrawal is of the log")
	}
}

func FuzzLogBodies(f *testing.F) {
	for _, body := range logBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if k, err := ParseKeyAnnounced(body); err == nil {
			if again, err := k.Body(); err != nil || string(again) != string(body) {
				t.Errorf("%s is written as %s, %v", body, again, err)
			}
		}
		if b, err := ParseBatchApproved(body); err == nil {
			if again, err := b.Body(); err != nil || string(again) != string(body) {
				t.Errorf("%s is written as %s, %v", body, again, err)
			}
		}
	})
}
