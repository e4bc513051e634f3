package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Git gets the variables by which it finds programs and reaches the network, such as
// HTTPS_PROXY, and no others of the caller's: those of git itself could select another
// repository, or write a login to a file.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const mark = "of-the-caller"
	passedOn := []string{
		"ALL_PROXY", "BUILD_ID", "COMSPEC", "ComSpec", "HTTPS_PROXY", "JENKINS_NODE_COOKIE", "NO_PROXY", "PATH", "PATHEXT", "RUNNER_TRACKING_ID",
		"SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "SystemRoot", "WINDIR", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
	}
	// curl doesn't read HTTP_PROXY (curl(1), ENVIRONMENT).
	kept := []string{
		"HTTP_PROXY", "HOME", "TMPDIR", "XDG_CONFIG_HOME", "LC_ALL", "LD_PRELOAD", "GIT_DIR", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_COUNT",
		"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL", "GIT_TRACE_CURL", "GIT_TRACE", "GIT_CURL_VERBOSE", "GIT_SSL_NO_VERIFY", "GIT_EXEC_PATH",
		"GIT_TEMPLATE_DIR", "GIT_PROXY_COMMAND", "GITHUB_TOKEN", "BITBUCKET_AUTH_TOKEN", "INPUT_TOKEN", "JOB_TOKEN",
	}
	options := git.Options{
		Source: "https://github.com/octo/site", Bitbucket: "https://bitbucket.org/acme/site.git",
		Lookup: func(name string) (string, bool) {
			return mark, slices.Contains(passedOn, name) || slices.Contains(kept, name)
		},
		SourceLogin:    []secret.Value{{Name: "SOURCE_LOGIN", Text: secret.New("s3cret-source")}},
		BitbucketLogin: []secret.Value{{Name: "BITBUCKET_LOGIN", Text: secret.New("s3cret-bitbucket")}},
	}
	for of, login := range map[string]string{"": "", "source": "SOURCE_LOGIN=s3cret-source", "bitbucket": "BITBUCKET_LOGIN=s3cret-bitbucket", "bitbucket, staged": "BITBUCKET_LOGIN=s3cret-bitbucket"} {
		env := git.Environment(options, of)
		var got, logins []string
		for _, variable := range env {
			name, value, _ := strings.Cut(variable, "=")
			if value == mark {
				got = append(got, name)
			}
			if strings.Contains(value, "s3cret") {
				logins = append(logins, variable)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, passedOn) {
			t.Errorf("%q: got %q, want %q", of, got, passedOn)
		}
		if strings.Join(logins, " ") != login {
			t.Errorf("%q: it logs in with %q, want %q", of, logins, login)
		}
		for _, want := range []string{
			"HOME=/tmp/run", "USERPROFILE=/tmp/run", "XDG_CONFIG_HOME=" + filepath.FromSlash("/tmp/run/.config"), "TMPDIR=/tmp/run", "TMP=/tmp/run", "TEMP=/tmp/run",
			"LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1", "GIT_DEFAULT_HASH=sha1", "GIT_DEFAULT_REF_FORMAT=files",
			"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "GCM_INTERACTIVE=never", "GIT_LFS_SKIP_SMUDGE=1",
		} {
			if !slices.Contains(env, want) {
				t.Errorf("%q: %s isn't set", of, want)
			}
		}
	}
}

// A process finds its own side's server by its configuration, follows no redirect there,
// and may use its protocol besides https. Bitbucket's refs to push have a repository of
// their own, with the objects of the other one.
func TestConfigurationOfSides(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has one more entry, and other paths")
	}
	const bitbucket = "https://git.example.com/scm/acme/site.git"
	ofBitbucket := []string{"remote.bitbucket.url=" + bitbucket, "remote.bitbucket.lfsurl=" + bitbucket + "/info/lfs", "http." + bitbucket + ".followRedirects=false"}
	for _, test := range []struct {
		of, source string
		want       []string
	}{
		{"", "https://github.com/octo/site", nil},
		{"source", "https://github.com/octo/site", []string{
			"remote.source.url=https://github.com/octo/site", "remote.source.lfsurl=https://github.com/octo/site.git/info/lfs", "http.followRedirects=false",
		}},
		{"source", "http://gitea:3000/octo/site.git/", []string{
			"remote.source.url=http://gitea:3000/octo/site.git/", "remote.source.lfsurl=http://gitea:3000/octo/site.git/info/lfs",
			"protocol.http.allow=always", "http.followRedirects=false",
		}},
		{"source", "/srv/site.git", []string{
			"remote.source.url=/srv/site.git", "remote.source.lfsurl=file:///srv/site.git", "protocol.file.allow=always", "http.followRedirects=false",
		}},
		{"bitbucket", "http://gitea:3000/octo/site", ofBitbucket},
		{"bitbucket, staged", "/srv/site.git", ofBitbucket},
	} {
		env := git.Environment(git.Options{Source: test.source, Bitbucket: bitbucket, Lookup: func(string) (string, bool) { return "", false }}, test.of)
		values := map[string]string{}
		for _, variable := range env {
			name, value, _ := strings.Cut(variable, "=")
			values[name] = value
		}
		if _, isSet := values["HTTPS_PROXY"]; isSet {
			t.Errorf("%q: a variable is set that the caller's environment doesn't have", test.of)
		}
		var got []string
		for i := 0; values[fmt.Sprintf("GIT_CONFIG_KEY_%d", i)] != ""; i++ {
			got = append(got, values[fmt.Sprintf("GIT_CONFIG_KEY_%d", i)]+"="+values[fmt.Sprintf("GIT_CONFIG_VALUE_%d", i)])
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q, source %s: got\n%q, want\n%q", test.of, test.source, got, test.want)
		}
		repo, objects := "/tmp/run/repository.git", ""
		if test.of == "bitbucket, staged" {
			repo, objects = "/tmp/run/push.git", "/tmp/run/repository.git/objects"
		}
		if values["GIT_DIR"] != repo || values["GIT_OBJECT_DIRECTORY"] != objects {
			t.Errorf("%q: it works in %q, with the objects of %q", test.of, values["GIT_DIR"], values["GIT_OBJECT_DIRECTORY"])
		}
	}
}

// No side can be reached by another protocol than https and its own, which configuration
// of git's, a redirect, or a submodule could ask for.
func TestOtherProtocols(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"git://127.0.0.1:1/octo/site", "ssh://127.0.0.1:1/octo/site", "ftp://127.0.0.1:1/octo/site"} {
		g, err := git.Open(git.Options{
			Program: "git", Source: url, Bitbucket: url, Lookup: os.LookupEnv,
			Scrub: func(text string) string { return text }, IsSecret: func(string) bool { return false },
		})
		if err != nil {
			t.Fatal(err)
		}
		_, fromSource := g.ListSource(t.Context(), false)
		_, fromBitbucket := g.ListBitbucket(t.Context())
		for _, err := range []error{fromSource, fromBitbucket} {
			if scheme, _, _ := strings.Cut(url, ":"); err == nil || !strings.Contains(err.Error(), "transport '"+scheme+"' not allowed") {
				t.Errorf("%s: got %v", url, err)
			}
		}
		g.Close()
	}
}

// Git trusts the certificates that SSL_CERT_FILE names, and those of ca-certificate
// besides them.
func TestCertificates(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	named, file := filepath.Join(root, "named.pem"), filepath.Join(root, "ca.pem")
	if err := os.WriteFile(named, []byte("NAMED"), 0o600); err != nil {
		t.Fatal(err)
	}
	trusted := [][2]string{{"http.sslCAInfo", named}}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" { // where crypto/x509 doesn't read the variable
		trusted = nil
	}
	both := [][2]string{{"http.sslCAInfo", file}, {"http.schannelUseSSLCAInfo", "true"}}
	for _, test := range []struct {
		named, ca string
		want      [][2]string
		text      string
	}{
		{"", "", nil, ""},
		{named, "", trusted, ""},
		{named + ".missing", "", nil, ""},
		{"environment_test.go", "", nil, ""}, // for git, it would be relative to another folder
		{named, "MORE", both, "NAMED\nMORE\n"},
	} {
		entries, text, err := git.UseCA(root, git.Options{
			Bitbucket: "https://git.example.com/scm/acme/site.git",
			CA:        []byte(test.ca),
			Lookup:    func(name string) (string, bool) { return test.named, name == "SSL_CERT_FILE" && test.named != "" },
		})
		if err != nil || !slices.Equal(entries, test.want) || text != test.text {
			t.Errorf("SSL_CERT_FILE=%s, ca-certificate %q: got %q, %q, %v", test.named, test.ca, entries, text, err)
		}
	}
	if _, _, err := git.UseCA(filepath.Join(root, "missing"), git.Options{CA: []byte("MORE"), Lookup: func(string) (string, bool) { return "", false }}); fault.From(err).Code != fault.DiskFull {
		t.Errorf("got %v", err)
	}
}

// On a machine whose certificates aren't in a file, those of ca-certificate are for
// Bitbucket alone: git would no longer trust any other server otherwise. The file that
// SSL_CERT_FILE names comes before the system's.
// Not in parallel: it changes the system's files.
func TestCertificatesOfTheSystem(t *testing.T) {
	root := t.TempDir()
	named, system, file := filepath.Join(root, "named.pem"), filepath.Join(root, "system.pem"), filepath.Join(root, "ca.pem")
	for path, text := range map[string]string{named: "NAMED", system: "SYSTEM"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Of Debian, Fedora, openSUSE, RHEL and Alpine (crypto/x509, root_linux.go).
	if want := []string{
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	}; !slices.Equal(git.SystemCAs(), want) {
		t.Errorf("got %q, want %q", git.SystemCAs(), want)
	}
	for _, test := range []struct {
		systems     []string
		named       string
		scope, text string
	}{
		{nil, "", "http.https://git.example.com/.", "\nMORE\n"},
		{[]string{system + ".missing"}, named + ".missing", "http.https://git.example.com/.", "\nMORE\n"},
		{[]string{system + ".missing", system}, "", "http.", "SYSTEM\nMORE\n"},
		{[]string{system}, named, "http.", "NAMED\nMORE\n"},
		{[]string{system}, named + ".missing", "http.", "SYSTEM\nMORE\n"},
	} {
		undo := git.SystemCA(test.systems...)
		entries, text, err := git.UseCA(root, git.Options{
			Bitbucket: "https://git.example.com/scm/acme/site.git", CA: []byte("MORE"),
			Lookup: func(name string) (string, bool) { return test.named, name == "SSL_CERT_FILE" && test.named != "" },
		})
		undo()
		if want := [][2]string{{test.scope + "sslCAInfo", file}, {test.scope + "schannelUseSSLCAInfo", "true"}}; err != nil || !slices.Equal(entries, want) || text != test.text {
			t.Errorf("the system's %q, SSL_CERT_FILE=%s: got %q, %q, %v", test.systems, test.named, entries, text, err)
		}
	}
}

// The commands of both sides accept the additional certificates.
func TestCertificatesOfCommands(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("crypto/x509 doesn't read the variable there")
	}
	named := filepath.Join(t.TempDir(), "named.pem")
	if err := os.WriteFile(named, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := git.Open(git.Options{
		Program: "git", Source: "https://github.com/octo/site", Bitbucket: "https://bitbucket.org/acme/site.git",
		Lookup: func(name string) (string, bool) {
			return map[string]string{"SSL_CERT_FILE": named}[name], name == "SSL_CERT_FILE"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, of := range []string{"source", "bitbucket", "bitbucket, staged"} {
		if !g.Trusts(of, named) {
			t.Errorf("%s: it doesn't accept the certificates of %s", of, named)
		}
	}
}

// An object was fetched if it is there with its whole size. The list of pointers stays as
// it is.
func TestPointersWithoutObject(t *testing.T) {
	t.Parallel()
	repo := t.TempDir()
	var pointers []git.Pointer
	for i, size := range []int{3, 2, -1, 3} { // of what there is; -1: nothing
		oid := strings.Repeat(string(rune('a'+i)), 64)
		pointers = append(pointers, git.Pointer{OID: oid, Size: 3})
		folder := filepath.Join(repo, "lfs", "objects", oid[:2], oid[2:4])
		if size < 0 {
			continue
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, oid), []byte("abc")[:size], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := slices.Clone(pointers)
	if got := git.PointersWithoutObject(repo, pointers); !slices.Equal(got, before[1:3]) || !slices.Equal(pointers, before) {
		t.Errorf("got %v of %v", got, pointers)
	}
}
