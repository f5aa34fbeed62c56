package intake

import (
	"errors"
	"io"
	"path"
	"strings"

	"gongxin"
)

// A workbook is an XLSX file: its archive and what the sheets need.
type workbook struct {
	*archive
	sheets   []sheetEntry
	from1904 bool
	styles   dateStyles
	strings  *sharedStrings
}

type sheetEntry struct {
	name, part string
	hidden     bool
}

// maxSheets is how many worksheets are looked at.
const maxSheets = 255

// openWorkbook opens the first visible worksheet that has a header. All of it is
// read once before, so that a damaged workbook is refused whole.
func openWorkbook(r io.ReaderAt, size int64, o Options) (*File, error) {
	f, err := readWorkbook(r, size, o)
	var malformed xmlError
	if errors.As(err, &malformed) {
		err = notAWorkbook(malformed.Error())
	}
	return f, err
}

func readWorkbook(r io.ReaderAt, size int64, o Options) (*File, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	w := &workbook{archive: a}
	if err := w.read(o.MaxCell); err != nil {
		return nil, err
	}
	f, err := w.openSheet(o)
	if err != nil {
		_ = w.strings.close()
		return nil, err
	}
	return f, nil
}

// openSheet looks for the sheet and makes the File.
func (w *workbook) openSheet(o Options) (*File, error) {
	var best candidate
	chosen, above, looked := -1, 0, false
	var others []string
	for i, s := range w.sheets {
		if s.hidden || chosen >= 0 {
			others = append(others, s.name)
			continue
		}
		rows, err := w.rows(s, o.MaxCell)
		if err != nil {
			return nil, err
		}
		first, numbers, err := firstRows(rows)
		if cerr := rows.part.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		header, at := findHeader(first)
		if header.verdict(headerWithin) == nil {
			chosen, best, above = i, header, numbers[at]
			continue
		}
		if !looked || header.better(best) {
			best, looked = header, true
		}
		others = append(others, s.name)
	}
	if chosen < 0 {
		return nil, best.verdict(headerWithin)
	}
	hidden, err := w.checkSheet(w.sheets[chosen], o.MaxCell)
	if err != nil {
		return nil, err
	}
	rows, err := w.rows(w.sheets[chosen], o.MaxCell)
	if err != nil {
		return nil, err
	}
	var ln line
	for range above + 1 {
		if err := rows.next(&ln); err != nil {
			return nil, err
		}
	}
	f, err := start(o, best.layout, rows, form{format: "XLSX"})
	if err != nil {
		return nil, err
	}
	if w.from1904 {
		f.serial = epoch1904
	}
	if hidden > 0 {
		f.remark("ROWS_HIDDEN", hidden)
	}
	if len(others) > 0 {
		f.remark("SHEETS_NOT_READ", strings.Join(others, "、"))
	}
	return f, nil
}

// checkSheet reads a whole sheet, keeps nothing of it and counts hidden rows.
func (w *workbook) checkSheet(s sheetEntry, limit int) (hidden int, err error) {
	rows, err := w.rows(s, limit)
	if err != nil {
		return 0, err
	}
	rows.only = true
	for err == nil {
		var ln line
		err = rows.next(&ln)
	}
	if cerr := rows.part.Close(); err == io.EOF {
		err = cerr
	}
	return rows.hid, err
}

func (w *workbook) rows(s sheetEntry, limit int) (*sheetRows, error) {
	p, err := w.open(s.part)
	if err != nil {
		return nil, err
	}
	return &sheetRows{w: w, part: p, x: newXML(p, limit), limit: limit}, nil
}

// read reads the workbook's own parts.
func (w *workbook) read(limit int) error {
	main := "xl/workbook.xml"
	if rels, err := w.relations("_rels/.rels"); err == nil {
		for _, r := range rels {
			if strings.HasSuffix(r.kind, "/officeDocument") {
				main = resolve("", r.target)
			}
		}
	} else if gongxin.CodeOf(err) == "ZIP_BOMB" {
		return err
	}
	switch {
	case strings.HasSuffix(partName(main), ".bin"):
		return notAWorkbook("binary workbook (.xlsb)")
	case w.parts[partName(main)] == nil:
		return notAWorkbook("the archive holds no workbook")
	}
	links, err := w.relations(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"))
	if err != nil {
		return err
	}
	targets := map[string]string{} // of worksheets, by id
	for _, r := range links {
		target := resolve(path.Dir(main), r.target)
		switch {
		case strings.HasSuffix(r.kind, "/worksheet"):
			targets[r.id] = target
		case strings.HasSuffix(r.kind, "/styles"):
			if w.styles == nil {
				err = w.with(target, func(in io.Reader) (err error) {
					w.styles, err = readStyles(in)
					return err
				})
			}
		case strings.HasSuffix(r.kind, "/sharedStrings"):
			if w.strings == nil {
				err = w.with(target, func(in io.Reader) (err error) {
					w.strings, err = readStrings(in, limit)
					return err
				})
			}
		}
		if err != nil {
			return err
		}
	}
	return w.with(main, func(in io.Reader) error { return w.readMain(in, targets) })
}

// with opens a part, reads it and closes it.
func (w *workbook) with(name string, read func(io.Reader) error) error {
	p, err := w.open(name)
	if err != nil {
		return err
	}
	err = read(p)
	if cerr := p.Close(); err == nil {
		err = cerr
	}
	return err
}

// readMain reads workbook.xml: the sheets in their order, and the date system.
func (w *workbook) readMain(in io.Reader, targets map[string]string) error {
	x := newXML(in, 1024)
	root := ""
	for {
		t, err := x.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if t != xmlStart {
			continue
		}
		switch name := string(x.name); name {
		case "workbookPr":
			v := string(x.attr("date1904"))
			w.from1904 = v == "1" || v == "true" || v == "on"
		case "sheet":
			if target, ok := targets[string(x.attr("id"))]; ok && len(w.sheets) < maxSheets {
				state := string(x.attr("state"))
				w.sheets = append(w.sheets, sheetEntry{shorten(string(x.attr("name"))), target, state == "hidden" || state == "veryHidden"})
			}
		default:
			if root == "" {
				root = name
			}
		}
	}
	if root != "workbook" || len(w.sheets) == 0 {
		return notAWorkbook("the archive holds no worksheet")
	}
	return nil
}

type relation struct{ id, kind, target string }

// relations reads a part that links others.
func (w *workbook) relations(name string) (all []relation, err error) {
	err = w.with(name, func(in io.Reader) error {
		x := newXML(in, 1024)
		for {
			t, err := x.next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if t == xmlStart && string(x.name) == "Relationship" && string(x.attr("TargetMode")) != "External" && len(all) < maxEntries {
				all = append(all, relation{string(x.attr("Id")), string(x.attr("Type")), string(x.attr("Target"))})
			}
		}
	})
	return all, err
}

// resolve makes a link absolute within the archive.
func resolve(dir, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if strings.HasPrefix(target, "/") {
		return path.Clean(target[1:])
	}
	return path.Join(dir, target)
}
