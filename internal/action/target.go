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

// findRepository parses repository and workspace. If only workspace is set, what it
// returns has no slug; if neither is, it is zero.
func findRepository(settings *input.Settings, on server.Server) (found repository.Repository, remarks []fault.Remark, err error) {
	if !settings.Repository.IsEmpty() {
		found, remarks, err = repository.Parse(settings.Repository, on)
	}
	if err != nil || settings.Workspace == "" {
		return found, remarks, err
	}
	workspace, err := repository.ParseWorkspace(settings.Workspace, on)
	switch {
	case err != nil:
		return found, remarks, err
	case found.Slug == "":
		return workspace, remarks, nil
	case !strings.EqualFold(workspace.Workspace, found.Workspace):
		return found, remarks, fault.New(fault.WorkspaceDiffers, "workspace isn't the workspace of repository",
			"leave out workspace: it defaults to the repository's")
	}
	return found, remarks, nil
}

// nameOf returns workspace/slug, or "" without a slug.
func nameOf(repo repository.Repository) string {
	if repo.Slug == "" {
		return ""
	}
	return repo.Name()
}

// gitSetup returns the setup of git for later steps, without the credential; nil if it
// isn't asked for.
func gitSetup(settings *input.Settings, on server.Server, repo repository.Repository) (*gitconfig.Setup, error) {
	setup := &gitconfig.Setup{
		Reach:     settings.Git,
		Root:      on.GitRoot(),
		EnvPrefix: settings.EnvPrefix,
		CAFile:    laterCAFile(settings.CA),
	}
	switch settings.Git {
	case "":
		return nil, nil
	case gitconfig.RepositoryOnly:
		if repo.Slug == "" {
			return nil, fault.New(fault.RepositoryMissing, "git: repository needs the setting repository",
				"set repository to the address that the Clone button copies",
				"or set git to workspace or host")
		}
	case gitconfig.Workspace:
		if repo.Workspace == "" {
			return nil, fault.New(fault.RepositoryMissing, "git: workspace needs the setting workspace or repository",
				"set workspace, or repository",
				"or set git to host")
		}
	}
	if repo.Workspace != "" {
		setup.Workspaces = spellings(repo.Workspace, repo.SpelledWorkspace())
	}
	if repo.Slug != "" {
		setup.Repositories = spellings(repo.Name(), repo.Spelled)
	}
	if settings.RewriteSSH {
		setup.SSH = sshAddresses(on, repo.SSHPort)
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

// sshAddresses returns the ssh addresses of a server, also with the port that was seen in
// the one of a repository.
func sshAddresses(on server.Server, seen string) []string {
	host := on.Hostname()
	if !on.DataCenter {
		return slices.Concat(gitconfig.SSHAddresses(host, sshPort), []string{"git@" + host + ":/"},
			gitconfig.SSHAddresses(on.AltSSH(), server.AltSSHPort))
	}
	ports := []string{sshPort, dataCenterSSHPort}
	if seen != "" && !slices.Contains(ports, seen) {
		ports = append(ports, seen)
	}
	return gitconfig.SSHAddresses(host, ports...)
}
