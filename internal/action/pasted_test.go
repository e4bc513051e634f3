package action_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

func hostNamed(t *testing.T, name string) hosttest.Host {
	t.Helper()
	for _, h := range hosttest.Hosts {
		if h.Name == name {
			return h
		}
	}
	t.Fatalf("there is no host %s", name)
	return hosttest.Host{}
}

// On Azure Pipelines an undefined secret, as in a build of a fork, is $(NAME). It
// counts as empty, and comes before what else is undefined.
func TestUndefinedSecretOnAzure(t *testing.T) {
	azure := hostNamed(t, "Azure Pipelines")
	undefined := env{"INPUT_TOKEN": "$(BITBUCKET_TOKEN)", "INPUT_IDENTITY": "$(BITBUCKET_USER)", "INPUT_CA-CERTIFICATE": "$(CA)"}
	_, o := onHost(t, azure, undefined.with(env{"INPUT_ON-MISSING-TOKEN": "skip"}))
	equal(t, "exit code of skip", o.exit, 0)
	equal(t, "available", o.outputs["available"], "false")

	_, o = onHost(t, azure, undefined)
	equal(t, "error-code", o.outputs["error_code"], "BBA101")
	if !strings.Contains(o.stdout, "map a secret variable that exists in this step's env:") {
		t.Errorf("Azure's causes aren't named: %s", o.stdout)
	}

	for _, setting := range []string{"INPUT_IDENTITY", "INPUT_CA-CERTIFICATE", "INPUT_ON-MISSING-TOKEN"} {
		_, o = onHost(t, azure, env{"INPUT_TOKEN": credentialtest.AccessToken(), setting: "$(NAME)"})
		equal(t, setting, o.outputs["error_code"], "BBA115")
	}
	// Its own setting decides whether a missing token is skipped.
	_, o = onHost(t, azure, env{"INPUT_TOKEN": "$(BITBUCKET_TOKEN)", "INPUT_ON-MISSING-TOKEN": "$(SKIP)"})
	equal(t, "on-missing-token is undefined", o.outputs["error_code"], "BBA101")
}

// Every host says how a setting is given a variable's value there, by the name that
// the setting has there.
func TestUnexpandedOnEveryHost(t *testing.T) {
	seen := map[string]string{}
	for _, h := range hosttest.Hosts {
		site := h.Start(t)
		settings := env{h.Setting("token"): credentialtest.AccessToken(), h.Setting("workspace"): "$WORKSPACE"}
		maps.Copy(site.Env, settings)
		o := runWith(t, world(site.Env, nil, nil))
		log := o.stdout + o.stderr
		called := h.Setting("workspace")
		if h.Prefix != "BITBUCKET_AUTH_" {
			called = "workspace"
		}
		_, hints, _ := strings.Cut(log, "workspace is a reference that wasn't expanded (BBA115)")
		if o.exit != 2 || !strings.Contains(hints, "hint: ") && !strings.Contains(hints, "hint%3A ") || !strings.Contains(hints, called) {
			t.Errorf("%s: exit code %d, %s", h.Name, o.exit, log)
		}
		if strings.Contains(hints, "SETTING") {
			t.Errorf("%s: a placeholder is shown: %s", h.Name, hints)
		}
		seen[hints] = h.Name
	}
	if len(seen) < 9 {
		t.Errorf("%d different hints: %v", len(seen), seen)
	}
}

// A reference as env-file is reported as such, not as a missing file; one as
// token-file, too.
func TestUnexpandedPaths(t *testing.T) {
	gitLab := hostNamed(t, "GitLab CI")
	for setting, want := range map[string]string{"ENV_FILE": "env-file", "TOKEN_FILE": "token-file"} {
		site := gitLab.Start(t)
		maps.Copy(site.Env, env{"BITBUCKET_AUTH_" + setting: "${SOME_FOLDER}/${SOME_FILE}"})
		if setting == "ENV_FILE" {
			site.Env["BITBUCKET_AUTH_TOKEN"] = credentialtest.AccessToken()
		}
		o := runWith(t, world(site.Env, nil, nil))
		if o.exit != 2 || !strings.Contains(o.stderr, want+" is a reference that wasn't expanded (BBA115)") || !strings.Contains(o.stderr, "Settings → CI/CD → Variables") {
			t.Errorf("%s: exit code %d, %s", setting, o.exit, o.stderr)
		}
	}
}

// The token comes from standard input if token-file is a hyphen.
func TestTokenOnStandardInput(t *testing.T) {
	t.Parallel()
	site, token := hostNamed(t, "CircleCI").Start(t), credentialtest.AccessToken()
	site.Env["BITBUCKET_AUTH_TOKEN_FILE"] = "-"
	w := world(site.Env, nil, nil)
	w.Stdin = strings.NewReader(token + "\n")
	o := runWith(t, w)
	_, vars := site.HandedOver(t, o.stdout)
	equal(t, "token", vars["BITBUCKET_TOKEN"], token)
}

// A variable of type File on GitLab.
func TestFileVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "BITBUCKET_TOKEN")
	if err := os.WriteFile(path, []byte(credentialtest.AccessToken()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, server := range []string{"https://bitbucket.org", "https://git.example.com"} {
		_, o := onHost(t, hostNamed(t, "GitLab CI"), env{"INPUT_TOKEN": path, "INPUT_SERVER-URL": server})
		for _, want := range []string{"the token is the path of a file, not a token (BBA147)", "set BITBUCKET_AUTH_TOKEN_FILE to the path instead", "from File to Variable"} {
			if o.exit != 2 || !strings.Contains(o.stderr, want) {
				t.Errorf("%s: exit code %d, %s", server, o.exit, o.stderr)
			}
		}
		if strings.Contains(o.stderr, path) {
			t.Errorf("the path is shown: %s", o.stderr)
		}
	}
	_, o := onHost(t, hostNamed(t, "GitHub Actions"), env{"INPUT_TOKEN": path})
	if !strings.Contains(o.stdout, "store the content of the file in the secret") {
		t.Errorf("GitHub: %s", o.stdout)
	}
}
