// Package synthetic invents court files for the demo, the benchmarks and the
// tests: persons and organisations that cannot exist, in the document's own
// columns. Citizen numbers carry the province-level address code 320000, which
// is never issued; organisation codes begin with QQ.
//
//	w := synthetic.NewPersons(2017, 1_000_000, today)   // an io.Reader of CSV, streamed
//
// The same seed gives the same bytes. A Maker is for one goroutine.
package synthetic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"gongxin"
	"gongxin/identity"
)

// PersonColumns and OrganisationColumns are the columns of 2.1.2 and 2.1.1 with
// the two marks of 2.1.3, in the document's order.
var (
	PersonColumns = []string{"案号", "姓名", "性别", "年龄", "身份证号码", "执行法院", "执行依据文号", "作出执行依据单位",
		"法律生效文书确定的义务", "被执行人的履行情况", "失信被执行人具体情形", "发布时间", "立案时间", "已履行部分", "未履行部分",
		"撤销时间", "失信严重程度", "失信信息有效期"}
	OrganisationColumns = []string{"案号", "单位名称", "统一社会信用代码(组织机构代码)", "法定代表人姓名", "执行法院", "执行依据文号",
		"作出执行依据单位", "法律生效文书确定的义务", "被执行人的履行情况", "失信被执行人具体情形", "发布时间", "立案时间", "已履行部分",
		"未履行部分", "撤销时间", "失信严重程度", "失信信息有效期"}
	// WithdrawalColumns are those of a file that ends listings (2.4).
	WithdrawalColumns = []string{"案号", "证件号码", "撤销时间", "撤销原因"}
)

var (
	surnames = strings.Split("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严赖覃洪武莫孔", "")
	given    = strings.Split("伟强磊军勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆洋峰林昊芳娜敏静丽艳娟霞秀玲桂英燕红梅云雪婷慧莹琳晶倩佳怡欣悦雯颖璐瑶萍珍莉蓉薇青文志建国春海山仁永安福生龙元全胜学祥才发武新利清", "")
	brands   = strings.Split("恒瑞鼎盛泰和嘉禾启明星辰远大金桥博雅澄澜翊曦恺筠", "")
	courts   = [...][2]string{
		{"苏0505", "苏州市虎丘区人民法院"}, {"苏0506", "苏州市吴中区人民法院"}, {"苏0507", "苏州市相城区人民法院"},
		{"苏0508", "苏州市姑苏区人民法院"}, {"苏0509", "苏州市吴江区人民法院"}, {"苏0581", "常熟市人民法院"},
		{"苏0582", "张家港市人民法院"}, {"苏0583", "昆山市人民法院"}, {"苏0585", "太仓市人民法院"},
	}
	conduct = [...]string{"有履行能力而拒不履行生效法律文书确定义务", "违反财产报告制度", "违反限制消费令", "无正当理由拒不履行执行和解协议"}
	grades  = [...]string{"一般", "一般", "一般", "较重", "严重"}
)

// A Maker invents rows. Case and identity numbers do not repeat within one Maker.
type Maker struct {
	r     *rand.Rand
	today gongxin.Day
	n     int
}

// New returns a Maker whose listings were published in the year before today.
func New(seed uint64, today gongxin.Day) *Maker {
	return &Maker{r: rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)), today: today}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// PersonName invents a name of two or three characters.
func (m *Maker) PersonName() string {
	name := pick(m.r, surnames) + pick(m.r, given)
	if m.r.IntN(7) > 0 {
		name += pick(m.r, given)
	}
	return name
}

// complete finds the check character that makes prefix a valid number of kind.
func complete(prefix string, kind identity.Kind) string {
	for _, c := range "0123456789XABCDEFGHJKLMNPQRTUWY" {
		if n, _, err := identity.Parse(prefix+string(c), kind); err == nil {
			return n.Full()
		}
	}
	panic("synthetic: no check character fits " + prefix)
}

const sequences = 500 // of one sex on one birthday

// CitizenNumber gives the i-th number of a synthetic series of men or women born
// from 1950 to 1996; up to 8 million of each do not repeat.
func CitizenNumber(i int, male bool) string {
	const days = 17000
	birth := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i%days)
	n := 2 * (i / days % sequences)
	if male {
		n++
	}
	return complete(fmt.Sprintf("320000%s%03d", birth.Format("20060102"), n), identity.CitizenID)
}

// CreditCode gives the i-th unified social credit code of a synthetic series of a million.
func CreditCode(i int) string {
	org := complete(fmt.Sprintf("QQ%06d", i%1_000_000), identity.OrganisationCode)
	return complete("91320000"+org, identity.CreditCode)
}

func (m *Maker) common() (published, filed gongxin.Day, court [2]string, number string) {
	m.n++
	published = m.today.Add(-1 - m.r.IntN(300))
	filed = published.Add(-25 - m.r.IntN(200))
	court = pick(m.r, courts[:])
	year, _, _ := filed.Date()
	return published, filed, court, fmt.Sprintf("（%d）%s执%d号", year, court[0], m.n)
}

func (m *Maker) rest(court [2]string, published, filed gongxin.Day) []string {
	amount := 8000 + m.r.IntN(900_000)
	paid := 0
	how := "全部未履行"
	if m.r.IntN(3) == 0 {
		paid, how = amount/3, "部分未履行"
	}
	year, _, _ := filed.Date()
	return []string{court[1], fmt.Sprintf("（%d）%s民初%d号", year, court[0], 1+m.r.IntN(9000)), court[1],
		fmt.Sprintf("支付货款%d元及逾期利息", amount), how, pick(m.r, conduct[:]), published.String(), filed.String(),
		fmt.Sprintf("%d元", paid), fmt.Sprintf("%d元", amount-paid), "", pick(m.r, grades[:]), published.Add(730).String()}
}

// Person invents one row in the order of PersonColumns.
func (m *Maker) Person() []string {
	published, filed, court, number := m.common()
	male := m.r.IntN(10) < 7
	id := CitizenNumber(m.n, male)
	sex := "女"
	if male {
		sex = "男"
	}
	num, _, err := identity.Parse(id, identity.CitizenID)
	if err != nil {
		panic(err)
	}
	age, _ := gongxin.Subject{Number: num}.AgeOn(published)
	return append([]string{number, m.PersonName(), sex, fmt.Sprint(age), id}, m.rest(court, published, filed)...)
}

// Organisation invents one row in the order of OrganisationColumns.
func (m *Maker) Organisation() []string {
	published, filed, court, number := m.common()
	name := "苏州" + pick(m.r, brands) + pick(m.r, brands) + pick(m.r, []string{"贸易", "建设工程", "科技", "餐饮管理"}) + "有限公司"
	return append([]string{number, name, CreditCode(m.n), m.PersonName()}, m.rest(court, published, filed)...)
}
