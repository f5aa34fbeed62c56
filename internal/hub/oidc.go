package hub

import (
	"context"
	"html/template"
	"net/http"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/store"
)

// visitCookie carries a visit at the identity provider. The prefix __Host-, where
// the connection allows it, keeps a neighbouring host from planting one, so that
// nobody is signed in as somebody else by a link.
func visitCookie(ctx context.Context, value string, seconds int) *http.Cookie {
	c := &http.Cookie{Name: "__Host-gongxin_oidc", Value: value, Path: "/", HttpOnly: true, Secure: true, MaxAge: seconds,
		SameSite: http.SameSiteLaxMode} // it has to come along when the provider sends the browser back
	if visitOf(ctx).insecure {
		c.Name, c.Secure = "gongxin_oidc", false
	}
	return c
}

// provider returns the identity provider, which is asked about itself when somebody
// first wants to sign in there: the register does not wait for it. Errors: OIDC_OFF,
// OIDC_FAILED.
func (h *Hub) provider(ctx context.Context) (*access.Provider, error) {
	if h.OIDC == nil {
		return nil, gongxin.Missing("OIDC_OFF")
	}
	e := h.entrance
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.provider != nil {
		return e.provider, nil
	}
	p, err := access.NewProvider(context.WithoutCancel(ctx), *h.OIDC) // it outlives the request
	if err != nil {
		h.Log.ErrorContext(ctx, "the identity provider does not answer", "issuer", h.OIDC.Issuer, "err", err)
		return nil, gongxin.Forbidden("OIDC_FAILED")
	}
	e.provider = p
	return p, nil
}

// visitSeconds is how long somebody may take at the provider.
const visitSeconds = 600

// startOIDC serves GET /v1/oidc/start: on to the identity provider.
func (a *api) startOIDC(w http.ResponseWriter, r *http.Request) {
	provider, err := a.hub.provider(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	address, visit, err := provider.Start(a.hub.Random)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	http.SetCookie(w, visitCookie(r.Context(), visit.String(), visitSeconds))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// returnOIDC serves GET /v1/oidc/return: back from the identity provider.
func (a *api) returnOIDC(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	http.SetCookie(w, visitCookie(ctx, "", -1)) // it is used once, whatever comes of it
	secret, s, err := a.signInOIDC(ctx, r)
	if err != nil {
		visitOf(ctx).reason = access.Reason(err)
		a.fail(w, r, err)
		return
	}
	a.hub.Log.InfoContext(ctx, "signed in", "person", s.Person, "method", s.Method, "from", visitOf(ctx).from)
	cookie := a.cookie(ctx, secret, s.Expires)
	http.SetCookie(w, &cookie)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = arrived.Execute(w, nil) // a reader that went away needs no answer
}

// arrived goes on from a page of our own: the session's cookie is not sent along a
// chain of redirects that began elsewhere (SameSite=Strict).
var arrived = template.Must(template.New("arrived").Parse(`<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/board">
<title>已登录 · signed in</title><p><a href="/board">已登录，继续 · signed in, go on</a></p></html>
`))

func (a *api) signInOIDC(ctx context.Context, r *http.Request) (secret string, s access.Session, err error) {
	provider, err := a.hub.provider(ctx)
	if err != nil {
		return "", s, err
	}
	if err := a.hub.entrance.attempts.Allow(visitOf(ctx).from); err != nil {
		return "", s, err
	}
	carried, err := r.Cookie(visitCookie(ctx, "", 0).Name)
	if err != nil {
		return "", s, gongxin.Forbidden("OIDC_FAILED")
	}
	visit, err := access.ParseVisit(carried.Value)
	if err != nil {
		return "", s, err
	}
	id, err := provider.Finish(ctx, r.URL.Query(), visit)
	if err != nil {
		return "", s, err
	}
	err = a.hub.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if secret, s, _, err = access.SignInOIDC(ctx, tx, id, gongxin.Millis(a.hub.Now()), a.hub.Random); err != nil {
			return err
		}
		return tx.SaveSession(ctx, s)
	})
	return secret, s, err
}
