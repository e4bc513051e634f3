package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestHarnessNeedsItsFiles(t *testing.T) {
	for _, name := range []string{"HARNESS_OUTPUT_SECRET_FILE", "DRONE_OUTPUT", "DRONE_ENV"} {
		j := startJob(t, named(t, "Harness"), name, "")
		err := j.host.HandOver(context.Background(), resultsOf([]string{"some-value"}))
		if f := fault.From(j.refusal); f.Code != fault.CommandFileName || !strings.Contains(strings.Join(f.Hints, ""), "a step of type Plugin") {
			t.Errorf("%s: got %v, %q", name, f, f.Hints)
		}
		if f := fault.From(err); f.Code != fault.CommandFileName || !strings.Contains(f.What, name) || len(j.Written(t)) > 0 {
			t.Errorf("%s: got %v, %v", name, err, j.Written(t))
		}
		j.Env[name] = "/nowhere/file"
		for _, err := range []error{j.host.Prepare("", true), j.host.HandOver(context.Background(), resultsOf([]string{"some-value"}))} {
			f := fault.From(err)
			if f.Code != fault.CommandFile || !strings.Contains(f.What, name) || !strings.Contains(strings.Join(f.Hints, ""), "a step of type Plugin") || len(j.Written(t)) > 0 {
				t.Errorf("%s: got %v, %q, %v", name, err, f.Hints, j.Written(t))
			}
		}
	}
}

// What an earlier step set up for git stays, in front of the new entries.
func TestHarnessKeepsEarlierParameters(t *testing.T) {
	t.Parallel()
	j := startJob(t, named(t, "Harness"), "GIT_CONFIG_PARAMETERS", "'user.name'='Me'")
	err := j.host.HandOver(t.Context(), host.Results{Variables: []secret.Value{
		host.Public("GIT_CONFIG_KEY_0", "user.email"), host.Public("GIT_CONFIG_VALUE_0", "me@example.com"), host.Public("GIT_CONFIG_COUNT", "1"),
	}})
	_, variables := j.HandedOver(t, j.stdout.String())
	if got := variables["GIT_CONFIG_PARAMETERS"]; err != nil || got != "'user.name'='Me' 'user.email'='me@example.com'" || len(variables) != 1 {
		t.Errorf("got %q, %v", variables, err)
	}
}
