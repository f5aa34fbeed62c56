package gongxin

import "time"

// A DocumentKind names a paper of the procedure.
type DocumentKind string

// The kinds of documents.
const (
	DocNotice          DocumentKind = "notice"          // 失信惩戒风险提示书 (2.3)
	DocDecision        DocumentKind = "decision"        // 纳入失信被执行人名单决定书 (2.1)
	DocCorrection      DocumentKind = "correction"      // 更正决定书 (2.1.5)
	DocSuspension      DocumentKind = "suspension"      // 中止惩戒决定书, and its end (2.4)
	DocExtension       DocumentKind = "extension"       // 延长期限决定书 (5.8)
	DocReview          DocumentKind = "review"          // 纠正申请审查决定书 (2.3)
	DocReconsideration DocumentKind = "reconsideration" // 复议决定书 (2.3)
	DocWithdrawal      DocumentKind = "withdrawal"      // 撤销失信被执行人名单通知书 (2.4)
	DocAnswer          DocumentKind = "answer"          // 申请答复通知书: a request refused, with reasons
	DocEmployer        DocumentKind = "employer"        // 致所在单位告知函 (2.1.4, 3.8)
)

// DocumentKinds are all kinds, in the order of a listing's life.
var DocumentKinds = []DocumentKind{DocNotice, DocDecision, DocCorrection, DocSuspension, DocExtension, DocReview, DocReconsideration, DocWithdrawal, DocAnswer, DocEmployer}

// A Document is one paper as it was issued. Its bytes never change; SHA-256 of
// Page stands in the ledger, in the event at Sequence. Page and Data hold personal
// data in full and are nil once erased.
type Document struct {
	Number   string // （2017）苏0505执123号之二; unique
	Listing  ListingID
	Kind     DocumentKind
	Court    CourtCode // that issued it
	For      uint64    // sequence of the act that it records
	Sequence uint64    // of the event that commits to it
	At       time.Time
	Hash     [32]byte
	Page     []byte // HTML for A4 paper, complete in itself; the place of an access code is left blank
	Data     []byte // the same as JSON: fields with Chinese and English names, remedies in both
}
