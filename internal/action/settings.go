package action

import (
	"cmp"
	"context"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// settingsText is the text of a command's settings, and S their type after parsing.
type settingsText[S any] interface {
	CheckEnvFile() *fault.Fault
	Secrets() []secret.String
	Parse() (S, []fault.Remark, error)
}

// readAndMask begins the run of a command: it reads and parses the settings, prepares
// the host, masks everything that may be secret, and reports names that no setting has.
// A fault in the settings is returned after that, when it can be shown safely.
func readAndMask[S interface{ Both() *input.Common }, T settingsText[S]](
	ctx context.Context, r *run, settings []contract.Setting,
	read func(context.Context, *input.Source) (T, error), prepare func(S) error,
) (parsed S, err error) {
	source := r.source(settings)
	text, readErr := read(ctx, source)
	parsed, remarks, parseErr := text.Parse()
	if f := text.CheckEnvFile(); f != nil {
		return parsed, f
	}
	// Masks are printed only if the host can receive the results: on any other
	// host, they would leak the secret.
	if err := prepare(parsed); err != nil {
		return parsed, err
	}
	if err := r.maskSettings(text.Secrets()); err != nil {
		return parsed, err
	}
	r.onlyErrors, r.summarizes = parsed.Both().OnlyErrors, parsed.Both().Summary
	if err := cmp.Or(r.reportUnknown(source), readErr); err != nil {
		return parsed, err
	}
	r.note(remarks...)
	if parseErr != nil && !isSuperseded(parseErr, parsed.Both()) {
		return parsed, parseErr
	}
	return parsed, nil
}

func (r *run) source(settings []contract.Setting) *input.Source {
	return &input.Source{
		Settings:      settings,
		Host:          r.host.Definition,
		Lookup:        r.world.Lookup,
		Stdin:         r.world.Stdin,
		BeforeWaiting: r.catchSignals,
	}
}

// isSuperseded reports whether a fault is about a reference that wasn't expanded,
// although the token is empty. A build that gets no secrets has both faults, and that
// of the empty token says so.
func isSuperseded(err error, settings *input.Common) bool {
	return settings.Token.IsEmpty() && fault.From(err).Code == fault.TokenUnexpanded
}
