//go:build linux

package mirror

import (
	"maps"
	"strings"
	"testing"
)

// TestMirrorHosts runs the mirror in a shell and on other CI hosts, where settings
// have other names and the source's URL comes from the host.
func TestMirrorHosts(t *testing.T) {
	for _, host := range []struct {
		name, prefix string
		env          map[string]string // {source} stands for the source's URL
	}{
		{"shell", "BITBUCKET_AUTH_", map[string]string{"BITBUCKET_AUTH_SOURCE": "{source}"}},
		{"Woodpecker", "PLUGIN_", map[string]string{"CI": "woodpecker", "CI_SYSTEM_NAME": "woodpecker", "CI_REPO_CLONE_URL": "{source}.git"}},
		{"Drone", "PLUGIN_", map[string]string{"DRONE": "true", "DRONE_GIT_HTTP_URL": "{source}.git"}},
		{"GitLab", "BITBUCKET_AUTH_", map[string]string{"GITLAB_CI": "true", "CI_PROJECT_URL": "{source}", "CI_REPOSITORY_URL": "https://gitlab-ci-token:secretsecret@gitlab.example.com/octo/site.git"}},
		{"Jenkins", "BITBUCKET_AUTH_", map[string]string{"JENKINS_URL": "http://jenkins.example.com/", "BUILD_ID": "1", "GIT_URL": "{source}.git"}},
	} {
		t.Run(host.name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			m.source.commit("topic", "here", "text")
			m.mirror.commit("topic", "there", "text")
			for name := range m.Env {
				if strings.HasPrefix(name, "GITHUB_") {
					delete(m.Env, name)
				}
			}
			delete(m.Env, "CI")
			env := map[string]string{}
			for id, value := range m.inputs {
				env[host.prefix+strings.ToUpper(strings.ReplaceAll(id, "-", "_"))] = value
			}
			for name, value := range host.env {
				env[name] = strings.ReplaceAll(value, "{source}", m.github.URL+"/"+origin)
			}
			before := m.mirror.refs()
			cmd := m.Command(env, m.binary(), "mirror")
			text, _ := cmd.CombinedOutput()
			m.CheckHidden("the output", string(text))
			if code := cmd.ProcessState.ExitCode(); code != 6 {
				t.Errorf("the exit code is %d", code)
			}
			for _, want := range []string{"refs/heads/main: updated", "refs/heads/topic: left alone"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("the output doesn't say %q", want)
				}
			}
			before["refs/heads/main"] = m.source.object("main")
			if after := m.mirror.refs(); !maps.Equal(after, before) {
				t.Errorf("the mirror has %v", after)
			}
			if t.Failed() {
				t.Logf("%s", text)
			}
		})
	}
}
