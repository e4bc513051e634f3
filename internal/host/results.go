package host

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Results are the values that a run hands over.
type Results struct {
	Outputs   []secret.Value // of this step, by name
	Variables []secret.Value // of the environment of all later steps, in this order
}

// Public returns a result that isn't secret.
func Public(name, text string) secret.Value {
	return secret.Value{Name: name, Text: secret.New(text)}
}

// isName reports whether text can be the name of an output or a variable:
// ^[A-Za-z_][A-Za-z0-9_-]*$
func isName(text string) bool {
	const first = charset.Letters + "_"
	return charset.StartsWith(text, first) && charset.ContainsOnly(text, first+charset.Digits+"-")
}

// check returns a fault unless each result is a plain name and one line of printable
// text, which a reader can't take for more than one value.
func (r Results) check() error {
	for _, v := range slices.Concat(r.Outputs, r.Variables) {
		if !isName(v.Name) || !secret.OneLine(v.Text.Reveal()) {
			return fault.New(fault.Unprintable, fmt.Sprintf("the result %q is not one line of printable text", v.Name),
				"this is a bug: please report it with the version and the settings used, without their values")
		}
	}
	return nil
}

// refuseSecretGitConfig is check for hosts that keep secret variables out of the
// environment of later steps. It also returns a fault if a setting of git's is secret:
// its value would be missing there, and every git command would fail.
func (r Results) refuseSecretGitConfig(host string) error {
	for _, v := range r.Variables {
		if v.Secret && strings.HasPrefix(v.Name, "GIT_CONFIG_") {
			return fault.New(fault.ResultRefused, "git can't be set up on "+host+
				" with this token, which git can only send in a header: secret variables aren't in the environment of later steps",
				"set the identity too: with a user name, git needs no header",
				"or set git: none, and hand the output authorization to the commands that need it")
		}
	}
	return r.check()
}

// pipelinesMarker is the variable with the number of a build of Bitbucket Pipelines. No
// result has this name.
const pipelinesMarker = "BITBUCKET_BUILD_NUMBER"

// pipelinesOwn are variables that Bitbucket Pipelines sets itself. They name the
// repository that is being built, which need not be the one of the results.
var pipelinesOwn = []string{"BITBUCKET_WORKSPACE", "BITBUCKET_REPO_SLUG"}

// keeps reports whether a variable keeps the value that Bitbucket Pipelines gave
// it.
func (w World) keeps(name string) bool {
	return w.getenv(pipelinesMarker) != "" && slices.Contains(pipelinesOwn, name)
}

// exports returns values as lines for a shell to evaluate or to source. It omits those
// that would replace Bitbucket Pipelines' own variables.
func exports(w World, values []secret.Value) string {
	var b strings.Builder
	for _, v := range values {
		if w.keeps(v.Name) {
			continue
		}
		fmt.Fprintf(&b, "export %s=%s\n", v.Name, shellQuoted(v.Text.Reveal()))
	}
	return b.String()
}

// shellQuoted returns text in single quotes, in which POSIX shells expand nothing
// (XCU 2.2.2).
func shellQuoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// underscored returns an ID as part of a variable's name.
func underscored(id string) string {
	return strings.ToUpper(secret.Underscored(id))
}
