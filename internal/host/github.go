package host

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// gitHub uses commands on standard output, and writes results to the files that the
// runner names.
//
// Everything is printed to standard output, errors too: the runner may print standard
// error before an earlier mask takes effect (actions/runner, ProcessInvoker.cs).
type gitHub struct {
	basic
	masks masking

	// greedy is set if the last :: of a line ends a command's head. A message with ::
	// would then lose its beginning.
	greedy bool

	// base64 is set if the base64 of a masked text is masked too (actions/runner,
	// ValueEncoders.cs). Gitea does that since 1.0.7, but a step can't find out the version.
	base64 bool
}

// masking is a runner's way of reading ::add-mask::.
type masking int

const (
	escaped       masking = iota // undoes the escapes of workflow commands
	literal                      // registers the text as it is on the line
	eitherOr                     // one or the other, by its version
	escapedGreedy                // undoes the escapes, but the last :: of the line ends the command's head
)

func (g gitHub) start(b basic) Protocol {
	g.basic = b
	return &g
}

// Prepare returns a fault if the step lacks the files that receive results.
func (g *gitHub) Prepare(envFile string, exports bool) error {
	if err := g.basic.Prepare(envFile, exports); err != nil {
		return err
	}
	variables := []string{outputFile}
	if exports {
		variables = append(variables, environmentFile)
	}
	return checkFiles(g.file, variables)
}

// commands collects workflow commands, then writes them at once.
func (g *gitHub) commands(issue func(*githubactions.Action, *bytes.Buffer)) error {
	var b bytes.Buffer
	issue(githubactions.New(githubactions.WithWriter(&b), githubactions.WithGetenv(g.world.getenv)), &b)
	return g.world.writeStdout(b.String())
}

func (g *gitHub) Mask(forms []string) error {
	return g.commands(func(action *githubactions.Action, b *bytes.Buffer) {
		for _, form := range forms {
			if g.masks == escapedGreedy && strings.Contains(":"+form, "::") {
				b.WriteString(bracketedMask(form))
				continue
			}
			if g.masks != literal {
				action.AddMask(form)
			}
			if g.masks == literal || g.masks == eitherOr && strings.Contains(form, "%") {
				b.WriteString("::add-mask::" + form + "\n")
			}
		}
	})
}

// bracketedMask returns the mask command in the old form of commands, whose head ends at
// a bracket. A form with :: and a bracket can't be masked, and would be shown as an
// unknown command, so there is no command for it; no token contains these characters.
func bracketedMask(form string) string {
	if strings.Contains(form, "]") {
		return ""
	}
	return "##[add-mask]" + strings.ReplaceAll(form, "%", "%25") + "\n"
}

func (g *gitHub) Say(remark fault.Remark) {
	err := g.commands(func(action *githubactions.Action, _ *bytes.Buffer) {
		// Runners mask the message only, so the title holds nothing but the code.
		title := strings.TrimSpace("bitbucket-auth " + remark.Code.ID)
		action = action.WithFieldsMap(map[string]string{"title": title})
		text := strings.Join(g.world.lines(remark), "\n")
		if g.greedy {
			text = splitColons(text)
		}
		switch remark.Level {
		case fault.Info:
			action.Infof("%s", text)
		case fault.Notice:
			action.Noticef("%s", text)
		case fault.Warning:
			action.Warningf("%s", text)
		case fault.Error:
			action.Errorf("%s", text)
		}
	})
	if err != nil {
		g.basic.Say(remark)
	}
}

// splitColons returns a message without two colons in a row, and without one at
// its start, which would follow those of the command's head.
func splitColons(text string) string {
	if strings.HasPrefix(text, ":") {
		text = " " + text
	}
	for strings.Contains(text, "::") {
		text = strings.ReplaceAll(text, "::", ": :")
	}
	return text
}

// HandOver writes the step's outputs and variables, or neither: a runner also applies the
// records of a step that failed, even an incomplete one.
func (g *gitHub) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	var additions []addition
	for _, batch := range []struct {
		variable string
		values   []secret.Value
	}{{outputFile, results.Outputs}, {environmentFile, results.Variables}} {
		if len(batch.values) == 0 {
			continue
		}
		f, err := g.file(batch.variable)
		if err != nil {
			return err
		}
		additions = append(additions, addition{f, records(batch.values)})
	}
	return appendAll(ctx, g.world, additions...)
}

// Summarize appends to the job summary, or restores it. Older servers have none.
func (g *gitHub) Summarize(markdown string) error {
	f, _ := g.file(summaryFile)
	if f.path == "" {
		return nil
	}
	return appendAll(context.Background(), g.world, addition{f, markdown})
}

// records returns values in the runner's heredoc form, with a delimiter that occurs in no
// value. (That of go-githubactions is always the same.) The delimiter isn't secret, so
// it doesn't have to come from crypto/rand, whose first use takes 50 µs.
func records(values []secret.Value) string {
	delimiter := "bitbucket_auth_" + strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // see above
	var lines []string
	for _, v := range values {
		text := v.Text.Reveal()
		if strings.Contains(text, delimiter) {
			return records(values)
		}
		lines = append(lines, v.Name+"<<"+delimiter, text, delimiter)
	}
	return strings.Join(lines, "\n") + "\n"
}

// Variables that name the files which the runner reads when the step has ended.
const (
	outputFile      = "GITHUB_OUTPUT"
	environmentFile = "GITHUB_ENV"
	summaryFile     = "GITHUB_STEP_SUMMARY"
)

// file returns one of the runner's files. The runner creates them, and would never read
// one that it hasn't created.
func (g *gitHub) file(variable string) (resultFile, error) {
	f, err := g.world.namedFile(variable,
		"run this as a step of a workflow, or pass the runner's variables into the container",
		`in a shell, run: eval "$(bitbucket-auth --shell)", without GITHUB_ACTIONS in the environment`)
	f.hints = []string{
		"mount the runner's own file into the container, writable",
		"run the container as root: the runner's files belong to another user",
		"if the job's runs-on is a label that ends in :host on the runner (Gitea, Forgejo), use the action seed-e1d06701/bitbucket-auth/binary",
	}
	return f, err
}
