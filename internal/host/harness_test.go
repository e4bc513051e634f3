package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// Nothing secret is in the files that the engine treats as plain, and nothing
// else in the one for secrets.
func TestHarnessKeepsSecretsApart(t *testing.T) {
	j := startJob(t, named(t, "Harness"))
	if err := j.host.HandOver(context.Background(), resultsOf([]string{"some-value"})); err != nil {
		t.Fatal(err)
	}
	for name, text := range j.Written(t) {
		records, err := hosttest.ReadHarnessFile(text)
		if err != nil || len(records) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range records {
			if public := strings.HasPrefix(strings.ToLower(r.Name), "public"); public == (name == "HARNESS_OUTPUT_SECRET_FILE") {
				t.Errorf("%s is in %s", r.Name, name)
			}
		}
	}
}

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

// A fault leaves its code behind, and nothing else.
func TestHarnessTellsTheCode(t *testing.T) {
	j := startJob(t, named(t, "Harness"))
	j.host.Fail(fault.New(fault.Refused, "refused"))
	outputs, variables := j.HandedOver(t, "")
	if len(outputs) != 1 || outputs["error_code"] != "BBA202" || len(variables) > 0 {
		t.Errorf("got %v, %v", outputs, variables)
	}
}
