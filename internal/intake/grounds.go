package intake

import (
	"strings"
	"unicode"

	"gongxin"
)

// groundTexts are the set words of 撤销原因 for each ground of 2.4 and 5.8.
var groundTexts = map[gongxin.Ground]string{
	gongxin.GroundPerformed:  "全部履行完毕",
	gongxin.GroundSettled:    "达成执行和解协议并经申请执行人确认履行完毕",
	gongxin.GroundClosed:     "依法终结执行",
	gongxin.GroundNoProperty: "终结本次执行程序后两次以上网络查控未发现可供执行财产",
	gongxin.GroundSecurity:   "提供有效执行担保",
	gongxin.GroundWrong:      "纳入错误",
}

// groundWords are other ways of saying the same; folded, they must match whole,
// because a part (履行完毕) can stand in its opposite (未履行完毕).
var groundWords = func() map[string]gongxin.Ground {
	all := map[string]gongxin.Ground{}
	add := func(g gongxin.Ground, words ...string) {
		for _, w := range append(words, groundTexts[g], string(g)) {
			all[foldGround(w)] = g
		}
	}
	add(gongxin.GroundPerformed, "履行完毕", "已履行完毕", "已全部履行完毕", "全部履行", "已全部履行", "被执行人已全部履行完毕", "被执行人已履行完毕",
		"全部履行了生效法律文书确定的义务", "已履行全部义务", "履行全部义务", "全部义务已履行完毕", "执行完毕")
	add(gongxin.GroundSettled, "和解并履行完毕", "达成和解协议并履行完毕", "达成执行和解协议且已履行完毕", "执行和解并履行完毕",
		"达成执行和解协议且已履行完毕并经申请执行人确认", "当事人达成执行和解协议且已履行完毕", "达成执行和解协议，并经申请执行人确认履行完毕")
	add(gongxin.GroundClosed, "终结执行", "裁定终结执行", "依法裁定终结执行", "人民法院依法裁定终结执行")
	add(gongxin.GroundNoProperty, "终结本次执行程序后两次以上查控未发现可供执行财产", "两次以上网络查控未发现可供执行财产", "无可供执行财产",
		"终结本次执行程序后，通过网络执行查控系统查询被执行人财产两次以上，未发现有可供执行财产")
	add(gongxin.GroundSecurity, "提供有效担保", "提供担保", "提供执行担保", "已提供有效执行担保", "已提供有效担保")
	add(gongxin.GroundWrong, "错误纳入", "纳入有误", "不应纳入", "不应纳入失信被执行人名单", "错列", "误列", "纳入失信名单错误", "纳入名单错误")
	return all
}()

// readGround finds the ground that s states, in the set words or other known
// ones; exact tells that s is the set words.
func readGround(s string) (g gongxin.Ground, exact, ok bool) {
	if len(s) > 300 {
		return "", false, false
	}
	g, ok = groundWords[foldGround(s)]
	return g, ok && groundTexts[g] == s, ok
}

func foldGround(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
