package documents

import (
	"encoding/json"
	"fmt"

	"gongxin"
)

// The wire form of Data. It holds what the paper says and nothing else.
type (
	dataBody struct {
		Kind      gongxin.DocumentKind `json:"kind"`
		Number    string               `json:"number"`
		Title     gongxin.Text         `json:"title"`
		Court     string               `json:"court"`
		CourtCode gongxin.CourtCode    `json:"court_code,omitzero"`
		Date      gongxin.Day          `json:"date"`
		Template  string               `json:"template"` // whose words the page has: "court" or "default"
		Fields    []dataField          `json:"fields"`   // those that are not empty, in a fixed order
		Remedies  []gongxin.Text       `json:"remedies"`
		Clause    []string             `json:"clause"` // ids such as 2.3
	}
	dataField struct {
		Key     string `json:"key"`
		ZH      string `json:"zh"`
		EN      string `json:"en"`
		Value   string `json:"value"`
		ValueEN string `json:"value_en,omitempty"` // where it is not the court's own words
	}
)

// data writes c as JSON.
func data(c *content, own bool) ([]byte, error) {
	body := dataBody{
		Kind: c.kind, Number: c.draft.Document.Number, Title: c.title, Court: c.values[court].ZH, CourtCode: c.draft.Document.Court,
		Date: c.day, Template: "default", Remedies: c.remedies, Clause: c.clauses,
	}
	if own {
		body.Template = "court"
	}
	if body.Remedies == nil {
		body.Remedies = []gongxin.Text{}
	}
	for _, f := range forms[c.kind].fields {
		switch f { // they stand by themselves above, or are but a turn of speech
		case court, number, date, remedies, you:
			continue
		}
		if v := c.values[f]; v.ZH != "" && !f.flag() {
			body.Fields = append(body.Fields, dataField{names[f].key, names[f].zh, names[f].en, v.ZH, v.EN})
		}
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write data of document %s: %w", body.Number, err)
	}
	return b, nil
}
