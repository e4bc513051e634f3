package action

import (
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

// target is the server, and the repository or workspace, that the credential is used
// for.
type target struct {
	server     server.Server
	repository repository.Repository // without a slug if only workspace is set, zero if neither is
}

func (t target) hasRepository() bool { return t.repository.Slug != "" }

// repositoryName returns workspace/slug, or "".
func (t target) repositoryName() string {
	if !t.hasRepository() {
		return ""
	}
	return t.repository.Name()
}

// findTarget parses repository and workspace.
func findTarget(settings input.Settings, on server.Server) (target, []fault.Remark, error) {
	t := target{server: on}
	var remarks []fault.Remark
	var err error
	if !settings.Repository.IsEmpty() {
		t.repository, remarks, err = repository.Parse(settings.Repository, t.server)
		if err != nil {
			return t, remarks, err
		}
	}
	if settings.Workspace == "" {
		return t, remarks, nil
	}
	workspace, err := repository.ParseWorkspace(settings.Workspace, t.server)
	switch {
	case err != nil:
		return t, remarks, err
	case !t.hasRepository():
		t.repository = workspace
	case !strings.EqualFold(workspace.Workspace, t.repository.Workspace):
		return t, remarks, fault.New(fault.WorkspaceDiffers, "workspace isn't the workspace of repository",
			"leave out workspace: it defaults to the repository's")
	}
	return t, remarks, nil
}

// gitSetup returns the setup of git for later steps, without the credential; nil if it
// isn't asked for.
func gitSetup(settings input.Settings, t target) (*gitconfig.Setup, error) {
	setup := &gitconfig.Setup{
		Reach:     settings.Git,
		Root:      t.server.GitRoot(),
		EnvPrefix: settings.EnvPrefix,
		CAFile:    laterCAFile(settings.CA),
	}
	switch settings.Git {
	case "":
		return nil, nil
	case gitconfig.RepositoryOnly:
		if !t.hasRepository() {
			return nil, fault.New(fault.RepositoryMissing, "git: repository needs the setting repository",
				"set repository to the address that the Clone button copies",
				"or set git to workspace or host")
		}
	case gitconfig.Workspace:
		if t.repository.Workspace == "" {
			return nil, fault.New(fault.RepositoryMissing, "git: workspace needs the setting workspace or repository",
				"set workspace, or repository",
				"or set git to host")
		}
	}
	if t.repository.Workspace != "" {
		setup.Workspaces = spellings(t.repository.Workspace, t.repository.SpelledWorkspace())
	}
	if t.hasRepository() {
		setup.Repositories = spellings(t.repository.Name(), t.repository.Spelled)
	}
	if settings.RewriteSSH {
		setup.SSH = sshAddresses(t)
	}
	return setup, nil
}

// laterCAFile returns the file of CA certificates for git in later steps, or "" if they
// can't read it: GitHub's runner mounts its directories below /github in a container
// action (actions/runner, ContainerActionHandler.cs), but not in later steps.
func laterCAFile(ca input.CA) string {
	if strings.HasPrefix(ca.File, "/github/") {
		return ""
	}
	return ca.File
}

// gitVariables returns the variables of the setup with the credential.
func gitVariables(setup *gitconfig.Setup, cred credential.Credential, lookup func(string) (string, bool)) ([]secret.Value, error) {
	if setup == nil {
		return nil, nil
	}
	setup.User, setup.Password = cred.GitUsername, cred.Token
	return gitconfig.Variables(lookup, *setup)
}

// spellings returns a path in the letter cases that later steps may use: git compares
// paths case-sensitively, Bitbucket doesn't.
func spellings(normal, set string) []string {
	all := []string{normal, set, strings.ToLower(normal)}
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
	host := t.server.Hostname()
	if !t.server.DataCenter {
		return slices.Concat(gitconfig.SSHAddresses(host, sshPort), []string{"git@" + host + ":/"},
			gitconfig.SSHAddresses(t.server.AltSSH(), server.AltSSHPort))
	}
	ports := []string{sshPort, dataCenterSSHPort}
	if seen := t.repository.SSHPort; seen != "" && !slices.Contains(ports, seen) {
		ports = append(ports, seen)
	}
	return gitconfig.SSHAddresses(host, ports...)
}
