// Package repository understands every spelling of a Bitbucket repository that
// people paste: web pages, clone commands, ssh addresses, and plain names.
package repository

import (
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Repository is one repository.
type Repository struct {
	Workspace string // workspace id, or Data Center project key
	Slug      string
	URL       string // HTTPS clone URL, without a user name

	// Spelled is workspace/slug in the letter case that was given. Git compares
	// paths case-sensitively, so later steps may need either.
	Spelled string
	// SSHPort is the port of an ssh spelling, or empty.
	SSHPort string
}

// Name is workspace/slug.
func (r Repository) Name() string { return r.Workspace + "/" + r.Slug }

// Parse understands a spelling. The error is a [*fault.Fault]; it quotes
// neither the spelling nor a parser's error, since a password may be in it.
func Parse(given secret.String, site server.Server) (Repository, []fault.Remark, error) {
	secrets, text := secret.SplitUserInfo(secret.New(withoutCommand(given.Reveal())))
	var remarks []fault.Remark
	if len(secrets) > 0 {
		remarks = append(remarks, fault.Warn(fault.New(fault.RepositorySecret,
			"the repository holds a password, which is not used",
			"take out everything between // and @",
			"if that was ever stored in the clear, revoke it")))
	}
	base, err := url.Parse(site.URL)
	if err != nil {
		return Repository{}, remarks, fault.Internal()
	}
	var path, port string
	deep := false // whether pages below the repository are taken
	switch scheme, after, hasScheme := strings.Cut(text, "://"); {
	case hasScheme && strings.EqualFold(scheme, "ssh"):
		path, port, err = sshPath(after, base)
	case hasScheme:
		path, err = webPath(text, base, site)
		deep = true
	default:
		path, deep, err = plainPath(text, base)
	}
	if err != nil {
		return Repository{}, remarks, err
	}
	r, err := fromPath(path, site, deep)
	r.SSHPort = port
	return r, remarks, err
}

// ParseWorkspace understands a workspace id, or a Data Center project key.
func ParseWorkspace(text string, site server.Server) (workspace string, err error) {
	if !isName(text) {
		return "", fault.New(fault.Workspace, "the workspace is no workspace id and no project key",
			"give the id as it stands in the repository's URL, such as my-team; a project key on Data Center, such as PROJ")
	}
	return normal(text, site), nil
}

// withoutCommand drops the words that Bitbucket's Clone button copies along.
func withoutCommand(text string) string {
	words := strings.Fields(text)
	if len(words) == 3 && words[0] == "git" && words[1] == "clone" {
		return words[2]
	}
	return strings.TrimSpace(text)
}

// sshPath is the path of ssh://host[:port]/path.
func sshPath(address string, base *url.URL) (path, port string, err error) {
	host, path, _ := strings.Cut(address, "/")
	u := url.URL{Host: host}
	if !strings.EqualFold(u.Hostname(), base.Hostname()) {
		return "", "", otherHost(base)
	}
	return path, u.Port(), nil
}

// webPath is the path of a web page or an HTTPS clone URL, behind the site's
// context path.
func webPath(text string, base *url.URL, site server.Server) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", unclear(site)
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !site.Loopback):
		if u.Scheme != "http" {
			return "", unclear(site)
		}
		return "", fault.New(fault.RepositoryHTTP, "the repository is a plain http URL, over which the credential would travel in the clear",
			"write https instead of http")
	case hostPort(u) != hostPort(base):
		return "", otherHost(base)
	}
	path, ok := strings.CutPrefix(u.Path, base.Path+"/")
	if !ok {
		return "", fault.New(fault.Repository, "the repository lies outside the path of server-url",
			"set server-url to the address of your Data Center, its context path included")
	}
	return path, nil
}

// plainPath is the path of host:path, as ssh's scp-like addresses have it, of
// an address that lost its scheme (which web tells), or the bare workspace/slug.
func plainPath(text string, base *url.URL) (path string, web bool, err error) {
	prefix := base.Host + base.Path + "/"
	if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		return text[len(prefix):], true, nil
	}
	host, path, ok := strings.Cut(text, ":")
	if !ok {
		return text, false, nil
	}
	if !strings.EqualFold(host, base.Hostname()) {
		return "", false, otherHost(base)
	}
	return strings.TrimPrefix(path, "/"), false, nil
}

// hostPort is a URL's host with its port, the scheme's own one left out.
func hostPort(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// fromPath finds workspace and slug in a path, which may go deeper only where
// it is a web page's.
func fromPath(path string, site server.Server, deep bool) (Repository, error) {
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	if site.DataCenter && deep {
		parts = dataCenterParts(parts)
	}
	if len(parts) < 2 || len(parts) > 2 && !deep {
		return Repository{}, unclear(site)
	}
	workspace, slug := parts[0], strings.TrimSuffix(parts[1], ".git")
	if !isName(workspace) || !isName(slug) {
		return Repository{}, unclear(site)
	}
	r := Repository{
		Workspace: normal(workspace, site),
		Slug:      normal(slug, site),
		Spelled:   workspace + "/" + slug,
	}
	r.URL = site.GitRoot() + "/" + r.Name() + ".git"
	return r, nil
}

// dataCenterParts drops what stands around project and repository in Data
// Center's paths: scm/PROJ/repo.git, projects/PROJ/repos/repo and
// users/name/repos/repo.
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

// isName holds for workspace ids, project keys and slugs:
// ^~?[A-Za-z0-9_][A-Za-z0-9_.-]*$
func isName(text string) bool {
	const inner = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	name := strings.TrimPrefix(text, "~")
	return name != "" && !strings.ContainsAny(name[:1], ".-") && strings.Trim(name, inner) == ""
}

// normal is a name in the letter case that Bitbucket gives it: lower case on
// Cloud, as it stands on Data Center.
func normal(name string, site server.Server) string {
	if site.DataCenter {
		return name
	}
	return strings.ToLower(name)
}

func otherHost(base *url.URL) error {
	return fault.New(fault.RepositoryHost, "the repository is on another host than server-url, "+base.Host,
		"for a Data Center, set server-url to its address",
		"otherwise give the repository that the credential is for")
}

func unclear(site server.Server) error {
	example := site.URL + "/workspace/repo, or workspace/repo"
	if site.DataCenter {
		example = site.URL + "/projects/PROJ/repos/repo, or PROJ/repo"
	}
	return fault.New(fault.Repository, "the repository is no spelling of a Bitbucket repository",
		"give its address as the browser or the Clone button shows it, such as "+example,
		"for a whole workspace or project, set workspace instead")
}
