// Package access says who may do what: tokens that prove who calls, and one
// matrix of operations and roles.
//
//	Authorization: Bearer gx_… ─hash─▶ Token ─Authenticate─▶ Actor ─Allowed(operation)─▶ handler
//
// A role in the matrix opens a door; whether this actor may change this listing
// is decided behind it, in package register, from the court concerned. Of a token
// only the SHA-256 is kept, so that who reads the database cannot act with it.
// Everything here is safe for use from several goroutines at once.
package access
