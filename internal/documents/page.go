package documents

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongxin"
)

// paper is the layout: A4, the margins and the 22 lines of 28 characters of
// GB/T 9704-2012, on screen and in print.
//
//go:embed paper.css
var paper string

// Where Print puts what the archived page has blank. Text is escaped everywhere
// else, so each stands at most once.
const (
	codePlace    = `<span id="access-code">`
	addressPlace = `<span id="address">`
	hashPlace    = `<span id="archive-hash">`
)

// render lays out c in the words of t. mark, if it is not empty, is written across
// the sheet, so that a sample is not taken for a paper.
func render(c *content, t *Template, mark string) []byte {
	p := &sheet{b: make([]byte, 0, len(paper)+8<<10)}
	no := c.draft.Document.Number
	p.raw(`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>`)
	p.text(no + " " + c.title.ZH)
	p.raw("</title>\n<style>\n")
	p.raw(paper)
	p.raw("@page { @top-right { content: \"")
	p.css(no)
	p.raw("\" } }\n</style>\n</head>\n<body>\n")
	if mark != "" {
		p.raw(`<p class="mark" aria-hidden="true">`)
		p.text(mark)
		p.raw("</p>\n")
	}
	p.raw("<main>\n<header>\n<p class=\"court\">")
	p.text(c.head)
	p.raw("</p>\n<h1>")
	p.text(c.title.ZH)
	p.raw("</h1>\n<p class=\"number\">")
	p.text(no)
	p.raw("</p>\n</header>\n")
	for i := range t.paragraphs {
		p.paragraph(&t.paragraphs[i], &c.values, i == 0)
	}
	p.signature(c)
	if TakesCode(c.kind) {
		p.access(c)
	}
	p.raw("<footer>本页存档，其摘要载于公信账本；打印件与存档页是否一致，可以据此核对。" + hashPlace + "</span></footer>\n</section>\n</main>\n</body>\n</html>\n")
	return p.b
}

// A sheet is a page being written.
type sheet struct{ b []byte }

// raw writes what is ours.
func (p *sheet) raw(s string) { p.b = append(p.b, s...) }

// text writes what is others', so that it stays text: HTML is escaped, and what
// cannot be seen is dropped, because it can make a paper read other than it is.
func (p *sheet) text(s string) {
	for _, r := range s {
		switch {
		case r == '&':
			p.raw("&amp;")
		case r == '<':
			p.raw("&lt;")
		case r == '>':
			p.raw("&gt;")
		case r == '"':
			p.raw("&#34;")
		case r == '\'':
			p.raw("&#39;")
		case r == '\t' || r == '\n':
			p.raw(" ")
		case !hidden(r):
			p.b = utf8.AppendRune(p.b, r)
		}
	}
}

// css writes s inside a string of CSS: letters, digits and the brackets of case
// numbers as they are, all else escaped by its number.
func (p *sheet) css(s string) {
	for _, r := range s {
		switch {
		case r == '（' || r == '）' || unicode.IsLetter(r) || '0' <= r && r <= '9':
			p.b = utf8.AppendRune(p.b, r)
		case !hidden(r):
			p.raw(`\` + strings.TrimPrefix(codePoint(r), "U+") + " ")
		}
	}
}

// paragraph writes what x says of values, nothing if that is nothing. A value of
// several lines ends its paragraph and begins another with each.
func (p *sheet) paragraph(x *paragraph, values *[fieldCount]gongxin.Text, first bool) {
	if x.when != noField && values[x.when].ZH == "" || x.empty(values) {
		return
	}
	p.raw("<p")
	if last := x.parts[len(x.parts)-1]; first && strings.HasSuffix(last.text, "：") {
		p.raw(` class="to"`)
	}
	p.raw(">")
	for i, part := range x.parts {
		if part.field == noField {
			p.text(part.text)
			continue
		}
		value := strings.TrimSpace(values[part.field].ZH)
		if i+1 < len(x.parts) && punctuated(x.parts[i+1].text) {
			value = strings.TrimRight(value, "。；，、.;, ")
		}
		begun := false
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if begun {
				p.raw("</p>\n<p>")
			}
			p.text(line)
			begun = true
		}
	}
	p.raw("</p>\n")
}

// punctuated tells whether s begins with a mark that a value's own mark would double.
func punctuated(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("。；，、", r)
}

// empty tells whether x consists of fields alone and all of them are empty.
func (x *paragraph) empty(values *[fieldCount]gongxin.Text) bool {
	for _, part := range x.parts {
		if part.field == noField || values[part.field].ZH != "" {
			return false
		}
	}
	return true
}

// signature writes who signs, the date, and the place of the seal, which goes on the
// date. It leaves its section open for what must not stand on a page of its own.
func (p *sheet) signature(c *content) {
	p.raw("<section class=\"sign\" aria-label=\"落款\">\n")
	if forms[c.kind].by == byJudge {
		p.raw("<p class=\"hand\"><span>审判员</span></p>\n")
	} else {
		p.raw("<p class=\"by\">")
		p.text(c.head)
		p.raw("</p>\n")
	}
	p.raw("<p class=\"date\"><span class=\"seal\">（院印）</span>")
	p.text(dated(c.day))
	p.raw("</p>\n")
	if forms[c.kind].by == byJudge {
		p.raw("<p class=\"hand\"><span>书记员</span></p>\n")
	}
}

// access writes the box of the one-time code, which is blank in the archive.
func (p *sheet) access(c *content) {
	p.raw("</section>\n<section class=\"access\" aria-label=\"查询凭证\">\n<h2>查询凭证</h2>\n<dl>\n<dt>名单条目编号</dt><dd>")
	p.text(c.draft.Document.Listing.String())
	p.raw("</dd>\n<dt>一次性查询码</dt><dd class=\"blank\">" + codePlace + "</span></dd>\n")
	p.raw("<dt>办理网址</dt><dd class=\"blank\">" + addressPlace + "</span></dd>\n</dl>\n")
	p.raw("<p>在上述网址输入条目编号和查询码，可以查看名单条目的状态、哪些部门已接收该信息以及各部门解除措施的情况，并可以申请纠正、更正或者撤销，" +
		"提交材料，查看处理进展。查询码只能使用一次，使用后当即换发新码，请妥善保存，不要告知他人。遗失的，可以持有效身份证件到本院重新领取。</p>\n")
}
