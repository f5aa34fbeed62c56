package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsDone ends a script's command.
func natsDone(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// natsServer runs a NATS server in the directory that is the argument until it is interrupted.
func natsServer() {
	dir := os.Args[1]
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	if err != nil {
		natsDone(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		natsDone(fmt.Errorf("the server does not start"))
	}
	js, err := natsStreams(s.ClientURL())
	if err != nil {
		natsDone(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for name, subject := range map[string]string{"TRANSACTIONS": "ticket.sale", "DECISIONS": "ticket.decision", "DEAD": "ticket.dead"} {
		if _, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}}); err != nil {
			natsDone(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "url"), []byte(s.ClientURL()), 0o600); err != nil {
		natsDone(err)
	}
	<-ctx.Done()
	s.Shutdown()
	natsDone(nil)
}

func natsStreams(url string) (jetstream.JetStream, error) {
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	return jetstream.New(conn)
}

// natsAt connects to the server in dir.
func natsAt(dir string) jetstream.JetStream {
	url, err := os.ReadFile(filepath.Join(dir, "url"))
	if err != nil {
		natsDone(err)
	}
	js, err := natsStreams(string(url))
	if err != nil {
		natsDone(err)
	}
	return js
}

func natsPublish() {
	js := natsAt(os.Args[1])
	f, err := os.Open(os.Args[2])
	if err != nil {
		natsDone(err)
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if _, err := js.Publish(context.Background(), "ticket.sale", lines.Bytes()); err != nil {
			natsDone(err)
		}
	}
	natsDone(nil)
}

func natsGet() {
	ctx := context.Background()
	s, err := natsAt(os.Args[1]).Stream(ctx, os.Args[2])
	if err != nil {
		natsDone(err)
	}
	for n := range s.CachedInfo().State.LastSeq {
		m, err := s.GetMsg(ctx, n+1)
		if err != nil {
			natsDone(err)
		}
		fmt.Println(m.Subject, string(m.Data))
	}
	natsDone(nil)
}
