package git_test

import (
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
	// HTTP_PROXY is none that curl reads (curl(1), ENVIRONMENT).
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
		for _, want := range []string{"HOME=/tmp/run", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS="} {
			if !slices.Contains(env, want) {
				t.Errorf("%q: %s isn't set", of, want)
			}
		}
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
