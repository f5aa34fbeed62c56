package main

import (
	"context"
	"net"
	"net/http"
	"testing"
)

// A client that has connected and never asks does not turn a stop into a failure.
func TestStopWithASilentClientIsNoFault(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, http.NotFoundHandler()) }()
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	answers := make(chan error, 1)
	go func() {
		r, err := http.Get("http://" + l.Addr().String()) // so that the server has taken the silent one before
		if err == nil {
			err = r.Body.Close()
		}
		answers <- err
	}()
	if err := <-answers; err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("stopping gave %v", err)
	}
}
