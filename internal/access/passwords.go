package access

import "io"

// HashPassword gives the argon2id of password with a salt from random, in the PHC
// string format, to be kept in Person.Password. It takes some 20 ms and 19 MiB; a
// few run at a time and others wait, so call it outside a transaction.
func HashPassword(password string, random io.Reader) (string, error) { panic("to come") }

// HashFirstPassword is HashPassword for a password that somebody else chose for the
// person: it opens a session of method "enrolment" alone, in which to change it.
func HashFirstPassword(password string, random io.Reader) (string, error) { panic("to come") }

// VerifyPassword tells whether password is the one that HashPassword gave phc for.
func VerifyPassword(phc, password string) bool { panic("to come") }

// CheckPassword tells whether password may be chosen by a person known under known:
// their ID, name, organisation (NIST SP 800-63B). Error: PASSWORD_WEAK.
func CheckPassword(password string, known ...string) error { panic("to come") }
