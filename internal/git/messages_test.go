package git_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// Git's messages when it fails, and the faults that they mean. The texts are those of git
// 2.39 with curl 7.88, of git 2.47 with curl 8.14, of git 2.55 with curl 8.23, and of
// Bitbucket, as people publish them.
func TestMessages(t *testing.T) {
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
		{"bitbucket", "fatal: something new", fault.BitbucketFailed},
		{"push", "remote: Your credentials lack one or more required privilege scopes.\n" + denied + "The requested URL returned error: 403", fault.WriteRefused},
		{"push", denied + "The requested URL returned error: 402", fault.UserLimit},
		{"push", "error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413\nsend-pack: unexpected disconnect while reading sideband packet", fault.PushTooLarge},
		{"push", "remote: Repository is over the size limit (4 GB) and will not accept further additions.\nfatal: the remote end hung up unexpectedly", fault.ReadOnly},
		{"push", "remote: No space left on device\nfatal: the remote end hung up unexpectedly", fault.Unreachable},
		{"push", "fatal: Authentication failed for 'https://bitbucket.org/acme/site.git/'", fault.Refused},
	} {
		f := fault.From(git.Explain(git.Remotes{Source: url}, test.side, test.stderr))
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
}

// A server may send back the token that it was sent.
func TestMessagesHideSecrets(t *testing.T) {
	for _, side := range []string{"source", "bitbucket", "push", "machine"} {
		err := git.Explain(git.Remotes{Source: "https://github.com/octo/site"}, side, "fatal: remote error: no access with s3cret")
		if text := err.Error(); strings.Contains(text, "s3cret") || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", side, text)
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
		text := git.Explain(git.Remotes{Source: source, Bitbucket: bitbucket}, test.side, test.stderr).Error()
		if shown, _, _ := strings.Cut(text, " (BBA"); !strings.HasSuffix(shown, test.want) && !strings.Contains(shown, test.want+": ") {
			t.Errorf("%s: %s\ngot  %s\nwant %s", test.side, test.stderr, text, test.want)
		}
	}
}
