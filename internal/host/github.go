package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// gitHub is GitHub Actions and its kin: commands on standard output, results in
// the files that the runner names.
//
// Everything is shown on standard output, errors too: the runner may print
// standard error before an earlier mask took effect (actions/runner,
// ProcessInvoker.cs).
type gitHub struct {
	world World
	name  string

	masks masking

	// greedy is set where the last :: of a line ends a command's head, which may
	// then swallow a part of a message.
	greedy bool
}

// masking is how a runner reads ::add-mask::.
type masking int

const (
	escaped  masking = iota // undoes the escapes of workflow commands
	literal                 // registers the text as it stands on the line
	eitherOr                // one or the other, by its version
	lastMark                // undoes escapes, but the last :: ends the head, and an unknown command is shown
)

// kin is GitHub's kin, the most specific first: each also sets the variables
// of those below it. Before mid 2025 Forgejo set no variable of its own beside
// Gitea's, whose runner registered masks literally before 1.0.7.
var kin = []definition{
	gitHubLike("FORGEJO_ACTIONS", gitHub{name: "Forgejo Actions", masks: literal, greedy: true}),
	gitHubLike("GITEA_ACTIONS", gitHub{name: "Gitea Actions", masks: eitherOr, greedy: true}),
	gitHubLike("ACT", gitHub{name: "act", masks: lastMark, greedy: true}),
	gitHubLike("GITHUB_ACTIONS", gitHub{name: "GitHub Actions"}),
}

func gitHubLike(variable string, host gitHub) definition {
	return definition{
		found: isTrue(variable),
		start: func(w World) Host {
			host.world = w
			return &host
		},
		masks:    true,
		byStdout: true,
	}
}

func (g *gitHub) Name() string     { return g.name }
func (g *gitHub) Event() Event     { return gitHubEvent(g.world.getenv) }
func (g *gitHub) HasOutputs() bool { return true }

// UseFile refuses: the runner's own files take the results.
func (g *gitHub) UseFile(path string) error { return noFile(g.name, path) }

// SettingNames is how runners pass an input: upper case, hyphens kept
// (docs.github.com, "Metadata syntax").
func (g *gitHub) SettingNames(id string) []string {
	return []string{"INPUT_" + strings.ToUpper(id)}
}

func (g *gitHub) SettingCalled(id string) string { return id }
func (g *gitHub) InputsOnly() bool               { return true }

// commands collects workflow commands, then writes them at once.
func (g *gitHub) commands(issue func(*githubactions.Action, *bytes.Buffer)) error {
	var b bytes.Buffer
	issue(githubactions.New(githubactions.WithWriter(&b), githubactions.WithGetenv(g.world.getenv)), &b)
	if _, err := g.world.Stdout.Write(b.Bytes()); err != nil {
		return streamFault(err)
	}
	return nil
}

func (g *gitHub) Mask(forms []string) error {
	return g.commands(func(action *githubactions.Action, b *bytes.Buffer) {
		for _, form := range forms {
			if g.masks == lastMark && strings.Contains(":"+form, "::") {
				// The old form of commands, whose head ends at a bracket. Where neither
				// can carry it, it would be shown: no token has these characters.
				if !strings.Contains(form, "]") {
					b.WriteString("##[add-mask]" + strings.ReplaceAll(form, "%", "%25") + "\n")
				}
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

func (g *gitHub) Say(remark fault.Remark) {
	err := g.commands(func(action *githubactions.Action, _ *bytes.Buffer) {
		// Runners mask the message only, so the title holds nothing but the code.
		title := strings.TrimSpace("bitbucket-auth " + remark.Code.ID)
		action = action.WithFieldsMap(map[string]string{"title": title})
		text := strings.Join(lines(remark), "\n")
		if g.greedy {
			text = apart(text)
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
		// With standard output gone, standard error is the only way left. No
		// remark holds a secret.
		(&screen{world: g.world}).Say(remark)
	}
}

// apart is a message without two colons in a row, and without one at its start,
// which would follow those of the command's head.
func apart(text string) string {
	if strings.HasPrefix(text, ":") {
		text = " " + text
	}
	for strings.Contains(text, "::") {
		text = strings.ReplaceAll(text, "::", ": :")
	}
	return text
}

func (g *gitHub) Fail(f *fault.Fault) {
	g.Say(fault.Remark{Level: fault.Error, Fault: f})
	// Where even this can't be written, the exit code alone tells. The context
	// that ended the run must not end this too.
	_ = g.HandOver(context.Background(), Results{Outputs: []Value{Public("error-code", f.Code.ID)}})
}

// HandOver opens every command file before it writes to one, and takes back
// what was written where any write fails: a runner applies the records of a
// step that failed, and half a record with them.
func (g *gitHub) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	var files []*commandFile
	defer func() {
		for _, f := range files {
			f.close()
		}
	}()
	for _, batch := range []struct {
		command string
		values  []Value
	}{{"output", results.Outputs}, {"env", results.Variables}} {
		if len(batch.values) == 0 {
			continue
		}
		f, err := g.openCommandFile(batch.command)
		if err != nil {
			return err
		}
		f.text = records(batch.values)
		files = append(files, f)
	}
	for i, f := range files {
		err := f.write(g.world.getenv)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			for _, written := range files[:i+1] {
				written.takeBack()
			}
			return err
		}
	}
	return nil
}

// Summarize appends to the job summary, or leaves it as it was. Older servers
// have none.
func (g *gitHub) Summarize(markdown string) error {
	if g.world.getenv("GITHUB_STEP_SUMMARY") == "" {
		return nil
	}
	f, err := g.openCommandFile("step-summary")
	if err != nil {
		return err
	}
	defer f.close()
	f.text = markdown
	if err := f.write(g.world.getenv); err != nil {
		f.takeBack()
		return err
	}
	return nil
}

// records is values in the runner's heredoc form, with a delimiter that no
// value can hold: random, and looked for in every value.
func records(values []Value) string {
	delimiter := "bitbucket_auth_" + rand.Text()
	for _, v := range values {
		if strings.Contains(v.Text.Reveal(), delimiter) {
			return records(values)
		}
	}
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", v.Name, delimiter, v.Text.Reveal(), delimiter)
	}
	return b.String()
}

// commandFile is a file that the runner reads when the step has ended.
type commandFile struct {
	command  string // "output", as go-githubactions calls it
	variable string // "GITHUB_OUTPUT"
	file     *os.File
	size     int64  // before anything was written
	text     string // to append
}

func (g *gitHub) openCommandFile(command string) (*commandFile, error) {
	f := &commandFile{command: command, variable: "GITHUB_" + underscored(command)}
	path := g.world.getenv(f.variable)
	if path == "" {
		return nil, fault.New(fault.CommandFileName, f.variable+" is not set, so later steps can't get the results",
			"run this as a step of a workflow, or hand the runner's variables into the container",
			`in a shell, run: eval "$(bitbucket-auth --shell)", without GITHUB_ACTIONS in the environment`)
	}
	// Opening anything but a regular file could block, or show the results.
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, f.fault("is not a regular file")
	}
	if err == nil {
		f.file, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	}
	if err != nil {
		return nil, f.fault("can't be opened: " + fault.Reason(err))
	}
	f.size = info.Size()
	return f, nil
}

func (f *commandFile) fault(what string) error {
	return fault.New(fault.CommandFile, "the file that "+f.variable+" names "+what,
		"hand the runner's own file into the container, writable",
		"run the container as root: the runner's files belong to another user")
}

// write appends the records in one go, through go-githubactions, which panics
// where it fails.
func (f *commandFile) write(getenv func(string) string) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			reason, _ := cause.(error)
			err = fault.New(fault.CommandWrite, "the file that "+f.variable+" names can't be written: "+fault.Reason(reason),
				"check the disk space of the runner")
		}
	}()
	message := strings.TrimSuffix(f.text, "\n") // the library adds the last line end
	if f.endsInsideLine() {
		message = "\n" + message
	}
	githubactions.New(githubactions.WithGetenv(getenv)).
		IssueFileCommand(&githubactions.Command{Name: f.command, Message: message})
	return nil
}

// endsInsideLine tells whether an earlier writer left its last line open. The
// next record would otherwise become part of it. It looks anew, since two
// variables may name one file.
func (f *commandFile) endsInsideLine() bool {
	info, err := f.file.Stat()
	if err != nil {
		return false
	}
	last := make([]byte, 1)
	_, err = f.file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// takeBack undoes a write. Nothing more can be done where that fails as well.
func (f *commandFile) takeBack() {
	_ = f.file.Truncate(f.size)
}

func (f *commandFile) close() {
	if f.file != nil {
		_ = f.file.Close()
	}
}
