//go:build linux

package mirror

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// TestMirrorAction runs the released form of the action under act: a run that
// leaves a branch alone, and the documented workflow with every kind of checkout,
// none of which may make a difference.
func TestMirrorAction(t *testing.T) {
	e2etest.NeedAct(t)
	action, authorities := released(t)

	t.Run("outputs", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.source.commit("main", "here", "text")
		m.mirror.commit("main", "there", "text")
		m.source.commit("topic", "more", "text")
		jobToken := newSourceToken()
		log := e2etest.Act{Workflow: "e2e/mirror/testdata/workflows/e2e-mirror.yml", Vars: map[string]string{
			"TOKEN": m.token.Secret, "SERVER": m.bitbucket.URL, "SOURCE": m.github.URL + "/" + origin, "SOURCE_TOKEN": m.sourceToken,
		}, Args: []string{"--secret", "GITHUB_TOKEN=" + jobToken}}.Run(t, action)
		e2etest.CheckLine(t, log, `outcome: failure, updated: 1, refused: 1`)
		e2etest.CheckLine(t, log, `refused: refs/heads/main`)
		e2etest.CheckLine(t, log, `updated: refs/heads/topic`)
		e2etest.CheckLine(t, log, `.*source-token isn't used.*`)
		e2etest.CheckLine(t, log, `.*\(BBA411\).*`)
		for _, header := range m.github.authorizations {
			if strings.Contains(decoded(strings.TrimPrefix(header, "Basic ")), jobToken) {
				t.Error("the job's own token was sent to another server")
			}
		}
		e2etest.CheckNoSecret(t, log, m.token.Secret)
		e2etest.CheckNoSecret(t, log, m.sourceToken)
	})

	for name, state := range map[string]struct {
		checkout []string
		event    string
	}{
		"a feature branch": {[]string{"checkout", "--quiet", "-b", "feature"}, `{"ref": "refs/heads/feature"}`},
		"a tag":            {[]string{"checkout", "--quiet", "--detach", "v9"}, `{"ref": "refs/tags/v9"}`},
		"a pull request":   {[]string{"checkout", "--quiet", "--detach"}, `{"ref": "refs/pull/1/merge", "pull_request": {"number": 1}}`},
		"a shallow clone":  {[]string{"fetch", "--quiet", "--depth=1", ".", "HEAD"}, `{"ref": "refs/heads/main"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			m.source.set("refs/heads/topic", "")
			before := m.mirror.refs()
			j := e2etest.NewJob(t)
			text := strings.NewReplacer(
				"mirror@v1\n        with:\n", "mirror@v1\n        with:\n          server-url: "+m.bitbucket.URL+
					"\n          source: "+m.github.URL+"/"+origin+"\n          source-token: ${{ vars.SOURCE_TOKEN }}\n",
				"my-team/my-repo", copied, "secrets.", "vars.",
				"    steps:\n", "    steps:\n      - uses: actions/checkout@v7\n",
			).Replace(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/recipes/mirror.yml")))
			j.Run("git", "init", "--quiet", "--template=")
			j.Write("workflow.yml", text)
			j.Write("authorities.pem", authorities)
			j.Write("event.json", state.event)
			j.Run("git", "add", ".")
			j.Run("git", "commit", "--quiet", "--message", "one")
			j.Run("git", "tag", "v9")
			j.Run(append([]string{"git"}, state.checkout...)...)
			log := e2etest.Act{Workflow: "workflow.yml", Vars: map[string]string{"BITBUCKET_TOKEN": m.token.Secret, "SOURCE_TOKEN": m.sourceToken}, Args: []string{
				"--local-repository", "seed-e1d06701/bitbucket-auth@v1=" + action, "--eventpath", j.Path("event.json"),
				"--env", "CURL_CA_BUNDLE=" + j.Path("authorities.pem"),
			}}.Run(t, j.Dir)
			before["refs/heads/main"] = m.source.object("main")
			if after := m.mirror.refs(); !maps.Equal(after, before) {
				t.Errorf("the mirror has %v\n%s", after, log)
			}
			e2etest.CheckNoSecret(t, log, m.token.Secret)
			e2etest.CheckNoSecret(t, log, m.sourceToken)
		})
	}
}

// released returns a copy of the working tree in its released form, and the
// certificate of the server that it downloads from.
func released(t *testing.T) (tree, authorities string) {
	t.Helper()
	program := []byte(e2etest.ReadFile(t, e2etest.Program(t)))
	name := "bitbucket-auth_linux_" + runtime.GOARCH
	url, authorities := e2etest.ServeRelease(t, map[string][]byte{name + ".gz": e2etest.Gzipped(t, program)})
	tree = e2etest.CopyTree(t)
	for path, text := range map[string]string{
		"authorities.pem": authorities,
		"binary/release":  url + "\n" + e2etest.Hash(program) + "  " + name + "\n",
	} {
		if err := os.WriteFile(filepath.Join(tree, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e2etest.Commit(t, tree)
	return tree, authorities
}
