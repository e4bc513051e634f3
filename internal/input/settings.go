package input

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Settings is every setting, understood. An empty value means "not given".
type Settings struct {
	Token             secret.String
	Identity          string
	Kind              credential.Kind // empty: to be recognised
	Repository        secret.String   // any spelling, which may hold a password
	Workspace         string
	Server            server.Server
	Verify            Verify
	RequiredScopes    string // a list in either vocabulary
	ExpiresOn         time.Time
	Git               gitconfig.Reach // empty: none
	RewriteSSH        bool
	ExportEnv         bool
	EnvPrefix         string
	AvoConnectionName string // empty: no connection is asked for
	AvoUsername       string
	OnMissingToken    OnMissing
	Summary           bool
	Timeout           time.Duration // for all network calls together
	CACertificate     []byte        // PEM; empty: the system's
	EnvFile           string
}

// Verify is whether the credential is checked against Bitbucket.
type Verify string

// The values of verify.
const (
	VerifyNone   Verify = "none"
	VerifyWarn   Verify = "warn"
	VerifyStrict Verify = "strict"
)

// OnMissing is what an empty token leads to.
type OnMissing string

// The values of on-missing-token.
const (
	Fail OnMissing = "fail"
	Skip OnMissing = "skip"
)

// Settings understands what was given. The error is a [*fault.Fault] about the
// first setting that can't be understood; the remarks hold either way.
func (g Given) Settings() (Settings, []fault.Remark, error) {
	var p parser
	token, remarks := credential.Clean("token", g.Token)
	identity, more := credential.CleanIdentity(g.Identity)
	settings := Settings{
		Token:             token,
		Identity:          identity,
		Kind:              p.kind(g.Kind),
		Repository:        g.Repository,
		Workspace:         strings.TrimSpace(g.Workspace),
		Server:            p.server(g.ServerURL),
		Verify:            Verify(p.oneOf("verify", g.Verify, string(VerifyNone), string(VerifyWarn), string(VerifyStrict))),
		RequiredScopes:    strings.TrimSpace(g.RequiredScopes),
		ExpiresOn:         p.day("expires-on", g.ExpiresOn),
		Git:               p.reach(g.Git),
		RewriteSSH:        p.boolean("rewrite-ssh", g.RewriteSSH),
		ExportEnv:         p.boolean("export-env", g.ExportEnv),
		EnvPrefix:         p.envPrefix(g.EnvPrefix),
		AvoConnectionName: strings.TrimSpace(g.AvoName),
		AvoUsername:       strings.TrimSpace(g.AvoUsername),
		Summary:           p.boolean("summary", g.Summary),
		OnMissingToken:    OnMissing(p.oneOf("on-missing-token", g.OnMissingToken, string(Fail), string(Skip))),
		Timeout:           p.duration("timeout", g.Timeout),
		CACertificate:     p.certificate(g.CACertificate),
		EnvFile:           strings.TrimSpace(g.EnvFile),
	}
	if settings.RequiredScopes != "" && settings.Verify == VerifyNone {
		settings.Verify = VerifyStrict
	}
	if settings.RewriteSSH && settings.Git == "" {
		p.fail(fault.New(fault.SettingAlone, "rewrite-ssh does nothing without git",
			"set git to repository, workspace or host, or leave out rewrite-ssh"))
	}
	if settings.AvoUsername != "" && settings.AvoConnectionName == "" {
		p.fail(fault.New(fault.SettingAlone, "avo-username does nothing without avo-connection-name",
			"set avo-connection-name to the name that the connection shall have, or leave out avo-username"))
	}
	p.apart(settings)
	return settings, append(remarks, more...), p.err
}

// apart refuses a token that was also given where it would be shown.
func (p *parser) apart(s Settings) {
	if len(s.Token.Reveal()) < secret.MinMask {
		return // none, or one that is a fault by itself
	}
	_, repository := secret.SplitUserInfo(s.Repository)
	for _, setting := range []struct{ id, text string }{
		{"identity", s.Identity},
		{"repository", repository},
		{"workspace", s.Workspace},
		{"env-prefix", s.EnvPrefix},
		{"env-file", s.EnvFile},
		{"server-url", s.Server.URL},
		{"avo-connection-name", s.AvoConnectionName},
		{"avo-username", s.AvoUsername},
	} {
		if strings.Contains(setting.text, s.Token.Reveal()) {
			p.fail(fault.New(fault.TokenShown, "the token also stands in the input "+setting.id+", which is no secret",
				"set "+setting.id+" to what its name says; the token belongs in the input token alone"))
		}
	}
}

// parser turns text into typed values, and keeps the first fault.
type parser struct {
	err error
}

func (p *parser) fail(f *fault.Fault) {
	if p.err == nil {
		p.err = f
	}
}

func (p *parser) server(text secret.String) server.Server {
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

// boolean takes YAML 1.2's core schema, as @actions/core does.
func (p *parser) boolean(id, text string) bool {
	value := p.oneOf(id, text, "true", "True", "TRUE", "false", "False", "FALSE")
	return strings.EqualFold(value, "true")
}

// oneOf takes a value out of a list.
func (p *parser) oneOf(id, text string, allowed ...string) string {
	text = strings.TrimSpace(text)
	if slices.Contains(allowed, text) {
		return text
	}
	p.fail(fault.OutsideList(id, text, allowed))
	return allowed[0]
}

func (p *parser) reach(text string) gitconfig.Reach {
	const none = "none"
	reach := p.oneOf("git", text, none, string(gitconfig.RepositoryOnly), string(gitconfig.Workspace), string(gitconfig.Host))
	if reach == none {
		return ""
	}
	return gitconfig.Reach(reach)
}

func (p *parser) duration(id, text string) time.Duration {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d <= 0 {
		p.fail(fault.New(fault.Timeout, "the value of "+id+" is no time span", "write a number and a unit, such as 30s or 2m"))
	}
	return d
}

// day takes a date, or that day's midnight in RFC 3339, which YAML readers make
// of a date.
func (p *parser) day(id, text string) time.Time {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	if day, err := time.Parse(time.RFC3339, text); err == nil && day.Format("15:04:05.999999999") == "00:00:00" {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	}
	p.fail(fault.New(fault.ExpiresOn, "the value of "+id+" is no date",
		"write it as year-month-day, such as 2027-01-31"))
	return time.Time{}
}

// Names that CI hosts, git and this program give a meaning of their own.
var reservedPrefixes = []string{
	"GITHUB", "ACTIONS", "RUNNER", "INPUT", "STATE", "PLUGIN", "BITBUCKET_AUTH",
	"GIT", "CI", "DRONE", "HARNESS", "GITEA", "FORGEJO",
}

func (p *parser) envPrefix(text string) string {
	prefix := strings.TrimSpace(text)
	if !isEnvPrefix(prefix) {
		p.fail(fault.New(fault.EnvPrefix, "env-prefix doesn't fit the start of a variable's name",
			"use capital letters, digits and underscores, beginning with a letter and not ending in an underscore, such as MIRROR_BITBUCKET"))
	}
	for _, reserved := range reservedPrefixes {
		if prefix == reserved || strings.HasPrefix(prefix, reserved+"_") {
			p.fail(fault.New(fault.EnvPrefix, "env-prefix begins with "+reserved+", which has a meaning of its own",
				"choose another prefix, such as MIRROR_BITBUCKET"))
		}
	}
	return prefix
}

// isEnvPrefix holds for ^[A-Z][A-Z0-9_]*[A-Z0-9]$
func isEnvPrefix(text string) bool {
	const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(text) > 1 && strings.Contains(capitals, text[:1]) && !strings.HasSuffix(text, "_") &&
		strings.Trim(text, capitals+"0123456789_") == ""
}
