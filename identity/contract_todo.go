package identity

// CONTRACT of this room, to be written by its owner; this file goes then.

func Parse(s string, kinds ...Kind) (Number, []Fold, error) { panic("todo") } // any of kinds (all, if none named), tried in a fixed order
func (n Number) String() string                             { panic("todo") } // masked: 320000********1234; organisations' numbers are public and print whole
func (n Number) BirthDate() (y, m, d int, ok bool)          { panic("todo") } // kinds that carry one
func (n Number) Sex() Sex                                   { panic("todo") }
func (n Number) AreaCode() string                           { panic("todo") } // first six digits of citizen numbers; "" else
func KnownArea(code string) bool                            { panic("todo") } // GB/T 2260, in force or retired; zone rows and unknown: false
func (n Number) Organisation() (Number, bool)               { panic("todo") } // the organisation code inside a credit code, or itself
func Same(a, b Number) bool                                 { panic("todo") } // equal, or one organisation by credit code and organisation code
