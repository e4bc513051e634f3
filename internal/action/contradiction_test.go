package action_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// A run warns of variables with its prefix that name different repositories in later
// steps, whether it sets them or an earlier one did.
func TestContradictingVariables(t *testing.T) {
	token := env{"INPUT_TOKEN": credentialtest.AccessToken()}
	repository := token.with(env{"INPUT_REPOSITORY": "team/repo"})
	earlier := func(url, workspace, slug string) env {
		return env{"BITBUCKET_REPOSITORY_URL": url, "BITBUCKET_WORKSPACE": workspace, "BITBUCKET_REPO_SLUG": slug}
	}
	site := earlier("https://bitbucket.org/acme/site.git", "acme", "site")
	same := earlier("https://bitbucket.org/team/repo.git", "team", "repo")
	asOutput := env{"BITBUCKET_AVAILABLE": "true"}
	for _, test := range []struct {
		name, host string
		env        env
		want       string // words of the warning
	}{
		{"nothing before", "GitHub Actions", repository, ""},
		{"all are replaced", "GitHub Actions", repository.with(site), ""},
		{"the same before", "GitHub Actions", token.with(same), ""},
		{"another spelling", "GitHub Actions", token.with(earlier("https://bitbucket.org/Team/Repo.git", "team", "repo")), ""},
		{"a Data Center's", "GitHub Actions", token.with(earlier("https://git.example.com/ctx/scm/~me/repo.git", "~me", "repo")), ""},
		{"only the workspace is replaced", "GitHub Actions", token.with(site).with(env{"INPUT_WORKSPACE": "team"}), "BITBUCKET_REPOSITORY_URL and BITBUCKET_WORKSPACE contradict"},
		{"the slug is another's", "GitLab CI", token.with(earlier("https://bitbucket.org/acme/site.git", "acme", "repo")), "BITBUCKET_REPOSITORY_URL and BITBUCKET_REPO_SLUG contradict"},
		{"without an URL", "GitHub Actions", token.with(earlier("", "acme", "repo")), ""},
		{"of another prefix", "GitHub Actions", token.with(site).with(env{"INPUT_WORKSPACE": "team", "INPUT_ENV-PREFIX": "MIRROR"}), ""},
		{"of our prefix", "GitHub Actions", token.with(env{"MIRROR_REPOSITORY_URL": "https://bitbucket.org/acme/site.git", "INPUT_WORKSPACE": "team", "INPUT_ENV-PREFIX": "MIRROR"}), "MIRROR_REPOSITORY_URL and MIRROR_WORKSPACE contradict"},
		{"no variables", "GitHub Actions", token.with(site).with(env{"INPUT_WORKSPACE": "team", "INPUT_EXPORT-ENV": "false"}), ""},
		{"no variables, but a contradiction before", "GitHub Actions", token.with(earlier("https://bitbucket.org/acme/site.git", "team", "site")).with(env{"INPUT_EXPORT-ENV": "false"}), ""},
		{"the build's own", "Bitbucket Pipelines", repository.with(earlier("", "acme", "site")), ""},
		{"the build's own, with an URL before", "Bitbucket Pipelines", token.with(earlier("https://bitbucket.org/team/repo.git", "acme", "site")), ""},

		{"a step's outputs", "Azure Pipelines", repository.with(site).with(asOutput), "also an output of an earlier step, so it may contradict BITBUCKET_REPO_SLUG in later"},
		{"a step's outputs, mixed", "Azure Pipelines", token.with(asOutput).with(earlier("https://bitbucket.org/acme/site.git", "team", "site")), "also an output of an earlier step, so it may contradict BITBUCKET_WORKSPACE in later"},
		{"a step's outputs, of which this one replaces nothing", "Azure Pipelines", token.with(site).with(asOutput), ""},
		{"a step's outputs, the same", "Azure Pipelines", repository.with(same).with(asOutput), ""},
		{"a step's outputs, without a repository", "Azure Pipelines", repository.with(asOutput), ""},
		{"variables alone", "Azure Pipelines", repository.with(site), ""},
		{"a variable of that name elsewhere", "GitHub Actions", repository.with(site).with(asOutput), ""},
	} {
		_, o := onHost(t, namedHost(t, test.host), test.env)
		equal(t, test.name+": exit code", o.exit, 0)
		shown := o.stdout + o.stderr
		if warned := strings.Contains(shown, "(BBA151)"); warned != (test.want != "") || !strings.Contains(shown, test.want) {
			t.Errorf("%s: got %s", test.name, shown)
		}
		if test.want != "" && strings.Contains(test.want, "output") != strings.Contains(shown, "with the name bitbucket") {
			t.Errorf("%s: the hints are in %s", test.name, shown)
		}
	}
}
