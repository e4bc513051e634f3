package host_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A mask is registered as it is, whatever the escapes of a command make of it.
func TestAzureMasks(t *testing.T) {
	forms := []string{"plain-value", "100%25;]-percent", "%AZP25-literally", "%3B%0A%5D"}
	j := startJob(t, named(t, "Azure Pipelines"))
	if err := j.host.Mask(forms); err != nil {
		t.Fatal(err)
	}
	log := hosttest.ShowAzure(j.stdout.String() + strings.Join(forms, "\n") + "\n")
	if got := strings.Join(log.Lines, " "); got != "*** *** *** ***" {
		t.Errorf("got %q", got)
	}
}

// The agent would expand its own variables in a value.
func TestAzureRefusesMacros(t *testing.T) {
	j := startJob(t, named(t, "Azure Pipelines"))
	err := j.host.HandOver(context.Background(), host.Results{Outputs: []secret.Value{hidden("token", secret.New("x")), host.Public("identity", "$(token)")}})
	if fault.From(err).Code != fault.ResultRefused || j.stdout.Len() > 0 {
		t.Errorf("got %v, %q", err, j.stdout.String())
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

// Where standard output is gone, a fault says so on standard error.
func TestAzureClosedOutput(t *testing.T) {
	j := startJob(t, named(t, "Azure Pipelines"))
	h, err := host.Choose(host.World{Lookup: j.Lookup, Stdout: closed{}, Stderr: &j.stderr}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Mask([]string{"s3cret-value"}); fault.From(err).Code != fault.OutputStream {
		t.Errorf("got %v", err)
	}
	h.Fail(fault.New(fault.OutputStream, "closed"))
	if !strings.Contains(j.stderr.String(), "BBA305") || strings.Contains(j.stderr.String(), "##vso[") {
		t.Errorf("got %q", j.stderr.String())
	}
}
