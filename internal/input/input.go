// Package input reads the settings: as the host hands them over, then as one
// typed struct.
package input

import (
	"context"
	"io"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Source is where settings come from.
type Source struct {
	// Names returns the environment variables that may hold a setting on this
	// host, by the setting's id. There is one family of names a host, so that
	// nothing that an earlier step exported can change this one.
	Names func(id string) []string
	// Lookup reads an environment variable.
	Lookup func(name string) (value string, present bool)
	// Stdin is what token-file "-" reads.
	Stdin io.Reader
}

// Given is every setting as it was given, before any of it is understood. What
// may hold a secret has that type.
type Given struct {
	Token          secret.String `env:"TOKEN"`
	TokenFile      string        `env:"TOKEN_FILE"`
	Identity       string        `env:"IDENTITY"`
	Kind           string        `env:"KIND,default=auto"`
	Repository     secret.String `env:"REPOSITORY"`
	Workspace      string        `env:"WORKSPACE"`
	ServerURL      secret.String `env:"SERVER_URL,default=https://bitbucket.org"`
	Verify         string        `env:"VERIFY,default=none"`
	RequiredScopes string        `env:"REQUIRED_SCOPES"`
	ExpiresOn      string        `env:"EXPIRES_ON"`
	Git            string        `env:"GIT,default=none"`
	RewriteSSH     string        `env:"REWRITE_SSH,default=false"`
	ExportEnv      string        `env:"EXPORT_ENV,default=true"`
	EnvPrefix      string        `env:"ENV_PREFIX,default=BITBUCKET"`
	AvoName        string        `env:"AVO_CONNECTION_NAME"`
	AvoUsername    string        `env:"AVO_USERNAME"`
	OnMissingToken string        `env:"ON_MISSING_TOKEN,default=fail"`
	Summary        string        `env:"SUMMARY,default=true"`
	Timeout        string        `env:"TIMEOUT,default=30s"`
	CACertificate  string        `env:"CA_CERTIFICATE"`
	EnvFile        string        `env:"ENV_FILE"`
}

// Read reads all settings. What it returns is complete as far as it could be
// read even where there is an error (a [*fault.Fault]), so that its secrets can
// be masked before the error is told.
func Read(ctx context.Context, source Source) (Given, error) {
	var given Given
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target:   &given,
		Lookuper: source.lookuper(),
	})
	if err != nil {
		return given, fault.Internal() // every target is text, so this can't fail on any value
	}
	if given.TokenFile == "" {
		return given, nil
	}
	if !given.Token.IsEmpty() {
		return given, fault.New(fault.TokenFile, "both token and token-file are given", "set one of them")
	}
	given.Token, err = readToken(ctx, strings.TrimSpace(given.TokenFile), source.Stdin)
	return given, err
}

// lookuper finds a setting under the host's names. A name that is present ends
// the search even when its value is empty; only then does empty, or blank,
// mean that nothing was given and the default holds. (go-envconfig by itself
// takes an empty value for a given one, and refuses hyphens in its tags.)
func (s Source) lookuper() envconfig.LookuperFunc {
	return func(key string) (string, bool) {
		id := idOf(key)
		for _, name := range s.Names(id) {
			if value, present := s.Lookup(name); present {
				return value, strings.TrimSpace(value) != ""
			}
		}
		return "", false
	}
}

// Secrets returns what may be secret in the settings as they were given.
func (g Given) Secrets() []secret.String {
	secrets := credential.Secrets(g.Token, g.Identity)
	for _, address := range []secret.String{g.Repository, g.ServerURL} {
		userInfo, _ := secret.SplitUserInfo(address)
		secrets = append(secrets, userInfo...)
	}
	return secrets
}
