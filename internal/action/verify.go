package action

import (
	"context"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/proxy"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// verification is the result of asking Bitbucket about the credential.
type verification struct {
	verdict
	scopes    []string
	expiresAt time.Time // of a minted token
}

// verdict describes a [bitbucket.Verdict]. It is empty if Bitbucket wasn't asked.
type verdict struct {
	verified string // the output: true, false, or empty
	words    string // for the summary
}

var verdicts = map[bitbucket.Verdict]verdict{
	bitbucket.Unanswered: {"", "failed: Bitbucket gave no answer about the credential"},
	bitbucket.Accepted:   {"true", "accepted by Bitbucket"},
	bitbucket.Refused:    {"false", "refused by Bitbucket"},
	bitbucket.Denied:     {"false", "valid, but access was denied"},
	bitbucket.NotFound:   {"false", "not found: it doesn't exist, or the token has no access to it"},
}

// mint exchanges the secret of an OAuth client for an access token, which the
// credential then contains, and masks the token and its further forms. For any other
// credential it does nothing.
func (r *run) mint(ctx context.Context, settings *input.Common, cred *credential.Credential, forms func(credential.Credential) []string) (bitbucket.Minted, error) {
	if !cred.Kind.Traits().Client {
		return bitbucket.Minted{}, nil
	}
	client, err := r.connect(settings, cred.Server)
	if err != nil {
		return bitbucket.Minted{}, err
	}
	minted, err := client.Mint(ctx, settings.Identity, cred.Token, r.world.Now())
	if err != nil {
		return bitbucket.Minted{}, err
	}
	r.tokens = append(r.tokens, minted.Token)
	*cred = cred.WithMinted(minted.Token)
	return minted, r.mask(append(secret.Forms(minted.Token), forms(*cred)...))
}

// verify checks the credential with Bitbucket, if the step asks for that. If git
// must log in without a user name, it alters the credential.
func (r *run) verify(
	ctx context.Context, settings *input.Settings, cred *credential.Credential,
	repo repository.Repository, required []string, minted bitbucket.Minted,
) (verification, error) {
	v := verification{scopes: minted.Scopes, expiresAt: minted.ExpiresAt}
	if settings.Verify == input.VerifyNone {
		return v, nil
	}
	if cred.Kind.Traits().Removed { // a warning was shown already
		v.verdict = verdict{"false", "refused: Bitbucket Cloud removed app passwords"}
		return v, nil
	}
	client, err := r.connect(&settings.Common, cred.Server)
	if err != nil {
		return v, err
	}
	report, err := client.Check(ctx, *cred, repo)
	r.note(report.Remarks...)
	if report.NoUser {
		r.dropUser(cred)
	}
	v.verdict = verdicts[report.Verdict]
	if len(report.Scopes) > 0 {
		v.scopes = report.Scopes
	}
	if err == nil {
		r.note(fault.Infof("Bitbucket accepts the credential"))
		err = r.checkScopes(required, settings.Git != "", cred.Kind, v.scopes)
	}
	if err == nil {
		return v, nil
	}
	f := fault.From(err)
	if settings.Verify == input.VerifyStrict || f.Code.IsSignal() {
		return v, f
	}
	r.warn(f)
	return v, nil
}

// dropUser makes git log in with just the token, since that belongs to no user.
func (r *run) dropUser(cred *credential.Credential) {
	if cred.GitUsername == "" {
		return
	}
	*cred = cred.WithoutUser()
	r.note(fault.Noticef("identity isn't used for git: the token belongs to a project or repository, so git sends it in a Bearer header"))
}

// connect prepares for requests to Bitbucket's REST API.
func (r *run) connect(settings *input.Common, on server.Server) (*bitbucket.Client, error) {
	if err := proxy.Check(r.world.Lookup); err != nil {
		return nil, err
	}
	r.catchSignals()
	return r.client(settings, on), nil
}

func (r *run) client(settings *input.Common, on server.Server) *bitbucket.Client {
	return bitbucket.New(r.clientOptions(settings, on, on.URL()))
}

// clientOptions returns the options of a client that asks the server of a URL.
func (r *run) clientOptions(settings *input.Common, on server.Server, asked string) bitbucket.Options {
	return bitbucket.Options{
		Server:    on,
		CA:        settings.CA.PEM,
		Proxy:     r.world.Proxy,
		UserAgent: "bitbucket-auth/" + r.world.Version,
		Quote:     func(sentence string) string { return r.quote(sentence, asked, settings.Token) },
	}
}

// checkOffline returns the faults of verify: strict that need no request.
func checkOffline(settings *input.Settings, kind credential.Kind, now time.Time) error {
	if settings.Verify != input.VerifyStrict {
		return nil
	}
	if f := credential.CheckExpiry(kind, settings.ExpiresOn, now); f != nil && f.Code == fault.Expired {
		return f
	}
	if kind.Traits().Removed {
		f := fault.New(fault.AppPasswordDead, "Bitbucket Cloud removed app passwords on 2026-07-28 (CHANGE-3222)",
			"make an API token with scopes: id.atlassian.com → Security → Create API token with scopes",
			"set identity to the e-mail address of the Atlassian account")
		if !strings.HasPrefix(settings.Token.Reveal(), kind.Traits().Prefix) {
			f = f.Hint(credential.ClientHint)
		}
		return f
	}
	return nil
}

// checkScopes compares the scopes that Bitbucket reports with those that this
// step, and git in later ones, need.
func (r *run) checkScopes(required []string, git bool, kind credential.Kind, granted []string) error {
	if len(granted) == 0 {
		if len(required) > 0 {
			return fault.New(fault.ScopesUnreported, "Bitbucket didn't report the scopes of the token, so required-scopes can't be checked",
				"try again later, or leave out required-scopes")
		}
		return nil
	}
	if missing := bitbucket.Missing(required, granted); len(missing) > 0 {
		return bitbucket.MissingFault(missing, kind)
	}
	if git {
		if missing := bitbucket.Missing(bitbucket.PushScopes, granted); len(missing) > 0 {
			r.warn(bitbucket.MissingFault(missing, kind))
		}
	}
	if excess := bitbucket.Excess(granted, required); len(excess) > 0 {
		r.note(fault.Noticef("the token has more scopes than this step asks for: %s; a token with fewer does less harm if it leaks", strings.Join(excess, ", ")))
	}
	return nil
}
