package web

import (
	"fmt"
	"time"

	"gongxin"
)

// words is every text of the page in one language.
type words struct {
	Lang, Locale          string // of ?lang=, and of the lang attribute
	Other, OtherName      string // the other language
	OtherLocale           string
	Site, Title, Lead     string
	Skip, Language, Lost  string
	Exercise              string
	Overview              string
	Sequence, SequenceIs  string
	InForce, InForceIs    string
	Checkpoint            string
	CheckpointIs          string
	Gates, NoGates        string
	Department, Applied   string
	Standing, Receipt     string
	Receipts              string // %d
	Open, Lifted          string
	Late, LateIs          string
	LateSince             string // %s
	Referred              string
	Listings, NoListings  string
	Listing, Begin, End   string
	OfSequence            string // %d
	NotYet, InForceStill  string
	LiftedHere            string // %d
	NoLonger, NotNow      string
	NoNumber              string // in place of masked data of an ended listing
	Notes                 string
	NoteMasked, NoteError string
	NoteLog, Key          string
	NoSource              string
	NoSourceMend          string
	stands                map[standing]string
	behindBy              string // %d
	origins               map[gongxin.Origin]string
	ends                  map[gongxin.State]string
	grounds               map[gongxin.Ground]string
	units                 [4]string // days, hours, minutes, seconds, each with its number
	separator             string
	deskWords
}

var zh = words{
	Lang: "zh", Locale: "zh-CN", Other: "en", OtherName: "English", OtherLocale: "en",
	Site:         "公信 · 失信被执行人名单共享",
	Title:        "名单共享进度",
	Lead:         "名单由法院依法决定，经省公共信用信息中心共享到各联合惩戒部门。每一条何时生效、何时终止，又在何时传到各部门，均列于此页。",
	Skip:         "跳到正文",
	Language:     "语言",
	Lost:         "与中心的连接中断，页面内容停留在最近一次更新时的状态。",
	Exercise:     "演练：本系统的时钟已调整，页面所示日期仅供培训使用。",
	Overview:     "总览",
	Sequence:     "账本序号",
	SequenceIs:   "名单每变动一次，序号增加",
	InForce:      "有效条目",
	InForceIs:    "正在生效的名单条目数",
	Checkpoint:   "最近签名",
	CheckpointIs: "中心为账本现状签名的时间",
	Gates:        "各部门网关",
	NoGates:      "尚无部门接入。",
	Department:   "部门",
	Applied:      "已应用序号",
	Standing:     "状态",
	Receipt:      "最近回执",
	Receipts:     "共 %d 份",
	Open:         "限制中",
	Late:         "未按时确认的部门",
	LateIs:       "下列部门尚未确认收到名单的最新变动，其中可能有撤销。",
	LateSince:    "自 %s 起",
	Lifted:       "已解除",
	Referred:     "转人工",
	Listings:     "近期条目的传递情况",
	NoListings:   "尚无公开条目。",
	Listing:      "条目",
	Begin:        "生效",
	End:          "终止或中止",
	OfSequence:   "序号 %d",
	NotYet:       "尚未确认",
	InForceStill: "仍在生效",
	LiftedHere:   "解除限制 %d 项",
	NoLonger:     "已终止，不再显示姓名或名称",
	NotNow:       "中止期间不显示姓名或名称",
	NoNumber:     "—",
	Notes:        "说明",
	NoteMasked:   "本页只列公开条目。自然人姓名与证件号码均经遮盖；条目终止后，姓名或名称不再显示。各部门查询了谁，中心并不知晓。",
	NoteError:    "认为信息有误的，可向作出决定的执行法院申请纠正；对部门所采取的限制有异议的，可凭回复中的编号向该部门申请复核。",
	NoteLog:      "账本可用任何 tlog-tiles 客户端自行核验：",
	Key:          "验证公钥",
	NoSource:     "暂时无法读取名单状态",
	NoSourceMend: "页面会自动重试；如持续出现，请告知省公共信用信息中心。",
	stands:       map[standing]string{silent: "尚无回执", differs: "内容不一致", behind: "落后", current: "已同步"},
	behindBy:     "落后 %d 项",
	origins: map[gongxin.Origin]string{
		gongxin.FromProcedure: "逐步办理", gongxin.FromCourtFile: "法院报送，声明已送达",
	},
	ends: map[gongxin.State]string{gongxin.Withdrawn: "已撤销", gongxin.Expired: "期限届满", gongxin.Revoked: "因错误纳入而撤销", gongxin.Suspended: "中止惩戒"},
	grounds: map[gongxin.Ground]string{
		gongxin.GroundPerformed: "全部履行完毕", gongxin.GroundSettled: "和解并确认履行完毕", gongxin.GroundClosed: "依法终结执行",
		gongxin.GroundNoProperty: "查控无可供执行财产", gongxin.GroundSecurity: "提供有效担保", gongxin.GroundWrong: "纳入错误",
		gongxin.GroundCreditor: "申请执行人申请删除", gongxin.GroundEarly: "提前删除",
		gongxin.GroundTerm: "有效期届满", gongxin.GroundUnstated: "法院未注明原因",
	},
	units:     [4]string{"%d 天", "%d 小时", "%d 分", "%s 秒"},
	separator: "：",
	deskWords: zhDesk,
}

var en = words{
	Lang: "en", Locale: "en", Other: "zh", OtherName: "中文", OtherLocale: "zh-CN",
	Site:         "gongxin · sharing the list of judgment defaulters",
	Title:        "How far the list has travelled",
	Lead:         "Courts decide who is listed; the provincial credit information centre shares the list with the departments. This page shows when each listing came into force or ended, and when that reached every department.",
	Skip:         "Skip to the content",
	Language:     "Language",
	Lost:         "The connection to the centre is lost; the page shows the last state that it received.",
	Exercise:     "Exercise: this system's clock has been shifted, and the dates shown are for training only.",
	Overview:     "Overview",
	Sequence:     "Ledger sequence",
	SequenceIs:   "grows with every change of the list",
	InForce:      "In force",
	InForceIs:    "listings that count now",
	Checkpoint:   "Last signed",
	CheckpointIs: "when the centre signed the ledger as it stands",
	Gates:        "Departments’ gates",
	NoGates:      "No department is connected yet.",
	Department:   "Department",
	Applied:      "Applied up to",
	Standing:     "Standing",
	Receipt:      "Last receipt",
	Receipts:     "%d in all",
	Open:         "Restricting",
	Late:         "Departments that have not confirmed in time",
	LateIs:       "These departments have not confirmed the latest changes of the list, withdrawals perhaps among them.",
	LateSince:    "since %s",
	Lifted:       "Lifted",
	Referred:     "Referred",
	Listings:     "The way of recent listings",
	NoListings:   "There is no public listing yet.",
	Listing:      "Listing",
	Begin:        "In force",
	End:          "Ended or suspended",
	OfSequence:   "sequence %d",
	NotYet:       "not confirmed yet",
	InForceStill: "still in force",
	LiftedHere:   "%d lifted",
	NoLonger:     "ended; the name is no longer shown",
	NotNow:       "suspended; the name is not shown meanwhile",
	NoNumber:     "—",
	Notes:        "Notes",
	NoteMasked:   "Only public listings stand here. Names of persons and identity numbers are masked, and once a listing has ended no name is shown. The centre does not learn whom departments screen.",
	NoteError:    "If you believe a listing is wrong, ask the enforcing court that decided it for correction; if you object to a department’s restriction, ask that department for a review and quote the reference that it gave you.",
	NoteLog:      "Anyone can check the ledger with a tlog-tiles client:",
	Key:          "Verifier key",
	NoSource:     "The state of the list cannot be read right now",
	NoSourceMend: "The page tries again by itself. If this stays, please tell the provincial centre.",
	stands:       map[standing]string{silent: "no receipt yet", differs: "holds another set", behind: "behind", current: "up to date"},
	behindBy:     "%d behind",
	origins: map[gongxin.Origin]string{
		gongxin.FromProcedure: "step by step", gongxin.FromCourtFile: "court’s file, service declared",
	},
	ends: map[gongxin.State]string{gongxin.Withdrawn: "Withdrawn", gongxin.Expired: "Expired", gongxin.Revoked: "Revoked as wrongly made", gongxin.Suspended: "Suspended"},
	grounds: map[gongxin.Ground]string{
		gongxin.GroundPerformed: "fully performed", gongxin.GroundSettled: "settled, performance confirmed", gongxin.GroundClosed: "enforcement closed by law",
		gongxin.GroundNoProperty: "no property found", gongxin.GroundSecurity: "security provided", gongxin.GroundWrong: "wrongly listed",
		gongxin.GroundCreditor: "asked for by the creditor", gongxin.GroundEarly: "ended early by decision",
		gongxin.GroundTerm: "term ended", gongxin.GroundUnstated: "no ground stated by the court",
	},
	units:     [4]string{"%d d", "%d h", "%d min", "%s s"},
	separator: ": ",
	deskWords: enDesk,
}

// wordsFor gives English when asked for and Chinese else.
func wordsFor(lang string) *words {
	if lang == en.Lang {
		return &en
	}
	return &zh
}

func (w *words) standing(g Gate, h Head) string {
	s := g.standing(h)
	if s == behind {
		return fmt.Sprintf(w.behindBy, h.Sequence-g.Sequence)
	}
	return w.stands[s]
}

func (w *words) lateBy(g LateGate) string {
	if g.What.ZH != "" {
		return w.say(g.What)
	}
	return fmt.Sprintf(w.behindBy, g.Behind)
}

// instant writes t in the time of Shanghai, to the second.
func instant(t time.Time) string { return t.In(gongxin.Shanghai).Format("2006-01-02 15:04:05") }

// machine writes t for the datetime attribute.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// delay writes how long after from to is, with the two largest units: clocks of
// two machines may differ, so what seems to come before counts as at once.
func (w *words) delay(from, to time.Time) string {
	d := max(to.Sub(from), 0)
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	number := func(unit, n int) string { return fmt.Sprintf(w.units[unit], n) }
	switch {
	case days > 0:
		return "+" + number(0, days) + " " + number(1, hours)
	case hours > 0:
		return "+" + number(1, hours) + " " + number(2, minutes)
	case minutes > 0:
		return "+" + number(2, minutes) + " " + fmt.Sprintf(w.units[3], fmt.Sprint(int(d.Seconds())%60))
	}
	return "+" + fmt.Sprintf(w.units[3], fmt.Sprintf("%.2f", d.Seconds()))
}

// thousands writes n with narrow no-break spaces, as both languages can read it.
func thousands(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
