package bitbuckettest

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// MainBranch is the full name of a repository's main branch.
func (s *Server) MainBranch(name string) string {
	out, err := s.runGit(s.Dir(name), "symbolic-ref", "HEAD")
	if err != nil {
		return ""
	}
	return out
}

// AddBranch gives a repository a branch with an empty commit.
func (s *Server) AddBranch(t testing.TB, name, branch string) {
	t.Helper()
	dir := s.Dir(name)
	tree, err := s.runGit(dir, "hash-object", "-t", "tree", "-w", os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := s.runGit(dir, "-c", "user.name=Dev", "-c", "user.email=dev@example.com", "commit-tree", "-m", branch, tree)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.runGit(dir, "update-ref", "refs/heads/"+branch, commit); err != nil {
		t.Fatal(err)
	}
}

// setMain sets a repository's main branch, if it has a branch of this name.
func (s *Server) setMain(r Repository, ref string) bool {
	if _, err := s.runGit(s.Dir(r.Name), "rev-parse", "--verify", "--quiet", ref); err != nil {
		return false
	}
	_, err := s.runGit(s.Dir(r.Name), "symbolic-ref", "HEAD", ref)
	return err == nil
}

// runGit runs git in a repository as the server does.
func (s *Server) runGit(dir string, arguments ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"--git-dir", dir}, arguments...)...)
	cmd.Env = append(cmd.Environ(), s.gitEnvironment...)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// updateOnCloud changes a repository's main branch, by Cloud's OpenAPI document.
func (s *Server) updateOnCloud(t *Token, r *http.Request) Reply {
	var wanted struct {
		MainBranch struct {
			Name string `json:"name"`
		} `json:"mainbranch"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.MainBranch.Name == "" {
		return cloudError(http.StatusBadRequest, "Bad request")
	}
	repository, ok := s.repository(r)
	switch {
	case !ok || !t.sees(repository.Name):
		return noRepository()
	case !s.setMain(repository, "refs/heads/"+wanted.MainBranch.Name):
		return cloudError(http.StatusBadRequest, "Bad request")
	}
	return cloudRepositoryReply(repository)
}

// setDefaultOnDataCenter changes a repository's default branch, as tools do that
// administer a Data Center.
func (s *Server) setDefaultOnDataCenter(t *Token, r *http.Request) Reply {
	repository, ok := s.repository(r)
	if !ok || !t.sees(repository.Name) || !t.may("REPO_ADMIN") {
		return s.mayNot(t, r)
	}
	var wanted struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || !strings.HasPrefix(wanted.ID, "refs/heads/") {
		return dataCenterError(http.StatusBadRequest, "validation.ArgumentValidationException", "A validation error occurred.")
	}
	if !s.setMain(repository, wanted.ID) {
		return dataCenterError(http.StatusNotFound, "commit.NoSuchCommitException", "Branch "+wanted.ID+" does not exist.")
	}
	return Reply{Status: http.StatusNoContent}
}

// mayNot is the reply to a request that needs more than to read the repository.
func (s *Server) mayNot(t *Token, r *http.Request) Reply {
	if refusal := s.dataCenterRepository(t, r); refusal.Status != http.StatusOK {
		return refusal
	}
	return notPermitted()
}
