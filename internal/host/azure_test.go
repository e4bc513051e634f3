package host_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A mask is registered as it is, whatever the escapes of a command make of it.
func TestAzureMasks(t *testing.T) {
	forms := []string{"plain-value", "100%25;]-percent", "%AZP25-literally", "%3B%0A%5D", "two\r\nlines"}
	j := startJob(t, named(t, "Azure Pipelines"))
	if err := j.host.Mask(forms); err != nil {
		t.Fatal(err)
	}
	log := hosttest.ShowAzure(j.stdout.String() + strings.Join(forms[:4], "\n") + "\n")
	if got := strings.Join(log.Lines, " "); got != "*** *** *** ***" || !slices.Contains(log.Masks, forms[4]) {
		t.Errorf("got %q, %q", got, log.Masks)
	}
}

// The agent would expand its own variables in a value.
func TestAzureRefusesMacros(t *testing.T) {
	for text, refused := range map[string]bool{"$(token)": true, "me$(token)@example.com": true, "$token (x)": false, "(token)$": false} {
		j := startJob(t, named(t, "Azure Pipelines"))
		for _, results := range []host.Results{
			{Outputs: []secret.Value{hidden("token", secret.New("x")), host.Public("identity", text)}},
			{Outputs: []secret.Value{hidden("token", secret.New("x"))}, Variables: []secret.Value{hidden("BITBUCKET_CREDENTIAL", secret.New(text))}},
		} {
			j.stdout.Reset()
			err := j.host.HandOver(context.Background(), results)
			if refused && (fault.From(err).Code != fault.ResultRefused || j.stdout.Len() > 0) || !refused && err != nil {
				t.Errorf("%s: got %v, %q", text, err, j.stdout.String())
			}
		}
	}
}

// Declared outputs without a value are set to the empty text at the end of a run, each
// once, in a run that fails too.
func TestAzureEmptiesOutputs(t *testing.T) {
	t.Parallel()
	for fails, want := range map[bool]string{
		false: "kind='x' authorization='' error_code=''", true: "kind='x' error_code='BBA202' authorization=''",
	} {
		j := startJob(t, named(t, "Azure Pipelines"))
		h, err := host.Choose(host.World{
			Lookup: j.Lookup, Stdout: &j.stdout, Stderr: &j.stderr,
			Outputs: []contract.Output{{ID: "authorization", Secret: true}, {ID: "kind"}, contract.ErrorCode},
		}, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.HandOver(t.Context(), host.Results{Outputs: []secret.Value{host.Public("kind", "x")}}); err != nil {
			t.Fatal(err)
		}
		if fails {
			h.Fail(fault.New(fault.Refused, "a fault"))
		} else if err := h.Finish(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range hosttest.ShowAzure(j.stdout.String()).Variables {
			got = append(got, v.Name+"='"+v.Value+"'")
			if !v.Output {
				t.Errorf("%s is no output", v.Name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("fails %t: got %q, want %s", fails, got, want)
		}
	}
}
