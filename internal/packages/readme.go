package packages

import (
	"fmt"

	"gongxin/feed"
	"gongxin/ledger"
)

// readmeZH tells an officer what the package is and what to do with it.
func readmeZH(m feed.Manifest, head ledger.Head) string {
	kind := fmt.Sprintf("增量包：接第%d号事件之后，到第%d号", m.From, m.To)
	if m.Full {
		kind = fmt.Sprintf("全量包：到第%d号事件", m.To)
	}
	next := "未约定"
	if !m.Next.IsZero() {
		next = m.Next.String()
	}
	return fmt.Sprintf(`失信被执行人名单数据包
======================

收件部门：%s（网关短名 %s）
账本：%s
%s
在册条目：%d
制作时间：%s
下一包：%s

一、内含居民身份证号码等个人信息，仅供本部门履行联合惩戒职责使用，用毕按规定销毁。

二、先核验，再使用：
    gongxin package show --verifier-key-file hub.pub 本文件.gxp
    公钥 hub.pub 请通过其他途径（如公文）取得并核对，不要采用随包送来的公钥。

三、装有网关的部门，导入网关：
    gongxin package import --dir 网关目录 --name %s --verifier-key-file hub.pub 本文件.gxp
    网关正在运行的，导入它所跟随的目录：
    gongxin package import --into 跟随目录 --verifier-key-file hub.pub 本文件.gxp

四、没有网关的部门，打开 list.xlsx（请勿用 Excel 打开 list.csv，证件号码会丢失末位）：
    1. “变动”列为撤销、期满失效、暂停的，请立即解除对该条目采取的措施（按“名单编号”查找）；
    2. 其余各行即现行全部名单，请以其整体替换旧名单；
    3. “是否不公开”列标明不公开的，不得对外公开。

五、导入后生成回执，与 .pub 文件一并送回：
    gongxin package receipt --dir 网关目录 --name %s --verifier-key-file hub.pub --out 回执.txt
    没有网关的部门，请以公文回复：已收到并采用至第%d号。

六、manifest 是省公共信用信息中心签署的清单，列有每个文件的 SHA-256，可用 sha256sum 逐一核对。
`, m.Department, m.Gate, m.Origin, kind, head.Count, m.Made.Format("2006-01-02T15:04:05Z"), next, m.Gate, m.Gate, m.To)
}

// readme tells the same in English.
func readme(m feed.Manifest, head ledger.Head) string {
	kind := fmt.Sprintf("delta: continues event %d, up to %d", m.From, m.To)
	if m.Full {
		kind = fmt.Sprintf("full: up to event %d", m.To)
	}
	next := "none agreed"
	if !m.Next.IsZero() {
		next = m.Next.String()
	}
	return fmt.Sprintf(`List of judgment defaulters: a package
======================================

For:       %s (gate %s)
Log:       %s
Kind:      %s
In force:  %d listings
Made:      %s
Next:      %s

1. It holds identity numbers: for this department's own duties alone, to be destroyed afterwards as the rules say.

2. Verify before use:
     gongxin package show --verifier-key-file hub.pub THIS.gxp
   Get hub.pub another way, such as by letter, never from beside the package.

3. With a gate:
     gongxin package import --dir GATEDIR --name %s --verifier-key-file hub.pub THIS.gxp
   or, while the gate runs, into the directory that it follows:
     gongxin package import --into DIR --verifier-key-file hub.pub THIS.gxp

4. Without one, open list.xlsx (Excel drops digits of list.csv): lift at once what the first rows (撤销, 期满失效, 暂停)
   have ended, found by 名单编号; the other rows are the whole list in force and replace the old one.

5. Send back the receipt with its .pub file:
     gongxin package receipt --dir GATEDIR --name %s --verifier-key-file hub.pub --out receipt.txt
   or, without a gate, a letter: received and applied up to %d.

6. manifest is signed by the provincial centre and names the SHA-256 of every file here.
`, m.Department, m.Gate, m.Origin, kind, head.Count, m.Made.Format("2006-01-02T15:04:05Z"), next, m.Gate, m.Gate, m.To)
}
