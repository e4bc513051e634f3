package bitbuckettest

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gitSide is what git over HTTP is on Cloud, or on Data Center.
type gitSide struct {
	// admit refuses a request to read, or to write, with a reply whose Status
	// isn't 0.
	admit   func(r *http.Request, write bool) Reply
	storage string // the path under which LFS objects are
}

// Hosts take branches and tags only: any other ref declines the whole push.
const preReceive = `#!/bin/sh
while read -r old new ref; do
	case $ref in
	refs/heads/* | refs/tags/*) ;;
	*) echo "$ref is neither a branch nor a tag" >&2; exit 1 ;;
	esac
done
`

// gitConfig holds for every repository. Nothing may run in the background,
// since the directory goes with the test.
const gitConfig = `[core]
	hooksPath = %s
[http]
	receivepack = true
[uploadpack]
	allowFilter = true
[receive]
	autogc = false
[gc]
	auto = 0
[safe]
	directory = *
`

// makeRepositories makes empty repositories, and the server's end of git.
func (s *Server) makeRepositories() error {
	root, err := filepath.Abs(s.options.Root)
	if err != nil {
		return err
	}
	s.options.Root = root
	hooks, config := filepath.Join(root, "hooks"), filepath.Join(root, "gitconfig")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(hooks, "pre-receive"), []byte(preReceive), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, gitConfig, hooks), 0o600); err != nil {
		return err
	}
	environment := []string{"HOME=" + root, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + config}

	programs, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return fmt.Errorf("git is needed: %w", err)
	}
	s.backend = &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		Env:  append(environment, "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1"),
	}
	for _, name := range s.options.Repositories {
		s.repos[strings.ToLower(name)] = name
		initialise := exec.Command("git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", s.Dir(name))
		initialise.Env = append(environment, "PATH="+os.Getenv("PATH"))
		if output, err := initialise.CombinedOutput(); err != nil {
			return fmt.Errorf("git init: %w: %s", err, output)
		}
	}
	return nil
}

// Dir is the bare repository of a name, "owner/name".
func (s *Server) Dir(name string) string {
	return filepath.Join(s.options.Root, "repositories", strings.ToLower(name)+".git")
}

// repository returns the name of the repository that a request is for. Case
// doesn't matter, and neither does ".git".
func (s *Server) repository(r *http.Request) (string, bool) {
	slug := strings.TrimSuffix(r.PathValue("repository"), ".git")
	name, ok := s.repos[strings.ToLower(r.PathValue("owner")+"/"+slug)]
	return name, ok
}

// owner returns the workspace, or the project's key, that a request is for.
func (s *Server) owner(r *http.Request) (string, bool) {
	for _, name := range s.options.Repositories {
		if owner, _, _ := strings.Cut(name, "/"); strings.EqualFold(owner, r.PathValue("owner")) {
			return owner, true
		}
	}
	return "", false
}

// git serves what git and git-lfs ask of a repository.
func (s *Server) git(side gitSide) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		service := r.PathValue("service")
		program := service
		if service == "info/refs" {
			program = r.URL.Query().Get("service")
		}
		switch {
		case service == "info/lfs/objects/batch":
			s.batch(side, w, r)
		case service == "info/lfs/locks/verify":
			s.locks(side, w, r)
		case program != "git-upload-pack" && program != "git-receive-pack":
			s.unexpected(w, r, textReply(http.StatusNotFound, "Not found"))
		default:
			if refusal := side.admit(r, program == "git-receive-pack"); refusal.Status != 0 {
				s.send(w, r, refusal)
				return
			}
			s.serveGit(w, r, service)
		}
	}
}

// serveGit hands an admitted request to git-http-backend.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request, service string) {
	name, _ := s.repository(r) // admitted, so there is one
	request := r.Clone(r.Context())
	request.URL.Path = "/repositories/" + strings.ToLower(name) + ".git/" + service
	request.Header.Del("Authorization") // CGI would put it in the environment
	// git sends a big push in chunks. net/http/cgi refuses those, but the
	// backend reads to the end where no length is given.
	request.TransferEncoding = nil
	s.backend.ServeHTTP(w, request)
}

func (s *Server) admitToCloud(r *http.Request, write bool) Reply {
	l := readLogin(r)
	t := s.find(l.secret)
	name, exists := s.repository(r)
	if t != nil && t.Kind == AppPassword {
		return textReply(http.StatusGone, "CHANGE-3222 - Functionality has been deprecated\n"+
			"App passwords are deprecated and must be replaced with API tokens.\n"+
			"https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-3222")
	}
	if t == nil || t.ended || !l.onCloudGit(t) || !exists || !t.sees(name) {
		return challenge(cloudRealm, "You may not have access to this repository or it no longer exists in this workspace. "+
			"If you think this repository exists and you have access, make sure you are authenticated.")
	}
	needs := []string{"repository"}
	switch {
	case t.Kind == APIToken && write: // granular scopes don't imply each other
		needs = []string{"read:repository:bitbucket", "write:repository:bitbucket"}
	case t.Kind == APIToken:
		needs = []string{"read:repository:bitbucket"}
	case write:
		needs = []string{"repository:write"}
	}
	if !t.may(needs...) {
		return textReply(http.StatusForbidden, scopeMissing)
	}
	return Reply{}
}

func (s *Server) admitToDataCenter(r *http.Request, write bool) Reply {
	l := readLogin(r)
	t := s.find(l.secret)
	name, exists := s.repository(r)
	need := "REPO_READ"
	if write {
		need = "REPO_WRITE"
	}
	switch {
	case t == nil, t.ended, !l.onDataCenter(t):
		return challenge(dataCenterRealm, "Authentication failed. Please check your credentials and try again.")
	case !exists, !t.sees(name):
		return textReply(http.StatusNotFound, "Repository not found\n"+
			"The requested repository does not exist, or you do not have permission to access it.")
	case !t.may(need):
		return textReply(http.StatusForbidden, "You are not permitted to access this resource")
	}
	return Reply{}
}

// challenge is a 401; git shows its text behind "remote:".
func challenge(realm, text string) Reply {
	reply := textReply(http.StatusUnauthorized, text)
	reply.Header["WWW-Authenticate"] = realm
	return reply
}
