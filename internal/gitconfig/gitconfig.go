// Package gitconfig makes git log in to Bitbucket in the later steps of a job,
// through the environment alone: GIT_CONFIG_COUNT, GIT_CONFIG_KEY_n and
// GIT_CONFIG_VALUE_n (git-config(1), since git 2.31).
package gitconfig

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

const countVariable = "GIT_CONFIG_COUNT"

// Reach is how far the credential reaches.
type Reach string

// The reaches, by the names that the input `git` takes.
const (
	RepositoryOnly Reach = "repository"
	Workspace      Reach = "workspace"
	Host           Reach = "host"
)

// Setup is what git is to be set up for.
type Setup struct {
	Reach Reach
	// Root is the URL under which repositories are cloned, without a slash at
	// its end.
	Root string
	// Paths are what the reach names below Root: workspace/slug, or workspace,
	// in each letter case that later steps may use. Empty for a whole host.
	Paths []string
	// SSH are the ssh addresses, each up to where the path begins, that go to
	// Root over HTTPS instead.
	SSH []string
	// User and Password log in. Where User is empty, the password goes into a
	// Bearer header instead.
	User     string
	Password secret.String
	// EnvPrefix begins the names of the variables that hold them.
	EnvPrefix string
}

// scopes are the URLs for which the credential is used. Git matches whole path
// segments, case-sensitively, whatever the user name.
func (s Setup) scopes() []string {
	if s.Reach == Host {
		return []string{s.Root}
	}
	var scopes []string
	for _, path := range s.Paths {
		scopes = append(scopes, s.Root+"/"+path)
		if s.Reach == RepositoryOnly {
			scopes = append(scopes, s.Root+"/"+path+".git")
		}
	}
	return scopes
}

// rewrite sends addresses that begin with from to to instead.
type rewrite struct {
	from, to string
}

// rewrites are made so that no neighbour is sent along: a whole host and a
// workspace end in a slash, a repository is the exact pair that ends in .git.
func (s Setup) rewrites() []rewrite {
	var all []rewrite
	for _, ssh := range s.SSH {
		if s.Reach == Host {
			all = append(all, rewrite{ssh, s.Root + "/"})
		}
		for _, path := range s.Paths {
			end := "/"
			if s.Reach == RepositoryOnly {
				end = ".git"
			}
			all = append(all, rewrite{ssh + path + end, s.Root + "/" + path + end})
		}
	}
	return all
}

// SSHAddresses returns how a host's ssh addresses begin, in each spelling that
// git takes, for each port.
func SSHAddresses(host string, ports ...string) []string {
	addresses := []string{"git@" + host + ":", "ssh://git@" + host + "/"}
	for _, port := range ports {
		addresses = append(addresses, "ssh://git@"+host+":"+port+"/")
	}
	return addresses
}

// Variables returns what to set, in this order: the count comes last, so that
// no reader sees a count without its entries. The entries stand behind those
// that the environment already has, and lookup reads. The error is a
// [*fault.Fault].
func Variables(setup Setup, lookup func(string) (string, bool)) ([]secret.Value, error) {
	first, err := countEntries(lookup)
	if err != nil {
		return nil, err
	}
	e := entries{next: first}
	if setup.User == "" {
		e.header(setup)
	} else {
		e.helper(setup, first)
	}
	for _, r := range setup.rewrites() {
		e.add("url."+r.to+".insteadOf", r.from)
	}
	e.set(countVariable, strconv.Itoa(e.next))
	return e.variables, nil
}

// entries collects configuration entries as variables.
type entries struct {
	variables []secret.Value
	next      int
}

func (e *entries) set(name, text string) {
	e.variables = append(e.variables, secret.Value{Name: name, Text: secret.New(text)})
}

func (e *entries) add(key, value string) {
	e.set(fmt.Sprintf("GIT_CONFIG_KEY_%d", e.next), key)
	e.set(fmt.Sprintf("GIT_CONFIG_VALUE_%d", e.next), value)
	e.next++
}

func (e *entries) addSecret(key, value string) {
	e.add(key, value)
	e.variables[len(e.variables)-1].Secret = true
}

// helper logs in through a credential helper. Git-lfs and every other client
// that asks git for credentials uses it too, and git says "Authentication
// failed" where it doesn't help. An earlier step's header would beat it, and
// another helper might answer first or store the secret, so both are reset for
// the same URLs.
func (e *entries) helper(setup Setup, first int) {
	user := fmt.Sprintf("%s_GIT_%d_USERNAME", setup.EnvPrefix, first)
	password := fmt.Sprintf("%s_GIT_%d_PASSWORD", setup.EnvPrefix, first)
	e.set(user, setup.User)
	e.set(password, setup.Password.Reveal())
	e.variables[len(e.variables)-1].Secret = true

	for _, scope := range setup.scopes() {
		e.add("http."+scope+".extraHeader", "")
		e.add("credential."+scope+".helper", "")
		e.add("credential."+scope+".helper", helperText(user, password))
		if hasPath(scope) {
			// Git-lfs tells the path only then, without which the scope can't match.
			e.add("credential."+scope+".useHttpPath", "true")
		}
	}
}

// helperText is a credential helper (gitcredentials(7)) that answers from two
// variables. Git runs it in a shell, so nothing but the names of the variables
// is ever put into it, and printf is the shell's own: no value is run, or seen
// on a command line.
func helperText(user, password string) string {
	return fmt.Sprintf(`!f() { if test "$1" = get; then printf 'username=%%s\npassword=%%s\n' "$%s" "$%s"; fi; }; f`, user, password)
}

// header logs in with a Bearer header, for tokens that have no user name. Other
// helpers are reset, so that a refused token isn't followed by another login.
func (e *entries) header(setup Setup) {
	for _, scope := range setup.scopes() {
		e.add("http."+scope+".extraHeader", "")
		e.addSecret("http."+scope+".extraHeader", "Authorization: Bearer "+setup.Password.Reveal())
		e.add("credential."+scope+".helper", "")
		e.add("credential."+scope+".helper", refused)
	}
}

// refused is a credential helper for a header that was not taken. Without an
// answer git would ask for a user name, and fail with that where nobody is
// there to type; with this one it sends the same header again, which goes before
// any user and password, and then says "Authentication failed".
const refused = `!f() { if test "$1" = get; then printf 'username=x-token-auth\npassword=refused\n'; fi; }; f`

func hasPath(scope string) bool {
	_, rest, _ := strings.Cut(scope, "://")
	return strings.Contains(rest, "/")
}

// maxEntries is far above any real use, and far below where git's own parser
// ends.
const maxEntries = 1_000_000

// countEntries returns how many entries the environment has. Git fails every
// command where the count is no number, or an entry has no key or no value; it
// is better told here.
func countEntries(lookup func(string) (string, bool)) (int, error) {
	text, _ := lookup(countVariable)
	if text == "" {
		return 0, nil
	}
	count, err := strconv.ParseUint(text, 10, 64)
	if err != nil || count > maxEntries {
		return 0, fault.New(fault.GitConfigCount, countVariable+" in the environment is no number of entries",
			"find the step or the runner setting that sets "+countVariable+", and correct it: every git command fails with it")
	}
	for i := range int(count) {
		for _, part := range []string{"KEY", "VALUE"} {
			name := fmt.Sprintf("GIT_CONFIG_%s_%d", part, i)
			if _, present := lookup(name); !present {
				return 0, fault.New(fault.GitConfigCount, fmt.Sprintf("%s counts %d entries, but %s is not set", countVariable, count, name),
					"find the step that sets "+countVariable+", and correct it: every git command fails with it")
			}
		}
	}
	return int(count), nil
}
