// Package repository parses every form in which people paste a Bitbucket
// repository: web pages, clone commands, ssh addresses, and plain names.
package repository

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Repository is a repository, or if Slug is empty, only a workspace.
type Repository struct {
	Workspace string // workspace id, or Data Center project key
	Slug      string
	URL       string // HTTPS clone URL, without a user name

	// Spelled is workspace/slug, or only the workspace, in the letter case that the user
	// wrote. Git compares paths case-sensitively, so later steps may need either case.
	Spelled string
	// SSHPort is the port in an ssh spelling, or empty.
	SSHPort string
	// Wiki is set if the address is that of a page of the repository's wiki.
	Wiki bool
}

// Name returns workspace/slug.
func (r Repository) Name() string { return r.Workspace + "/" + r.Slug }

// SpelledWorkspace returns the workspace in the letter case that the user wrote.
func (r Repository) SpelledWorkspace() string {
	workspace, _, _ := strings.Cut(r.Spelled, "/")
	return workspace
}

// Parse parses a spelling of a repository on a server. The error is a
// [*fault.Fault]; it quotes neither the spelling nor a parser's error, since these may
// contain a password.
func Parse(spelling secret.Address, on server.Server) (Repository, []fault.Remark, error) {
	var remarks []fault.Remark
	if len(spelling.Secrets()) > 0 {
		remarks = append(remarks, fault.Warn(fault.New(fault.RepositorySecret,
			"the repository's URL contains a password, which isn't used",
			"remove everything between // and @ from it",
			"if the password was ever stored in the clear, revoke it")))
	}
	text := spelling.Clean()
	if isOnSite(text) {
		return Repository{}, remarks, fault.New(fault.Repository, "repository is a page of Jira or Confluence, not of Bitbucket", copyAddress(on))
	}
	var path, port string
	var err error
	web := false // the path may be that of a page below the repository
	switch scheme, after, hasScheme := strings.Cut(text, "://"); {
	case hasScheme && strings.EqualFold(scheme, "ssh"):
		path, port, err = sshPath(after, on)
	case hasScheme:
		path, err = webPath(text, on)
		web = true
	default:
		path, web, err = plainPath(text, on)
	}
	if err != nil {
		return Repository{}, remarks, err
	}
	r, err := fromPath(path, on, web)
	r.SSHPort = port
	return r, remarks, err
}

// ParseWorkspace parses a workspace id, or a Data Center's project key.
func ParseWorkspace(text string, on server.Server) (Repository, error) {
	if isUUID(text) {
		return Repository{}, fault.New(fault.Workspace, "workspace is a UUID, and UUIDs aren't supported",
			"set workspace to the id in the address that the browser shows, such as my-team")
	}
	if !isWorkspace(text) {
		return Repository{}, fault.New(fault.Workspace, "workspace isn't a valid workspace id or project key",
			"set workspace to the id in the repository's URL, such as my-team; on Data Center, to the project key, such as PROJ")
	}
	return Repository{Workspace: normal(text, on), Spelled: text}, nil
}

// isOnSite reports whether an address is on the site of an organization's Jira and
// Confluence.
func isOnSite(text string) bool {
	if _, after, found := strings.Cut(text, "://"); found {
		text = after
	}
	host, _, _ := strings.Cut(text, "/")
	return server.IsSite(host)
}

// sshPath returns the path and the port of ssh://host[:port]/path. Older pages of
// Bitbucket have ssh://host:path, which git doesn't understand.
func sshPath(address string, on server.Server) (path, port string, err error) {
	host, path, _ := strings.Cut(address, "/")
	if name, first, found := strings.Cut(host, ":"); found && on.IsSSH(name, "") && isWorkspace(first) && !charset.ContainsOnly(first, charset.Digits) {
		return first + "/" + path, "", nil
	}
	u := url.URL{Host: host}
	if !on.IsSSH(u.Hostname(), u.Port()) {
		return "", "", otherSSHHost(on)
	}
	return path, u.Port(), nil
}

// webPath returns the path of a web page or an HTTPS clone URL, after the server's
// context path.
func webPath(text string, on server.Server) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", unclear(on)
	}
	switch {
	case on.IsAPI(u.Hostname()):
		return "", restAPI(on)
	case u.Scheme != "https" && u.Scheme != "http":
		return "", unclear(on)
	case u.Scheme == "http" && !on.Loopback:
		return "", fault.New(fault.RepositoryHTTP, "the repository's URL is plain http, so the credential would travel in the clear",
			"write https instead of http")
	case !on.IsAt(u):
		return "", otherHost(on)
	}
	path, ok := strings.CutPrefix(u.Path+"/", on.ContextPath()+"/")
	if !ok {
		return "", fault.New(fault.Repository, "the repository is outside the path of server-url",
			"set server-url to the base URL of your Data Center, context path included")
	}
	return path, nil
}

// plainPath returns the path in host:path (an scp-like ssh address), the path in an
// address without its scheme (then web is true), or plain workspace/slug.
func plainPath(text string, on server.Server) (path string, web bool, err error) {
	prefix, address := on.Host()+on.ContextPath()+"/", text+"/"
	if len(address) >= len(prefix) && strings.EqualFold(address[:len(prefix)], prefix) {
		return address[len(prefix):], true, nil
	}
	if first, _, _ := strings.Cut(text, "/"); on.IsAPI(first) {
		return "", false, restAPI(on)
	}
	host, path, ok := strings.Cut(text, ":")
	if address, after, _ := strings.Cut(text, "]:"); strings.HasPrefix(address, "[") {
		host, path = address[1:], after // IPv6
	}
	if !ok {
		return text, false, nil
	}
	if !on.IsSSH(host, "") {
		return "", false, otherSSHHost(on)
	}
	return strings.TrimPrefix(path, "/"), false, nil
}

// fromPath finds workspace and slug in a path. Only the address of a web page may
// continue after them.
func fromPath(path string, on server.Server, web bool) (Repository, error) {
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	if web {
		if f := checkPage(parts, on); f != nil {
			return Repository{}, f
		}
	}
	if on.DataCenter && web {
		parts = dataCenterParts(parts)
	}
	if len(parts) < 2 {
		return Repository{}, unclear(on)
	}
	deeper := parts[2:]
	switch {
	case isUUID(parts[0]), isUUID(strings.TrimSuffix(parts[1], ".git")):
		return Repository{}, fault.New(fault.Repository, "repository contains a UUID, and UUIDs aren't supported",
			"set it to the address that the browser shows, such as "+example(on))
	case strings.HasSuffix(parts[0], ".git"), strings.HasSuffix(parts[1], ".git") && len(deeper) > 0 && !isGitPath(deeper):
		return Repository{}, fault.New(fault.Repository, "repository is the address of something else, such as a wiki: its path goes on after .git",
			"remove what follows .git, if you mean the repository itself")
	case len(deeper) > 0 && !web:
		return Repository{}, unclear(on)
	}
	workspace, slug := parts[0], strings.TrimSuffix(parts[1], ".git")
	if !isWorkspace(workspace) || !isSlug(slug, on) {
		return Repository{}, unclear(on)
	}
	r := Repository{
		Workspace: normal(workspace, on),
		Slug:      normal(slug, on),
		Spelled:   workspace + "/" + slug,
		Wiki:      !on.DataCenter && len(deeper) > 0 && strings.EqualFold(deeper[0], "wiki"),
	}
	r.URL = on.GitRoot() + "/" + r.Name() + ".git"
	return r, nil
}

// isGitPath reports whether git requests this path below a repository
// (gitprotocol-http(5); git-lfs, docs/api).
func isGitPath(parts []string) bool {
	switch parts[0] {
	case "info", "objects":
		return true
	case "HEAD", "git-upload-pack", "git-receive-pack":
		return len(parts) == 1
	}
	return false
}

// notRepositories describes pages of Cloud that belong to no repository, by the first
// part of their paths.
var notRepositories = map[string]string{
	"dashboard": "of the dashboard",
	"account":   "of an account's settings",
	"repo":      "of a form for a new repository",
	"snippets":  "of a snippet",
}

// workspacePages are the pages of a workspace, as in my-team/workspace/projects/PROJ.
var workspacePages = []string{"overview", "projects", "repositories", "snippets", "members", "settings", "pull-requests"}

// checkPage rejects the address of a page that belongs to no repository.
func checkPage(parts []string, on server.Server) *fault.Fault {
	if on.DataCenter {
		if parts[0] == "rest" {
			return restAPI(on)
		}
		return nil
	}
	first := strings.ToLower(parts[0])
	if first == "api" || first == "!api" {
		return restAPI(on)
	}
	if page := notRepositories[first]; page != "" {
		return fault.New(fault.Repository, "repository is the address "+page+", not of a repository", copyAddress(on))
	}
	if len(parts) > 2 && parts[1] == "workspace" && slices.Contains(workspacePages, parts[2]) {
		f := fault.New(fault.Repository, "repository is the address of a page of a workspace, not of a repository")
		if parts[2] == "projects" || parts[2] == "repositories" {
			f = f.Hint("for all repositories of a workspace, set workspace to the part of the address before /workspace/")
		}
		return f.Hint(copyAddress(on))
	}
	return nil
}

// dataCenterParts returns project and repository from a Data Center's path
// (scm/PROJ/repo.git, projects/PROJ/repos/repo or users/name/repos/repo), and the path
// that git appends to the first of these forms.
func dataCenterParts(parts []string) []string {
	switch {
	case len(parts) >= 4 && parts[0] == "projects" && parts[2] == "repos":
		return []string{parts[1], parts[3]}
	case len(parts) >= 4 && parts[0] == "users" && parts[2] == "repos":
		return []string{"~" + parts[1], parts[3]}
	case len(parts) >= 3 && parts[0] == "scm" && (len(parts) == 3 || strings.HasSuffix(parts[2], ".git")):
		return parts[1:]
	}
	return nil
}

// isWorkspace reports whether text is a workspace id or a project key:
// ^~?[A-Za-z0-9_][A-Za-z0-9_.-]*$
func isWorkspace(text string) bool {
	return isName(strings.TrimPrefix(text, "~"))
}

// isSlug reports whether text is the slug of a repository:
// ^[A-Za-z0-9_][A-Za-z0-9_.-]*$, on Cloud also with a period at its beginning
// (support.atlassian.com, "What is a repository slug?").
func isSlug(text string, on server.Server) bool {
	if !on.DataCenter && text != "." && text != ".." && strings.HasPrefix(text, ".") {
		return charset.ContainsOnly(text, charset.Name)
	}
	return isName(text)
}

func isName(text string) bool {
	return text != "" && !strings.ContainsAny(text[:1], ".-") && charset.ContainsOnly(text, charset.Name)
}

// isUUID reports whether text is a UUID in braces, percent-encoded or not, or a
// pair of empty ones, as in addresses of the form https://bitbucket.org/{}/{uuid}.
func isUUID(text string) bool {
	decoded, err := url.PathUnescape(text)
	inner, opened := strings.CutPrefix(decoded, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	return err == nil && opened && closed && charset.ContainsOnly(inner, charset.Hex+"-")
}

// normal returns a name in Bitbucket's own letter case: lower case on Cloud, unchanged
// on Data Center.
func normal(name string, on server.Server) string {
	if on.DataCenter {
		return name
	}
	return strings.ToLower(name)
}

// otherSSHHost is [otherHost] for an ssh address. A Data Center may have another host
// for ssh (confluence.atlassian.com, "Enable SSH access to Git repositories").
func otherSSHHost(on server.Server) error {
	f := otherHost(on)
	if on.DataCenter {
		f = f.Hint("if ssh has a host of its own there, set repository to the address that the browser shows")
	}
	return f
}

func otherHost(on server.Server) *fault.Fault {
	return fault.New(fault.RepositoryHost, "the repository isn't on the server that server-url names, "+on.Host(),
		"for a repository on a Data Center, set server-url to its base URL",
		"otherwise, set repository to the one that the credential is for")
}

// restAPI returns the fault for an address of the REST API.
func restAPI(on server.Server) *fault.Fault {
	return fault.New(fault.Repository, "repository is an address of the REST API, not of a repository", copyAddress(on))
}

func unclear(on server.Server) error {
	return fault.New(fault.Repository, "repository isn't a recognised repository address",
		copyAddress(on),
		"for a whole workspace or project, set workspace instead")
}

func copyAddress(on server.Server) string {
	return "set it to the address that the browser or the Clone button shows, such as " + example(on)
}

func example(on server.Server) string {
	if on.DataCenter {
		return on.URL() + "/projects/PROJ/repos/repo, or PROJ/repo"
	}
	return on.URL() + "/workspace/repo, or workspace/repo"
}
