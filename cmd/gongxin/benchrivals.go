package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"

	"gongxin/identity"
	"gongxin/internal/synthetic"
	"gongxin/match"
)

// sqlAsked is how many numbers a rival is asked for that answers slowly.
const sqlAsked = 20_000

// benchSQL times a prepared SELECT by number in a database that is filled for it.
func benchSQL(ctx context.Context, driver, source string, n int, asked []identity.Number) (ns float64, err error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	const table = "bench_numbers"
	if _, err := db.ExecContext(ctx, "CREATE TABLE "+table+" (number TEXT PRIMARY KEY, listing BIGINT NOT NULL)"); err != nil {
		return 0, err
	}
	defer func() {
		_, dropping := db.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+table)
		err = errors.Join(err, dropping)
	}()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // after Commit there is nothing to roll back
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+table+" VALUES ($1, $2)")
	if err != nil {
		return 0, err
	}
	for i := range n {
		if _, err := insert.ExecContext(ctx, string(synthetic.AppendCitizenNumber(nil, i)), i); err != nil {
			return 0, err
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	find, err := db.PrepareContext(ctx, "SELECT listing FROM "+table+" WHERE number = $1")
	if err != nil {
		return 0, err
	}
	defer find.Close()
	found := 0
	began := time.Now()
	for _, a := range asked[:sqlAsked] {
		var listing int64
		switch err := find.QueryRowContext(ctx, a.Full()).Scan(&listing); {
		case err == nil:
			found++
		case !errors.Is(err, sql.ErrNoRows):
			return 0, err
		}
	}
	ns = float64(time.Since(began).Nanoseconds()) / sqlAsked
	if want := (sqlAsked + 499) / 1000; found != want {
		return 0, fmt.Errorf("%s found %d of %d", driver, found, want)
	}
	return ns, nil
}

// benchRedis times EXISTS, one number after the other over one connection, at a server
// that is filled for it: RESP 2, as every Redis speaks it. What it was filled with is
// taken out again; should that fail, it goes by itself after an hour.
func benchRedis(ctx context.Context, address string, n int, asked []identity.Number) (ns float64, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // nothing here waits longer than ctx
	r, w := bufio.NewReaderSize(conn, 1<<16), bufio.NewWriterSize(conn, 1<<16)
	const prefix = "gongxin-bench:"
	var key []byte
	send := func(command string, who []byte, more ...string) {
		key = append(append(key[:0], prefix...), who...)
		fmt.Fprintf(w, "*%d\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", 2+len(more), len(command), command, len(key), key)
		for _, m := range more {
			fmt.Fprintf(w, "$%d\r\n%s\r\n", len(m), m)
		}
	}
	answer := func() (string, error) {
		line, err := r.ReadString('\n')
		line = strings.TrimSuffix(line, "\r\n")
		if err == nil && line != "+OK" && line != ":0" && line != ":1" {
			err = fmt.Errorf("redis answers %q", line)
		}
		return line, err
	}
	all := func(command string, more ...string) error { // without waiting for each
		var number []byte
		for from := 0; from < n; from += 1000 {
			upTo := min(from+1000, n)
			for i := from; i < upTo; i++ {
				number = synthetic.AppendCitizenNumber(number[:0], i)
				send(command, number, more...)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			for range upTo - from {
				if _, err := answer(); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := all("SET", "1", "EX", "3600"); err != nil {
		return 0, err
	}
	found := 0
	began := time.Now()
	for _, a := range asked[:sqlAsked] {
		send("EXISTS", []byte(a.Full()))
		if err := w.Flush(); err != nil {
			return 0, err
		}
		line, err := answer()
		if err != nil {
			return 0, err
		}
		if line == ":1" {
			found++
		}
	}
	ns = float64(time.Since(began).Nanoseconds()) / sqlAsked
	if err := all("DEL"); err != nil {
		return 0, err
	}
	if want := (sqlAsked + 499) / 1000; found != want {
		return 0, fmt.Errorf("redis found %d of %d", found, want)
	}
	return ns, nil
}

// scannedFor is how many names a scan is asked for.
const scannedFor = 20

// benchScan times a search by name as screeners do it that keep the listed names in a
// row, folded once, and compare each with what is asked by how many characters have to
// change. It says what the median of some searches takes, in microseconds.
func benchScan(n int) (p50 float64, err error) {
	listed := make([][]rune, n)
	for i := range listed {
		listed[i] = []rune(match.Fold(string(synthetic.AppendName(nil, i))))
	}
	took := make([]float64, scannedFor)
	for k := range took {
		asked := absentName(k)
		began := time.Now()
		folded := []rune(match.Fold(asked))
		for _, name := range listed {
			if changes(folded, name) == 0 {
				return 0, errors.New("somebody is called " + strconv.Quote(asked))
			}
		}
		took[k] = float64(time.Since(began).Nanoseconds()) / 1e3
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// changes is the edit distance (Levenshtein) of two short names.
func changes(a, b []rune) int {
	var room [64]int
	if len(b) >= len(room) {
		b = b[:len(room)-1]
	}
	row := room[:len(b)+1]
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := before
			if x != y {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
