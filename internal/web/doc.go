// Package web serves pages about the register. Today that is one: how far the
// hub's list has travelled, for anybody, with counts and masked public data only.
//
//	hub ─Source.Status─▶ Status ─templates─▶ GET /                  the whole page
//	                                         GET /status/fragment   what htmx fetches every two seconds
//	                                         GET /assets/…          embedded; nothing is loaded from elsewhere
//
// Chinese comes first and English is complete (?lang=en). The page works without
// JavaScript, where it reloads itself. A Handler may be used from several
// goroutines at once.
package web
