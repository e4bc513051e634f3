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
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// check is what Bitbucket said.
type check struct {
	verified  string // "true", "false", or empty if it wasn't asked or didn't answer
	verdict   string // in words
	scopes    []string
	expiresAt time.Time
}

// verdicts are the outcomes of a check in words.
var verdicts = map[bitbucket.Verdict]string{
	bitbucket.Unanswered: "failed: Bitbucket gave no answer about the credential",
	bitbucket.Accepted:   "accepted by Bitbucket",
	bitbucket.Refused:    "refused by Bitbucket",
	bitbucket.Denied:     "valid, but access was denied",
	bitbucket.NotFound:   "not found: it doesn't exist, or the token has no access to it",
}

// contact asks Bitbucket for what this step needs: an access token for an OAuth
// client, which the credential then contains, and whether the credential is valid.
// If the step needs neither, there is no request. The access token's further forms
// are masked too.
func (r *run) contact(ctx context.Context, settings input.Settings, cred *credential.Credential, t target, forms func(credential.Credential) []string) (check, error) {
	required, err := bitbucket.ParseScopes(settings.RequiredScopes, cred.Kind)
	if err != nil {
		return check{}, err
	}
	minting := cred.Kind.Traits().Client
	if settings.Verify == input.VerifyNone && !minting {
		return check{}, nil
	}
	if err := checkOffline(settings, cred.Kind, r.world.Now()); err != nil {
		return check{}, err
	}
	if cred.Kind.Traits().Removed { // a warning was shown already
		return check{verified: "false", verdict: "refused: Bitbucket Cloud removed app passwords"}, nil
	}
	if err := proxy.Check(r.world.Lookup); err != nil {
		return check{}, err
	}
	client := r.client(settings.Common, cred.Server)
	r.catchSignals()
	ctx, cancel := context.WithTimeout(ctx, settings.Timeout)
	defer cancel()
	var c check
	if minting {
		minted, err := client.Mint(ctx, settings.Identity, cred.Token, r.world.Now())
		if err != nil {
			return c, err
		}
		*cred = cred.WithMinted(minted.Token)
		if err := r.mask(append(secret.Forms(minted.Token), forms(*cred)...)); err != nil {
			return c, err
		}
		c.scopes, c.expiresAt = minted.Scopes, minted.ExpiresAt
	}
	if settings.Verify == input.VerifyNone {
		return c, nil
	}

	report, err := client.Check(ctx, *cred, bitbucket.Subject{Workspace: t.repository.Workspace, Slug: t.repository.Slug})
	r.note(report.Remarks...)
	if report.NoUser {
		r.dropUser(cred)
	}
	c.verdict = verdicts[report.Verdict]
	if len(report.Scopes) > 0 {
		c.scopes = report.Scopes
	}
	if err == nil {
		c.verified = "true"
		r.note(fault.Infof("Bitbucket accepts the credential"))
		err = r.checkScopes(required, settings.Git != "", cred.Kind, c.scopes)
	}
	if err == nil {
		return c, nil
	}
	f := fault.From(err)
	if settings.Verify == input.VerifyStrict || f.Code.IsSignal() {
		return c, f
	}
	if f.Code.Exit == fault.ExitRefused && c.verified == "" {
		c.verified = "false"
	}
	r.note(fault.Warn(f))
	return c, nil
}

// dropUser makes git log in with the token alone, which belongs to no user.
func (r *run) dropUser(cred *credential.Credential) {
	if cred.GitUsername == "" {
		return
	}
	*cred = cred.WithoutUser()
	r.note(fault.Noticef("identity isn't used for git: the token belongs to a project or repository, so git sends it in a Bearer header"))
}

// client asks Bitbucket's REST API.
func (r *run) client(settings input.Common, on server.Server) *bitbucket.Client {
	return bitbucket.New(bitbucket.Options{
		Server:    on,
		CA:        settings.CA.PEM,
		Proxy:     r.world.Proxy,
		UserAgent: "bitbucket-auth/" + r.world.Version,
	})
}

// checkOffline refuses what can be refused without a request.
func checkOffline(settings input.Settings, kind credential.Kind, now time.Time) error {
	if settings.Verify != input.VerifyStrict {
		return nil
	}
	if !settings.ExpiresOn.IsZero() {
		if f := credential.CheckExpiry(kind, settings.ExpiresOn, now); f != nil && f.Code == fault.Expired {
			return f
		}
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
			r.note(fault.Warn(bitbucket.MissingFault(missing, kind)))
		}
	}
	if excess := bitbucket.Excess(granted, required); len(excess) > 0 {
		r.note(fault.Noticef("the token has more scopes than this step asks for: %s; a token with fewer does less harm if it leaks", strings.Join(excess, ", ")))
	}
	return nil
}
