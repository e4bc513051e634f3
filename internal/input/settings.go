package input

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Common are the settings that both commands have. An empty value means that the
// setting isn't set.
type Common struct {
	Token       secret.String
	Identity    string
	Kind        credential.Kind // empty: to be recognised
	Repository  secret.Address  // in any spelling
	Server      server.Server
	ExpiresOn   time.Time
	SkipMissing bool // succeed without a token
	Summary     bool
	Timeout     time.Duration
	CA          CA
	EnvFile     string
	OnlyErrors  bool // show nothing but warnings, faults, and what they refer to
}

// Both returns the settings that both commands have.
func (c *Common) Both() *Common { return c }

// Settings are the settings of the credential command.
type Settings struct {
	Common
	Workspace         string
	Verify            string
	RequiredScopes    string          // a list in either vocabulary
	Git               gitconfig.Reach // empty: none
	RewriteSSH        bool
	ExportEnv         bool
	EnvPrefix         string
	AvoConnectionName string // empty: no connection is asked for
	AvoUsername       string
}

// The values of verify: whether the credential is checked with Bitbucket.
const (
	VerifyNone   = "none"
	VerifyWarn   = "warn"
	VerifyStrict = "strict"
)

// Parse turns the text into typed settings. The error is a [*fault.Fault] about the
// first setting that is wrong; the remarks are valid either way.
func (c *CredentialText) Parse() (*Settings, []fault.Remark, error) {
	var p parser
	common, remarks := p.common(&c.SharedText)
	settings := &Settings{
		Common:            common,
		Workspace:         c.Workspace,
		Verify:            p.oneOf("verify", c.Verify, VerifyWarn, VerifyStrict, VerifyNone),
		RequiredScopes:    c.RequiredScopes,
		Git:               p.reach(c.Git),
		RewriteSSH:        p.boolean("rewrite-ssh", c.RewriteSSH),
		ExportEnv:         p.boolean("export-env", c.ExportEnv),
		EnvPrefix:         p.envPrefix(c.EnvPrefix),
		AvoConnectionName: c.AvoName,
		AvoUsername:       c.AvoUsername,
	}
	if settings.RequiredScopes != "" && settings.Verify == VerifyNone {
		settings.Verify = VerifyStrict
	}
	if settings.RewriteSSH && settings.Git == "" {
		p.fail(fault.New(fault.SettingAlone, "rewrite-ssh has no effect without git",
			"set git to repository, workspace or host, or leave out rewrite-ssh"))
	}
	if settings.AvoUsername != "" && settings.AvoConnectionName == "" {
		p.fail(fault.New(fault.SettingAlone, "avo-username has no effect without avo-connection-name",
			"set avo-connection-name to a name for the connection, or leave out avo-username"))
	}
	p.refuseShownToken(settings.Token, append(settings.public(),
		publicSetting{"workspace", settings.Workspace},
		publicSetting{"env-prefix", settings.EnvPrefix},
		publicSetting{"avo-connection-name", settings.AvoConnectionName},
		publicSetting{"avo-username", settings.AvoUsername},
	))
	return settings, remarks, p.err
}

// common parses the settings that both commands have.
func (p *parser) common(s *SharedText) (Common, []fault.Remark) {
	p.fail(s.wrong)
	return Common{
		Token:       s.Token,
		Identity:    s.Identity,
		Kind:        p.kind(s.Kind),
		Repository:  s.Repository,
		Server:      p.server(s.ServerURL),
		ExpiresOn:   p.day("expires-on", s.ExpiresOn),
		SkipMissing: p.oneOf("on-missing-token", s.OnMissingToken, "fail", "skip") == "skip",
		Summary:     p.boolean("summary", s.Summary),
		Timeout:     p.duration("timeout", s.Timeout),
		CA:          p.certificate(s.CACertificate),
		EnvFile:     s.EnvFile,
		OnlyErrors:  p.oneOf("log", s.Log, "normal", "errors") == "errors",
	}, s.remarks
}

type publicSetting struct{ id, text string }

// public returns the settings of both commands that aren't secret.
func (c *Common) public() []publicSetting {
	return []publicSetting{
		{"identity", c.Identity},
		{"repository", c.Repository.Clean()},
		{"server-url", c.Server.URL()},
		{"env-file", c.EnvFile},
	}
}

// refuseShownToken rejects a token that is also part of a setting that isn't secret.
func (p *parser) refuseShownToken(token secret.String, settings []publicSetting) {
	if len(token.Reveal()) < secret.MinMask {
		return // empty, or reported by another fault
	}
	for _, setting := range settings {
		if strings.Contains(setting.text, token.Reveal()) {
			if setting.id == "server-url" {
				p.err = nil // forget an earlier fault: the one about server-url would quote the token
			}
			p.fail(fault.New(fault.TokenShown, "the token is also part of the setting "+setting.id+", which isn't secret",
				"remove the token from "+setting.id+", and set it as token only"))
		}
	}
}

type parser struct {
	err error
}

// fail keeps a fault, unless it is nil or there is an earlier one.
func (p *parser) fail(f *fault.Fault) {
	if p.err == nil && f != nil {
		p.err = f
	}
}

func (p *parser) server(text secret.Address) server.Server {
	s, err := server.Parse(text)
	if err != nil {
		p.fail(fault.From(err))
	}
	return s
}

func (p *parser) kind(text string) credential.Kind {
	allowed := []string{"auto"}
	for _, kind := range credential.Kinds {
		allowed = append(allowed, string(kind))
	}
	kind := p.oneOf("kind", text, allowed...)
	if kind == "auto" {
		return ""
	}
	return credential.Kind(kind)
}

// boolean accepts the spellings of YAML 1.2's core schema, as @actions/core does.
func (p *parser) boolean(id, text string) bool {
	switch text {
	case "True", "TRUE":
		text = "true"
	case "False", "FALSE":
		text = "false"
	}
	return p.oneOf(id, text, "true", "false") == "true"
}

func (p *parser) oneOf(id, text string, allowed ...string) string {
	if slices.Contains(allowed, text) {
		return text
	}
	p.fail(fault.OutsideList(id, text, allowed))
	return allowed[0]
}

func (p *parser) reach(text string) gitconfig.Reach {
	reach := p.oneOf("git", text, string(gitconfig.RepositoryOnly), string(gitconfig.Workspace), string(gitconfig.Host), "none")
	if reach == "none" {
		return ""
	}
	return gitconfig.Reach(reach)
}

func (p *parser) duration(id, text string) time.Duration {
	d, _ := time.ParseDuration(text) // 0 with an error
	if d <= 0 {
		p.fail(fault.New(fault.Timeout, id+" isn't a valid duration", "write a number and a unit, such as 30s or 2m"))
	}
	return d
}

// day accepts a date, or that day's midnight in RFC 3339, which YAML readers make
// of a date.
func (p *parser) day(id, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	if day, err := time.Parse(time.RFC3339, text); err == nil && day.Format("15:04:05.999999999") == "00:00:00" {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	}
	p.fail(fault.New(fault.ExpiresOn, id+" isn't a valid date",
		"write it as YYYY-MM-DD, such as 2027-01-31", "leave it empty if the token doesn't expire"))
	return time.Time{}
}

func (p *parser) envPrefix(text string) string {
	prefix := text
	if !isEnvPrefix(prefix) {
		fallback, _ := contract.Find(contract.CredentialSettings, "env-prefix")
		prefix = fallback.Default // for what is handed over if the token is empty
		p.fail(fault.New(fault.EnvPrefix, "env-prefix can't begin the name of a variable",
			"use capital letters, digits and underscores, beginning with a letter and not ending in an underscore, such as MIRROR_BITBUCKET"))
	}
	if reserved := host.ReservedPrefix(prefix); reserved != "" {
		p.fail(fault.New(fault.EnvPrefix, "env-prefix begins with "+reserved+", which is reserved",
			"choose another prefix, such as MIRROR_BITBUCKET"))
	}
	return prefix
}

// isEnvPrefix reports whether text matches ^[A-Z][A-Z0-9_]*[A-Z0-9]$
func isEnvPrefix(text string) bool {
	return len(text) > 1 && charset.StartsWith(text, charset.Upper) && !strings.HasSuffix(text, "_") &&
		charset.ContainsOnly(text, charset.Upper+charset.Digits+"_")
}
