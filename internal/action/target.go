package action

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// target is what the credential is for.
type target struct {
	server     server.Server
	repository repository.Repository // zero where none was given
	workspace  string                // empty where neither was given

	// Both in the letter case that they were given in.
	spelledWorkspace string
}

func (t target) hasRepository() bool { return t.repository.Slug != "" }

// repositoryName is workspace/slug, or empty.
func (t target) repositoryName() string {
	if !t.hasRepository() {
		return ""
	}
	return t.repository.Name()
}

// findTarget understands repository and workspace.
func findTarget(settings input.Settings, on server.Server) (target, []fault.Remark, error) {
	t := target{server: on}
	var remarks []fault.Remark
	var err error
	if strings.TrimSpace(settings.Repository.Reveal()) != "" {
		t.repository, remarks, err = repository.Parse(settings.Repository, t.server)
		if err != nil {
			return t, remarks, err
		}
		t.workspace = t.repository.Workspace
		t.spelledWorkspace, _, _ = strings.Cut(t.repository.Spelled, "/")
	}
	if settings.Workspace == "" {
		return t, remarks, nil
	}
	workspace, err := repository.ParseWorkspace(settings.Workspace, t.server)
	switch {
	case err != nil:
		return t, remarks, err
	case t.workspace == "":
		t.workspace, t.spelledWorkspace = workspace, settings.Workspace
	case !strings.EqualFold(workspace, t.workspace):
		return t, remarks, fault.New(fault.WorkspaceDiffers, "workspace differs from the one that repository names",
			"leave out workspace: it is taken from repository")
	}
	return t, remarks, nil
}

// gitSetup is how git is to be set up for later steps, but for the credential;
// nil where it isn't asked for.
func gitSetup(settings input.Settings, t target) (*gitconfig.Setup, error) {
	setup := &gitconfig.Setup{
		Reach:     settings.Git,
		Root:      t.server.GitRoot(),
		EnvPrefix: settings.EnvPrefix,
	}
	switch settings.Git {
	case "":
		return nil, nil
	case gitconfig.RepositoryOnly:
		if !t.hasRepository() {
			return nil, fault.New(fault.RepositoryMissing, "git: repository needs to know the repository",
				"set the input repository to the address that the Clone button copies",
				"or set git to workspace or host")
		}
		setup.Paths = spellings(t.repository.Name(), t.repository.Spelled)
	case gitconfig.Workspace:
		if t.workspace == "" {
			return nil, fault.New(fault.RepositoryMissing, "git: workspace needs to know the workspace",
				"set the input workspace, or repository",
				"or set git to host")
		}
		setup.Paths = spellings(t.workspace, t.spelledWorkspace)
	}
	if settings.RewriteSSH {
		setup.SSH = sshAddresses(t)
	}
	return setup, nil
}

// gitVariables is the setup with the credential.
func gitVariables(setup *gitconfig.Setup, cred credential.Credential, lookup func(string) (string, bool)) ([]secret.Value, error) {
	if setup == nil {
		return nil, nil
	}
	setup.User, setup.Password = cred.GitUsername, cred.Token
	return gitconfig.Variables(lookup, *setup)
}

// spellings are the letter cases of a path that later steps may use: git
// compares paths case-sensitively, Bitbucket doesn't.
func spellings(normal, given string) []string {
	all := []string{normal, given, strings.ToLower(normal)}
	slices.Sort(all)
	return slices.Compact(all)
}

// Ports of Bitbucket's ssh servers: the protocol's own on Cloud; Data Center's
// default is 7999 (its property plugin.ssh.port).
const (
	sshPort           = "22"
	dataCenterSSHPort = "7999"
)

func sshAddresses(t target) []string {
	ports := []string{sshPort}
	if t.server.DataCenter {
		ports = append(ports, dataCenterSSHPort)
		if seen := t.repository.SSHPort; seen != "" && !slices.Contains(ports, seen) {
			ports = append(ports, seen)
		}
	}
	address, err := url.Parse(t.server.URL)
	if err != nil {
		return nil // the input was understood as a URL before
	}
	return gitconfig.SSHAddresses(address.Hostname(), ports...)
}
