package action

import (
	"cmp"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// address is the source's location.
type address struct {
	text  string // URL without user-info, or an absolute path
	root  string // scheme and host of a URL
	local bool   // a path
}

// findSource decides which repository to mirror.
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
	if err := m.mask(secret.Forms(text.Secrets()...)); err != nil {
		return err
	}
	if len(text.Secrets()) > 0 && !m.settings.Source.IsEmpty() {
		m.note(fault.Warn(fault.New(fault.SourceSecret, "source contains a password, which isn't used",
			"remove everything between // and @, and set source-token instead",
			"if the password was stored in the clear, revoke it")))
	}
	if !secret.OneLine(m.settings.SourceToken.Reveal()) || !secret.OneLine(m.settings.SourceUsername) {
		return fault.New(fault.TokenCharacter, "source-token or source-username contains a line break or a control character",
			"store the token again, as one line")
	}
	if !secret.OneLine(plain) {
		return sourceAddress("source contains a line break or a control character")
	}
	var err error
	m.source, err = parseAddress(plain)
	m.withholdJobToken()
	if m.isDestination(cmp.Or(m.source.text, plain)) {
		return sourceIsDestination()
	}
	return err
}

// withholdJobToken doesn't send the job's own token, which mirror/action.yml sets as
// source-token by default, to another server than the job's.
func (m *mirroring) withholdJobToken() {
	own, _ := m.world.Lookup("JOB_TOKEN")
	server, has := m.host.JobServer()
	token := m.settings.SourceToken.Reveal()
	if !has || token == "" || token != own || m.source.local || strings.EqualFold(strings.TrimRight(server, "/"), m.source.root) {
		return
	}
	m.settings.SourceToken = secret.String{}
	m.note(fault.Infof("source-token isn't used: it is this job's own token, and the source is on another server"))
}

// isDestination reports whether an address, in any spelling, is that of the
// repository to bring up to date.
func (m *mirroring) isDestination(source string) bool {
	if !strings.Contains(source, "://") && !strings.Contains(source, ":") {
		return false // a path
	}
	r, _, err := repository.Parse(secret.NewAddress(source), m.credential.Server)
	return err == nil && !r.Wiki && strings.EqualFold(r.Name(), m.repository.Name())
}

func sourceIsDestination() *fault.Fault {
	return fault.New(fault.SourceIsDestination, "source and repository are the same repository, so nothing was changed",
		"set source to the repository to mirror, and repository to its copy in Bitbucket")
}

func sourceAddress(what string) error {
	return fault.New(fault.SourceAddress, what,
		"set source to an https URL such as https://github.com/owner/repository, or to the path of a repository")
}

// parseAddress accepts https URLs, http on this machine, and paths.
func parseAddress(text string) (address, error) {
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
	case u.Scheme != "https" && (u.Scheme != "http" || !server.IsLoopback(u.Hostname())):
		return address{}, sourceAddress("source isn't an https URL, so source-token would travel in the clear")
	}
	root := u.Scheme + "://" + strings.ToLower(u.Host)
	return address{text: root + cleanPath(u), root: root}, nil
}

// cleanPath is a URL's path without slashes that have no meaning.
func cleanPath(u *url.URL) string { return path.Clean("/" + strings.TrimLeft(u.EscapedPath(), "/")) }

func parsePath(text string) (address, error) {
	// host:path is how git writes ssh addresses; C:\path isn't one.
	host, _, colon := strings.Cut(text, ":")
	if colon && len(host) > 1 && !strings.ContainsAny(host, `/\`) {
		return address{}, sourceAddress("source is an address for ssh, and only https is supported")
	}
	absolute, err := filepath.Abs(text)
	if err != nil {
		return address{}, sourceAddress("source isn't a path that can be used")
	}
	return address{text: absolute, local: true}, nil
}
