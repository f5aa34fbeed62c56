// Package access says who may do what: what proves who calls, and one matrix of
// operations and roles.
//
//	Bearer gx_…      ─▶ Authenticate ───────────────────────▶ Token ───┐
//	Cookie gs_…      ─▶ AuthenticateSession ─▶ Session, Person ────────┼─▶ Caller ─Allowed(operation)─▶ handler
//	name, password   ─▶ Prove ─▶ SignIn ───▶ Session                   │
//	OpenID Connect   ─▶ Finish ─▶ SignInOIDC ─▶ Session                │
//	code of a paper  ─▶ ParseCode ─▶ NewSubjectSession ─▶ Session ─────┘
//
// A role in the matrix opens a door; which courts' listings lie behind it the Tree
// of organisations says, and whether this actor may change this listing is decided
// in package register, from the court concerned.
//
// Secrets: of tokens, sessions and codes only the SHA-256 is kept, of passwords the
// argon2id, so that who reads the database cannot act with it. Person, Session, Code
// and Token print and marshal without any of them.
//
// Nothing here reads a clock or a store by itself: the instant and the random bits
// come in, and what is needed of a store is said in small interfaces. Everything is
// safe for use from several goroutines at once.
package access
