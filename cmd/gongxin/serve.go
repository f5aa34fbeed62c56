package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// serve runs handler on l and jobs beside it until ctx ends, then lets requests
// under way finish for a few seconds.
func serve(ctx context.Context, l net.Listener, handler http.Handler, jobs ...func(context.Context) error) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	g, ctx := errgroup.WithContext(ctx)
	server.BaseContext = func(net.Listener) context.Context { return ctx } // ends long polls
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		err := server.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			// A client that has connected and not asked yet counts as busy for five
			// seconds: what is left after the grace is cut, and that is no fault.
			return server.Close()
		}
		return err
	})
	for _, job := range jobs {
		g.Go(func() error {
			err := job(ctx)
			if ctx.Err() != nil {
				return nil // asked to stop
			}
			return err
		})
	}
	return g.Wait()
}
