//go:build linux

package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMirrorAction runs the released form of the action under act: a run that
// leaves a branch alone, and the documented workflow with every kind of checkout,
// none of which may make a difference.
func TestMirrorAction(t *testing.T) {
	needAct(t)
	action, authorities := released(t)

	t.Run("outputs", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.source.commit("main", "here", "text")
		m.mirror.commit("main", "there", "text")
		m.source.commit("topic", "more", "text")
		jobToken := newSourceToken()
		log := act{workflow: "e2e/testdata/workflows/e2e-mirror.yml", vars: map[string]string{
			"TOKEN": m.token.Secret, "SERVER": m.bitbucket.URL, "SOURCE": m.github.URL + "/" + origin, "SOURCE_TOKEN": m.sourceToken,
		}, args: []string{"--secret", "GITHUB_TOKEN=" + jobToken}}.run(t, action)
		checkLine(t, log, `outcome: failure, updated: 1, refused: 1`)
		checkLine(t, log, `refused: refs/heads/main`)
		checkLine(t, log, `updated: refs/heads/topic`)
		checkLine(t, log, `.*source-token isn't used.*`)
		checkLine(t, log, `.*\(BBA411\).*`)
		for _, header := range m.github.authorizations {
			if strings.Contains(decoded(strings.TrimPrefix(header, "Basic ")), jobToken) {
				t.Error("the job's own token was sent to another server")
			}
		}
		checkNoSecret(t, log, m.token.Secret)
		checkNoSecret(t, log, m.sourceToken)
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
			j := newJob(t)
			text := strings.NewReplacer(
				"mirror@v1\n        with:\n", "mirror@v1\n        with:\n          server-url: "+m.bitbucket.URL+
					"\n          source: "+m.github.URL+"/"+origin+"\n          source-token: ${{ vars.SOURCE_TOKEN }}\n",
				"my-team/my-repo", copied, "secrets.", "vars.",
				"    steps:\n", "    steps:\n      - uses: actions/checkout@v7\n",
			).Replace(readFile(t, filepath.Join(recipes, "mirror.yml")))
			j.run("git", "init", "--quiet", "--template=")
			j.write("workflow.yml", text)
			j.write("authorities.pem", authorities)
			j.write("event.json", state.event)
			j.run("git", "add", ".")
			j.run("git", "commit", "--quiet", "--message", "one")
			j.run("git", "tag", "v9")
			j.run(append([]string{"git"}, state.checkout...)...)
			log := act{workflow: "workflow.yml", vars: map[string]string{"BITBUCKET_TOKEN": m.token.Secret, "SOURCE_TOKEN": m.sourceToken}, args: []string{
				"--local-repository", "seed-e1d06701/bitbucket-auth@v1=" + action, "--eventpath", j.path("event.json"),
				"--env", "CURL_CA_BUNDLE=" + j.path("authorities.pem"),
			}}.run(t, j.dir)
			before["refs/heads/main"] = m.source.object("main")
			if after := m.mirror.refs(); !maps.Equal(after, before) {
				t.Errorf("the mirror has %v\n%s", after, log)
			}
			checkNoSecret(t, log, m.token.Secret)
			checkNoSecret(t, log, m.sourceToken)
		})
	}
}

// released returns a copy of the working tree in its released form, and the
// certificate of the server that it downloads from.
func released(t *testing.T) (tree, authorities string) {
	t.Helper()
	program := []byte(readFile(t, filepath.Join(root, ".bin/bitbucket-auth")))
	name := "bitbucket-auth_linux_" + runtime.GOARCH
	url, authorities := release(t, map[string][]byte{name + ".gz": gzipped(t, program)})
	tree = copyTree(t)
	for path, text := range map[string]string{
		"authorities.pem": authorities,
		"binary/release":  url + "\n" + hash(program) + "  " + name + "\n",
	} {
		if err := os.WriteFile(filepath.Join(tree, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, tree)
	return tree, authorities
}
