// Package gitconfig makes git log in to Bitbucket in the later steps of a job, through
// nothing but the environment: GIT_CONFIG_COUNT, GIT_CONFIG_KEY_n and
// GIT_CONFIG_VALUE_n (git-config(1), since git 2.31).
package gitconfig

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// The names of the variables (git-config(1), ENVIRONMENT).
const (
	countVariable      = "GIT_CONFIG_COUNT"
	keyPrefix          = "GIT_CONFIG_KEY_"
	valuePrefix        = "GIT_CONFIG_VALUE_"
	parametersVariable = "GIT_CONFIG_PARAMETERS"
)

// Reach limits the repositories that a credential is used for.
type Reach string

// The reaches, by the names that the input `git` accepts.
const (
	RepositoryOnly Reach = "repository"
	Workspace      Reach = "workspace"
	Host           Reach = "host"
)

// Setup is a login, and the repositories that git uses it for.
type Setup struct {
	Reach Reach
	// Root is the URL under which repositories are cloned, without a slash at
	// its end.
	Root string
	// Workspaces and Repositories (workspace/slug) are the known ones, in each letter
	// case that later steps may use. Those that Reach refers to are required.
	Workspaces   []string
	Repositories []string
	// SSH lists beginnings of ssh addresses, up to the path. Git then uses Root over
	// HTTPS instead.
	SSH []string
	// User and Password are the login. If User is empty, Password is sent in a
	// Bearer header instead.
	User     string
	Password secret.String
	// MapPassword is a hint for a step that doesn't have the password, on hosts that
	// keep secrets out of the environment of later steps. A shell reads it in double
	// quotes, so it contains no character that has a meaning there.
	MapPassword string
	// EnvPrefix begins the names of the variables that hold them.
	EnvPrefix string
	// CAFile is the path of a file with the CA certificates that git accepts
	// from the server, in place of its default ones. Empty for the default.
	CAFile string
}

// scopes returns the URLs for which the credential is used. Git matches complete path
// segments, case-sensitively, and ignores a user name in the URL.
func (s Setup) scopes() []string {
	var scopes []string
	switch s.Reach {
	case RepositoryOnly:
		for _, repository := range s.Repositories {
			scopes = append(scopes, s.Root+"/"+repository, s.Root+"/"+repository+".git")
		}
	case Workspace:
		for _, workspace := range s.Workspaces {
			scopes = append(scopes, s.Root+"/"+workspace)
		}
	case Host:
		scopes = append(scopes, s.Root)
	}
	return scopes
}

// pinned returns the paths below Root that are rewritten to themselves. A rule of the
// machine's own then can't send them elsewhere, for instance over ssh, or with an old
// password: git applies the longest rule, and of two equally long ones the first that
// it reads (git-config(1), url.<base>.insteadOf). So these are the longest paths that
// are known; if only the host is known, an equally long rule of the machine wins.
func (s Setup) pinned() []string {
	var ends []string
	if s.Reach != RepositoryOnly {
		ends = s.overHTTPS()
	}
	for _, repository := range s.Repositories {
		ends = append(ends, repository+".git", repository+"/")
	}
	return ends
}

// overHTTPS returns the paths that git uses over HTTPS instead of ssh.
func (s Setup) overHTTPS() []string {
	switch s.Reach {
	case RepositoryOnly:
		return suffixed(s.Repositories, ".git")
	case Workspace:
		return suffixed(s.Workspaces, "/")
	case Host:
		return append([]string{""}, suffixed(s.Workspaces, "/")...)
	}
	return nil
}

func suffixed(paths []string, suffix string) []string {
	var all []string
	for _, path := range paths {
		all = append(all, path+suffix)
	}
	return all
}

// SSHAddresses returns the beginnings of a host's ssh addresses, in each spelling that
// git accepts, for each port.
func SSHAddresses(host string, ports ...string) []string {
	host = server.Bracketed(host)
	addresses := []string{"git@" + host + ":", "ssh://git@" + host + "/"}
	for _, port := range ports {
		addresses = append(addresses, "ssh://git@"+host+":"+port+"/")
	}
	return addresses
}

// Variables returns the variables for the setups, in the order in which to set them:
// the count comes last, so that no reader sees a count without its entries. The
// entries follow those that the environment already has, which lookup reads; of two
// for the same URL, git uses the later one. The error is a [*fault.Fault].
func Variables(lookup func(string) (string, bool), setups ...Setup) ([]secret.Value, error) {
	next, err := countEntries(lookup)
	if err != nil {
		return nil, err
	}
	e := entries{next: next}
	for _, setup := range setups {
		e.addSetup(setup, lookup)
	}
	e.set(countVariable, strconv.Itoa(e.next))
	return e.variables, nil
}

// Append adds entries, each a key and a value, after those that variables contain.
func Append(variables []secret.Value, more ...[2]string) []secret.Value {
	var e entries
	for _, v := range variables {
		if v.Name == countVariable {
			e.next, _ = strconv.Atoi(v.Text.Reveal())
		} else {
			e.variables = append(e.variables, v)
		}
	}
	for _, entry := range more {
		e.add(entry[0], entry[1])
	}
	e.set(countVariable, strconv.Itoa(e.next))
	return e.variables
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
	e.set(fmt.Sprintf("%s%d", keyPrefix, e.next), key)
	e.set(fmt.Sprintf("%s%d", valuePrefix, e.next), value)
	e.next++
}

func (e *entries) addSetup(setup Setup, lookup func(string) (string, bool)) {
	if setup.User == "" {
		e.header(setup)
	} else {
		e.helper(setup, lookup)
	}
	if setup.CAFile != "" {
		e.add("http."+HostScope(setup.Root)+".sslCAInfo", setup.CAFile)
	}
	for _, end := range setup.pinned() {
		e.rewrite(setup.Root+"/"+end, setup.Root+"/"+end)
	}
	for _, ssh := range setup.SSH {
		for _, end := range setup.overHTTPS() {
			e.rewrite(ssh+end, setup.Root+"/"+end)
		}
	}
}

// rewrite makes git replace the beginning of an address (git-config(1),
// url.<base>.insteadOf). A path in it ends in / or .git, so that it can't match a longer
// name, such as team-2 for team.
func (e *entries) rewrite(from, to string) {
	e.add("url."+to+".insteadOf", from)
	// For pushes, git prefers any such rule to all of the others.
	e.add("url."+to+".pushInsteadOf", from)
}

// HostScope returns the URL of a URL's host, for which sslCAInfo is set: git-lfs reads
// the setting for no other scope (lfshttp/certs.go), and on Data Center, LFS objects
// are outside the paths of the repositories.
func HostScope(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/"
}

// helper logs in through a credential helper. Git-lfs and every other client
// that asks git for credentials uses it too, and when the token is refused, git
// says "Authentication failed". An earlier step's header would take precedence,
// and another helper might answer first or store the secret, so both are reset
// for the same URLs.
func (e *entries) helper(setup Setup, lookup func(string) (string, bool)) {
	// A number that no earlier call has used, so that each has its own variables.
	n := e.next
	var user, password string
	for taken := true; taken; n++ {
		user = fmt.Sprintf("%s_GIT_%d_USERNAME", setup.EnvPrefix, n)
		password = fmt.Sprintf("%s_GIT_%d_PASSWORD", setup.EnvPrefix, n)
		_, taken = lookup(user)
	}
	e.set(user, setup.User)
	e.variables = append(e.variables, secret.Value{Name: password, Text: setup.Password, Secret: true})

	for _, scope := range setup.scopes() {
		e.add("http."+scope+".extraHeader", "")
		e.add("credential."+scope+".helper", "")
		e.add("credential."+scope+".helper", helperText(user, password, setup.MapPassword))
		if _, rest, _ := strings.Cut(scope, "://"); strings.Contains(rest, "/") {
			// Only then does git-lfs send the path, which the scope has to match.
			e.add("credential."+scope+".useHttpPath", "true")
		}
	}
}

// helperText returns a credential helper (gitcredentials(7)) that answers from two
// variables. Git runs it in a shell, so it contains only the names of the variables,
// and printf is built into the shell: no value is run, or visible on a command line.
// It answers with an empty password too, so that git says "Authentication failed"
// instead of asking for a user name; it then prints mapPassword to standard error,
// which git passes on.
func helperText(user, password, mapPassword string) string {
	explain := ""
	if mapPassword != "" {
		explain = fmt.Sprintf(`test -n "$%s" || echo "bitbucket-auth: %s is empty: %s" >&2; `, password, password, mapPassword)
	}
	return fmt.Sprintf(`!f() { if test "$1" = get; then %sprintf 'username=%%s\npassword=%%s\n' "$%s" "$%s"; fi; }; f`, explain, user, password)
}

// header logs in with a Bearer header, for tokens that have no user name. Other
// helpers are reset, so that a refused token isn't followed by another login.
// Redirects are refused: git 2.39 sends the header to the server that one names.
func (e *entries) header(setup Setup) {
	for _, scope := range setup.scopes() {
		e.add("http."+scope+".extraHeader", "")
		e.add("http."+scope+".extraHeader", "Authorization: Bearer "+setup.Password.Reveal())
		e.variables[len(e.variables)-1].Secret = true
		e.add("http."+scope+".followRedirects", "false")
		e.add("credential."+scope+".helper", "")
		e.add("credential."+scope+".helper", refusedHelper)
	}
}

// refusedHelper is the credential helper that git runs if the server refuses the
// header. Without an answer, git would ask for a user name, and fail for want of a
// terminal; with this one it sends the same header again, which takes precedence over
// any user and password, and then says "Authentication failed".
const refusedHelper = `!f() { if test "$1" = get; then printf 'username=x-token-auth\npassword=refused\n'; fi; }; f`

// maxEntries is far above any real use, and far below the limit of git's own
// parser.
const maxEntries = 1_000_000

// countEntries returns the number of entries in the environment. Every git command
// fails if the count isn't a number, or an entry lacks its key or value, so that is
// reported here.
func countEntries(lookup func(string) (string, bool)) (int, error) {
	text, _ := lookup(countVariable)
	if text == "" {
		return 0, nil
	}
	count, err := strconv.ParseUint(text, 10, 64)
	if err != nil || count > maxEntries {
		return 0, fault.New(fault.GitConfigCount, countVariable+" in the environment isn't a valid number of entries",
			"find the step or the runner setting that sets "+countVariable+", and correct it: every git command fails with it")
	}
	for i := range int(count) {
		for _, prefix := range []string{keyPrefix, valuePrefix} {
			name := fmt.Sprintf("%s%d", prefix, i)
			if _, present := lookup(name); !present {
				return 0, fault.New(fault.GitConfigCount, fmt.Sprintf("%s counts %d entries, but %s is not set", countVariable, count, name),
					"find the step that sets "+countVariable+", and correct it: every git command fails with it")
			}
		}
	}
	return int(count), nil
}
