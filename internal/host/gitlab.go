package host

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// gitLab is GitLab CI. Its runner takes no masks at run time (but for an
// experimental mode), and a dotenv report can be downloaded (GitLab's
// documents: job artifacts reports), so neither is used.
var gitLab = definition{
	id:    "gitlab",
	found: isTrue("GITLAB_CI"),
	start: func(w World) Host {
		return &fileHost{
			screen: screen{world: w}, name: "GitLab CI",
			example: "../bitbucket.env", // beside the project folder, where no artifact is taken from
			format:  gitLabFormat,
		}
	},
}

// gitLabFormat is for a shell to source, unless env-file is the runner's own
// file for the stages of a job (GITLAB_ENV).
func gitLabFormat(w World, path string, values []Value) (string, error) {
	if !samePath(path, w.getenv("GITLAB_ENV")) {
		return exports(values), nil
	}
	return bareLines(values)
}

// bareLines is values without any quoting. Its reader takes the spaces off both
// ends of a line (gitlab-runner, functions/concrete/run/runner.go), so a value
// that ends in one can't be carried.
func bareLines(values []Value) (string, error) {
	var b strings.Builder
	for _, v := range values {
		text := v.Text.Reveal()
		if strings.HasSuffix(text, " ") {
			return "", fault.New(fault.ResultRefused, "the result "+underscored(v.Name)+" ends in a space, which GITLAB_ENV can't carry",
				"set env-file to another path, and source it in the script")
		}
		b.WriteString(underscored(v.Name) + "=" + text + "\n")
	}
	return b.String(), nil
}
