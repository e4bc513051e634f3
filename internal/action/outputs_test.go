package action_test

import (
	"os"
	"slices"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Each command sets every output of the contract, and no other one. Each of them has
// a value if everything that can be asked for is asked for.
func TestEveryOutputIsSet(t *testing.T) {
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	client := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"}})
	credential := onGitHub(t, settings(fake, client).with(env{
		"INPUT_REPOSITORY": "team/repo", "INPUT_VERIFY": "strict", "INPUT_AVO-CONNECTION-NAME": "tests", "INPUT_AVO-USERNAME": "me",
	}))
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}})
	mirror := onGitHub(t, env{
		"PATH": os.Getenv("PATH"), "INPUT_TOKEN": token.Secret, "INPUT_IDENTITY": token.Email,
		"INPUT_SERVER-URL": fake.URL, "INPUT_REPOSITORY": "team/repo", "INPUT_SOURCE": newSource(t, "main"),
	}, "mirror")
	for name, test := range map[string]struct {
		outcome  outcome
		contract []contract.Output
	}{
		"credential": {credential, contract.CredentialOutputs},
		"mirror":     {mirror, contract.MirrorOutputs},
	} {
		want := map[string]string{}
		for _, output := range test.contract {
			if output.ID != "error-code" {
				want[output.ID] = ""
			}
		}
		equal(t, name, names(test.outcome.outputs), names(want))
		for id, value := range test.outcome.outputs {
			if value == "" {
				t.Errorf("%s: %s is empty", name, id)
			}
		}
		if t.Failed() {
			t.Log(test.outcome.stdout)
		}
	}
	for name, e := range map[string][]string{"credential": nil, "mirror": {"mirror"}} {
		equal(t, name+" that fails", names(onGitHub(t, env{}, e...).outputs), "error-code")
		equal(t, name+" that is skipped", names(onGitHub(t, env{"INPUT_ON-MISSING-TOKEN": "skip"}, e...).outputs), "available")
	}
}

// An output that is forgotten, or whose ID is mistyped, is a bug, not empty.
func TestOutputsOutsideTheContract(t *testing.T) {
	outputs := []contract.Output{{ID: "one"}, {ID: "two", Secret: true}, contract.ErrorCode}
	one, two := secret.New("1"), secret.New("2")
	values, err := action.InContract(outputs, map[string]secret.String{"two": two, "one": one})
	want := []secret.Value{{Name: "one", Text: one}, {Name: "two", Text: two, Secret: true}}
	if err != nil || !slices.Equal(values, want) {
		t.Errorf("got %v, %v", values, err)
	}
	for name, texts := range map[string]map[string]secret.String{
		"forgotten": {"one": one},
		"mistyped":  {"one": one, "tow": two},
		"unknown":   {"one": one, "two": two, "three": one},
		"a fault's": {"one": one, "two": two, "error-code": one},
	} {
		if values, err := action.InContract(outputs, texts); fault.From(err).Code != fault.Unexpected || values != nil {
			t.Errorf("%s: got %v, %v", name, values, err)
		}
	}
}
