package gongxin

// An Effect is what a measure does to a transaction (part three).
type Effect string

// The effects. Only Prohibit can ever block; the others hand the case to a person.
const (
	Prohibit  Effect = "prohibit"  // 限制/禁止
	Strict    Effect = "strict"    // 从严审核
	Reference Effect = "reference" // 审慎性参考/重要参考
	Revoke    Effect = "revoke"    // 撤销/终止 of something already held
	Supervise Effect = "supervise" // 日常监管
	Notify    Effect = "notify"    // 通报
)

// A Measure is one entry of the catalogue: nothing restricts anyone except
// through one (1.1).
type Measure struct {
	ID          string   `json:"id"`       // such as "3.6.flight"
	Clause      string   `json:"clause"`   // such as "3.6"
	Scenario    string   `json:"scenario"` // the business in which it applies, such as "flight"
	Effect      Effect   `json:"effect"`
	Title       Text     `json:"title"`
	Basis       Text     `json:"basis"` // the clause in words, for the person who is told
	Departments []string `json:"departments"`
	Binds       []string `json:"binds"` // "subject", "legal_representative", "principal", "responsible_person", "actual_controller"
}
