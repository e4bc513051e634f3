package bitbucket

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

var update = flag.Bool("update", false, "write the table into docs/troubleshooting.md")

var (
	apiToken    = []credential.Kind{credential.APIToken}
	accessToken = []credential.Kind{credential.AccessToken}
	oauth       = []credential.Kind{credential.AccessToken, credential.OAuthConsumer}
	onCloud     = []credential.Kind{credential.APIToken, credential.AccessToken, credential.OAuthConsumer}
	dataCenter  = []credential.Kind{credential.HTTPAccessToken}
	either      = []credential.Kind{credential.APIToken, credential.HTTPAccessToken}
)

// situations are the known replies of Bitbucket to a check.
var situations = []struct {
	shown string
	reply reply
	kinds []credential.Kind
}{
	{"401 `Token is invalid, expired, or not supported for this endpoint.`", reply{status: 401}, onCloud},
	{"401 `Access token expired.`", refusal(401, `"message":"Access token expired."`), oauth},
	{"401 `… stopped supporting account passwords …`", reply{status: 401, body: []byte("Bitbucket Cloud recently stopped supporting account passwords")}, apiToken},
	{
		"403 `Your credentials lack one or more required privilege scopes.`",
		refusal(403, `"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["repository"]}`), onCloud,
	},
	{"403 `This API is not accessible by this authentication mechanism`", refusal(403, `"message":"This API is not accessible by this authentication mechanism"`), accessToken},
	{"403 with any other text", reply{status: 403}, apiToken},
	{"404 `The requested repository either does not exist or you do not have access. …`", reply{status: 404}, apiToken},
	{"410 `CHANGE-3222 - Functionality has been deprecated`", reply{status: 410, body: []byte("CHANGE-3222")}, apiToken},
	{"429 `Rate limit for this resource has been exceeded`", reply{status: 429}, either},
	{"500 to 599", reply{status: 503}, either},
	{"300 to 399", reply{status: 302}, either},
	{"200 that isn't JSON", reply{status: 200, body: []byte("<html>")}, either},
	{"any other status", reply{status: 418}, either},
	{"401 `IncorrectPasswordAuthenticationException`", exception(401, "auth.IncorrectPasswordAuthenticationException"), dataCenter},
	{"401 `CaptchaRequiredAuthenticationException`", exception(401, "auth.CaptchaRequiredAuthenticationException"), dataCenter},
	{"403 with `X-Authentication-Denied-Reason: CAPTCHA_CHALLENGE; …`", reply{status: 403, header: http.Header{"X-Authentication-Denied-Reason": {"CAPTCHA_CHALLENGE; login-url=https://git.example.com/login"}}}, dataCenter},
	{"401 `AuthorisationException`, or 403", exception(401, "AuthorisationException"), dataCenter},
	{"404 `NoSuchRepositoryException`, `NoSuchProjectException`", reply{status: 404}, dataCenter},
}

// refusal is an error of Cloud, exception one of Data Center.
func refusal(status int, fields string) reply {
	return reply{status: status, body: []byte(`{"error":{` + fields + `}}`)}
}

func exception(status int, name string) reply {
	return reply{status: status, body: []byte(`{"errors":[{"exceptionName":"com.atlassian.bitbucket.` + name + `"}]}`)}
}

func clientOf(kind credential.Kind) *Client {
	on := servertest.At("https://git.example.com")
	if kind.OnCloud() {
		on = server.Cloud
	}
	return &Client{options: Options{Server: on}}
}

// The table in docs/troubleshooting.md holds the program's own words.
func TestTroubleshootingTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("| Bitbucket answers | token | what to do first |\n|---|---|---|\n")
	for _, s := range situations {
		for _, kind := range s.kinds {
			c := clientOf(kind)
			_, f := c.judge(s.reply, kind, aRepository)
			if f == nil {
				t.Fatalf("%s: no fault", s.shown)
			}
			fmt.Fprintf(&b, "| %s | %s | [%s](#%s): %s |\n", s.shown, kind, f.Code.ID, strings.ToLower(f.Code.ID), f.Hints[0])
		}
	}
	const page, begin, end = "../../docs/troubleshooting.md", "<!-- replies: written by `make docs` -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/troubleshooting.md has no place for the table")
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("docs/troubleshooting.md is out of date: run make docs")
	}
}

// The narrowest resource is asked for. Its names are escaped, so that they can't lead
// elsewhere (RFC 3986, section 3.3).
func TestAddresses(t *testing.T) {
	t.Parallel()
	const api, dataCenter = credential.APIToken, credential.HTTPAccessToken
	for _, test := range []struct {
		kind            credential.Kind
		workspace, slug string
		what            resource // as messages and settings call it
		want            string
	}{
		{api, "acme", "site", "repository", "https://api.bitbucket.org/2.0/repositories/acme/site"},
		{api, "a/b", "c?d", "repository", "https://api.bitbucket.org/2.0/repositories/a%2Fb/c%3Fd"},
		{api, "acme", "", "workspace", "https://api.bitbucket.org/2.0/workspaces/acme"},
		{api, "a/b", "", "workspace", "https://api.bitbucket.org/2.0/workspaces/a%2Fb"},
		{api, "", "", "user", "https://api.bitbucket.org/2.0/user"},
		{dataCenter, "ACME", "site", "repository", "https://git.example.com/rest/api/latest/projects/ACME/repos/site"},
		{dataCenter, "a/b", "c?d", "repository", "https://git.example.com/rest/api/latest/projects/a%2Fb/repos/c%3Fd"},
		{dataCenter, "~dev", "", "workspace", "https://git.example.com/rest/api/latest/projects/~dev"},
		{dataCenter, "", "", "user", "https://git.example.com/rest/api/latest/users?limit=1"},
	} {
		what, got := clientOf(test.kind).locate(repository.Repository{Workspace: test.workspace, Slug: test.slug})
		if what != test.what || got != test.want {
			t.Errorf("%+v: got %s, %s", test, what, got)
		}
	}
}

// Without a header that says what an answer is, a text that isn't JSON or HTML is plain.
func TestPlainText(t *testing.T) {
	t.Parallel()
	const line = "down {1} [2] <3>"
	for kind, want := range map[string]string{"": line, "text/plain": line, "Text/Plain; charset=utf-8": line, "text/html": "", "application/json": ""} {
		if got := (reply{header: http.Header{"Content-Type": {kind}}, body: []byte(line + "\r\nuntil\nnoon")}).sentence(); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
}

// A client judges certificates by those that it was given, and only adds them if there are
// any.
func TestRoots(t *testing.T) {
	t.Parallel()
	if New(Options{}).roots != nil || New(Options{CA: []byte("x")}).roots == nil {
		t.Error("the client has other certificates than it was given")
	}
}

// Messages name the server as the caller does, and otherwise the host of its REST API.
func TestServerInMessages(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "api.bitbucket.org", "the LFS server": "the LFS server"} {
		c := &Client{options: Options{Server: server.Cloud, Name: name}}
		if f := c.unreachable(t.Context(), errors.New("it failed")); f.What != want+" can't be reached" {
			t.Errorf("got %v, want %s", f, want)
		}
	}
}

// If the time is over, that is the reason, whatever failed then.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want fault.Code
	}{
		{ended, errors.New("it failed"), fault.TimedOut},
		{t.Context(), context.DeadlineExceeded, fault.TimedOut},
		{t.Context(), errors.New("it failed"), fault.Unreachable},
		{ended, proxyRefusal(403), fault.ProxyRefused},
	} {
		if f := clientOf(credential.APIToken).unreachable(test.ctx, test.err); f.Code != test.want {
			t.Errorf("%v, ended %t: got %v", test.err, test.ctx.Err() != nil, f)
		}
	}
}

// The first and the last status of each class mean the same as those between.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fault.Code{
		201: fault.UnexpectedReply, 299: fault.UnexpectedReply, 300: fault.Redirected, 399: fault.Redirected, 400: fault.UnexpectedReply,
		428: fault.UnexpectedReply, 429: fault.RateLimited, 430: fault.UnexpectedReply, 499: fault.UnexpectedReply, 500: fault.ServerFailed, 599: fault.ServerFailed,
	} {
		for _, kind := range either {
			if _, f := clientOf(kind).judge(reply{status: status}, kind, aRepository); f == nil || f.Code != want {
				t.Errorf("%s, %d: got %v, want %s", kind, status, f, want.ID)
			}
		}
	}
	for status, want := range map[int][2]fault.Code{ // from Bitbucket, and from the source
		400: {fault.LFSFailed, fault.LFSFailed}, 499: {fault.LFSFailed, fault.LFSFailed},
		500: {fault.ServerFailed, fault.SourceUnreachable}, 508: {fault.ServerFailed, fault.SourceUnreachable}, 509: {fault.LFSFailed, fault.LFSFailed}, 510: {fault.ServerFailed, fault.SourceUnreachable},
	} {
		for i, isSource := range []bool{false, true} {
			if f := lfsRefusal(LFSServer{IsSource: isSource}, status, ""); f.Code != want[i] {
				t.Errorf("LFS, source %v, %d: got %v, want %s", isSource, status, f, want[i].ID)
			}
		}
	}
}

// The exit code is 4 where the credential is to blame, and 5 where it isn't.
func TestExitCodes(t *testing.T) {
	for _, s := range situations {
		c := clientOf(s.kinds[0])
		_, f := c.judge(s.reply, s.kinds[0], aRepository)
		blamed := s.reply.status >= 400 && s.reply.status < 500 && s.reply.status != 429 && s.reply.status != 418
		if want := map[bool]int{true: fault.ExitRefused, false: fault.ExitUnavailable}[blamed]; f.Code.Exit != want {
			t.Errorf("%s: exit code %d, want %d", s.shown, f.Code.Exit, want)
		}
	}
}

// A limit of LFS is named, and no other refusal is taken for one.
func TestLFSLimits(t *testing.T) {
	t.Parallel()
	for status, isLimit := range map[int]bool{402: true, 413: true, 507: true, 509: true, 400: false, 404: false, 422: false} {
		if f := lfsRefusal(LFSServer{}, status, ""); strings.Contains(f.What, "a limit is reached") != isLimit {
			t.Errorf("%d: got %v", status, f)
		}
	}
}

// What a refusal means depends on what was asked for. Either of two signs shows that a
// scope is missing.
func TestRefusalsOfResources(t *testing.T) {
	t.Parallel()
	const mechanism = `"message":"This API is not accessible by this authentication mechanism"`
	const scope, detail = `"message":"Your credentials lack one or more required privilege scopes."`, `"detail":{"required":["repository"]}`
	for _, test := range []struct {
		fields string
		what   resource
		code   fault.Code // none: it is accepted
		remark fault.Code
	}{
		{mechanism, aRepository, fault.MechanismRefused, fault.Code{}},
		{mechanism, aWorkspace, fault.MechanismRefused, fault.Code{}},
		{mechanism, aUser, fault.Code{}, fault.Code{}},
		{scope, aRepository, fault.ScopeMissing, fault.Code{}},
		{detail, aRepository, fault.ScopeMissing, fault.Code{}},
		{scope, aWorkspace, fault.Code{}, fault.NotChecked},
		{detail, aWorkspace, fault.Code{}, fault.NotChecked},
		{scope, aUser, fault.Code{}, fault.Code{}},
		{`"message":"No"`, aRepository, fault.Forbidden, fault.Code{}},
		{`"message":"No"`, aWorkspace, fault.Forbidden, fault.Code{}},
		{`"message":"No"`, aUser, fault.Forbidden, fault.Code{}},
	} {
		remarks, f := clientOf(credential.AccessToken).judge(refusal(403, test.fields), credential.AccessToken, test.what)
		switch {
		case f != nil && f.Code != test.code, f == nil && test.code.ID != "":
			t.Errorf("%s, %s: got %v", test.what, test.fields, f)
		case f == nil && (len(remarks) != 1 || remarks[0].Code != test.remark || (remarks[0].Level == fault.Warning) != (test.remark == fault.NotChecked)):
			t.Errorf("%s, %s: got %v", test.what, test.fields, remarks)
		}
	}
}

// Messages name the host that was asked, and the settings that can help there.
func TestCertificateHints(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind credential.Kind
		ca   string
		err  error
		what string
		hint string
	}{
		{credential.APIToken, "", x509.HostnameError{Certificate: &x509.Certificate{}}, "the certificate of api.bitbucket.org ", "check that nothing between"},
		{credential.HTTPAccessToken, "", x509.HostnameError{Certificate: &x509.Certificate{}}, "the certificate of git.example.com ", "set server-url to an address"},
		{credential.HTTPAccessToken, "", x509.UnknownAuthorityError{}, "the certificate of git.example.com ", "set ca-certificate to"},
		{credential.HTTPAccessToken, "x", x509.UnknownAuthorityError{}, "the certificate of git.example.com ", "check that ca-certificate contains"},
	} {
		c := clientOf(test.kind)
		c.roots = x509.NewCertPool()
		c.roots.AddCert(&x509.Certificate{Raw: []byte("x")})
		c.options.CA = []byte(test.ca)
		if f := c.unreachable(t.Context(), test.err); f.Code != fault.Certificate || !strings.HasPrefix(f.What, test.what) || !strings.HasPrefix(f.Hints[0], test.hint) {
			t.Errorf("%T: got %v, %q", test.err, f, f.Hints)
		}
	}
}
