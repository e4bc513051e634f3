package action

import (
	"cmp"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

type address struct {
	text  string // URL without user-info, or an absolute path
	root  string // scheme and host of a URL
	local bool   // a path
	jobs  bool   // the repository that the job runs for
}

func (m *mirroring) findSource() error {
	text := m.settings.Source
	if text.IsEmpty() {
		text = m.host.CloneURL()
	}
	if text.IsEmpty() {
		return fault.New(fault.SourceMissing, "source isn't set, and nothing in the environment says which repository to mirror",
			"set source to the https URL of the repository to mirror, or to its path")
	}
	plain := text.Clean()
	if m.settings.Source.IsEmpty() {
		plain = overHTTPS(plain, m.credential.Server)
	}
	if err := m.mask(secret.Forms(text.Secrets()...)); err != nil {
		return err
	}
	if len(text.Secrets()) > 0 && !m.settings.Source.IsEmpty() {
		m.warn(fault.New(fault.SourceSecret, "source contains a password, which isn't used",
			"remove everything between // and @, and set source-token instead",
			"if the password was stored in the clear, revoke it"))
	}
	if !secret.OneLine(m.settings.SourceToken.Reveal()) || !secret.OneLine(m.settings.SourceUsername) {
		return fault.New(fault.TokenCharacter, "source-token or source-username contains a line break or a control character",
			"store the token again, as one line")
	}
	if !secret.OneLine(plain) {
		return sourceAddress("source contains a line break or a control character")
	}
	var err error
	// The host has cloned over http itself; a user may not ask for it.
	m.source, err = parseAddress(plain, m.settings.Source.IsEmpty())
	m.source.jobs = plain == m.host.CloneURL().Clean()
	m.withholdJobToken()
	if strings.HasPrefix(m.source.root, "http:") && !server.IsLoopback(m.source.url().Hostname()) {
		m.warn(fault.New(fault.SourceHTTP, "the source's address is http, so neither its content nor source-token is protected on the way",
			"set source to the https address of the repository, if its server has one"))
	}
	if m.isDestination(cmp.Or(m.source.text, plain)) {
		return sourceIsDestination()
	}
	return err
}

// withholdJobToken doesn't send the job's own token, which is source-token by default
// in mirror/action.yml and in GitLab's template, to another server than the job's.
func (m *mirroring) withholdJobToken() {
	_, jobServer, own := m.host.IsJobToken(m.settings.SourceToken)
	if !own || m.source.local || m.source.isBelow(jobServer) && !m.isBitbucketSource() {
		return
	}
	m.settings.SourceToken = secret.String{}
	m.note(fault.Infof("source-token isn't used: it is this job's own token, and the source is on another server"))
}

// url is the parsed text, which is one.
func (a address) url() *url.URL {
	u, err := url.Parse(a.text)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// isBelow reports whether the source is on a server, below the path of its URL.
func (a address) isBelow(base string) bool {
	b, err := url.Parse(strings.TrimSpace(base))
	u := a.url()
	return err == nil && u.Scheme == b.Scheme && server.SameHost(u, b) &&
		strings.HasPrefix(u.Path, strings.TrimRight(b.Path, "/")+"/")
}

// isBitbucketSource reports whether the source is a repository on a Bitbucket, which
// expects a user name by the kind of token. The job's own repository isn't, but for
// Bitbucket Pipelines': whatever its path, its server expects the job's own token.
func (m *mirroring) isBitbucketSource() bool {
	switch {
	case m.source.local:
		return false
	case m.source.jobs:
		return m.host.OnBitbucket
	}
	return m.isDataCenterSource() || server.Cloud.IsAt(m.source.url()) || m.settings.Server.IsAt(m.source.url())
}

// isDataCenterSource reports whether the source is a repository on a Bitbucket Data
// Center: by the prefix of its tokens, by the path of its repositories, or because it
// is on the server that server-url names.
func (m *mirroring) isDataCenterSource() bool {
	u := m.source.url()
	if server.Cloud.IsAt(u) {
		return false
	}
	return credential.IsDataCenterToken(m.settings.SourceToken) || strings.Contains(u.Path, "/scm/") ||
		m.credential.Server.DataCenter && m.credential.Server.IsAt(u)
}

// sourceUser returns the user name that goes with source-token. It is empty if git
// sends the token in a Bearer header instead, which a Data Center accepts for tokens
// of any owner.
func (m *mirroring) sourceUser() string {
	jobUser, _, isJobs := m.host.IsJobToken(m.settings.SourceToken)
	switch {
	case m.settings.SourceUsername != "":
		return m.settings.SourceUsername
	case m.isBitbucketSource() && m.isDataCenterSource():
		return ""
	case m.isBitbucketSource():
		return credential.CloudGitUser(m.settings.SourceToken)
	case isJobs:
		return jobUser
	}
	return "x-access-token" // GitHub's: GitLab, Gitea and Forgejo accept any name with most tokens
}

// isDestination reports whether an address, in any spelling, is that of the
// repository to bring up to date.
func (m *mirroring) isDestination(source string) bool {
	if !strings.Contains(source, ":") {
		return false // a path
	}
	r, _, err := repository.Parse(secret.NewAddress(source), m.credential.Server)
	return err == nil && !r.Wiki && strings.EqualFold(r.Name(), m.repository.Name())
}

// defaultBranch returns the source's default branch, if the host names it and the
// source is the repository that the job runs for, or its checkout.
func (m *mirroring) defaultBranch() string {
	isJobs := m.source.jobs || m.settings.Source.IsEmpty()
	if folder := m.host.Checkout(); m.source.local && folder != "" {
		absolute, err := filepath.Abs(folder)
		isJobs = err == nil && absolute == m.source.text
	}
	if !isJobs {
		return ""
	}
	return m.host.DefaultBranch()
}

func sourceIsDestination() *fault.Fault {
	return fault.New(fault.SourceIsDestination, "source and repository are the same repository, so nothing was changed",
		"set source to the repository to mirror, and repository to its copy in Bitbucket")
}

func sourceAddress(what string) error {
	return fault.New(fault.SourceAddress, what,
		"set source to an https URL such as https://github.com/owner/repository, or to the path of a repository")
}

// parseAddress accepts https URLs, http on this machine or if it is allowed, and
// paths.
func parseAddress(text string, allowHTTP bool) (address, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		return parsePath(text)
	}
	if strings.EqualFold(scheme, "file") {
		return parsePath(rest)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Path == "" || u.Path == "/":
		return address{}, sourceAddress("source isn't the URL of a repository")
	case u.Scheme == "ssh" || u.Scheme == "git":
		return address{}, sourceAddress("source is an address for " + u.Scheme + ", and only https is supported")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return address{}, sourceAddress("source has a query or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP && !server.IsLoopback(u.Hostname())):
		return address{}, sourceAddress("source isn't an https URL, so source-token would travel in the clear")
	}
	root := u.Scheme + "://" + strings.ToLower(u.Host)
	return address{text: root + cleanPath(u), root: root}, nil
}

// sshHosts are servers that have another name for ssh (docs.github.com, "Using SSH over
// the HTTPS port"; docs.gitlab.com, "Use an alternate SSH port"; support.atlassian.com,
// "Troubleshoot SSH issues"; learn.microsoft.com, "Use SSH key authentication").
var sshHosts = map[string]string{
	"altssh.bitbucket.org":    "bitbucket.org",
	"ssh.github.com":          "github.com",
	"altssh.gitlab.com":       "gitlab.com",
	"ssh.dev.azure.com":       "dev.azure.com",
	"vs-ssh.visualstudio.com": "dev.azure.com",
}

// overHTTPS returns the https form of an ssh address by which the host has cloned the
// repository. Any other address stays as it is.
func overHTTPS(text string, bitbucket server.Server) string {
	hostname, port, path, ok := splitSSH(text)
	if !ok {
		return text
	}
	path = strings.TrimLeft(path, "/")
	if bitbucket.DataCenter && bitbucket.IsSSH(hostname, port) {
		return bitbucket.GitRoot() + "/" + path
	}
	if port == dataCenterSSHPort {
		return "https://" + hostname + "/scm/" + path
	}
	name := cmp.Or(sshHosts[strings.ToLower(hostname)], hostname)
	if parts := strings.Split(path, "/"); name == "dev.azure.com" && len(parts) == 4 && parts[0] == "v3" {
		path = parts[1] + "/" + parts[2] + "/_git/" + parts[3]
	}
	if strings.Contains(name, ":") { // IPv6
		name = "[" + name + "]"
	}
	return "https://" + name + "/" + path
}

// splitSSH splits an ssh address in either of git's forms (git-clone(1), "GIT URLS").
func splitSSH(text string) (hostname, port, path string, ok bool) {
	scheme, _, isURL := strings.Cut(text, "://")
	if isURL {
		u, err := url.Parse(text)
		if err != nil || !strings.Contains(strings.ToLower(scheme), "ssh") || u.Hostname() == "" {
			return "", "", "", false
		}
		return u.Hostname(), u.Port(), u.EscapedPath(), true
	}
	if !isSSHInShort(text) {
		return "", "", "", false
	}
	address, path, _ := strings.Cut(text, ":")
	return address[strings.LastIndex(address, "@")+1:], "", path, true
}

// isSSHInShort recognises host:path, by which git means ssh; C:\path isn't it.
func isSSHInShort(text string) bool {
	host, _, colon := strings.Cut(text, ":")
	return colon && len(host) > 1 && !strings.ContainsAny(host, `/\`)
}

// cleanPath is a URL's path without slashes that have no meaning.
func cleanPath(u *url.URL) string { return path.Clean("/" + u.EscapedPath()) }

func parsePath(text string) (address, error) {
	if isSSHInShort(text) {
		return address{}, sourceAddress("source is an address for ssh, and only https is supported")
	}
	absolute, err := filepath.Abs(text)
	if err != nil {
		return address{}, sourceAddress("source isn't a path that can be used")
	}
	return address{text: absolute, local: true}, nil
}
