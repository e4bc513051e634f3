package input

import (
	"context"
	"strconv"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// MirrorText is the text of the mirror command's settings.
type MirrorText struct {
	SharedText
	Source          secret.String `env:"SOURCE"`
	SourceToken     secret.String `env:"SOURCE_TOKEN"`
	SourceTokenFile string        `env:"SOURCE_TOKEN_FILE"`
	SourceUsername  string        `env:"SOURCE_USERNAME"`
	Branches        string        `env:"BRANCHES"`
	Tags            string        `env:"TAGS"`
	Prune           string        `env:"PRUNE"`
	Overwrite       string        `env:"OVERWRITE"`
	MaxDeletions    string        `env:"MAX_DELETIONS"`
	LFS             string        `env:"LFS"`
	MainBranch      string        `env:"MAIN_BRANCH"`
	Create          string        `env:"CREATE"`
	Project         string        `env:"PROJECT"`
	DryRun          string        `env:"DRY_RUN"`
}

// ReadMirror is [ReadCredential] for the mirror command.
func ReadMirror(ctx context.Context, source *Source) (*MirrorText, error) {
	text := new(MirrorText)
	err := source.read(ctx, text, &text.SharedText, text.tokenFile(), tokenFile{
		file: "source-token-file", path: &text.SourceTokenFile, setting: "source-token", token: &text.SourceToken,
	})
	return text, err
}

// Secrets returns what may be secret in the settings, before they are parsed.
func (m *MirrorText) Secrets() []secret.String {
	secrets := append(m.SharedText.Secrets(), secret.NewSource(m.Source.Reveal()).Secrets()...)
	return append(secrets, m.SourceToken)
}

// MirrorSettings are the settings of the mirror command.
type MirrorSettings struct {
	Common
	Source         secret.Address // a URL or a path; empty: the host knows
	SourceToken    secret.String
	SourceUsername string
	Branches       string // patterns
	Tags           string // patterns
	Prune          bool
	Overwrite      bool
	MaxDeletions   int
	LFS            string
	FollowMain     bool // set Bitbucket's main branch to the source's
	Create         string
	Project        string
	DryRun         bool
}

// The values of create: whether to create the Bitbucket repository if it doesn't exist,
// and who may read it.
const (
	CreateNone    = "none"
	CreatePrivate = "private"
	CreatePublic  = "public"
)

// The values of lfs: which LFS objects are mirrored.
const (
	LFSAuto      = "auto"      // all; one that is lost is a fault
	LFSAvailable = "available" // all that there are
	LFSNone      = "false"
)

// Parse is [CredentialText.Parse] for the mirror command.
func (m *MirrorText) Parse() (*MirrorSettings, []fault.Remark, error) {
	var p parser
	common, remarks := p.common(&m.SharedText)
	settings := &MirrorSettings{
		Common:         common,
		Source:         secret.NewSource(m.Source.Reveal()),
		SourceToken:    m.SourceToken,
		SourceUsername: m.SourceUsername,
		Branches:       m.Branches,
		Tags:           m.Tags,
		Prune:          p.boolean("prune", m.Prune),
		Overwrite:      p.boolean("overwrite", m.Overwrite),
		MaxDeletions:   p.count("max-deletions", m.MaxDeletions),
		LFS:            p.oneOf("lfs", m.LFS, LFSAuto, LFSAvailable, LFSNone),
		FollowMain:     p.oneOf("main-branch", m.MainBranch, "keep", "follow") == "follow",
		Create:         p.oneOf("create", m.Create, CreatePrivate, CreatePublic, CreateNone),
		Project:        m.Project,
		DryRun:         p.boolean("dry-run", m.DryRun),
	}
	p.fail(credential.CheckPlaceholder("source-token", settings.SourceToken))
	if settings.Project != "" && settings.Create == CreateNone {
		p.fail(fault.New(fault.SettingAlone, "project has no effect without create",
			"set create to private or public, or leave out project"))
	}
	if !settings.SourceToken.IsEmpty() {
		p.fail(credential.CheckLength("source-token", settings.SourceToken.Reveal()))
	}
	public := append(settings.public(),
		publicSetting{"source", settings.Source.Clean()},
		publicSetting{"source-username", settings.SourceUsername},
		publicSetting{"branches", settings.Branches},
		publicSetting{"tags", settings.Tags},
		publicSetting{"project", settings.Project},
	)
	p.refuseShownToken(settings.Token, public)
	p.refuseShownToken(settings.SourceToken, public)
	return settings, remarks, p.err
}

// count accepts a whole number, 0 included.
func (p *parser) count(id, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		p.fail(fault.New(fault.NotNumber, id+" isn't a whole number of 0 or more", "write digits only, such as 10; 0 allows none"))
	}
	return n
}
