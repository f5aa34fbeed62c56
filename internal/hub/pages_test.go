package hub

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"gongxin"
	"gongxin/internal/access"
	"gongxin/internal/web/browsertest"
)

func TestInABrowserAJudgeSignsInAndSeesWhatIsOverdue(t *testing.T) {
	const secret, password = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "梅花香自苦寒来 2017"
	d := newDesk(t)
	d.person(access.Person{ID: "sun@苏05", Name: "孙法官", Organisation: "court.苏05", Roles: []gongxin.Role{gongxin.RoleHigherCourt}, Second: secret}, password)
	code := func() string {
		t.Helper()
		c, err := totp.GenerateCode(secret, d.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	b := browsertest.Open(t)
	b.Size(1280, 900)

	// A wrong password, in both languages: one message, and nothing of what was typed but the name.
	for _, tt := range []struct{ lang, in, name, password, code, wrong string }{
		{"zh", "登录", "用户名", "密码", "动态验证码", "不能登录：账号、密码或验证码不正确，或者尝试次数过多"},
		{"en", "Sign in", "Name", "Password", "Code", "no sign-in: the ID, the password or the code is wrong, or there were too many attempts"},
	} {
		b.Load(d.centre.url + "/board?lang=" + tt.lang) // not signed in: led to the sign-in page
		b.See("heading", tt.in)
		b.Fill("textbox", tt.name, "sun@苏05")
		b.Fill("textbox", tt.password, "春眠不觉晓 2017")
		b.Fill("textbox", tt.code, code())
		b.Click("button", tt.in)
		b.See("StaticText", tt.wrong)
		if n := len(b.Find("alert", "")); n != 1 {
			t.Errorf("%s: %d messages", tt.lang, n)
		}
		if got := browsertest.Value[string](b, `[...document.querySelectorAll("input")].map(e => e.value).join("|")`); got != "sun@苏05||" {
			t.Errorf("%s: the form holds %q", tt.lang, got)
		}
	}
	if bad := b.Complaints(); len(bad) != 2 { // the browser's own note of each answer 401
		t.Errorf("the console says %q", bad)
	}

	b.Size(360, 780) // from here on a phone
	b.Load(d.centre.url + "/sign-in")
	b.Fill("textbox", "用户名", "sun@苏05")
	b.Fill("textbox", "密码", password)
	b.Fill("textbox", "动态验证码", code())
	b.Click("button", "登录")
	b.See("heading", "办理期限")
	b.See("table", "已逾期 2 项")
	b.See("rowheader", "（2016）苏0505执1号")
	b.See("rowheader", "（2016）苏0506执4号")
	b.See("table", "逾期告知上级法院 第 2.5 条")
	b.Fits(360)
	b.Picture("board-phone")

	b.Size(1280, 900)
	b.Choose("法院", "苏州市吴中区人民法院")
	b.Choose("状态", "已逾期")
	b.Click("button", "筛选")
	b.See("table", "已逾期 1 项")
	b.See("link", "取消筛选")
	if len(b.Find("table", "即将到期 1 项")) > 0 {
		t.Error("the filter leaves what was not asked for")
	}
	b.Click("link", "English")
	b.See("heading", "What is due")
	b.See("table", "Overdue 1") // still filtered
	b.See("StaticText", "1 day overdue")
	b.Picture("board-filtered-en")
	if text := browsertest.Value[string](b, "document.documentElement.outerHTML"); strings.Contains(text, "试样") || strings.Contains(text, "19800101") {
		t.Error("the page tells about the person concerned")
	}
	b.Contrast()
	b.Click("button", "Sign out")
	b.See("heading", "Sign in")
	b.Load(d.centre.url + "/board?lang=en")
	b.See("heading", "Sign in")

	// A code holds once; the next one opens again.
	b.Fill("textbox", "Name", "sun@苏05")
	b.Fill("textbox", "Password", password)
	b.Fill("textbox", "Code", code())
	b.Click("button", "Sign in")
	b.See("alert", "")
	d.at.Add((30 * time.Second).Milliseconds())
	b.Fill("textbox", "Password", password)
	b.Fill("textbox", "Code", code())
	b.Click("button", "Sign in")
	b.See("heading", "What is due")

	for _, r := range b.Requests() {
		if !strings.HasPrefix(r, d.centre.url) {
			t.Errorf("a page asks elsewhere: %s", r)
		}
	}
}
