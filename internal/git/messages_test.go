package git_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// Git's messages when it fails, and the faults that they mean. The texts are those of git
// 2.39 with curl 7.88, of git 2.47 with curl 8.14, of git 2.55 with curl 8.23, and of
// Bitbucket, as people publish them. The page testdata/messages.md has all that a run then
// reports; after a change of words, read the page that this writes:
//
//	go test ./internal/git -run TestMessages$ -update
func TestMessages(t *testing.T) {
	sides := map[string]string{
		"source": "The source", "bitbucket": "Bitbucket", "push": "A push", "machine": "This machine",
		"lfs source": "LFS objects of the source", "lfs": "LFS objects for Bitbucket",
	}
	var page strings.Builder
	page.WriteString("# What git and servers say, and what the mirror reports\n\nWritten by `go test ./internal/git -run TestMessages$ -update`.\n")
	const url = "https://github.com/octo/site"
	const denied = "fatal: unable to access 'https://bitbucket.org/acme/site.git/': "
	for _, test := range []struct {
		side, stderr string
		want         fault.Code
	}{
		{"source", "fatal: could not read Username for 'https://github.com': terminal prompts disabled", fault.SourceRefused},
		{"source", "remote: Invalid username or token.\nfatal: Authentication failed for '" + url + "/'", fault.SourceRefused},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 403", fault.SourceRefused},
		{"source", "remote: Repository not found.\nfatal: repository '" + url + "/' not found", fault.SourceNotFound},
		{"source", "fatal: '/tmp/x' does not appear to be a git repository\nfatal: Could not read from remote repository.", fault.SourceNotFound},
		{"source", "fatal: 'source' does not appear to be a git repository", fault.GitMissing},
		{"source", "fatal: transport 'file' not allowed", fault.GitMissing},
		{"machine", "fatal: invalid filter-spec 'object:type=blob'", fault.GitMissing},
		{"source", "fatal: remote error: upload-pack: not our ref 1111111111111111111111111111111111111111", fault.SourceFailed},
		{"source", "fatal: unable to access '" + url + "/': Could not resolve host: github.com", fault.SourceUnreachable},
		{"source", "fatal: unable to access '" + url + "/': SSL certificate problem: unable to get local issuer certificate", fault.SourceUnreachable},
		{"source", "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred the last 120 seconds", fault.SourceUnreachable},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 502", fault.SourceUnreachable},
		{"source", "fatal: fetch-pack: invalid index-pack output\nfatal: write error: No space left on device", fault.DiskFull},
		{"source", "fatal: unable to access '/srv/site/.git/config': Permission denied\nfatal: expected flush after capabilities", fault.SourceFailed},
		{"source", "fatal: something new", fault.SourceFailed},
		{"bitbucket", "remote: You may not have access to this repository or it no longer exists in this workspace.\nfatal: Authentication failed for 'https://bitbucket.org/acme/site.git/'", fault.Refused},
		{"bitbucket", "fatal: remote error: CAPTCHA required\nYour Bitbucket account has been marked as requiring a CAPTCHA", fault.Refused},
		{"bitbucket", denied + "The requested URL returned error: 410", fault.AppPasswordDead},
		{"bitbucket", denied + "The requested URL returned error: 403", fault.Forbidden},
		{"bitbucket", denied + "The requested URL returned error: 429", fault.RateLimited},
		{"bitbucket", denied + "The requested URL returned error: 503", fault.ServerFailed},
		{"bitbucket", "fatal: repository 'https://git.example.com/scm/acme/site.git/' not found", fault.NotFound},
		{"bitbucket", "fatal: unable to update url base from redirection:\n  asked for: a\n   redirect: b", fault.Redirected},
		{"bitbucket", denied + "server certificate verification failed. CAfile: none CRLfile: none", fault.Certificate},
		{"source", "fatal: unable to access '" + url + "/': error adding trust anchors from file: /etc/ssl/cert.pem", fault.GitFailed},
		{"bitbucket", denied + "Problem with the SSL CA cert (path? access rights?)", fault.GitFailed},
		{"bitbucket", denied + "error setting certificate file: /etc/ssl/certs/ca-certificates.crt", fault.GitFailed},
		{"bitbucket", denied + "SSL certificate problem: self-signed certificate", fault.Certificate},
		{"bitbucket", denied + "SSL certificate OpenSSL verify result: self-signed certificate (18)", fault.Certificate},
		{"bitbucket", denied + "server verification failed: certificate signer not trusted. (CAfile: none CRLfile: none)", fault.Certificate},
		{"bitbucket", denied + "SSL: certificate subject name (example.com) does not match target hostname 'bitbucket.org'", fault.Certificate},
		{"bitbucket", denied + "Failed to connect to bitbucket.org port 443 after 2 ms: Couldn't connect to server", fault.Unreachable},
		{"bitbucket", denied + "Received HTTP code 407 from proxy after CONNECT", fault.Unreachable},
		{"bitbucket", denied + "CONNECT tunnel failed, response 403", fault.Unreachable},
		{"bitbucket", "fatal: unable to access 'https://bitbucket.org/acme/certificates.git/': Could not resolve host: bitbucket.org", fault.Unreachable},
		{"bitbucket", denied + "GnuTLS, handshake failed: The TLS connection was non-properly terminated.", fault.Unreachable},
		{"bitbucket", denied + "TLS connect error: error:0A00010B:SSL routines::wrong version number", fault.Unreachable},
		{"source", "fatal: unable to access '" + url + "/': end of response with 970 bytes missing", fault.SourceUnreachable},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 418", fault.SourceFailed},
		{"bitbucket", "fatal: unable to access 'https://bitbucket.org/acme/redirects.git/': Could not resolve host: bitbucket.org", fault.Unreachable},
		{"bitbucket", "warning: unable to access '/srv/attributes': Permission denied\nfatal: something new", fault.BitbucketFailed},
		{"bitbucket", "remote: unable to access 'https://x/': SSL certificate problem\nfatal: something new", fault.BitbucketFailed},
		{"source", "fatal: " + url + "/info/refs not valid: is this a git repository?", fault.SourceFailed},
		{"bitbucket", "fatal: https://bitbucket.org/acme/site.git/info/refs not valid: is this a git repository?", fault.UnexpectedReply},
		{"bitbucket", "fatal: something new", fault.BitbucketFailed},
		{"push", "remote: Your credentials lack one or more required privilege scopes.\n" + denied + "The requested URL returned error: 403", fault.WriteRefused},
		{"push", denied + "The requested URL returned error: 402", fault.UserLimit},
		{"push", "error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413\nsend-pack: unexpected disconnect while reading sideband packet", fault.PushTooLarge},
		{"push", "remote: Repository is over the size limit (4 GB) and will not accept further additions.\nfatal: the remote end hung up unexpectedly", fault.ReadOnly},
		{"push", "remote: No space left on device\nfatal: the remote end hung up unexpectedly", fault.Unreachable},
		{"push", "fatal: Authentication failed for 'https://bitbucket.org/acme/site.git/'", fault.Refused},
		{"push", "remote: [ALERT] Your push failed because the account 'acme' has exceeded its\nremote: [ALERT] user limit and this repository is restricted to read-only access.\n" + denied + "The requested URL returned error: 402", fault.UserLimit},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 500", fault.SourceUnreachable},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 499", fault.SourceFailed},
		{"bitbucket", denied + "The requested URL returned error: 500", fault.ServerFailed},
		{"bitbucket", denied + "The requested URL returned error: 300", fault.Redirected},
		{"bitbucket", denied + "The requested URL returned error: 399", fault.Redirected},
		{"bitbucket", denied + "The requested URL returned error: 299", fault.BitbucketFailed},
		{"bitbucket", denied + "The requested URL returned error: 400", fault.BitbucketFailed},
		{"machine", "\n  it went wrong  \nand then this", fault.GitFailed},
		{"machine", "it went wrong\nerror: a reason\nerror: another\nmore", fault.GitFailed},
		{"machine", "error: a reason\nfatal: the end\nerror: after it", fault.GitFailed},
		{"machine", "", fault.GitFailed},
		{"push", "error: RPC failed; HTTP 429 curl 22 The requested URL returned error: 429", fault.RateLimited},
		{"push", "error: RPC failed; HTTP 504 curl 22 The requested URL returned error: 504\nsend-pack: unexpected disconnect while reading sideband packet", fault.ServerFailed},
		{"push", "error: RPC failed; HTTP 411 curl 22 The requested URL returned error: 411", fault.BitbucketFailed},
		{"push", "error: pack-objects died of signal 9", fault.GitFailed},
		{"source", "remote: error: pack-objects died of signal 9\nfatal: early EOF", fault.SourceFailed},
		{"source", "remote: aborting due to possible repository corruption on the remote side.\nfatal: early EOF", fault.SourceFailed},
		{"source", "fatal: attempt to fetch/clone from a shallow repository\nfatal: source repository is shallow, reject to clone.", fault.SourceShallow},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 429", fault.SourceUnreachable},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 413", fault.SourceFailed},
		{"source", "fatal: fetch-pack: invalid index-pack output", fault.GitFailed},
		{"bitbucket", denied + "The requested URL returned error: 301", fault.Redirected},
		{"bitbucket", "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred the last 120 seconds", fault.TimedOut},
		{"lfs source", "batch response: Authentication required: Authorization error: " + url + "/info/lfs/objects/batch", fault.SourceRefused},
		{"lfs", "batch response: Authentication required: Authorization error: https://bitbucket.org/acme/site.git/info/lfs/objects/batch", fault.Refused},
		{"lfs", "batch response: Authorization error: https://bitbucket.org/acme/site.git/info/lfs/objects/batch", fault.WriteRefused},
		{"lfs", "LFS: Client error: https://bitbucket.org/acme/site.git/info/lfs/objects/batch from HTTP 507", fault.LFSFailed},
		{"lfs source", "LFS: Put \"https://s3.example.com/o\": EOF", fault.LFSFailed},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 401", fault.SourceRefused},
		{"source", "fatal: unable to access '" + url + "/': The requested URL returned error: 404", fault.SourceNotFound},
		{"source", "error: " + url + " did not send all necessary objects", fault.SourceFailed},
		{"source", "error: RPC failed; curl 28 Operation timed out after 300000 milliseconds", fault.SourceUnreachable},
		{"bitbucket", "error: RPC failed; curl 28 Operation timed out after 300000 milliseconds", fault.TimedOut},
		{"bitbucket", "fatal: could not read Username for 'https://bitbucket.org': terminal prompts disabled", fault.Refused},
		{"bitbucket", denied + "The requested URL returned error: 401", fault.Refused},
		{"bitbucket", denied + "The requested URL returned error: 404", fault.NotFound},
		{"source", "fatal: unable to access '" + url + "/': SSL: no alternative certificate subject name matches target host name 'github.com'", fault.SourceUnreachable},
		{"source", "fatal: the remote end hung up unexpectedly\nfatal: remote error: no", fault.SourceFailed},
		{"bitbucket", "fatal: the remote end hung up unexpectedly\nfatal: remote error: no", fault.BitbucketFailed},
		{"bitbucket", "fatal: remote error: Repository not found\nThe requested repository does not exist, or you do not have permission to access it.", fault.NotFound},
		{"source", "", fault.SourceFailed},
		{"bitbucket", "\n", fault.BitbucketFailed},
		{"bitbucket", denied + "The requested URL returned error: 499", fault.BitbucketFailed},
		{"push", "error: RPC failed; HTTP 413 curl 55 Send failure: Broken pipe\nsend-pack: unexpected disconnect while reading sideband packet", fault.PushTooLarge},
		{"push", "error: RPC failed; curl 60 SSL certificate problem: unable to get local issuer certificate\nfatal: the remote end hung up unexpectedly", fault.Certificate},
		{"bitbucket", "warning: redirected\n" + denied + "Could not resolve host: bitbucket.org", fault.Unreachable},
		{"bitbucket", denied + "schannel: next InitializeSecurityContext failed: SEC_E_WRONG_PRINCIPAL (0x80090322) - The target principal name is incorrect.", fault.Certificate},
		{"source", "fatal: remote error: Repository not found", fault.SourceNotFound},
	} {
		f := fault.From(git.Explain(git.Options{Source: url}, test.side, test.stderr))
		fmt.Fprintf(&page, "\n## %s\n\n    %s\n\nExit code %d\n\n    %s\n", sides[test.side], strings.ReplaceAll(test.stderr, "\n", "\n    "), f.Code.Exit, f)
		for _, hint := range f.Hints {
			page.WriteString("    hint: " + hint + "\n")
		}
		if f.Code != test.want {
			t.Errorf("%s: %s\ngot %v, want %s", test.side, test.stderr, f, test.want.ID)
		}
		if locked := strings.Contains(test.stderr, "CAPTCHA"); locked != strings.Contains(strings.Join(f.Hints, ""), "log in once with a browser") {
			t.Errorf("%s: hints %q", test.stderr, f.Hints)
		}
		if strings.Contains(f.What, "\n") || strings.Contains(f.What, "fatal:") || len(f.Hints) == 0 {
			t.Errorf("it reads %q, hints %q", f.What, f.Hints)
		}
	}
	compareGolden(t, filepath.Join("testdata", "messages.md"), page.String())
}

// How servers say that they have no such repository (Data Center; of git: daemon.c).
func TestMessagesOfNoRepository(t *testing.T) {
	t.Parallel()
	for words, isNone := range map[string]bool{
		"Repository not found": true, "no such repository: '/a'": true, "The requested repository does not exist": true, "access denied or repository not exported: /a": true,
		"no access": false, "not CAPTCHA required": false,
	} {
		for side, want := range map[string][2]fault.Code{
			"source":    {fault.SourceNotFound, fault.SourceFailed},
			"bitbucket": {fault.NotFound, fault.BitbucketFailed},
			"push":      {fault.NotFound, fault.BitbucketFailed},
		} {
			if f := fault.From(git.Explain(git.Options{}, side, "fatal: remote error: "+words)); f.Code != want[0] && isNone || f.Code != want[1] && !isNone {
				t.Errorf("%s: %s: got %v", side, words, f)
			}
		}
	}
}

// Only what curl says about a request is about certificates, and all that it says.
func TestMessagesOfCurl(t *testing.T) {
	t.Parallel()
	const unable = "fatal: unable to access 'https://git.example.com/a/': "
	for stderr, want := range map[string]fault.Code{
		unable + "SSL certificate problem 'x': no":                                  fault.Certificate,
		"hint: SSL CA cert\n" + unable + "Could not resolve host: git.example.com":  fault.Unreachable,
		"hint: certificate\n" + unable + "Could not resolve host: git.example.com":  fault.Unreachable,
		"hint: certificate\n" + unable + "error reading ca cert file /etc/cert.pem": fault.GitFailed,
		unable + "Problem with the SSL CA cert (path? access rights?)":              fault.GitFailed,
	} {
		if f := fault.From(git.Explain(git.Options{}, "bitbucket", stderr)); f.Code != want {
			t.Errorf("%s: got %v, want %s", stderr, f, want.ID)
		}
	}
	unknown := git.Explain(git.Options{}, "bitbucket", "hint: certificate has expired\n"+unable+"SSL certificate problem: unable to get local issuer certificate")
	if !strings.Contains(unknown.Error(), "CA that isn't known") {
		t.Errorf("got %v", unknown)
	}
}

// The C library's words, and Go's, for a machine that has no more space.
func TestMessagesOfAFullDisk(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"No space left on device", "no space left on device", "Disk quota exceeded", "disk quota exceeded", "File too large", "file too large",
	} {
		for _, side := range []string{"source", "bitbucket", "push", "machine", "lfs", "lfs source"} {
			if f := fault.From(git.Explain(git.Options{}, side, "fatal: write error: "+words)); f.Code != fault.DiskFull {
				t.Errorf("%s: %s: got %v", side, words, f)
			}
		}
	}
}

// With ca-certificate, the hint isn't to set it.
func TestMessagesWithCA(t *testing.T) {
	t.Parallel()
	const denied = "fatal: unable to access 'https://git.example.com/': "
	for _, test := range []struct{ stderr, without, with string }{
		{"error adding trust anchors from file: ca.pem", "set ca-certificate", "each certificate in ca-certificate is complete"},
		{"SSL certificate problem: unable to get local issuer certificate", "set ca-certificate", "check that ca-certificate contains"},
	} {
		for _, side := range []string{"source", "bitbucket", "push"} {
			without := whole(git.Explain(git.Options{}, side, denied+test.stderr))
			with := whole(git.Explain(git.Options{CA: []byte("PEM")}, side, denied+test.stderr))
			if !strings.Contains(without, test.without) || strings.Contains(without, test.with) {
				t.Errorf("%s, without: %s", side, without)
			}
			if strings.Contains(with, "set ca-certificate") || !strings.Contains(with, test.with) {
				t.Errorf("%s, with: %s", side, with)
			}
		}
	}
}

// The server that failed is asked what is wrong with its certificate.
func TestMessagesExamine(t *testing.T) {
	t.Parallel()
	const source, bitbucket = "https://github.com/octo/site", "https://bitbucket.org/acme/site.git"
	for side, want := range map[string]string{"source": source, "bitbucket": bitbucket, "push": bitbucket} {
		asked := ""
		unclear := git.Explain(git.Options{Source: source, Bitbucket: bitbucket, Examine: func(url string) (certificate.Problem, bool) {
			asked = url
			return 0, false
		}}, side, "fatal: unable to access 'https://x/': SSL certificate problem: certificate has expired")
		if asked != want || !strings.Contains(unclear.Error(), "has expired") {
			t.Errorf("%s: asked %q, got %v", side, asked, unclear)
		}
		found := git.Explain(git.Options{Examine: func(string) (certificate.Problem, bool) { return certificate.Expired, true }}, side, "fatal: unable to access 'https://x/': SSL certificate problem: x")
		if !strings.Contains(found.Error(), "has expired") {
			t.Errorf("%s: got %v", side, found)
		}
	}
}

var update = flag.Bool("update", false, "write the page of messages")

// compareGolden compares a text with a file, section by section.
func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotSections, wantSections := strings.Split(got, "\n## "), strings.Split(string(want), "\n## ")
	if len(gotSections) != len(wantSections) {
		t.Errorf("%s has %d sections, want %d", path, len(wantSections), len(gotSections))
	}
	for i := range min(len(gotSections), len(wantSections)) {
		if gotSections[i] != wantSections[i] {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", path, gotSections[i], wantSections[i])
		}
	}
}

// A server may send back the token that it was sent.
func TestMessagesHideSecrets(t *testing.T) {
	for _, side := range []string{"source", "bitbucket", "push", "machine"} {
		err := git.Explain(git.Options{Source: "https://github.com/octo/site"}, side, map[bool]string{true: "fatal: ", false: "fatal: remote error: "}[side == "machine"]+"no access with s3cret")
		if text := whole(err); strings.Contains(text, "s3cret") || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", side, text)
		}
	}
	for _, side := range []string{"source", "bitbucket", "push"} {
		for _, message := range []string{"Could not resolve host: s3cret.example.com", "error setting certificate file: /s3cret.pem"} {
			text := whole(git.Explain(git.Options{}, side, "fatal: unable to access 'https://x/': "+message))
			if strings.Contains(text, "s3cret") || !strings.Contains(text, "***") {
				t.Errorf("%s: %s", side, text)
			}
		}
	}
}

// What git, curl and git-lfs write shows no user-info, query or fragment of an
// address; a server's sentence shows its own links, which are to be followed.
func TestMessagesShortenAddresses(t *testing.T) {
	const source, bitbucket = "https://github.com/octo/site", "https://bitbucket.org/acme/site.git"
	const link = "https://bitbucket.org/sso?to=acme#now"
	for _, test := range []struct{ side, stderr, want string }{
		{"source", "fatal: unable to access 'https://me:pw@github.com/octo/site/?sig=x': Could not resolve host", "'https://github.com/octo/site/'"},
		{"source", "fatal: odd: " + source + "?sig=x", "odd: " + source},
		{"source", "fatal: remote error: see " + source + "?login=1 or https://evil.example/?x=1", "see " + source + "?login=1 or https://evil.example/"},
		{"source", "remote: see " + source + "?login=1", source + "?login=1"},
		{"source", "fatal: remote error: see " + link, "see https://bitbucket.org/sso"},
		{"bitbucket", "fatal: odd: " + link, "odd: https://bitbucket.org/sso"},
		{"bitbucket", "fatal: remote error: log in at " + link, "log in at " + link},
		{"bitbucket", "fatal: remote error: log in at https://s3cret@bitbucket.org/sso?to=acme", "log in at https://bitbucket.org/sso"},
		{"bitbucket", "fatal: remote error: log in at https://bitbucket.org/sso?to=s3cret", "log in at https://bitbucket.org/sso?to=***"},
		{"machine", "fatal: odd: " + link, "odd: https://bitbucket.org/sso"},
		{"push", "remote: read-only, see " + link + " or " + source + "?x=1\nfatal: the remote end hung up", "see " + link + " or " + source},
		{"lfs", "LFS: Put \"https://s3.example.com/o?X-Amz-Signature=" + strings.Repeat("a", 64) + "\": EOF", "Put \"https://s3.example.com/o\": EOF"},
		{"lfs", "batch response: see " + link, "see https://bitbucket.org/sso"},
	} {
		text := whole(git.Explain(git.Options{Source: source, Bitbucket: bitbucket}, test.side, test.stderr))
		if !strings.Contains(text, test.want+"\n") && !strings.Contains(text, test.want+": ") {
			t.Errorf("%s: %s\ngot  %s\nwant %s", test.side, test.stderr, text, test.want)
		}
	}
}

// whole returns all lines of a fault.
func whole(err error) string {
	f := fault.From(err)
	return f.What + "\n" + strings.Join(f.Hints, "\n") + "\n"
}

// A server's own sentence is the first hint, with all lines of it, and none of its
// progress.
func TestMessagesQuote(t *testing.T) {
	const atSource, atBitbucket = "fatal: unable to access 'https://github.com/octo/site/': The requested URL returned error: ", "fatal: unable to access 'https://bitbucket.org/acme/site.git/': The requested URL returned error: "
	for _, test := range []struct {
		side, stderr string
		code         fault.Code
		first        string // hint
	}{
		{
			"source", "remote: The 'octo' organization has enabled or enforced SAML SSO.\nremote: To access this repository, visit https://github.com/orgs/octo/sso?r=1 and try your request again.\n" + atSource + "403",
			fault.SourceRefused, "the source's server says: The 'octo' organization has enabled or enforced SAML SSO. To access this repository, visit https://github.com/orgs/octo/sso?r=1 and try your request again.",
		},
		{
			"source", "remote: Support for password authentication was removed.\nfatal: Authentication failed for 'https://github.com/octo/site/'",
			fault.SourceRefused, "the source's server says: Support for password authentication was removed.",
		},
		{
			"source", "remote: The project you were looking for could not be found.\nfatal: repository 'https://github.com/octo/site/' not found",
			fault.SourceNotFound, "the source's server says: The project you were looking for could not be found.",
		},
		{
			"source", "fatal: remote error: Repository not found\nThe requested repository does not exist, or you do not have permission to access it.\n",
			fault.SourceNotFound, "the source's server says: Repository not found The requested repository does not exist, or you do not have permission to access it.",
		},
		{"source", "remote: Down for maintenance\n" + atSource + "503", fault.SourceUnreachable, "the source's server says: Down for maintenance"},
		{"source", "remote: slow down\n" + atSource + "429", fault.SourceUnreachable, "the source's server says: slow down"},
		{"source", atSource + "413", fault.SourceFailed, "if a proxy is in front of the server"},
		{"source", atSource + "411", fault.SourceFailed, "if a proxy is in front of the server"},
		{
			"source", "remote: Enumerating objects: 5, done.\nremote: Counting objects:  20% (1/5)\rremote: Counting objects: 100% (5/5), done.\nremote: Total 5 (delta 0), reused 0 (delta 0)\n" +
				"remote: fatal: unable to read 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nremote: aborting due to possible repository corruption on the remote side.\nfatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
			fault.SourceFailed, "the source's server says: fatal: unable to read 4b825dc642cb6eb9a060e54bf8d69288fbee4904 aborting due to possible repository corruption on the remote side.",
		},
		{"source", "remote: error: pack-objects died of signal 9\nfatal: early EOF", fault.SourceFailed, "the source's server says: error: pack-objects died of signal 9"},
		{"bitbucket", "remote: You must enable two-step verification to access this resource.\n" + atBitbucket + "403", fault.Forbidden, "Bitbucket says: You must enable two-step verification"},
		{"bitbucket", "remote: To access this repository, an admin must whitelist your IP.\n" + atBitbucket + "403", fault.Forbidden, "Bitbucket says: To access this repository, an admin must whitelist your IP."},
		{"bitbucket", "remote: You may not have access to this repository\nfatal: Authentication failed for 'https://bitbucket.org/acme/site.git/'", fault.Refused, "Bitbucket says: You may not have access"},
		{"bitbucket", "remote: gone\nfatal: repository 'https://bitbucket.org/acme/site.git/' not found", fault.NotFound, "Bitbucket says: gone"},
		{"bitbucket", "fatal: remote error: CAPTCHA required\nYour account has been marked as requiring a CAPTCHA.\n\nfatal: the remote end hung up unexpectedly", fault.Refused, "Bitbucket says: CAPTCHA required Your account has been marked as requiring a CAPTCHA."},
		{"bitbucket", "fatal: remote error: Access denied by policy 7\nask your admin", fault.BitbucketFailed, "Bitbucket says: Access denied by policy 7 ask your admin"},
		{"bitbucket", "fatal: remote error: error: no entry", fault.BitbucketFailed, "Bitbucket says: error: no entry"},
		{"bitbucket", "remote: maintenance until noon\n" + atBitbucket + "503", fault.ServerFailed, "Bitbucket says: maintenance until noon"},
		{"bitbucket", atBitbucket + "411", fault.BitbucketFailed, "a proxy in front of the Data Center"},
		{"push", "error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413", fault.PushTooLarge, "a proxy in front of the Data Center"},
		{"push", "error: RPC failed; HTTP 411 curl 22 The requested URL returned error: 411", fault.BitbucketFailed, "a proxy in front of the Data Center"},
		{"push", "remote: Your credentials lack one or more required privilege scopes.\n" + atBitbucket + "403", fault.WriteRefused, "Bitbucket says: Your credentials lack one or more required privilege scopes."},
		{"push", "remote: half-a-t0ken is refused\nremote: sorry\n" + atBitbucket + "403", fault.WriteRefused, "Bitbucket says: sorry"},
	} {
		f := fault.From(git.Explain(git.Options{Source: "https://github.com/octo/site", Bitbucket: "https://bitbucket.org/acme/site.git", DataCenter: true}, test.side, test.stderr))
		if f.Code != test.code || !strings.HasPrefix(f.Hints[0], test.first) || strings.Contains(f.Hints[0], "hung up") {
			t.Errorf("%s: %s\ngot %v, hints %q\nwant %s, %q", test.side, test.stderr, f, f.Hints, test.code.ID, test.first)
		}
	}
}

// Of a path, git itself says what is wrong.
func TestMessagesQuoteAtPath(t *testing.T) {
	t.Parallel()
	f := fault.From(git.Explain(git.Options{Source: "/srv/site.git", SourceLocal: true}, "source", "remote: fatal: unable to read 1\nfatal: early EOF"))
	if want := "git says about the source: fatal: unable to read 1"; f.Hints[0] != want {
		t.Errorf("got %q, want %q", f.Hints, want)
	}
}

// On Cloud, no proxy of the user's is in front of the server.
func TestMessagesSizeOnCloud(t *testing.T) {
	text := whole(git.Explain(git.Options{Bitbucket: "https://bitbucket.org/acme/site.git"}, "push", "error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413"))
	if strings.Contains(text, "proxy") {
		t.Error(text)
	}
}

// What a server writes isn't taken for git's own words.
func TestMessagesOfServers(t *testing.T) {
	const refused = "fatal: unable to access 'https://bitbucket.org/acme/site.git/': The requested URL returned error: "
	for _, mark := range []string{"remote: ", "fatal: remote error: no\n"} {
		for _, line := range []string{
			refused + "410", refused + "401", "error: RPC failed; HTTP 413 curl 22", "fatal: Authentication failed for 'x'", "fatal: repository 'x' not found",
			"error: pack-objects died of signal 9", "fatal: write error: No space left on device", "Operation too slow", "fatal: could not read Username",
		} {
			for side, want := range map[string]fault.Code{"source": fault.SourceFailed, "bitbucket": fault.BitbucketFailed, "push": fault.BitbucketFailed} {
				stderr := mark + line + "\nfatal: something new"
				f := fault.From(git.Explain(git.Options{Source: "https://github.com/octo/site"}, side, stderr))
				if f.Code != want {
					t.Errorf("%s: %s\ngot %v, want %s", side, stderr, f, want.ID)
				}
			}
		}
	}
	// Git's own status counts, whatever the server writes before it.
	f := fault.From(git.Explain(git.Options{}, "push", "remote: The requested URL returned error: 410\n"+refused+"403"))
	if f.Code != fault.WriteRefused {
		t.Errorf("got %v", f)
	}
}

// If a process was killed on this machine, neither a server nor the network failed.
func TestMessagesOfKilled(t *testing.T) {
	for _, stderr := range []string{
		"error: pack-objects died of signal 9\nerror: failed to push some refs to 'https://bitbucket.org/acme/site.git'\nfatal: the remote end hung up unexpectedly",
		"error: rev-list died of signal 9\nerror: https://github.com/octo/site did not send all necessary objects",
		"error: index-pack died of signal 9\nfatal: fetch-pack: invalid index-pack output",
		"error: git-lfs died of signal 9",
	} {
		for _, side := range []string{"source", "bitbucket", "push", "machine", "lfs"} {
			f := fault.From(git.Explain(git.Options{}, side, stderr))
			if f.Code != fault.GitFailed || !strings.Contains(f.What, "signal 9") || !strings.Contains(f.What, "memory") {
				t.Errorf("%s: %s\ngot %v", side, stderr, f)
			}
		}
	}
	for _, side := range []string{"source", "bitbucket", "push", "machine", "lfs"} {
		if f := fault.From(git.ExplainSignal(side, 9)); f.Code != fault.GitFailed || !strings.Contains(f.What, "signal 9") {
			t.Errorf("%s: got %v", side, f)
		}
	}
	const lone = "fatal: fetch-pack: invalid index-pack output"
	for stderr, want := range map[string]fault.Code{
		lone: fault.GitFailed,
		"error: inflate: data stream error\n" + lone:                                          fault.SourceFailed,
		"remote: Counting objects: 100% (5/5), done.\n" + lone:                                fault.GitFailed,
		"fatal: early EOF\n" + lone:                                                           fault.SourceUnreachable,
		"error: RPC failed; curl 18 transfer closed\n" + lone:                                 fault.SourceUnreachable,
		"fatal: pack has bad object at offset 12: inflate returned -3\n" + lone:               fault.SourceFailed,
		"remote: aborting due to possible repository corruption on the remote side.\n" + lone: fault.SourceFailed,
	} {
		if f := fault.From(git.Explain(git.Options{}, "source", stderr)); f.Code != want {
			t.Errorf("%s\ngot %v, want %s", stderr, f, want.ID)
		}
	}
}

// What git-lfs 3.3.0 says, without its progress and without its broken format of an
// address.
func TestMessagesOfLFS(t *testing.T) {
	const oid = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4"
	const failed = "\nerror: failed to fetch some objects from 'https://github.com/octo/site'\n"
	for _, test := range []struct {
		side, stderr string
		code         fault.Code
		reason       string
	}{
		{"lfs source", "fetch: Fetching reference refs/mirror-lfs\nbatch response: This repository is over its data quota." + failed, fault.LFSFailed, "This repository is over its data quota."},
		{"lfs source", "fetch: Fetching reference refs/mirror-lfs\n[" + oid + "] no access: [403] no access" + failed, fault.LFSFailed, "[" + oid + "] no access: [403] no access"},
		{"lfs source", "Fetching reference refs/mirror-lfs\nmissing protocol: \"file:///o\"" + failed, fault.LFSFailed, "missing protocol: \"file:///o\""},
		{"lfs source", "LFS: Client error &{%!!(string=http) %!!(string=) %!!(bool=false)}s(MISSING) from HTTP 413" + failed, fault.LFSFailed, "its storage answers with status 413"},
		{"lfs source", "LFS: Insufficient server storage: https://s3.example.com/a?X-Amz-Signature=abc" + failed, fault.LFSFailed, "Insufficient server storage: https://s3.example.com/a"},
		{"lfs source", "batch response: Authentication required: Authorization error: https://github.com/octo/site.git/info/lfs" + failed, fault.SourceRefused, "Authentication required"},
		{"lfs source", "batch response: Authorization error: https://github.com/octo/site.git/info/lfs\nCheck that you have proper access to the repository" + failed, fault.SourceRefused, "Authorization error"},
		{"lfs source", "LFS: Authorization error: https://s3.example.com/a" + failed, fault.LFSFailed, "Authorization error: https://s3.example.com/a"},
		{"lfs source", "fetch: Fetching reference refs/mirror-lfs" + failed, fault.LFSFailed, "no reason was given"},
		{"lfs source", "error transferring \"" + oid + "\": [0] remote missing object " + oid + failed, fault.LFSFailed, "remote missing object " + oid},
		{"lfs", "Uploading LFS objects:   0% (0/2), 0 B | 0 B/s, done.\nLFS: storage says: full\nerror: failed to push some refs to 'https://bitbucket.org/acme/site.git'", fault.LFSFailed, "storage says: full"},
		{"lfs", "batch response: Authentication required: x", fault.Refused, "Authentication required"},
		{"lfs", "batch response: Authorization error: x", fault.WriteRefused, ""},
		{"lfs source", "Fetching reference refs/x\nDownloading LFS objects:   0% (0/2)\nhint: x\nGit LFS upload failed:   0%\nfailed to push some refs to 'x'\nthe reason" + failed, fault.LFSFailed, "the reason"},
		{"lfs", "hint: Your push was rejected\nUploading LFS objects: 0%\nfatal: the reason", fault.LFSFailed, "Bitbucket: the reason"},
		{"lfs", "LFS: write /tmp/x: no space left on device", fault.DiskFull, ""},
	} {
		f := fault.From(git.Explain(git.Options{Source: "https://github.com/octo/site"}, test.side, test.stderr))
		if f.Code != test.code || !strings.Contains(f.What, test.reason) || strings.Contains(f.What, "%!") || strings.Contains(f.What, "failed to ") {
			t.Errorf("%s: %s\ngot %v", test.side, test.stderr, f)
		}
	}
}
