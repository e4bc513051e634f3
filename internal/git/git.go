// Package git runs git for the mirror: it lists, fetches and pushes refs, and
// transfers their LFS objects. It is the only package that starts processes.
//
// Every process ignores the machine's and the user's configuration, and works in a
// repository of its own in a temporary directory. A process that connects to a server
// has only that side's login in its environment.
package git

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// side names the server that a process may connect to, as its remote does.
type side string

const (
	machine   side = "" // none: the process works on the temporary repository
	source    side = "source"
	bitbucket side = "bitbucket"

	// staged is Bitbucket for a push, whose refs are in a repository of their own.
	staged side = "bitbucket, staged"
)

// Options are the parameters of [Open].
type Options struct {
	Source      string // URL without user-info, or an absolute path
	SourceLocal bool   // Source is a path
	Bitbucket   string // URL without user-info
	DataCenter  bool   // Bitbucket is one

	// The environment variables by which git logs in to each side.
	SourceLogin    []secret.Value
	BitbucketLogin []secret.Value

	Program string                           // git: a path, or a name to look up in PATH
	Lookup  func(name string) (string, bool) // the environment
	CA      []byte                           // additional CA certificates, PEM
	Scrub   func(string) string              // removes secrets from a text

	// Examine returns the problem with a server's certificate, if there is one. It may
	// be nil.
	Examine func(url string) (p certificate.Problem, ok bool)
	// IsSecret reports whether a text contains a piece of a token.
	IsSecret func(string) bool
	// Locate returns the address to which the source's server redirects git from
	// another one, and LogIn the login for the source at an address. They may be nil.
	Locate func(ctx context.Context, url string) (string, error)
	LogIn  func(url string) ([]secret.Value, error)
	// Say shows a line in the log. It may be nil.
	Say func(line string)
}

// Git is a temporary repository between the two to mirror.
type Git struct {
	options Options
	root    string   // the temporary directory
	lock    *os.File // in it
	repo    string
	config  []byte // of repo, as git wrote it

	packedRefs []byte // of repo: refs to what was fetched
	isKept     map[string]bool

	complete bool        // everything is fetched, since the source can't send a part
	ca       [][2]string // configuration that names the CA certificates
	env      map[side][]string
	guard    *guard
	saying   sync.Mutex
	setting  sync.Mutex // of env: both sides can be listed at the same time

	// sourceURL is the address to which the source's server redirected the last request,
	// the folder of the repository at a path, or else options.Source.
	sourceURL string
}

// Open makes the temporary directory. Close removes it.
func Open(options Options) (*Git, error) {
	if _, err := exec.LookPath(options.Program); err != nil {
		return nil, missing("no git was found on this machine")
	}
	root, lock, err := makeTemp(options.Lookup)
	if err != nil {
		return nil, tempFault(err)
	}
	g := &Git{
		options: options, sourceURL: options.Source, root: root, lock: lock, repo: filepath.Join(root, "repository.git"),
		env: map[side][]string{}, guard: startGuard(options.Lookup),
	}
	if err := g.prepare(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// LogInToBitbucket replaces the login to Bitbucket.
func (g *Git) LogInToBitbucket(login []secret.Value) {
	g.options.BitbucketLogin = login
	g.setEnvironment(bitbucket)
	g.setEnvironment(staged)
}

// setEnvironment makes the environment of the processes of a side.
func (g *Git) setEnvironment(of side) {
	env := g.environment(of)
	g.setting.Lock()
	g.env[of] = env
	g.setting.Unlock()
}

// Close removes everything that was written. It tries repeatedly, since a process that
// was just ended may still be writing.
func (g *Git) Close() {
	g.guard.close()
	_ = g.lock.Close() // Windows removes no open file
	for range 20 {
		if os.RemoveAll(g.root) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (g *Git) prepare() (err error) {
	if g.ca, err = g.useCA(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(g.root, ".gitconfig"), []byte(configuration), 0o600); err != nil {
		return tempFault(err)
	}
	for _, of := range []side{machine, source, bitbucket, staged} {
		g.setEnvironment(of)
	}
	return nil
}

// Init creates the repository, which all methods except listings need.
func (g *Git) Init(ctx context.Context) error {
	_, err := g.run(ctx, machine, nil, "init", "--quiet", "--bare", "--template=", g.repo)
	if err != nil {
		return g.local(err)
	}
	if g.config, err = os.ReadFile(g.configFile()); err != nil {
		return tempFault(err)
	}
	g.packedRefs, g.isKept = nil, map[string]bool{}
	return nil
}

func (g *Git) configFile() string { return filepath.Join(g.repo, "config") }

// minVersion is the oldest git that works: GIT_CONFIG_COUNT is of 2.31, and the
// filter object:type of 2.32.
const minVersion = "2.32"

func missing(what string) *fault.Fault {
	return fault.New(fault.GitMissing, what,
		"use a runner or an image with git "+minVersion+" or later; every runner that GitHub hosts has it",
		"in a container, install git, too")
}

func tooOld() *fault.Fault { return missing("the git on this machine is older than " + minVersion) }

// tempFault returns the fault for a temporary directory that can't be used.
func tempFault(err error) error {
	return fault.New(fault.DiskFull, "the temporary directory can't be used: "+fault.Reason(err), freeSpace)
}

const freeSpace = "free disk space on the runner, or set TMPDIR to a directory with more of it"

// Limits of a process's output that is kept, in bytes. A listing of a million refs has
// less.
var maxOutput = 256 << 20

const maxMessages = 256 << 10

// output is the output of a process.
type output struct {
	stdout []byte
	stderr []byte // its end
}

// failure is a process that failed.
type failure struct {
	output
	signal int // that ended it, or 0
}

func (*failure) Error() string { return "a git command failed" }

// run runs git with arguments, and with the login of a side. The error is a *failure, or
// the [*fault.Fault] that ended the context.
func (g *Git) run(ctx context.Context, with side, stdin io.Reader, arguments ...string) (output, error) {
	stdout := capped{limit: maxOutput}
	out, err := g.runTo(ctx, with, stdin, &stdout, arguments...)
	out.stdout = stdout.text
	if stdout.dropped {
		return out, &failure{output: output{stderr: []byte("fatal: the output is too large")}}
	}
	if failed, ok := errors.AsType[*failure](err); ok {
		failed.stdout = out.stdout
	}
	return out, err
}

// runTo is [Git.run] with another destination for the standard output.
func (g *Git) runTo(ctx context.Context, with side, stdin io.Reader, stdout io.Writer, arguments ...string) (output, error) {
	var stderr tail
	cmd := exec.CommandContext(ctx, g.options.Program, arguments...) //nolint:gosec // no shell is involved, and no argument begins with what a user chose
	cmd.Dir = g.root
	g.setting.Lock()
	cmd.Env = g.env[with]
	g.setting.Unlock()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, &stderr
	cmd.Cancel = func() error {
		endTree(cmd)
		return nil
	}
	cmd.WaitDelay = 2 * time.Second
	err := g.guard.run(cmd)
	out := output{stderr: stderr.text}
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return out, fault.From(context.Cause(ctx))
	}
	return out, &failure{out, signalOf(err)}
}

// signalOf returns the signal that ended a process, or 0. A shell between git and this
// program turns it into a status (POSIX, Shell Command Language, 2.8.2).
func signalOf(err error) int {
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	if ended.ExitCode() == 128+int(syscall.SIGKILL) {
		return int(syscall.SIGKILL)
	}
	return 0
}

// capped keeps what is written up to a limit. It embeds no [bytes.Buffer], whose method
// ReadFrom [io.Copy] would call in place of Write.
type capped struct {
	text    []byte
	limit   int
	dropped bool
}

func (c *capped) Write(p []byte) (int, error) {
	if len(c.text)+len(p) > c.limit {
		c.dropped = true
		return len(p), nil
	}
	c.text = append(c.text, p...)
	return len(p), nil
}

// tail keeps the end of what is written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if excess := len(t.text) - maxMessages; excess > 0 {
		t.text = append([]byte(nil), t.text[excess:]...)
	}
	return len(p), nil
}

// isWindows selects limits and paths that are different on Windows.
const isWindows = runtime.GOOS == "windows"
