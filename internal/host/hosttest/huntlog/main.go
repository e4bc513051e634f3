// Command huntlog hunts for the token of Bitbucket's documentation in the log of a
// job that used it as a secret, as GitHub gives it out:
//
//	huntlog SAMPLES <LOG
//
// SAMPLES is internal/credential/testdata/documented.json. It fails if any ten
// characters in a row of the token's random part show, in any encoding, and if the
// log isn't of a job that printed the credential.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "huntlog:", err)
		os.Exit(1)
	}
}

func run(args []string, log io.Reader, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: huntlog SAMPLES <LOG")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var samples []struct{ Token string }
	if err := json.Unmarshal(text, &samples); err != nil {
		return err
	}
	if len(samples) == 0 {
		return errors.New("there is no sample")
	}
	seen, err := io.ReadAll(log)
	if err != nil {
		return err
	}
	if err := hunt(string(seen), samples[0].Token); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "the token doesn't show in %d lines\n", strings.Count(string(seen), "\n"))
	return err
}

// All API tokens begin with the same characters, such as ATATT3xFfGF0. (Those of the
// documented one are BHATT3xFfGF0.)
const common = 12

// What GitHub adds to a line: the time, and colours. Text that is wrapped continues
// behind them.
var added = regexp.MustCompile(`(?m)^\x{feff}?\d{4}-\d\d-\d\dT[0-9:.]+Z |\x1b\[[0-9;]*m`)

// A log without this can't show a leak: the careless step didn't run.
const printed = "BITBUCKET_CREDENTIAL=***"

func hunt(log, token string) error {
	if len(token) < 2*common {
		return errors.New("the sample isn't an API token")
	}
	log = added.ReplaceAllString(log, "")
	if !strings.Contains(log, "\n"+printed) {
		return errors.New("no line of the log begins with " + printed)
	}
	leaks := hosttest.Leaks(log, token[common:])
	if len(leaks) == 0 {
		return nil
	}
	encoding, _, _ := strings.Cut(leaks[0], ":")
	return fmt.Errorf("%d pieces of the token show, the first as %s", len(leaks), encoding)
}
