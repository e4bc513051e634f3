// Command fakebitbucket serves the fake Bitbucket to scripts and CI jobs.
//
//	fakebitbucket < setup.json > fake.json &
//	until [ -s fake.json ]; do sleep 0.1; done
//
// Standard input holds JSON; see [setup]. Standard output gets one line of JSON
// once the fake answers; see [ready]. SIGINT or SIGTERM end it: with exit code
// 1, and the reasons on standard error, where it was asked for what Bitbucket
// doesn't have, or an answer was not used.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// setup is what standard input holds. Every part may be left out.
type setup struct {
	bitbuckettest.Options
	LogFile string                `json:"log_file"` // takes each request as a line of JSON
	Tokens  []bitbuckettest.Token `json:"tokens"`
	Answers []struct {
		Match   string                `json:"match"`
		Replies []bitbuckettest.Reply `json:"replies"`
		Always  bool                  `json:"always"` // the one reply stays
	} `json:"answers"`
}

// ready is what standard output gets.
type ready struct {
	URL    string                `json:"url"`
	Root   string                `json:"root"`         // a directory that stays
	CA     string                `json:"ca,omitempty"` // a PEM file
	Tokens []bitbuckettest.Token `json:"tokens"`       // as they were given, with their secrets
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakebitbucket:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)

	var given setup
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("standard input: %w", err)
	}
	if given.Root == "" {
		var err error
		if given.Root, err = os.MkdirTemp("", "fakebitbucket"); err != nil {
			return err
		}
	}
	if given.LogFile != "" {
		log, err := os.Create(given.LogFile)
		if err != nil {
			return err
		}
		defer log.Close()
		given.Log = log
	}
	server, err := bitbuckettest.Start(given.Options)
	if err != nil {
		return err
	}
	told := ready{URL: server.URL, Root: given.Root}
	for _, token := range given.Tokens {
		told.Tokens = append(told.Tokens, server.Add(token))
	}
	for _, a := range given.Answers {
		if a.Always && len(a.Replies) == 1 {
			server.AnswerAlways(a.Match, a.Replies[0])
		} else {
			server.Answer(a.Match, a.Replies...)
		}
	}
	if given.TLS {
		told.CA = filepath.Join(given.Root, "ca.pem")
		if err := os.WriteFile(told.CA, []byte(server.CA()), 0o600); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(out).Encode(told); err != nil {
		return err
	}
	<-stop
	server.Close()
	if problems := server.Problems(); len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	return nil
}
