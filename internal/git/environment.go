package git

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// configuration is git's configuration, besides that in the environment. If source is a
// path, a separate process reads it, which uses only this file.
const configuration = `[user]
	name = bitbucket-auth
	email = bitbucket-auth@localhost
[core]
	hooksPath = /dev/null
	fsmonitor = false
	fsync = none
[gc]
	auto = 0
[maintenance]
	auto = false
[safe]
	directory = *
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[fetch]
	writeCommitGraph = false
[pack]
	useSparse = false
[push]
	followTags = false
	recurseSubmodules = no
[transfer]
	fsckObjects = false
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 120
[credential]
	helper =
[protocol]
	allow = never
[protocol "https"]
	allow = always
[lfs]
	allowIncompletePush = false
	skipDownloadErrors = false
	setLockableReadonly = false
	locksVerify = false
[advice]
	fetchShowForcedUpdates = false
[init]
	defaultBranch = none
`

// passedOn are the variables of the caller's environment that git gets: for finding
// programs, and for reaching the network. Git's own variables aren't among them: they
// could select another repository, or write headers to a file (GIT_TRACE_CURL).
var passedOn = []string{
	"PATH",
	"HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	// GitHub's and Jenkins' runners find leftover processes of a job by these.
	"RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "BUILD_ID",
	// Without these, programs don't start on Windows.
	"SystemRoot", "SYSTEMROOT", "WINDIR", "PATHEXT", "ComSpec", "COMSPEC",
}

// environment returns the variables of the processes of one side. Only that
// side's login is among them, so that no answer of a server can make a process log in to
// the other side: no redirect, no address of an LFS object, and no flaw in git or
// git-lfs (CVE-2024-53263).
func (g *Git) environment(of side) []string {
	env := []string{
		"HOME=" + g.root,
		"USERPROFILE=" + g.root,
		"XDG_CONFIG_HOME=" + filepath.Join(g.root, ".config"),
		"TMPDIR=" + g.root,
		"TMP=" + g.root,
		"TEMP=" + g.root,
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_ATTR_NOSYSTEM=1",
		// Git 3 has other defaults. Bitbucket has no SHA-256 repositories.
		"GIT_DEFAULT_HASH=sha1",
		"GIT_DEFAULT_REF_FORMAT=files",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=",
		"GCM_INTERACTIVE=never",
		"GIT_LFS_SKIP_SMUDGE=1",
	}
	for _, name := range passedOn {
		if value, ok := g.options.Lookup(name); ok {
			env = append(env, name+"="+value)
		}
	}
	var login []secret.Value
	var entries [][2]string
	switch of {
	case machine:
	case source:
		login = g.options.SourceLogin
		entries = append(remote(source, g.sourceURL),
			// Git would follow a redirect to any server, and not always say so.
			[2]string{"http.followRedirects", "false"})
	case bitbucket, staged:
		login = g.options.BitbucketLogin
		entries = append(remote(bitbucket, g.options.Bitbucket),
			// Nothing is pushed to another server, even if Bitbucket redirects there.
			[2]string{"http." + g.options.Bitbucket + ".followRedirects", "false"})
	}
	if of == staged {
		env = append(env, "GIT_DIR="+g.stagingRepo(), "GIT_OBJECT_DIRECTORY="+filepath.Join(g.repo, "objects"))
	} else {
		env = append(env, "GIT_DIR="+g.repo)
	}
	entries = append(entries, g.ca...)
	if isWindows {
		// The configuration that is ignored here usually selects Windows' own store of
		// certificates.
		entries = append(entries, [2]string{"http.sslBackend", "schannel"})
	}
	for _, v := range gitconfig.Append(login, entries...) {
		env = append(env, v.Name+"="+v.Text.Reveal())
	}
	return env
}

// remote returns the configuration that names a side's repository.
func remote(of side, url string) [][2]string {
	entries := [][2]string{
		{"remote." + string(of) + ".url", url},
		{"remote." + string(of) + ".lfsurl", LFSURL(url)},
	}
	switch {
	case strings.HasPrefix(url, "http://"):
		entries = append(entries, [2]string{"protocol.http.allow", "always"})
	case isPath(url):
		entries = append(entries, [2]string{"protocol.file.allow", "always"})
	}
	return entries
}

// LFSURL returns the address of a repository's objects (git-lfs's api/server-discovery.md).
// It is set so that no .lfsconfig of the repository can send a token elsewhere.
func LFSURL(remote string) string {
	if isPath(remote) {
		return "file://" + filepath.ToSlash(remote)
	}
	return strings.TrimSuffix(strings.TrimSuffix(remote, "/"), ".git") + ".git/info/lfs"
}

func isPath(remote string) bool { return !strings.Contains(remote, "://") }

// systemCA are the places of a system's CA certificates (crypto/x509, root_linux.go
// and root_bsd.go).
var systemCA = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// useCA writes a file with the additional CA certificates, and returns the
// configuration that names it. Git accepts only one file, so it begins with the system's
// certificates; if they aren't in a file, the additional ones are only for Bitbucket.
func (g *Git) useCA() (entries [][2]string, err error) {
	named, _ := g.options.Lookup("SSL_CERT_FILE")
	if len(g.options.CA) == 0 {
		// Where crypto/x509 reads it, git has to be told: curl's library doesn't.
		if _, missing := os.Stat(named); missing == nil && filepath.IsAbs(named) && !isWindows && runtime.GOOS != "darwin" {
			entries = [][2]string{{"http.sslCAInfo", named}}
		}
		return entries, nil
	}
	scope := "http." + gitconfig.HostScope(g.options.Bitbucket) + "."
	var certificates []byte
	for _, place := range append([]string{named}, systemCA...) {
		if certificates, err = os.ReadFile(place); err == nil {
			scope = "http."
			break
		}
	}
	path := filepath.Join(g.root, "ca.pem")
	certificates = append(certificates, '\n')
	certificates = append(certificates, g.options.CA...)
	if err := os.WriteFile(path, append(certificates, '\n'), 0o600); err != nil { //nolint:gosec // a path of our own
		return nil, tempFault(err)
	}
	return [][2]string{{scope + "sslCAInfo", path}, {scope + "schannelUseSSLCAInfo", "true"}}, nil
}

// local explains a failed command that connects to no server.
func (g *Git) local(err error) error {
	return explain(err, func(failed *failure) *fault.Fault {
		if strings.Contains(string(failed.stderr), "invalid filter-spec") {
			return tooOld() // of 2.31
		}
		return fault.New(fault.GitFailed, "git failed on this machine: "+g.safeText(lastLine(failed.stderr)),
			"check that the runner's git works, and that its temporary directory can be written")
	})
}
