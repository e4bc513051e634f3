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

// The names of the variables (git-config(1), ENVIRONMENT).
const (
	countVariable      = "GIT_CONFIG_COUNT"
	keyPrefix          = "GIT_CONFIG_KEY_"
	valuePrefix        = "GIT_CONFIG_VALUE_"
	parametersVariable = "GIT_CONFIG_PARAMETERS"
)

// Reach is which repositories a credential is used for.
type Reach string

// The reaches, by the names that the input `git` accepts.
const (
	RepositoryOnly Reach = "repository"
	Workspace      Reach = "workspace"
	Host           Reach = "host"
)

// Setup is a login, and what git uses it for.
type Setup struct {
	Reach Reach
	// Root is the URL under which repositories are cloned, without a slash at
	// its end.
	Root string
	// Workspaces and Repositories (workspace/slug) are those that are known, in
	// each letter case that later steps may use. Reach needs those that it means.
	Workspaces   []string
	Repositories []string
	// SSH are the ssh addresses, each up to where the path begins, that go to
	// Root over HTTPS instead.
	SSH []string
	// User and Password are the login. If User is empty, Password is sent in a
	// Bearer header instead.
	User     string
	Password secret.String
	// MapPassword says what to do in a step that doesn't have the password, on
	// hosts that keep secrets out of the environment of later steps. It stands in
	// a shell's double quotes, so it contains nothing that has a meaning there.
	MapPassword string
	// EnvPrefix begins the names of the variables that hold them.
	EnvPrefix string
	// CAFile is the path of a file with the CA certificates that git accepts
	// from the server, in place of its default ones. Empty for the default.
	CAFile string
}

// scopes are the URLs for which the credential is used. Git matches whole path
// segments, case-sensitively, whatever the user name.
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

// rewrite makes git use the prefix to where an address begins with from.
type rewrite struct {
	from, to string
}

// rewrites returns those that affect no neighbour: prefixes of a whole host or a
// workspace end in a slash, those of a repository in .git or a slash.
func (s Setup) rewrites() []rewrite {
	var all []rewrite
	add := func(from, end string) { all = append(all, rewrite{from + end, s.Root + "/" + end}) }
	for _, end := range s.kept() {
		add(s.Root+"/", end)
	}
	for _, ssh := range s.SSH {
		for _, end := range s.sent() {
			add(ssh, end)
		}
	}
	return all
}

// kept is what is rewritten to itself, after Root. A rule of the machine's own
// can't send it elsewhere then, for instance over ssh, or with an old password:
// git applies the longest rule, and of two equally long ones the first that it
// reads (git-config(1), url.<base>.insteadOf). So the longest ones that are known
// are set, and where only the host is known, an equally long rule takes precedence.
func (s Setup) kept() []string {
	var ends []string
	if s.Reach == Host {
		ends = append(ends, "")
	}
	if s.Reach != RepositoryOnly {
		ends = append(ends, suffixed(s.Workspaces, "/")...)
	}
	for _, repository := range s.Repositories {
		ends = append(ends, repository+".git", repository+"/")
	}
	return ends
}

// sent is what goes over HTTPS instead of ssh, after an ssh address.
func (s Setup) sent() []string {
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

// SSHAddresses returns how a host's ssh addresses begin, in each spelling that
// git accepts, for each port.
func SSHAddresses(host string, ports ...string) []string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // IPv6
	}
	addresses := []string{"git@" + host + ":", "ssh://git@" + host + "/"}
	for _, port := range ports {
		addresses = append(addresses, "ssh://git@"+host+":"+port+"/")
	}
	return addresses
}

// Variables returns what to set for the setups, in this order: the count comes
// last, so that no reader sees a count without its entries. The entries
// come after those that the environment already has, which lookup reads; of two
// that apply to the same URL, git uses the later one. The error is a
// [*fault.Fault].
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

// entries collects configuration entries as variables.
type entries struct {
	variables []secret.Value
	next      int
}

func (e *entries) set(name, text string) {
	e.variables = append(e.variables, secret.Value{Name: name, Text: secret.New(text)})
}

func (e *entries) setSecret(name string, text secret.String) {
	e.variables = append(e.variables, secret.Value{Name: name, Text: text, Secret: true})
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
	for _, r := range setup.rewrites() {
		e.add("url."+r.to+".insteadOf", r.from)
		// For pushes, git prefers any such rule to all of the others.
		e.add("url."+r.to+".pushInsteadOf", r.from)
	}
}

// HostScope is the URL for which sslCAInfo is set: that of the whole host of a
// URL. Git-lfs reads the setting for no other one (lfshttp/certs.go), and on Data
// Center, LFS objects are outside the paths of the repositories.
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
	e.setSecret(password, setup.Password)

	for _, scope := range setup.scopes() {
		e.add("http."+scope+".extraHeader", "")
		e.add("credential."+scope+".helper", "")
		e.add("credential."+scope+".helper", helperText(user, password, setup.MapPassword))
		if hasPath(scope) {
			// Only then does git-lfs send the path, which the scope has to match.
			e.add("credential."+scope+".useHttpPath", "true")
		}
	}
}

// helperText is a credential helper (gitcredentials(7)) that answers from two
// variables. Git runs it in a shell, so nothing but the names of the variables
// is ever put into it, and printf is the shell's own: no value is run, or seen
// on a command line. An empty password is answered too, so that git says
// "Authentication failed" instead of asking for a user name; mapPassword is then
// on standard error, which git passes on.
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
		e.add("credential."+scope+".helper", refused)
	}
}

// refused is a credential helper for a header that the server didn't accept.
// Without an answer, git would ask for a user name, and fail with that where
// there is no terminal; with this one it sends the same header again, which
// takes precedence over any user and password, and then says "Authentication
// failed".
const refused = `!f() { if test "$1" = get; then printf 'username=x-token-auth\npassword=refused\n'; fi; }; f`

func hasPath(scope string) bool {
	_, rest, _ := strings.Cut(scope, "://")
	return strings.Contains(rest, "/")
}

// maxEntries is far above any real use, and far below the limit of git's own
// parser.
const maxEntries = 1_000_000

// countEntries returns how many entries the environment has. Every git command
// fails if the count isn't a number, or an entry lacks its key or value, so
// that is reported here.
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
