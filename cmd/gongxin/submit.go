package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gongxin"
	"gongxin/internal/hub"
	"gongxin/internal/intake"
)

// problemOf reads an RFC 9457 answer into the error that it stands for, with the
// texts as the hub gave them.
func problemOf(r *http.Response) error {
	var p struct {
		Code, Detail string
		Message      gongxin.Text
		Mend         gongxin.Text
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", r.Request.URL, err)
	}
	if err := json.Unmarshal(b, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%s answered %s", r.Request.URL, r.Status)
	}
	return fmt.Errorf("%s answered %s\n  %s\n  %s\n  → %s\n  → %s", r.Request.URL.Host, p.Code, p.Message.ZH, p.Message.EN, p.Mend.ZH, p.Mend.EN)
}

// secretFile reads a secret given as a path.
func secretFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// submit posts a file to the hub and reads its answer, a record a line, as it
// comes. The file is read along, for the cells that a correction needs.
func (n *intakeCommand) submit(ctx context.Context, name string, f *os.File, file *intake.File, each func(intake.Record) error) (*hub.Held, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	answer, err := n.client.do(ctx, http.MethodPost, "/v1/intake?report=all&name="+url.QueryEscape(filepath.Base(name)),
		"application/octet-stream", io.NewSectionReader(f, 0, info.Size()), info.Size())
	if err != nil {
		return nil, fmt.Errorf("submit %s: %w", name, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusAccepted {
		held := new(hub.Held)
		if err := json.NewDecoder(answer.Body).Decode(held); err != nil {
			return nil, fmt.Errorf("read the hub's answer: %w", err)
		}
		return held, nil
	}
	return nil, readRecords(answer.Body, func(r intake.Record) error {
		here, err := file.Next()
		if err != nil || here.Row != r.Row {
			return fmt.Errorf("%s changed while it was submitted: row %d", name, r.Row)
		}
		r.Raw = here.Raw
		return each(r)
	})
}

// readRecords reads the hub's answer to a submission. It ends with a summary; if
// that is missing, the hub did not finish and the file must be sent again, which
// changes nothing for the rows that went in.
func readRecords(r io.Reader, each func(intake.Record) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var end struct {
			Summary *json.RawMessage
			Code    string
			Detail  string
		}
		if err := json.Unmarshal(lines.Bytes(), &end); err != nil {
			return fmt.Errorf("read the hub's answer: %w", err)
		}
		if end.Summary != nil {
			return nil
		}
		if end.Code != "" {
			return fmt.Errorf("the hub stopped: %s: %s; send the file again, rows that went in stay as they are", end.Code, end.Detail)
		}
		var rec intake.Record
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			return fmt.Errorf("read the hub's answer: %w", err)
		}
		if err := each(rec); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return fmt.Errorf("the hub's answer ended early: send the file again, rows that went in stay as they are")
}
