package access

import (
	"testing"

	"gongxin"
)

func TestAPublicRequestHasNoActor(t *testing.T) {
	ctx := t.Context()
	if ActorFrom(ctx) != (gongxin.Actor{}) || TokenFrom(ctx) != (Token{}) {
		t.Error("a request without a token has an actor")
	}
	token := railway()
	ctx = WithActor(ctx, token.Actor(), token)
	if ActorFrom(ctx) != token.Actor() || TokenFrom(ctx) != token {
		t.Error("the actor got lost")
	}
}

func TestACallerSpeaksForItsOwnGate(t *testing.T) {
	department := Organisation{ID: "railway", Kind: OrgDepartment}
	for _, tt := range []struct {
		name string
		c    Caller
		want string
	}{
		{"a department's system", Caller{Token: railway()}, "railway"},
		{"an officer", Caller{Organisation: department}, "railway"},
		{"a court's clerk", Caller{Organisation: Organisation{ID: "court", Kind: OrgCourt}}, ""},
		{"nobody", Caller{}, ""},
	} {
		if got := tt.c.Gate(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTheCallerIsCarriedAlong(t *testing.T) {
	c := Caller{Actor: gongxin.Actor{ID: "wang", Role: gongxin.RoleClerk}, Session: Session{Person: "wang"}, Person: Person{ID: "wang"}, Organisation: Organisation{ID: "court"}}
	ctx := WithCaller(t.Context(), c)
	if got := CallerFrom(ctx); got.Actor != c.Actor || got.Session != c.Session || got.Person.ID != "wang" || got.Organisation != c.Organisation {
		t.Errorf("got %+v", got)
	}
	if ActorFrom(ctx) != c.Actor || TokenFrom(ctx) != (Token{}) {
		t.Error("the actor got lost")
	}
}
