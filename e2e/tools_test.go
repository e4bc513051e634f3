//go:build linux

package e2e

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const toolsPage = "../docs/tools.md"

// tool is a section of docs/tools.md, and how to try its samples.
type tool struct {
	name    string // the section's heading
	program string
	project func(j *job) // the files that the tool works on
	// answers are Bitbucket's replies to authenticated requests, and {commit} is
	// the library's only one.
	answers map[string]string
	// asks begins the request in which the tool uses the credential.
	asks        string
	accessToken bool // it has no use for an API token
	byHand      bool // e2e/tools/setup doesn't install it
	keeps       bool // it puts the token into git's URL, so that git's own helper stores it
}

// The git login that a tool uses is that of the credential helper.
const asksLibrary = "POST /" + library + ".git/git-upload-pack "

// What reviewdog writes.
const report = "/2.0/repositories/" + myRepo + "/commit/" + githubSHA + "/reports/my-linter-reviewdog"

const githubSHA = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"

var allTools = []tool{
	{name: "npm", program: "npm", asks: asksLibrary, project: func(j *job) {
		j.env["npm_config_audit"] = "false" // it would ask npm's registry, again and again
		j.env["npm_config_cafile"] = j.path("../authorities.pem")
		j.write("package.json", `{"dependencies": {"library": "git+https://bitbucket.org/my-team/library.git#v1.0.0"}}`)
	}},
	{name: "pip", program: "pip", asks: asksLibrary, project: func(j *job) {
		j.write("requirements.txt", "library @ git+https://bitbucket.org/my-team/library.git@v1.0.0\n")
		j.env["PIP_TARGET"] = j.path("../pip")
	}},
	{name: "Go", program: "go", asks: "POST /" + library + "/git-upload-pack ", project: func(j *job) {
		j.write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire bitbucket.org/my-team/library v1.0.0\n")
		j.env["GOPROXY"] = "direct"
	}},
	{name: "Cargo", program: "cargo", asks: asksLibrary, project: func(j *job) {
		j.write("Cargo.toml", "[package]\nname = \"me\"\nversion = \"1.0.0\"\n\n[lib]\npath = \"lib.rs\"\n\n"+
			"[dependencies]\nlibrary = { git = \"https://bitbucket.org/my-team/library.git\", tag = \"v1.0.0\" }\n")
		j.write("lib.rs", "")
	}},
	{name: "Poetry", program: "poetry", asks: asksLibrary, project: func(j *job) {
		j.env["PIP_NO_INDEX"] = "true" // it would ask Python's index, again and again
		j.write("pyproject.toml", "[tool.poetry]\nname = \"me\"\nversion = \"1.0.0\"\ndescription = \"\"\nauthors = []\n\n"+
			"[tool.poetry.dependencies]\nlibrary = { git = \"https://bitbucket.org/my-team/library.git\", tag = \"v1.0.0\" }\n")
	}},
	{name: "pre-commit", program: "pre-commit", asks: asksLibrary, project: func(j *job) {
		j.write(".pre-commit-config.yaml", "repos:\n  - repo: https://bitbucket.org/my-team/library.git\n    rev: v1.0.0\n    hooks:\n      - id: check\n")
		j.run("git", "init", "--quiet")
		j.run("git", "add", ".")
	}},
	{name: "OpenTofu", program: "tofu", asks: asksLibrary, project: func(j *job) {
		j.write("main.tf", "module \"library\" {\n  source = \"git::https://bitbucket.org/my-team/library.git?ref=v1.0.0\"\n}\n")
	}},
	{name: "Composer", program: "composer", asks: "GET /2.0/repositories/" + library + " ", answers: map[string]string{
		"/2.0/repositories/" + library: `{"scm": "git", "website": "", "mainbranch": {"name": "main"}, "links": {"html": {"href": "https://bitbucket.org/my-team/library"}, ` +
			`"clone": [{"name": "https", "href": "https://bitbucket.org/my-team/library.git"}], ` +
			`"branches": {"href": "https://api.bitbucket.org/2.0/repositories/my-team/library/refs/branches"}, ` +
			`"tags": {"href": "https://api.bitbucket.org/2.0/repositories/my-team/library/refs/tags"}}}`,
		"/2.0/repositories/" + library + "/refs/branches":              `{"values": []}`,
		"/2.0/repositories/" + library + "/refs/tags":                  `{"values": [{"name": "1.0.0", "target": {"hash": "{commit}"}}]}`,
		"/2.0/repositories/" + library + "/src/main/composer.json":     `{"name": "my-team/library"}`,
		"/2.0/repositories/" + library + "/src/{commit}/composer.json": `{"name": "my-team/library"}`,
		"/2.0/repositories/" + library + "/commit/main":                `{"date": "2026-01-01T00:00:00+00:00"}`,
		"/2.0/repositories/" + library + "/commit/{commit}":            `{"date": "2026-01-01T00:00:00+00:00"}`,
	}, project: func(j *job) {
		j.write("composer.json", `{"require": {"my-team/library": "1.0.0"}, "repositories": [`+
			`{"type": "vcs", "url": "https://bitbucket.org/my-team/library.git"}, {"packagist.org": false}]}`)
	}},
	{name: "reviewdog", program: "reviewdog", asks: "PUT " + report + " ", answers: map[string]string{
		"DELETE " + report:                "",
		"PUT " + report:                   "{}",
		"POST " + report + "/annotations": "[]",
	}, project: func(j *job) {
		j.write("my-linter", "#!/bin/sh\necho 'main.go:1:1: wrong'\n")
		j.run("chmod", "+x", "my-linter")
		j.run("git", "init", "--quiet")
		j.run("git", "commit", "--quiet", "--allow-empty", "--message", "one")
	}},
	{name: "bkt", program: "bkt", byHand: true, asks: "GET /2.0/repositories/" + myRepo + "/pullrequests ", answers: map[string]string{
		"/2.0/repositories/" + myRepo + "/pullrequests": `{"values": []}`,
	}, project: func(*job) {}},
	{name: "semantic-release", program: "semantic-release", asks: "POST /" + myRepo + ".git/git-receive-pack ", project: func(j *job) {
		j.env["GITHUB_REF"] = "refs/heads/main"
		j.run("git", "clone", "--quiet", "../library", ".")
		j.run("git", "checkout", "--quiet", "-B", "main")
		j.run("git", "commit", "--quiet", "--allow-empty", "--message", "fix: two")
		j.write(".releaserc.json", `{"plugins": ["@semantic-release/commit-analyzer"], "branches": ["main"]}`)
	}},
	{name: "Renovate", program: "renovate", byHand: true, keeps: true, asks: "POST /" + myRepo + ".git/git-upload-pack ", answers: map[string]string{
		"/2.0/repositories/" + myRepo: `{"scm": "git", "uuid": "{1}", "full_name": "my-team/my-repo", "name": "my-repo", ` +
			`"is_private": true, "mainbranch": {"name": "main"}, "owner": {"username": "my-team"}, ` +
			`"links": {"clone": [{"name": "https", "href": "https://bitbucket.org/my-team/my-repo.git"}]}}`,
		"/2.0/repositories/" + myRepo + "/pullrequests": `{"values": []}`,
	}, project: func(j *job) {
		j.env["RENOVATE_ONBOARDING"], j.env["RENOVATE_REQUIRE_CONFIG"] = "false", "optional"
	}},
	{name: "danger", program: "danger", asks: "GET /2.0/repositories/" + myRepo + "/pullrequests/7 ", answers: map[string]string{
		"/2.0/repositories/" + myRepo + "/pullrequests/7": `{"id": 7, "title": "one", ` +
			`"source": {"commit": {"hash": "{commit}"}, "repository": {"full_name": "my-team/my-repo"}}, ` +
			`"destination": {"commit": {"hash": "{commit}"}, "repository": {"full_name": "my-team/my-repo"}}}`,
		"/2.0/repositories/" + myRepo + "/pullrequests/7/diff":     "diff --git a/a b/a\n",
		"/2.0/repositories/" + myRepo + "/pullrequests/7/commits":  `{"values": []}`,
		"/2.0/repositories/" + myRepo + "/pullrequests/7/comments": `{"values": []}`,
		"/2.0/repositories/" + myRepo + "/pullrequests/7/activity": `{"values": []}`,
	}, project: func(j *job) {
		j.write("dangerfile.js", "message(danger.bitbucket_cloud.pr.title)\n")
	}},
	{name: "git-cliff", program: "git-cliff", asks: "GET /2.0/repositories/" + myRepo + "/commits ", accessToken: true, answers: map[string]string{
		"/2.0/repositories/" + myRepo + "/commits":      `{"values": [], "size": 0, "page": 1}`,
		"/2.0/repositories/" + myRepo + "/pullrequests": `{"values": [], "size": 0, "page": 1}`,
	}, project: func(j *job) {
		j.run("git", "clone", "--quiet", "../library", ".")
		j.write("cliff.toml", "[remote.bitbucket]\nowner = \"my-team\"\nrepo = \"my-repo\"\n[changelog]\nbody = \"\"\"{% for commit in commits %}{{ commit.remote.username }}{% endfor %}\"\"\"\n")
	}},
}

// TestTools runs every sample of docs/tools.md as it is there, with the tool
// itself and each kind of credential that the sample is for. The tools find a fake
// under Bitbucket's own names, and no other host.
func TestTools(t *testing.T) {
	needTools(t)
	frame, samples := readTools(t)
	for _, tool := range allTools {
		found := samples[tool.name]
		for i, sample := range found {
			for _, l := range []login{apiToken, accessToken.reach("my-team"), consumer} {
				if (len(found) == 2 || tool.accessToken) && (i == 0 && !tool.accessToken) != (l.name == apiToken.name) {
					continue
				}
				t.Run(tool.name+", "+l.name, func(t *testing.T) {
					if _, err := exec.LookPath(tool.program); err != nil {
						if os.Getenv("E2E_TOOLS") == "required" && !tool.byHand && tool.program != os.Getenv("E2E_TOOLS_WITHOUT") {
							t.Fatal(err)
						}
						t.Skip(err)
					}
					t.Parallel()
					tool.try(t, l, frame, sample)
				})
			}
		}
	}
}

// needTools skips a test unless `make tools` asks for it, which installs the tools.
func needTools(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_TOOLS") == "" {
		t.Skip("run `make tools`")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	// Debian's own tools come before others that need the user's home.
	t.Setenv("PATH", strings.Join([]string{absolute(t, "../.bin"), absolute(t, "tools/node_modules/.bin"), "/usr/bin", "/bin", os.Getenv("PATH")}, ":"))
	t.Setenv("RUSTUP_HOME", cmp.Or(os.Getenv("RUSTUP_HOME"), filepath.Join(home, ".rustup")))
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (tool tool) try(t *testing.T, l login, frame, sample string) {
	t.Helper()
	l.token.Scopes = append(slices.Clone(l.token.Scopes), "account", "pullrequest:write", "read:user:bitbucket", "read:pullrequest:bitbucket", "write:pullrequest:bitbucket")
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library}})
	j := newJob(t)
	proxy, certificate := onlyBitbucket(t, server)
	authorities := j.path("../authorities.pem")
	j.write("../authorities.pem", certificate)
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"} {
		j.env[name] = authorities
	}
	j.env["RUSTUP_HOME"] = os.Getenv("RUSTUP_HOME")
	fillLibrary(j, server)
	// semantic-release pushes notes, too.
	if err := os.Remove(filepath.Join(server.Dir(myRepo), "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	commit := j.run("git", "-C", "../library", "rev-parse", "HEAD")
	for match, body := range tool.answers {
		fill := strings.NewReplacer("{commit}", commit).Replace
		reply := bitbuckettest.Reply{Body: fill(body), Authenticated: true}
		if strings.HasPrefix(match, "DELETE ") {
			reply.Status = http.StatusNoContent
		}
		server.AnswerAlways(fill(match), reply)
	}
	if tool.name == "npm" {
		// npm asks for an archive first, anonymously.
		server.AnswerAlways("GET /"+library+"/get/"+commit+".tar.gz", bitbuckettest.Reply{Status: http.StatusNotFound})
	}
	tool.project(j)
	if strings.Contains(sample, "npx ") {
		if err := os.Symlink(absolute(t, "tools/node_modules"), j.path("node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	j.env["HTTPS_PROXY"], j.env["https_proxy"] = proxy, proxy
	j.env["BITBUCKET_API_URL"] = proxy + "/2.0/repositories" // git-cliff trusts no certificate of ours

	token := server.Add(l.token)
	values := map[string]string{
		"secrets.BITBUCKET_TOKEN": token.Secret, "vars.BITBUCKET_EMAIL": l.identity(token), "github.sha": githubSHA,
		"vars.DANGER_UUID": "{12345678-1234-1234-1234-123456789012}",
	}
	if token.Kind == bitbuckettest.OAuthConsumer {
		frame = strings.Replace(frame, "with:\n", "with:\n          kind: oauth-consumer\n", 1)
	}
	if tool.keeps {
		t.Cleanup(func() { j.secrets = nil }) // before the search of the disk
	}
	text := j.steps(frame+sample, values)
	log := requests(server, 0)
	if !slices.ContainsFunc(log, regexp.MustCompile("^"+tool.asks+".* 2.. "+tool.login(token)+"$").MatchString) {
		t.Errorf("no request %s with %s:\n%s\n%s", tool.asks, tool.login(token), strings.Join(log, ""), text)
	}
}

// login is the login that Bitbucket wants for the tool's request.
func (tool tool) login(token bitbuckettest.Token) string {
	api := strings.Contains(tool.asks, " /2.0/")
	switch {
	case api && token.Kind == bitbuckettest.APIToken:
		return "Basic dev@example.com\n"
	case api:
		return "Bearer \n"
	case token.Kind == bitbuckettest.APIToken:
		return "Basic x-bitbucket-api-token-auth\n"
	}
	return "Basic x-token-auth\n"
}

// fillLibrary pushes a library that every package manager can use.
func fillLibrary(j *job, server *bitbuckettest.Server) {
	j.t.Helper()
	j.copy("testdata/tools/library", "../library")
	git := func(args ...string) { j.run(append([]string{"git", "-C", "../library"}, args...)...) }
	git("init", "--quiet", "--template=")
	git("add", ".")
	git("commit", "--quiet", "--message", "one")
	git("tag", "v1.0.0")
	for _, name := range []string{library, myRepo} {
		git("push", "--quiet", server.Dir(name), "HEAD:refs/heads/main", "v1.0.0")
	}
}

// steps runs the steps of a sample, and returns what they print.
func (j *job) steps(text string, values map[string]string) string {
	j.t.Helper()
	var steps []struct {
		ID, Uses, Run string
		With, Env     map[string]string
	}
	if err := yaml.Unmarshal([]byte(text), &steps); err != nil {
		j.t.Fatal(err)
	}
	expression := regexp.MustCompile(`\$\{\{ (\S+) \}\}`)
	fill := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(match string) string {
			name := expression.FindStringSubmatch(match)[1]
			value, ok := values[name]
			if !ok {
				j.t.Fatalf("the sample's %s has no value", name)
			}
			return value
		})
	}
	var printed strings.Builder
	for _, step := range steps {
		if step.Run == "" {
			var inputs []string
			for name, value := range step.With {
				inputs = append(inputs, name, fill(value))
			}
			for name, value := range j.step(inputs...) {
				values["steps."+step.ID+".outputs."+name] = value
			}
			continue
		}
		of := maps.Clone(j.env) // the job's, for this step alone
		for name, value := range step.Env {
			j.env[name] = fill(value)
		}
		printed.WriteString(j.run("bash", "-e", "-c", fill(step.Run)))
		j.env = of
	}
	return printed.String()
}

// onlyBitbucket starts a proxy that leads Bitbucket's own names to a server, and
// returns its address and the certificate to trust, as PEM text. Other hosts
// can't be reached.
func onlyBitbucket(t *testing.T, server *bitbuckettest.Server) (address, certificate string) {
	t.Helper()
	config, certificate := bitbucketCertificate(t)
	site := httptest.NewUnstartedServer(server)
	site.TLS = config
	site.StartTLS()
	t.Cleanup(site.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect && strings.HasPrefix(r.URL.Path, "/2.0/") {
			server.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodConnect || r.Host != "bitbucket.org:443" && r.Host != "api.bitbucket.org:443" {
			http.Error(w, "not Bitbucket", http.StatusForbidden)
			return
		}
		upstream, err := net.Dial("tcp", site.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer upstream.Close()
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		go func() {
			_, _ = io.Copy(upstream, buffered)
			upstream.Close()
		}()
		_, _ = io.Copy(client, upstream)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, certificate
}

// bitbucketCertificate makes a certificate for Bitbucket's names, which signs itself.
func bitbucketCertificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "fake Bitbucket"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		DNSNames:              []string{"bitbucket.org", "api.bitbucket.org"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return config, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// readTools returns the samples of docs/tools.md by their section's heading, and
// the step that comes before each of them.
func readTools(t *testing.T) (frame string, samples map[string][]string) {
	t.Helper()
	samples = map[string][]string{}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```\n")
	for _, section := range strings.Split(readFile(t, toolsPage), "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		for _, match := range block.FindAllStringSubmatch(text, -1) {
			samples[heading] = append(samples[heading], match[1])
		}
	}
	const before = "The step before"
	if len(samples[before]) != 1 {
		t.Fatalf("%d samples of the step before", len(samples[before]))
	}
	frame = samples[before][0]
	delete(samples, before)
	return frame, samples
}

// Every sample of docs/tools.md is a valid step, and is run.
func TestToolsPage(t *testing.T) {
	frame, samples := readTools(t)
	if err := buildTarget(".bin/actionlint"); err != nil {
		t.Fatal(err)
	}
	for heading, found := range samples {
		if heading != buildKitSection && !slices.ContainsFunc(allTools, func(tool tool) bool { return tool.name == heading }) {
			t.Errorf("no test runs the samples of %s", heading)
		}
		for _, sample := range found {
			lint := exec.Command("../.bin/actionlint", "-no-color", "-")
			lint.Stdin = strings.NewReader("on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    timeout-minutes: 10\n    steps:\n" + frame + sample)
			if text, err := lint.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", heading, err, text)
			}
		}
	}
	for _, tool := range allTools {
		if samples[tool.name] == nil {
			t.Errorf("the page has no sample of %s", tool.name)
		}
	}
	// The page names the versions that are pinned.
	page, pins := strings.ToLower(readFile(t, toolsPage)), regexp.MustCompile(`"([a-z-]+)": "([0-9.]+)"`).FindAllStringSubmatch(readFile(t, "tools/package.json"), -1)
	pins = append(pins,
		regexp.MustCompile(`/(reviewdog) v([0-9.]+)`).FindStringSubmatch(readFile(t, "../tools/reviewdog/go.mod")),
		regexp.MustCompile(`/(opentofu) v([0-9.]+)`).FindStringSubmatch(readFile(t, "../tools/tofu/go.mod")))
	for _, pin := range pins {
		if row := "[" + pin[1] + "](#" + pin[1] + ") | " + pin[2] + " |"; !strings.Contains(page, row) {
			t.Errorf("the page has no row %s", row)
		}
	}
}
