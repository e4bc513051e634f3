package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestHarnessNeedsItsFiles(t *testing.T) {
	for _, name := range []string{"HARNESS_OUTPUT_SECRET_FILE", "DRONE_OUTPUT", "DRONE_ENV"} {
		j := startJob(t, named(t, "Harness"), name, "")
		err := j.host.HandOver(context.Background(), resultsOf([]string{"some-value"}))
		if fault.From(j.refusal).Code != fault.CommandFileName {
			t.Errorf("%s: got %v", name, j.refusal)
		}
		if f := fault.From(err); f.Code != fault.CommandFileName || !strings.Contains(f.What, name) || len(j.Written(t)) > 0 {
			t.Errorf("%s: got %v, %v", name, err, j.Written(t))
		}
		j.Env[name] = "/nowhere/file"
		for _, err := range []error{j.host.Prepare("", true), j.host.HandOver(context.Background(), resultsOf([]string{"some-value"}))} {
			f := fault.From(err)
			if f.Code != fault.CommandFile || !strings.Contains(f.What, name) || strings.Contains(strings.Join(f.Hints, ""), "name a") || len(j.Written(t)) > 0 {
				t.Errorf("%s: got %v, %q, %v", name, err, f.Hints, j.Written(t))
			}
		}
	}
}
