package host

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// fileHosts are the hosts on which no step can mask anything while it runs, and
// which mask only what is declared as a secret beforehand.
var fileHosts = []definition{
	// A plugin has no outputs (woodpecker, docs on secrets).
	onFile("woodpecker", isWoodpecker, fileHost{
		name: "Woodpecker CI", plugin: true, example: "./.bitbucket.env",
		emptyToken: withheldFromPullRequests,
	}),
	// A plugin has no outputs (drone-runner-docker knows none).
	onFile("drone", isTrue("DRONE"), fileHost{
		name: "Drone", plugin: true, example: "./.bitbucket.env",
		emptyToken: withheldFromPullRequests,
	}),
	// A dotenv report can be downloaded (GitLab's documents: job artifacts
	// reports), so it isn't used.
	onFile("gitlab", isTrue("GITLAB_CI"), fileHost{
		name:    "GitLab CI",
		example: "../bitbucket.env", // beside the project folder, where no artifact is taken from
		refuse:  refuseSourced,
		format:  gitLabFormat,
		emptyToken: []string{
			"set BITBUCKET_AUTH_TOKEN in variables: to a CI/CD variable that exists, such as $BITBUCKET_TOKEN",
			"a protected variable is empty on a branch or tag that isn't protected, and in merge requests from forks",
			"a variable with an environment scope needs that environment: in the job",
		},
	}),
	// Output variables are printed in later steps (Atlassian's documents: pass
	// variables between steps), so env-file can't be their file.
	onFile("bitbucket-pipelines", isSet(pipelinesMarker), fileHost{
		name:    "Bitbucket Pipelines",
		example: "../bitbucket.env", // beside the clone, where no artifact is taken from
		shown:   []string{"BITBUCKET_PIPELINES_VARIABLES_PATH"},
		emptyToken: []string{
			"export BITBUCKET_AUTH_TOKEN from a secured variable of the repository or workspace that exists",
			"a deployment variable needs deployment: in the step",
		},
	}),
	// Every step of a job sources the file that BASH_ENV names (CircleCI's
	// documents: set an environment variable).
	onFile("circleci", isTrue("CIRCLECI"), fileHost{
		name: "CircleCI", example: `"$BASH_ENV"`,
		emptyToken: []string{
			"set BITBUCKET_AUTH_TOKEN from a variable of the project or of a context that exists",
			"a variable of a context needs that context: under the job, in the workflow",
			"pull requests from forks get no secrets unless the project's settings allow it",
		},
	}),
	// Service messages would carry the value itself through the log, so none is
	// printed (TeamCity's documents: service messages).
	onFile("teamcity", isSet("TEAMCITY_VERSION"), fileHost{
		name: "TeamCity", example: `"$TMPDIR/bitbucket.env"`,
		emptyToken: []string{"define the parameter env.BITBUCKET_AUTH_TOKEN, of type password, in this build configuration or its project"},
	}),
	// Jenkins masks what withCredentials binds, for as long as the block lasts,
	// and nothing else (credentials-binding-plugin).
	onFile("jenkins", isJenkins, fileHost{
		name: "Jenkins", example: `"$WORKSPACE_TMP/bitbucket.env"`,
		emptyToken: []string{"bind BITBUCKET_AUTH_TOKEN with withCredentials, around the step that runs bitbucket-auth"},
	}),
	// Tekton sets no variable that it could be detected by. Its results appear in
	// the clear in the status of a run (tektoncd/pipeline, docs/tasks.md), so
	// env-file can't be one of them.
	onFile("tekton", nil, fileHost{
		name: "Tekton", example: "/credentials/bitbucket.env",
		shownUnder: []string{"/tekton/results/", "/tekton/steps/"},
		emptyToken: []string{"set BITBUCKET_AUTH_TOKEN under env: of this step, by a secretKeyRef to a key that exists"},
	}),
}

var withheldFromPullRequests = []string{
	"set token under settings: (PLUGIN_TOKEN) to a secret that exists, by from_secret",
	"pull requests get no secrets unless the secret allows that event",
}

func isWoodpecker(w World) string {
	for _, name := range []string{"CI", "CI_SYSTEM_NAME"} {
		if w.getenv(name) == "woodpecker" {
			return name
		}
	}
	return ""
}

func isJenkins(w World) string {
	if w.getenv("BUILD_ID") == "" {
		return ""
	}
	return isSet("JENKINS_URL")(w)
}

func onFile(id string, found func(World) string, host fileHost) definition {
	return definition{id: id, found: found, start: func(w World) Host {
		host.world = w
		return &host
	}}
}

// fileHost is a host on which results go to a file that the user names
// (env-file), and into no stream, variable or report of the host's, all of which
// are shown or kept in the clear. Only remarks, which hold no secret, are shown.
type fileHost struct {
	basic
	name       string
	plugin     bool   // settings come in the family of plugins
	example    string // a path that env-file could have
	emptyToken []string

	// shown are variables that name files, and shownUnder folders, whose content
	// the host shows or keeps.
	shown      []string
	shownUnder []string

	// refuse returns any other reason why the host can't use a path.
	refuse func(w World, path string) error
	// format writes the values for the file's reader; nil for a shell to source.
	format func(w World, path string, values []secret.Value) (string, error)

	path string
}

func (f *fileHost) Name() string              { return f.name }
func (f *fileHost) EmptyTokenHints() []string { return f.emptyToken }

func (f *fileHost) SettingNames(id string) []string {
	if f.plugin {
		return pluginNames(id)
	}
	return ownNames(id)
}

func (f *fileHost) SettingCalled(id string) string {
	if f.plugin {
		return id
	}
	return ownNames(id)[0]
}

// Prepare keeps the path of env-file, which is in no fault, since it may be a
// secret in the wrong place.
func (f *fileHost) Prepare(envFile string, _ bool) error {
	setting := f.SettingCalled("env-file")
	if f.plugin {
		setting += " under settings:"
	}
	switch {
	case envFile == "":
		return fault.New(fault.EnvFileMissing, "env-file is not set, and on "+f.name+" a step can't mask what it would print",
			"set "+setting+" to a path that later steps share, such as "+f.example,
			"in each step that needs the results, first run: . "+f.example)
	case f.isShown(envFile):
		return fault.New(fault.EnvFile, "env-file names a file whose content "+f.name+" shows or keeps in the clear",
			"set "+setting+" to another path, such as "+f.example)
	}
	if f.refuse != nil {
		if err := f.refuse(f.world, envFile); err != nil {
			return err
		}
	}
	f.path = envFile
	return f.file().check()
}

func (f *fileHost) file() resultFile {
	return resultFile{
		label: "env-file", path: f.path, create: true, private: true,
		unusable: fault.EnvFile, unwritable: fault.EnvFileWrite,
		hints: []string{"name a regular file that belongs to the user who runs this step, or one that doesn't exist yet in a folder that does"},
	}
}

func (f *fileHost) isShown(path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	under := func(folder string) bool { return strings.HasPrefix(filepath.ToSlash(absolute), folder) }
	return slices.ContainsFunc(f.shownUnder, under) ||
		slices.ContainsFunc(f.shown, func(name string) bool { return samePath(path, f.world.getenv(name)) })
}

// samePath reports whether two paths name one file, by their text or by the file
// that is there.
func samePath(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	a, errA = filepath.Abs(a)
	b, errB = filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// HandOver appends every variable to env-file, or leaves it as it was.
func (f *fileHost) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	text := exports(f.world, results.Variables)
	if f.format != nil {
		var err error
		if text, err = f.format(f.world, f.path, results.Variables); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	return appendAll(ctx, f.world, addition{f.file(), text})
}
