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
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Source is where settings come from.
type Source struct {
	// Settings are those of the command.
	Settings []contract.Setting
	// InputsOnly is set on hosts that hand a step the inputs that its action
	// declares: another name there can only come from somebody else.
	InputsOnly bool
	// HasMasks is set on hosts that can mask values at run time, which some
	// settings don't exist on.
	HasMasks bool
	// HostVariables are variables in the host's family of names that the host
	// sets itself.
	HostVariables []string
	// Names returns the environment variables that may hold a setting on this
	// host, by the setting's ID. Each host has one family of names, so that
	// nothing that an earlier step exported can change this one.
	Names func(id string) []string
	// Called is how people write a setting on this host.
	Called func(id string) string
	// Lookup reads an environment variable.
	Lookup func(name string) (value string, present bool)
	// Stdin is what a token-file of "-" reads.
	Stdin io.Reader
	// ReservedPrefixes belong to CI hosts, so env-prefix can't begin with them.
	ReservedPrefixes []string
	// ReferenceHints says how a setting is given the value of a variable on this
	// host. It may be nil.
	ReferenceHints func(id string) []string
	// LeavesUndefined is set on hosts that leave $(NAME) as it is where the variable
	// isn't defined.
	LeavesUndefined bool
	// FileVariableHint is a hint about variables of this host that are the path of a
	// file with the value; empty if it has none.
	FileVariableHint string
	// BeforeWaiting is called before reading from where nothing may ever come.
	// It may be nil.
	BeforeWaiting func()
}

// SharedText is the text of the settings that both commands have. What may hold a
// secret has that type.
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
	// unexpanded is about the first setting that holds a reference.
	unexpanded *fault.Fault
	// envFile is the fault of an env-file that holds a reference.
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

	reservedPrefixes []string
}

// ReadCredential reads the settings of the credential command. What it returns
// is complete as far as it could be read even if there is an error (a
// [*fault.Fault]), so that its secrets can be masked before the error is shown.
func ReadCredential(ctx context.Context, source Source) (CredentialText, error) {
	text := CredentialText{reservedPrefixes: source.ReservedPrefixes}
	err := source.read(ctx, &text, &text.SharedText, func() []tokenFile { return []tokenFile{text.tokenFile()} })
	return text, err
}

// tokenFile is the setting token-file, from which token is read.
func (s *SharedText) tokenFile() tokenFile {
	return tokenFile{file: "token-file", path: s.TokenFile, setting: "token", token: &s.Token}
}

// read fills in target, of which shared is a part, with the text of the settings
// and of the files that hold tokens.
func (s Source) read(ctx context.Context, target any, shared *SharedText, files func() []tokenFile) error {
	r := reading{source: s}
	err := envconfig.ProcessWith(ctx, &envconfig.Config{
		Target:   target,
		Lookuper: r.lookuper(),
	})
	if err != nil {
		return fault.Internal() // every field is text, so no value can make this fail
	}
	shared.unexpanded, shared.envFile = r.first(), r.unexpanded["env-file"]
	for _, f := range files() {
		if unexpanded := r.unexpanded[f.file]; unexpanded != nil {
			return unexpanded // rather than that there is no such file
		}
		if err := s.checkPath(f); err != nil {
			return err
		}
	}
	more, err := s.readTokens(ctx, files()...)
	shared.remarks = append(r.remarks, more...)
	return err
}

// variables are those that a setting is read from.
func (s Source) variables(setting contract.Setting) []string {
	switch {
	case setting.Variable != "":
		return []string{setting.Variable}
	case setting.NotInput && s.InputsOnly, setting.WithoutMasks && s.HasMasks:
		return nil
	}
	return s.Names(setting.ID)
}

// CheckEnvFile rejects an env-file that can't be used because it holds a reference.
// Without this file, a host may have no place for results, so that it comes first.
func (s SharedText) CheckEnvFile() error {
	if s.envFile != nil {
		return s.envFile
	}
	return nil
}

// Secrets returns what may be secret in the settings, before they are parsed.
func (s SharedText) Secrets() []secret.String {
	secrets := credential.Secrets(s.Token, s.Identity)
	return slices.Concat(secrets, s.Repository.Secrets(), s.ServerURL.Secrets())
}
