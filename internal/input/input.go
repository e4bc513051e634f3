// Package input reads the settings: first as text from the host's environment
// variables, then as one typed struct per command.
package input

import (
	"context"
	"io"
	"slices"

	"github.com/sethvargo/go-envconfig"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Source describes how settings are read on a host.
type Source struct {
	// Settings are those of the command.
	Settings []contract.Setting
	// Host has one family of names for settings, so that nothing that an earlier step
	// exported can change this one.
	Host *host.Definition
	// Lookup reads an environment variable.
	Lookup func(name string) (value string, present bool)
	// Stdin is read if token-file is "-".
	Stdin io.Reader
	// BeforeWaiting is called before a read that can block forever, such as from a
	// token-file that is a pipe. It may be nil.
	BeforeWaiting func()
}

// SharedText is the text of the settings that both commands have. Those that may contain
// a secret have a type for it.
type SharedText struct {
	Token          secret.String  `env:"TOKEN"`
	TokenFile      string         `env:"TOKEN_FILE"`
	Identity       string         `env:"IDENTITY"`
	Kind           string         `env:"KIND"`
	Repository     secret.Address `env:"REPOSITORY"`
	ServerURL      secret.Address `env:"SERVER_URL"`
	ExpiresOn      string         `env:"EXPIRES_ON"`
	OnMissingToken string         `env:"ON_MISSING_TOKEN"`
	Summary        string         `env:"SUMMARY"`
	Timeout        string         `env:"TIMEOUT"`
	CACertificate  string         `env:"CA_CERTIFICATE"`
	EnvFile        string         `env:"ENV_FILE"`
	Log            string         `env:"LOG"`

	remarks []fault.Remark // about the text, and the files that were read
	// wrong is the fault for the first setting that contains a reference or an invisible
	// character.
	wrong *fault.Fault
	// envFile is the fault for an env-file that contains a reference.
	envFile *fault.Fault
}

// CredentialText is the text of the credential command's settings.
type CredentialText struct {
	SharedText
	Workspace      string `env:"WORKSPACE"`
	Verify         string `env:"VERIFY"`
	RequiredScopes string `env:"REQUIRED_SCOPES"`
	Git            string `env:"GIT"`
	RewriteSSH     string `env:"REWRITE_SSH"`
	ExportEnv      string `env:"EXPORT_ENV"`
	EnvPrefix      string `env:"ENV_PREFIX"`
	AvoName        string `env:"AVO_CONNECTION_NAME"`
	AvoUsername    string `env:"AVO_USERNAME"`
}

// ReadCredential reads the settings of the credential command. Even with an error (a
// [*fault.Fault]) it returns everything that could be read, so that the secrets in it
// can be masked before the error is shown.
func ReadCredential(ctx context.Context, source *Source) (*CredentialText, error) {
	text := new(CredentialText)
	err := source.read(ctx, text, &text.SharedText, text.tokenFile())
	return text, err
}

// tokenFile returns the setting token-file, from which token is read.
func (s *SharedText) tokenFile() tokenFile {
	return tokenFile{file: "token-file", path: &s.TokenFile, setting: "token", token: &s.Token, isOptional: true}
}

// read fills in target, which embeds shared, with the text of the settings and of the
// files that contain tokens.
func (s *Source) read(ctx context.Context, target any, shared *SharedText, files ...tokenFile) error {
	r := reading{source: s}
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target:   target,
		Lookuper: r.lookuper(),
	})
	if err != nil {
		return fault.Internal() // every field is text, so no value can make this fail
	}
	shared.wrong, shared.envFile = r.first, r.wrong["env-file"]
	for _, f := range files {
		if wrong := r.wrong[f.file]; wrong != nil {
			return wrong // rather than that there is no such file
		}
		if err := s.checkPath(f); err != nil {
			return err
		}
	}
	more, err := s.readTokens(ctx, files...)
	shared.remarks = append(r.remarks, more...)
	return err
}

// variables returns the variables that a setting is read from.
func (s *Source) variables(setting contract.Setting) []string {
	switch {
	case setting.Variable != "":
		return []string{setting.Variable}
	case setting.NotInput && s.Host.Settings.InputsOnly, setting.WithoutMasks && s.Host.HasMasks:
		return nil
	}
	return s.Host.Settings.Names(setting.ID)
}

// CheckEnvFile returns a fault if env-file contains a reference. It comes before all
// other checks, since a host may have no other place for results.
func (s *SharedText) CheckEnvFile() *fault.Fault { return s.envFile }

// Secrets returns what may be secret in the settings, before they are parsed.
func (s *SharedText) Secrets() []secret.String {
	secrets := credential.Secrets(s.Token, s.Identity)
	return slices.Concat(secrets, s.Repository.Secrets(), s.ServerURL.Secrets())
}
