package action

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// sourceLogin returns the variables by which git logs in to the source's server:
// to the complete server, since the repository may have been renamed. A path needs none.
func (m *mirroring) sourceLogin(address string) ([]secret.Value, error) {
	if m.source.local || m.settings.SourceToken.IsEmpty() {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.Internal() // it was parsed before
	}
	return gitconfig.Variables(unset, gitconfig.Setup{
		Reach:     gitconfig.Host,
		Root:      u.Scheme + "://" + strings.ToLower(u.Host),
		User:      m.sourceUser(),
		Password:  m.settings.SourceToken,
		EnvPrefix: loginPrefix,
	})
}

// locateSource returns the address to which the source's server redirects git.
func (m *mirroring) locateSource(ctx context.Context, address string) (string, error) {
	answer, err := m.advertise(ctx, address)
	if err == nil && answer.Redirect != "" {
		return answer.Redirect, nil
	}
	return "", fault.New(fault.SourceUnreachable, "the source's server redirects git, but not to an address that can be found out",
		"set source to the address that the repository has now", "run the step again later")
}

// advertise asks the source's server for its refs, with the login of the source.
func (m *mirroring) advertise(ctx context.Context, address string) (bitbucket.Advertisement, error) {
	return m.client(&m.settings.Common, m.credential.Server).Advertise(ctx, address, m.sourceAuthorization())
}

// sourceAuthorization returns the header by which requests log in to the source's server;
// empty without source-token.
func (m *mirroring) sourceAuthorization() secret.String {
	if m.settings.SourceToken.IsEmpty() {
		return secret.String{}
	}
	return credential.Authorization(m.sourceUser(), m.settings.SourceToken)
}

// checkCompleteList refuses to delete by the list of a server that speaks git's oldest
// protocol only, of which git doesn't notice that it was cut.
func (m *mirroring) checkCompleteList(ctx context.Context) error {
	if m.source.local || m.plan.Count(mirror.Deleted) == 0 {
		return nil
	}
	if answer, err := m.advertise(ctx, m.git.SourceURL()); err == nil && answer.IsSmart {
		return nil
	}
	return fault.New(fault.SourcePartial, "the source's server can't show that its list of branches is complete, and prune would delete what isn't in it, so nothing was changed",
		"leave out prune", "run the step again later: most servers mark the end of the list")
}

// bitbucketLogin returns the variables by which git logs in to Bitbucket, for this
// repository only.
func (m *mirroring) bitbucketLogin() ([]secret.Value, error) {
	return gitconfig.Variables(unset, gitconfig.Setup{
		Reach:        gitconfig.RepositoryOnly,
		Root:         m.credential.Server.GitRoot(),
		Repositories: []string{m.repository.Name()},
		User:         m.credential.GitUsername,
		Password:     m.credential.Token,
		EnvPrefix:    loginPrefix,
	})
}

// loginPrefix begins the names of the variables that hold a login.
const loginPrefix = "BITBUCKET_AUTH_MIRROR"

// unset is an environment without variables.
func unset(string) (string, bool) { return "", false }

// listWithoutUser lists Bitbucket's side once more after it refused a login with a
// user name, if a Data Center says that the token belongs to no user. Otherwise it
// returns the refusal.
func (m *mirroring) listWithoutUser(ctx context.Context, refusal error) error {
	f := fault.From(refusal)
	if f.Code != fault.Refused || !m.credential.Server.DataCenter || m.credential.GitUsername == "" {
		return refusal
	}
	client := m.client(&m.settings.Common, m.credential.Server)
	report, _ := client.Check(ctx, m.credential, m.repository)
	if !report.NoUser {
		f.Hints = append([]string{bearerHint}, f.Hints...)
		return f
	}
	m.dropUser(&m.credential)
	m.showRemarks()
	login, err := m.bitbucketLogin()
	if err != nil {
		return err
	}
	m.git.LogInToBitbucket(login)
	m.bitbucket, err = m.git.ListBitbucket(ctx)
	return err
}

// bearerHint is for a Data Center that refuses a user name with a token, while it
// may accept just the token.
const bearerHint = "leave out identity if the token belongs to a project or repository, or if the Data Center doesn't accept Basic authentication: git then sends the token in a Bearer header"

// askWhy makes the credential command's check, once, if Cloud refused git's login, and
// returns what that says. It isn't made of a Data Center, where a second refused login
// can lock the account, or for an API token without the identity that REST needs.
func (m *mirroring) askWhy(ctx context.Context, refusal error) error {
	traits := m.credential.Kind.Traits()
	if refusal == nil || m.git == nil || ctx.Err() != nil || m.settings.Create != input.CreateNone {
		return refusal
	}
	f := fault.From(refusal)
	// REST needs an API token's e-mail address, which git doesn't.
	isKnown := !traits.Email || strings.Contains(m.settings.Identity, "@")
	if f.Code != fault.Refused || m.credential.Server.DataCenter || traits.Removed || !isKnown {
		return refusal
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	report, err := m.client(&m.settings.Common, m.credential.Server).Check(ctx, m.credential, m.repository)
	m.note(report.Remarks...)
	found := fault.From(err)
	isGuess := func(hint string) bool {
		return !strings.HasPrefix(hint, "Bitbucket says: ") || err != nil && slices.Contains(found.Hints, hint)
	}
	switch {
	case report.Verdict == bitbucket.Unanswered:
		return refusal
	case err == nil:
		return fault.New(f.Code, f.What, slices.DeleteFunc(slices.Clone(f.Hints), isGuess)...).
			Hint("Bitbucket's REST API accepts the token for this repository, so it has been refused for git only: check that it may read and write code",
				"run the step again later")
	}
	return fault.New(found.Code, found.What, append(slices.DeleteFunc(slices.Clone(f.Hints), isGuess), found.Hints...)...)
}

// askTimeout is the time limit of the check. It is the credential command's.
const askTimeout = 30 * time.Second
