package identity

import "fmt"

// kindNames are the names of kinds in files and messages between machines.
var kindNames = [...]string{
	CitizenID:           "citizen_id",
	CreditCode:          "credit_code",
	OrganisationCode:    "organisation_code",
	HongKongMacaoPermit: "hong_kong_macao_permit",
	TaiwanPermit:        "taiwan_permit",
	ResidencePermit:     "residence_permit",
	ForeignPermanentID:  "foreign_permanent_id",
	Passport:            "passport",
}

// String returns the name of k, such as citizen_id; "" for the zero Kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// ParseKind reads the form that String gives; "" is the zero Kind.
func ParseKind(s string) (Kind, error) {
	for k, name := range kindNames {
		if name == s {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("identity: no kind of identifier is called %q", s)
}

// MarshalText gives the form of String; an error for a kind that does not exist.
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kindNames) {
		return nil, fmt.Errorf("identity: no such kind of identifier: %d", uint8(k))
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads the form of String.
func (k *Kind) UnmarshalText(b []byte) error {
	v, err := ParseKind(string(b))
	if err == nil {
		*k = v
	}
	return err
}
