package bitbuckettest

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git/gittest"
)

// gitSide is git over HTTP on Cloud, or on Data Center.
type gitSide struct {
	// admit returns the reply that refuses to let a request read or write, or
	// one with Status 0.
	admit   func(r *http.Request, write bool) Reply
	storage string // the path under which LFS objects are
}

// gitConfig holds for every repository; `git -C <Dir> config` changes it for
// one, such as uploadpack.allowFilter or receive.maxInputSize.
const gitConfig = `[http]
	receivepack = true
[uploadpack]
	allowFilter = true
[safe]
	directory = *
`

// prepareGit sets up the server's end of git.
func (s *Server) prepareGit() error {
	root, err := filepath.Abs(s.options.Root)
	if err != nil {
		return err
	}
	s.options.Root = root
	config := filepath.Join(root, "gitconfig")
	if err := os.WriteFile(config, []byte(gitConfig), 0o600); err != nil {
		return err
	}
	programs, err := execPath()
	if err != nil {
		return fmt.Errorf("git is needed: %w", err)
	}
	s.gitEnvironment = []string{"HOME=" + root, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + config}
	s.backend = &cgi.Handler{
		Path: filepath.Join(programs, "git-http-backend"),
		Env:  append(s.gitEnvironment, "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1"),
	}
	return nil
}

// execPath returns the folder of git's programs. Tests start hundreds of fakes.
var execPath = sync.OnceValues(func() (string, error) {
	output, err := exec.Command("git", "--exec-path").Output()
	return strings.TrimSpace(string(output)), err
})

// Repository is a repository that the fake has.
type Repository struct {
	Name    string // "owner/name"
	Private bool
	Project string // key of its project, if a request named one
}

// create makes an empty repository.
func (s *Server) create(r Repository) error {
	dir := s.Dir(r.Name)
	if err := gittest.Init(dir, "main"); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "hooks"), 0o755); err != nil {
		return err
	}
	if err := s.writeHook(r.Name, PreReceive, nil); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repos[strings.ToLower(r.Name)] = r
	return nil
}

// Repository returns the repository with a name, "owner/name".
func (s *Server) Repository(name string) (Repository, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.repos[strings.ToLower(name)]
	return r, ok
}

// Dir is the bare repository of a name, "owner/name".
func (s *Server) Dir(name string) string {
	return filepath.Join(s.options.Root, "repositories", strings.ToLower(name)+".git")
}

// repository returns the repository that a request is for. Case doesn't
// matter, and neither does ".git".
func (s *Server) repository(r *http.Request) (Repository, bool) {
	return s.Repository(r.PathValue("owner") + "/" + strings.TrimSuffix(r.PathValue("repository"), ".git"))
}

// owner returns the workspace, or the project's key, that a request is for. One
// exists if it has a repository.
func (s *Server) owner(r *http.Request) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, repository := range s.repos {
		if owner, _, _ := strings.Cut(repository.Name, "/"); strings.EqualFold(owner, r.PathValue("owner")) {
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
	repository, _ := s.repository(r) // admitted, so there is one
	request := r.Clone(r.Context())
	request.URL.Path = "/repositories/" + strings.ToLower(repository.Name) + ".git/" + service
	request.Header.Del("Authorization") // CGI would put it in the environment
	// git sends a big push in chunks. net/http/cgi refuses those, but the
	// backend reads to the end if no length is given.
	request.TransferEncoding = nil
	s.backend.ServeHTTP(w, request)
}

func (s *Server) admitToCloud(r *http.Request, write bool) Reply {
	l := readLogin(r)
	t := s.find(l.secret)
	repository, exists := s.repository(r)
	if t != nil && t.Kind == AppPassword {
		return textReply(http.StatusGone, "CHANGE-3222 - Functionality has been deprecated\n"+
			"App passwords are deprecated and must be replaced with API tokens.\n"+
			"https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-3222")
	}
	if t == nil || t.ended || !l.onCloudGit(t) || !exists || !t.sees(repository.Name) {
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
	repository, exists := s.repository(r)
	need := "REPO_READ"
	if write {
		need = "REPO_WRITE"
	}
	switch {
	case t == nil, t.ended, !s.acceptsOnDataCenter(l, t):
		return challenge(dataCenterRealm, "Authentication failed. Please check your credentials and try again.")
	case !exists, !t.sees(repository.Name):
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
