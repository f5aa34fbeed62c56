// Package identity reads the numbers by which persons and organisations are
// told apart: it parses, checks, normalises, compares and masks them. It imports
// nothing of ours and keeps no state.
//
//	"３２００００19800101001８"  ──Parse──▶  citizen number 320000198001010018, folds [FULLWIDTH]
//
// A personal number prints masked by itself and refuses to be marshalled
// unasked; only Full gives it away, and its callers can be found by grep.
package identity

import (
	"errors"
	"log/slog"
)

// A Kind is a kind of identifier. The zero Kind is no kind.
type Kind uint8

// The kinds of identifiers, with the standard or announcement that each follows.
const (
	CitizenID           Kind = iota + 1 // 公民身份号码, GB 11643-1999; 15 digits (GB 11643-1989) are upgraded
	CreditCode                          // 统一社会信用代码, GB 32100-2015
	OrganisationCode                    // 组织机构代码, GB 11714-1997, canonical without hyphen
	HongKongMacaoPermit                 // 港澳居民来往内地通行证
	TaiwanPermit                        // 台湾居民来往大陆通行证
	ResidencePermit                     // 港澳台居民居住证, 810000, 820000, 830000
	ForeignPermanentID                  // 外国人永久居留身份证, the forms of 2017 and 2023
	Passport                            // 中华人民共和国普通护照
)

// Sex is what a citizen number says of its holder, as GB/T 2261.1 writes it.
type Sex string

// The values of Sex; the empty Sex means that the number does not say.
const (
	Male   Sex = "男"
	Female Sex = "女"
)

// A Number is an identifier in canonical form: half-width, upper case, without
// spaces or hyphens, 18 digits where 15 were given. Numbers are comparable; equal
// Numbers are the same identifier. A Number that is not zero is valid.
type Number struct {
	kind Kind
	full string
}

// errUnasked is what marshalling a Number gives: wire types name Full explicitly.
var errUnasked = errors.New("identity: a personal number is not marshalled unasked; use Full or String")

// Kind returns the kind of n, 0 for the zero Number.
func (n Number) Kind() Kind { return n.kind }

// IsZero tells whether there is no number.
func (n Number) IsZero() bool { return n.kind == 0 }

// Full gives the whole number away in canonical form. Every call is a place where
// personal data can leave: ask whether String would do.
func (n Number) Full() string { return n.full }

// IsOrganisation tells whether n identifies an organisation.
func (n Number) IsOrganisation() bool { return n.kind == CreditCode || n.kind == OrganisationCode }

// LogValue masks n in logs.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// GoString masks n in %#v.
func (n Number) GoString() string { return "identity.Number(" + n.String() + ")" }

// MarshalText refuses; so do JSON and XML, which ask it.
func (n Number) MarshalText() ([]byte, error) { return nil, errUnasked }

// MarshalBinary refuses, and with it gob.
func (n Number) MarshalBinary() ([]byte, error) { return nil, errUnasked }
