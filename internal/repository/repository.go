// Package repository parses every form in which people paste a Bitbucket
// repository: web pages, clone commands, ssh addresses, and plain names.
package repository

import (
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Repository is one repository, or where Slug is empty, its workspace alone.
type Repository struct {
	Workspace string // workspace id, or Data Center project key
	Slug      string
	URL       string // HTTPS clone URL, without a user name

	// Spelled is workspace/slug, or the workspace alone, in the letter case that the
	// user wrote. Git compares paths case-sensitively, so later steps may need either.
	Spelled string
	// SSHPort is the port in an ssh spelling, or empty.
	SSHPort string
}

// Name is workspace/slug.
func (r Repository) Name() string { return r.Workspace + "/" + r.Slug }

// SpelledWorkspace is the workspace in the letter case that the user wrote.
func (r Repository) SpelledWorkspace() string {
	workspace, _, _ := strings.Cut(r.Spelled, "/")
	return workspace
}

// Parse parses a spelling of a repository on a server. The error is a
// [*fault.Fault]; it quotes neither the spelling nor a parser's error, since
// there may be a password in it.
func Parse(spelling secret.Address, on server.Server) (Repository, []fault.Remark, error) {
	var remarks []fault.Remark
	if len(spelling.Secrets()) > 0 {
		remarks = append(remarks, fault.Warn(fault.New(fault.RepositorySecret,
			"the repository's URL contains a password, which isn't used",
			"remove everything between // and @ from it",
			"if the password was ever stored in the clear, revoke it")))
	}
	text := spelling.Clean()
	var path, port string
	var err error
	deep := false // whether it may be a page below the repository
	switch scheme, after, hasScheme := strings.Cut(text, "://"); {
	case hasScheme && strings.EqualFold(scheme, "ssh"):
		path, port, err = sshPath(after, on)
	case hasScheme:
		path, err = webPath(text, on)
		deep = true
	default:
		path, deep, err = plainPath(text, on)
	}
	if err != nil {
		return Repository{}, remarks, err
	}
	r, err := fromPath(path, on, deep)
	r.SSHPort = port
	return r, remarks, err
}

// ParseWorkspace parses a workspace id, or a Data Center's project key.
func ParseWorkspace(text string, on server.Server) (Repository, error) {
	if !isName(text) {
		return Repository{}, fault.New(fault.Workspace, "workspace isn't a valid workspace id or project key",
			"set workspace to the id in the repository's URL, such as my-team; on Data Center, to the project key, such as PROJ")
	}
	return Repository{Workspace: normal(text, on), Spelled: text}, nil
}

// sshPath is the path of ssh://host[:port]/path.
func sshPath(address string, on server.Server) (path, port string, err error) {
	host, path, _ := strings.Cut(address, "/")
	u := url.URL{Host: host}
	if !on.IsHost(u.Hostname()) {
		return "", "", otherHost(on)
	}
	return path, u.Port(), nil
}

// webPath is the path of a web page or an HTTPS clone URL, behind the server's
// context path.
func webPath(text string, on server.Server) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", unclear(on)
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !on.Loopback):
		if u.Scheme != "http" {
			return "", unclear(on)
		}
		return "", fault.New(fault.RepositoryHTTP, "the repository's URL is plain http, so the credential would travel in the clear",
			"write https instead of http")
	case !on.IsAt(u):
		return "", otherHost(on)
	}
	path, ok := strings.CutPrefix(u.Path, on.ContextPath()+"/")
	if !ok {
		return "", fault.New(fault.Repository, "the repository is outside the path of server-url",
			"set server-url to the base URL of your Data Center, context path included")
	}
	return path, nil
}

// plainPath is the path in host:path (an scp-like ssh address), the path in an
// address without its scheme (then web is true), or the plain workspace/slug.
func plainPath(text string, on server.Server) (path string, web bool, err error) {
	prefix, address := on.Host()+on.ContextPath()+"/", strings.TrimRight(text, "/")+"/"
	if len(address) >= len(prefix) && strings.EqualFold(address[:len(prefix)], prefix) {
		return address[len(prefix):], true, nil
	}
	host, path, ok := strings.Cut(text, ":")
	if address, after, found := strings.Cut(text, "]:"); found && strings.HasPrefix(address, "[") {
		host, path = address[1:], after // IPv6
	}
	if !ok {
		return text, false, nil
	}
	if !on.IsHost(host) {
		return "", false, otherHost(on)
	}
	return strings.TrimPrefix(path, "/"), false, nil
}

// fromPath finds workspace and slug in a path, which may go deeper only in a web
// page's address.
func fromPath(path string, on server.Server, deep bool) (Repository, error) {
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	if on.DataCenter && deep {
		parts = dataCenterParts(parts)
	}
	if len(parts) < 2 || len(parts) > 2 && !deep {
		return Repository{}, unclear(on)
	}
	workspace, slug := parts[0], strings.TrimSuffix(parts[1], ".git")
	if !isName(workspace) || !isName(slug) {
		return Repository{}, unclear(on)
	}
	r := Repository{
		Workspace: normal(workspace, on),
		Slug:      normal(slug, on),
		Spelled:   workspace + "/" + slug,
	}
	r.URL = on.GitRoot() + "/" + r.Name() + ".git"
	return r, nil
}

// dataCenterParts returns project and repository from a Data Center's path:
// scm/PROJ/repo.git, projects/PROJ/repos/repo or users/name/repos/repo.
func dataCenterParts(parts []string) []string {
	switch {
	case len(parts) >= 4 && parts[0] == "projects" && parts[2] == "repos":
		return []string{parts[1], parts[3]}
	case len(parts) >= 4 && parts[0] == "users" && parts[2] == "repos":
		return []string{"~" + parts[1], parts[3]}
	case len(parts) == 3 && parts[0] == "scm":
		return parts[1:]
	}
	return nil
}

// isName reports whether text is a workspace id, project key or slug:
// ^~?[A-Za-z0-9_][A-Za-z0-9_.-]*$
func isName(text string) bool {
	const inner = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	name := strings.TrimPrefix(text, "~")
	return name != "" && !strings.ContainsAny(name[:1], ".-") && strings.Trim(name, inner) == ""
}

// normal is a name in Bitbucket's own letter case: lower case on Cloud, unchanged
// on Data Center.
func normal(name string, on server.Server) string {
	if on.DataCenter {
		return name
	}
	return strings.ToLower(name)
}

func otherHost(on server.Server) error {
	return fault.New(fault.RepositoryHost, "the repository isn't on the server that server-url names, "+on.Host(),
		"for a repository on a Data Center, set server-url to its base URL",
		"otherwise, set repository to the one that the credential is for")
}

func unclear(on server.Server) error {
	example := on.URL() + "/workspace/repo, or workspace/repo"
	if on.DataCenter {
		example = on.URL() + "/projects/PROJ/repos/repo, or PROJ/repo"
	}
	return fault.New(fault.Repository, "repository isn't a recognised repository address",
		"set it to the address that the browser or the Clone button shows, such as "+example,
		"for a whole workspace or project, set workspace instead")
}
