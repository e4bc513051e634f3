package host

import (
	"cmp"
	"slices"
	"strings"
)

// gitHubHosts are GitHub and the hosts that read the same commands, the most specific
// first: each also sets the variables of those below it. Before mid 2025, Forgejo set
// only Gitea's variables. Gitea's runner registered masks literally before 1.0.7.
var gitHubHosts = []Definition{
	gitHubHost("Forgejo Actions", "FORGEJO_ACTIONS", gitHub{masks: literal, greedy: true}, gitHubSecret, callerSecrets),
	gitHubHost("Gitea Actions", "GITEA_ACTIONS", gitHub{masks: eitherOr, greedy: true}, gitHubSecret, callerSecrets),
	gitHubHost("act", "ACT", gitHub{masks: escapedGreedy, greedy: true}, gitHubSecret,
		"pass the secret to act with -s NAME or --secret-file"),
	gitHubHost("GitHub Actions", "GITHUB_ACTIONS", gitHub{masks: escaped, base64: true}, gitHubSecret,
		"a secret of an environment needs that environment: in the job", callerSecrets),
}

const (
	gitHubSecret  = "set the input token to a secret that exists, spelt as it is stored: an unknown name gives an empty value"
	callerSecrets = "a reusable workflow gets secrets only if its caller passes them (secrets: inherit)"
)

// gitHubJobToken is in a variable that mirror/action.yml sets. Its user name is of
// docs.github.com, "Authenticating as a GitHub App installation".
var gitHubJobToken = jobToken{server: "GITHUB_SERVER_URL", token: "JOB_TOKEN", user: "x-access-token"}

// gitHubLike holds what GitHub's hosts have in common.
var gitHubLike = Definition{
	Settings:      inputs,
	HostVariables: []string{"INPUT_ENTRYPOINT", "INPUT_ARGS"}, // accepted by every action that is an image
	ReferenceHints: []string{
		"in the workflow, write SETTING: ${{ secrets.NAME }}, or ${{ vars.NAME }} for what isn't secret",
		"in a composite action or a reusable workflow, pass it on as ${{ inputs.NAME }}",
	},
	HasOutputs:    true,
	HasMasks:      true,
	masksOnStdout: true,
	cloneURL:      gitHubRepository,
	jobToken:      &gitHubJobToken,
	event:         gitHubEvent,
	reserved:      []string{"GITHUB", "ACTIONS", "RUNNER", "STATE", "GITEA", "FORGEJO"},
}

func gitHubHost(name string, variable isTrue, commands gitHub, emptyToken ...string) Definition {
	d := gitHubLike
	d.Name, d.detect, d.protocol, d.EmptyTokenHints = name, variable, commands, emptyToken
	d.MasksBase64 = commands.base64
	return d
}

// otherHosts are all hosts except GitHub, Gitea, Forgejo and act. A new one with
// an env-file is one literal here.
var otherHosts = []Definition{
	{
		ID: "azure-pipelines", Name: "Azure Pipelines", Settings: ownNames,
		detect:     isTrue("TF_BUILD"),
		MapSecrets: "map it under env: in this step",
		HasOutputs: true, OutputsAreVariables: true, HasMasks: true, masksOnStdout: true,
		cloneURLs: []string{"BUILD_REPOSITORY_URI"},
		ReferenceHints: []string{
			"write SETTING: $(NAME) under env:, with a variable that exists: Azure Pipelines leaves an undefined one as it is",
			"a variable of a group needs that group: under variables:",
		},
		LeavesUndefined: true,
		EmptyTokenHints: []string{
			"map a secret variable that exists in this step's env:, such as BITBUCKET_AUTH_TOKEN: $(BITBUCKET_TOKEN)",
			"a secret variable is not in a step's environment by itself, and builds of forks get none unless the pipeline allows it",
		},
		protocol: azurePipelines{},
	},
	{
		ID: "buildkite", Name: "Buildkite", Settings: ownNames,
		detect:        isTrue("BUILDKITE"),
		HasMasks:      true,
		cloneURLs:     []string{"BUILDKITE_REPO"},
		defaultBranch: "BUILDKITE_PIPELINE_DEFAULT_BRANCH", checkout: "BUILDKITE_BUILD_CHECKOUT_PATH",
		ReferenceHints: []string{
			`set SETTING in the hook or the command that runs bitbucket-auth, with double quotes: export SETTING="$NAME"`,
			"in pipeline.yml, $NAME is expanded when the pipeline is uploaded, and $$NAME isn't under env:",
		},
		EmptyTokenHints: []string{
			"set BITBUCKET_AUTH_TOKEN in the hook that runs bitbucket-auth, for example by buildkite-agent secret get",
			"with the docker plugin, name BITBUCKET_AUTH_TOKEN under environment:",
		},
		protocol: buildkite{},
	},
	{
		ID: "harness", Name: "Harness", Settings: plugins,
		detect: isSet("HARNESS_BUILD_ID"), derivedFrom: "drone",
		MapSecrets: "map it under envVariables: in this step",
		HasOutputs: true,
		// lite-engine, pipeline/runtime/run.go
		HostVariables: []string{
			"PLUGIN_ARTIFACT_FILE", "PLUGIN_METADATA_FILE", "PLUGIN_CACHE_METRICS_FILE",
			"PLUGIN_CACHE_INTEL_METRICS_FILE", "PLUGIN_BUILD_TOOL_FILE",
		},
		cloneURLs:     []string{"DRONE_GIT_HTTP_URL", "DRONE_REMOTE_URL"},
		defaultBranch: "DRONE_REPO_BRANCH", checkout: "DRONE_WORKSPACE",
		reserved: []string{"HARNESS", "DRONE"},
		ReferenceHints: []string{
			`write SETTING: <+secrets.getValue("name")> under settings:, or <+pipeline.variables.name> for what isn't secret`,
		},
		EmptyTokenHints: []string{
			`set token under settings: (PLUGIN_TOKEN) to <+secrets.getValue("name")>, with a secret that exists in this project, organization or account`,
		},
		protocol: harness{},
	},
	{
		ID: "woodpecker", Name: "Woodpecker CI", Settings: plugins,
		detect: woodpeckerVariable{}, derivedFrom: "drone",
		cloneURLs:     []string{"CI_REPO_CLONE_URL"},
		defaultBranch: "CI_REPO_DEFAULT_BRANCH", checkout: "CI_WORKSPACE",
		reserved:        []string{"CI"},
		EmptyTokenHints: withheldFromPullRequests,
		ReferenceHints:  fromSecret,
		// A plugin has no outputs (woodpecker, docs on secrets).
		protocol: envFile{example: "./.bitbucket.env"},
	},
	{
		ID: "drone", Name: "Drone", Settings: plugins,
		detect:        isTrue("DRONE"),
		cloneURLs:     []string{"DRONE_GIT_HTTP_URL", "DRONE_REMOTE_URL"},
		defaultBranch: "DRONE_REPO_BRANCH", checkout: "DRONE_WORKSPACE",
		reserved:        []string{"DRONE"},
		EmptyTokenHints: withheldFromPullRequests,
		ReferenceHints:  fromSecret,
		// A plugin has no outputs (drone-runner-docker knows none).
		protocol: envFile{example: "./.bitbucket.env"},
	},
	{
		ID: "gitlab", Name: "GitLab CI", Settings: ownNames,
		detect:        isTrue("GITLAB_CI"),
		cloneURLs:     []string{"CI_PROJECT_URL"}, // CI_REPOSITORY_URL contains a token
		defaultBranch: "CI_DEFAULT_BRANCH", checkout: "CI_PROJECT_DIR",
		jobToken: &jobToken{server: "CI_SERVER_URL", token: "CI_JOB_TOKEN", user: "gitlab-ci-token"},
		reserved: []string{"CI"},
		EmptyTokenHints: []string{
			"set BITBUCKET_AUTH_TOKEN in variables: to a CI/CD variable that exists, such as $BITBUCKET_TOKEN",
			"a protected variable is empty on a branch or tag that isn't protected, and in merge requests from forks",
			"a variable with an environment scope needs that environment: in the job",
		},
		ReferenceHints: []string{
			"define the variable that SETTING refers to, under Settings → CI/CD → Variables: GitLab leaves the name of an unknown one as it is",
			"a protected variable doesn't exist on a branch or tag that isn't protected, and a variable that refers to another one needs Expand variable reference",
		},
		FileVariableHint: "or change the variable's type from File to Variable: Settings → CI/CD → Variables",
		// A dotenv report can be downloaded (GitLab's documents: job artifacts
		// reports), so it isn't used.
		protocol: envFile{
			example: "../bitbucket.env", // next to the project folder, where no artifact is taken from
			ifUnset: []string{
				"if env-file is to be $GITLAB_ENV: that is empty under variables:, so export BITBUCKET_AUTH_ENV_FILE in script:",
				"what is in $GITLAB_ENV reaches after_script and later stages of the job, but not the next line",
			},
			refuse: refuseGitLabEnv,
			format: gitLabFormat,
		},
	},
	{
		ID: "bitbucket-pipelines", Name: "Bitbucket Pipelines", Settings: ownNames,
		detect:      isSet(pipelinesMarker),
		cloneURLs:   []string{"BITBUCKET_GIT_HTTP_ORIGIN"},
		OnBitbucket: true,
		EmptyTokenHints: []string{
			"export BITBUCKET_AUTH_TOKEN from a secured variable of the repository or workspace that exists",
			"a deployment variable needs deployment: in the step",
		},
		ReferenceHints: []string{
			`in script:, use double quotes: export SETTING="$NAME"`,
			"define the variable under Repository settings → Pipelines → Repository variables",
		},
		// Output variables are printed in later steps (Atlassian's documents: pass
		// variables between steps), so env-file can't be their file.
		protocol: envFile{
			example:     "../bitbucket.env", // next to the clone, where no artifact is taken from
			publicFiles: []string{"BITBUCKET_PIPELINES_VARIABLES_PATH"},
		},
	},
	{
		ID: "circleci", Name: "CircleCI", Settings: ownNames,
		detect:    isTrue("CIRCLECI"),
		cloneURLs: []string{"CIRCLE_REPOSITORY_URL"},
		EmptyTokenHints: []string{
			"set BITBUCKET_AUTH_TOKEN from a variable of the project or of a context that exists",
			"a variable of a context needs that context: under the job, in the workflow",
			"pull requests from forks get no secrets unless the project's settings allow it",
		},
		ReferenceHints: []string{
			`set it in the command, with double quotes: export SETTING="$NAME" (environment: doesn't expand variables)`,
			"a parameter is written << parameters.name >>, and has to be declared",
		},
		// Every step of a job sources the file that BASH_ENV names (CircleCI's
		// documents: set an environment variable).
		protocol: envFile{example: `"$BASH_ENV"`},
	},
	{
		ID: "teamcity", Name: "TeamCity", Settings: ownNames,
		detect:          isSet("TEAMCITY_VERSION"),
		EmptyTokenHints: []string{"define the parameter env.BITBUCKET_AUTH_TOKEN, of type password, in this build configuration or its project"},
		ReferenceHints:  []string{"set the parameter env.SETTING to %name%, with a parameter that exists, or export SETTING in the script, with double quotes"},
		// Service messages would carry the value itself through the log, so none is
		// printed (TeamCity's documents: service messages).
		protocol: envFile{example: `"$TMPDIR/bitbucket.env"`},
	},
	{
		ID: "jenkins", Name: "Jenkins", Settings: ownNames,
		detect:          jenkinsVariables{},
		cloneURLs:       []string{"GIT_URL"},
		EmptyTokenHints: []string{"bind BITBUCKET_AUTH_TOKEN with withCredentials, around the step that runs bitbucket-auth"},
		ReferenceHints:  []string{`in a Jenkinsfile, write SETTING = "${env.NAME}" with double quotes, or credentials('id') for a secret`},
		// Jenkins masks what withCredentials binds, for as long as the block lasts,
		// and nothing else (credentials-binding-plugin).
		protocol: envFile{example: `"$WORKSPACE_TMP/bitbucket.env"`},
	},
	{
		ID: "tekton", Name: "Tekton", Settings: ownNames,
		EmptyTokenHints: []string{"set BITBUCKET_AUTH_TOKEN under env: of this step, by a secretKeyRef to a key that exists"},
		ReferenceHints:  []string{"set SETTING under env: of this step, by valueFrom for a secret, or to $(params.NAME), with a parameter that exists"},
		// Tekton sets no variable that it could be detected by. Its results appear in
		// the clear in the status of a run (tektoncd/pipeline, docs/tasks.md), so
		// env-file can't be one of them.
		protocol: envFile{
			example:       "/credentials/bitbucket.env",
			publicFolders: []string{"/tekton/results/", "/tekton/steps/"},
		},
	},
}

var withheldFromPullRequests = []string{
	"set token under settings: (PLUGIN_TOKEN) to a secret that exists, by from_secret",
	"pull requests get no secrets unless the secret allows that event",
}

var fromSecret = []string{
	"write SETTING: { from_secret: NAME } under settings:, with a secret that exists",
	"${NAME} is replaced before the pipeline starts, by variables of the host itself only",
}

// inShell is a hint about setting a setting to the value of a variable in a shell.
var inShell = []string{`use double quotes, not single ones: export SETTING="$NAME"`}

// shell is never detected, but asked for by --shell.
var shell = Definition{
	ID: "shell", Name: "a shell", Settings: ownNames,
	EmptyTokenHints: []string{
		"set " + ownNames.Called("token") + " and export it: a program doesn't see a variable that isn't exported",
		"or name a file that holds the token in " + ownNames.Called("token-file"),
	},
	ReferenceHints: inShell,
	protocol:       shellExports{},
}

// noHost is used if no host is found.
var noHost = Definition{Name: "no CI host", Settings: ownNames, ReferenceHints: inShell, protocol: nowhere{}}

// Named returns the IDs by which a host can be named, in alphabetical order.
func Named() []string {
	ids := []string{shell.ID}
	for _, d := range otherHosts {
		if !d.HasMasks {
			ids = append(ids, d.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// ReservedPrefix returns the prefix of a variable's name that belongs to git, to a host
// or to settings, or "". It is reserved on every host, since most set variables of
// others too.
func ReservedPrefix(name string) string {
	for _, hosts := range [][]Definition{gitHubHosts, otherHosts} {
		for i := range hosts {
			d := &hosts[i]
			if prefix := cmp.Or(prefixOf(name, d.reserved...), prefixOf(name, strings.TrimSuffix(d.Settings.Prefix, "_"))); prefix != "" {
				return prefix
			}
		}
	}
	return prefixOf(name, "GIT")
}

// prefixOf returns the one of some prefixes that name is, or begins with before an
// underscore.
func prefixOf(name string, prefixes ...string) string {
	for _, prefix := range prefixes {
		if rest, found := strings.CutPrefix(name, prefix); found && (rest == "" || rest[0] == '_') {
			return prefix
		}
	}
	return ""
}

// isSet detects a host by a variable that is set to any value.
type isSet string

func (name isSet) in(w World) string {
	if w.getenv(string(name)) == "" {
		return ""
	}
	return string(name)
}

// isTrue detects a host by a variable that is true, in any letter case: Azure Pipelines
// writes True.
type isTrue string

func (name isTrue) in(w World) string {
	if !strings.EqualFold(w.getenv(string(name)), "true") {
		return ""
	}
	return string(name)
}

// woodpeckerVariable is one that is woodpecker.
type woodpeckerVariable struct{}

func (woodpeckerVariable) in(w World) string {
	for _, name := range []string{"CI", "CI_SYSTEM_NAME"} {
		if w.getenv(name) == "woodpecker" {
			return name
		}
	}
	return ""
}

// jenkinsVariables are set together by Jenkins only.
type jenkinsVariables struct{}

func (jenkinsVariables) in(w World) string {
	if w.getenv("BUILD_ID") == "" {
		return ""
	}
	return isSet("JENKINS_URL").in(w)
}

// firstOf returns a URL from the first of some variables that is set, or "".
func firstOf(names []string, w World) string {
	for _, name := range names {
		if value := strings.TrimSpace(w.getenv(name)); value != "" {
			// Bitbucket Pipelines says http, and serves https.
			if rest, ok := strings.CutPrefix(value, "http://bitbucket.org/"); ok {
				return "https://bitbucket.org/" + rest
			}
			return value
		}
	}
	return ""
}

// gitHubRepository returns the URL of the workflow's repository.
func gitHubRepository(w World) string {
	repository := strings.TrimSpace(w.getenv("GITHUB_REPOSITORY"))
	if repository == "" {
		return ""
	}
	server := cmp.Or(strings.TrimSpace(w.getenv("GITHUB_SERVER_URL")), "https://github.com")
	return strings.TrimSuffix(server, "/") + "/" + repository
}
