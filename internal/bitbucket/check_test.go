package bitbucket_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// client makes a client of the fake.
func client(t *testing.T, fake *bitbuckettest.Server, kind credential.Kind, ca []byte) *bitbucket.Client {
	t.Helper()
	on := servertest.At(fake.URL).AsCloud()
	if kind == credential.HTTPAccessToken {
		on = servertest.At(fake.URL + "/ctx")
	}
	c := bitbucket.New(bitbucket.Options{Server: on, CA: ca, UserAgent: "bitbucket-auth/test"})
	return c
}

func newCredential(t *testing.T, kind credential.Kind, token bitbuckettest.Token) credential.Credential {
	t.Helper()
	identity := map[credential.Kind]string{credential.APIToken: token.Email, credential.AppPassword: token.Username, credential.OAuthConsumer: token.Key}[kind]
	c, _, err := credential.New(credential.Claim{Token: secret.New(token.Secret), Identity: identity, Kind: kind, Server: servertest.At("http://127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newFake(t *testing.T) *bitbuckettest.Server {
	return bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, ContextPath: "/ctx"})
}

// usual is a fake with a repository, a client of it, and an access token that
// can see the repository.
func usual(t *testing.T) (*bitbuckettest.Server, *bitbucket.Client, credential.Credential) {
	t.Helper()
	fake := newFake(t)
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}})
	return fake, client(t, fake, credential.AccessToken, nil), newCredential(t, credential.AccessToken, token)
}

var repo = repository.Repository{Workspace: "team", Slug: "repo"}

// Each kind of token against each thing that a check can ask for.
func TestCheck(t *testing.T) {
	const (
		api, access, dataCenter = credential.APIToken, credential.AccessToken, credential.HTTPAccessToken
		read, user              = "read:repository:bitbucket", "read:user:bitbucket"
	)
	token := func(kind bitbuckettest.Kind, scope string, reach ...string) bitbuckettest.Token {
		return bitbuckettest.Token{Kind: kind, Scopes: strings.Fields(scope), Reach: reach}
	}
	reader, ofUser := token(bitbuckettest.APIToken, read), token(bitbuckettest.APIToken, user)
	ofRepository := token(bitbuckettest.RepositoryAccessToken, "repository", "team/repo")
	ofWorkspace := token(bitbuckettest.WorkspaceAccessToken, "repository", "team")
	personal := token(bitbuckettest.PersonalHTTPToken, "REPO_READ")
	ofProject := token(bitbuckettest.ProjectHTTPToken, "PROJECT_READ", "team")
	workspace := repository.Repository{Workspace: "team"}
	nothing := repository.Repository{}
	none := fault.Code{}
	for _, test := range []struct {
		name    string
		kind    credential.Kind
		token   bitbuckettest.Token
		subject repository.Repository
		scopes  string     // that are reported
		code    fault.Code // none: accepted
		said    string     // in remarks
	}{
		{"API token, repository", api, reader, repo, read, none, ""},
		{"API token, user", api, ofUser, nothing, user, none, ""},
		{"API token without the scope for the user", api, reader, nothing, read, none, "the token is valid, and nothing more was checked"},
		{"API token without the scope for the repository", api, ofUser, repo, user, fault.ScopeMissing, ""},
		{"API token without the scope for the workspace", api, reader, workspace, read, none, "the workspace wasn't checked"},
		{"API token without scopes", api, token(bitbuckettest.APIToken, ""), repo, "", fault.Refused, ""},
		{"API token, another workspace", api, token(bitbuckettest.APIToken, read, "other"), repo, read, fault.NotFound, ""},
		{"access token, repository", access, ofRepository, repo, "repository", none, ""},
		{"access token, workspace", access, ofWorkspace, workspace, "repository", none, ""},
		{"access token, no subject", access, ofRepository, nothing, "repository", none, "doesn't belong to a user"},
		{"API token sent as an access token", access, reader, repo, "", fault.Refused, ""},
		{"Data Center, personal", dataCenter, personal, repo, "", none, ""},
		{"Data Center, project", dataCenter, ofProject, workspace, "", none, ""},
		{"Data Center, no subject", dataCenter, personal, nothing, "", none, ""},
		{"Data Center, no such repository", dataCenter, personal, repository.Repository{Workspace: "team", Slug: "other"}, "", fault.NotFound, ""},
		{"Data Center, out of its reach", dataCenter, token(bitbuckettest.RepositoryHTTPToken, "REPO_READ", "other/repo"), repo, "", fault.PermissionMissing, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			cred := newCredential(t, test.kind, fake.Add(test.token))
			report, err := client(t, fake, test.kind, nil).Check(context.Background(), cred, test.subject)
			if got := code(err); got != test.code {
				t.Errorf("got %v, want %s", err, test.code.ID)
			}
			if got := strings.Join(report.Scopes, " "); got != test.scopes {
				t.Errorf("scopes: got %q", got)
			}
			said := ""
			for _, remark := range report.Remarks {
				said += remark.What
			}
			if !strings.Contains(said, test.said) || test.said == "" && said != "" {
				t.Errorf("said %q", said)
			}
			if requests := fake.Requests(); len(requests) != 1 || requests[0].Agent != "bitbucket-auth/test" {
				t.Errorf("requests: %+v", requests)
			}
		})
	}
}

// Data Center names the user of a token in every answer, refusals included.
func TestTokenWithoutUser(t *testing.T) {
	for _, test := range []struct {
		kind   credential.Kind
		token  bitbuckettest.Kind
		header string // in place of the fake's own
		slug   string
		want   bool
	}{
		{credential.HTTPAccessToken, bitbuckettest.ProjectHTTPToken, "", "repo", true},
		{credential.HTTPAccessToken, bitbuckettest.RepositoryHTTPToken, "", "other", true},
		{credential.HTTPAccessToken, bitbuckettest.PersonalHTTPToken, "", "repo", false},
		{credential.HTTPAccessToken, bitbuckettest.ProjectHTTPToken, "access-token-user%2F2%2F11754", "repo", true},
		{credential.HTTPAccessToken, bitbuckettest.ProjectHTTPToken, "access-token-users", "repo", false},
		{credential.HTTPAccessToken, bitbuckettest.ProjectHTTPToken, "an-access-token-user/2/11754", "repo", false},
		{credential.AccessToken, bitbuckettest.RepositoryAccessToken, "access-token-user/2/11754", "repo", false},
	} {
		fake := newFake(t)
		cred := newCredential(t, test.kind, fake.Add(bitbuckettest.Token{Kind: test.token, Scopes: []string{"PROJECT_READ"}}))
		if test.header != "" {
			path := "/ctx/rest/api/latest/projects/team/repos/repo"
			if test.kind.OnCloud() {
				path = "/2.0/repositories/team/repo"
			}
			fake.AnswerAlways(path, bitbuckettest.Reply{Header: map[string]string{"X-AUSERNAME": test.header}, Body: "{}"})
		}
		report, err := client(t, fake, test.kind, nil).Check(context.Background(), cred, repository.Repository{Workspace: "team", Slug: test.slug})
		if report.NoUser != test.want {
			t.Errorf("%+v: %v, %v", test, report.NoUser, err)
		}
	}
}

// Replies of Bitbucket, and of what may stand between it and the runner.
func TestReplies(t *testing.T) {
	const (
		path            = "/2.0/repositories/team/repo"
		accountPassword = "Bitbucket Cloud recently stopped supporting account passwords for API authentication."
		otherMechanism  = `{"error":{"message":"This API is not accessible by this authentication mechanism"}}`
		scopeMissing    = `{"error":{"message":"Your credentials lack one or more required privilege scopes.",` +
			`"detail":{"required":["repository","::add-mask::x"],"granted":["team"]}}}`
	)
	change := func(n string) string {
		return `{"type":"error","error":{"message":"` + n + ` - Functionality has been deprecated",` +
			`"data":{"announcement_url":"https://evil.example"}}}`
	}
	for _, test := range []struct {
		name     string
		reply    bitbuckettest.Reply
		code     fault.Code
		said     string
		requests int
	}{
		{"expired OAuth token", bitbuckettest.Reply{Status: 401, Body: `{"type": "error", "error": {"message": "Access token expired."}}`}, fault.TokenExpired, "expired", 1},
		{"account password", bitbuckettest.Reply{Status: 401, Body: accountPassword}, fault.AccountPassword, "account's password", 1},
		{"401 without a body", bitbuckettest.Reply{Status: 401}, fault.Refused, "or doesn't belong to the identity (401)", 1},
		{"401 with detail as text", bitbuckettest.Reply{Status: 401, Body: `{"error":{"message":"x","detail":"y"}}`}, fault.Refused, "401", 1},
		{"scope missing", bitbuckettest.Reply{Status: 403, Body: scopeMissing}, fault.ScopeMissing, "see the repository (403): repository (", 1},
		{"scope missing, without its name", bitbuckettest.Reply{Status: 403, Body: `{"error":{"message":"lack one or more required privilege scopes"}}`}, fault.ScopeMissing, "see the repository (403) (", 1},
		{"mechanism", bitbuckettest.Reply{Status: 403, Body: otherMechanism}, fault.MechanismRefused, "kind of token", 1},
		{"forbidden", bitbuckettest.Reply{Status: 403, Body: `{"type": "error", "error": {"message": "Forbidden"}}`}, fault.Forbidden, "doesn't let it see", 1},
		{"wrong path", bitbuckettest.Reply{Status: 404, Body: `{"error":{"message":"Resource not found","detail":"There is no API hosted at this URL."}}`}, fault.NotFound, "404", 1},
		{"removed", bitbuckettest.Reply{Status: 410, Body: change("CHANGE-2770")}, fault.Removed, "this endpoint: CHANGE-2770 (410)", 1},
		{"removed, as text", bitbuckettest.Reply{Status: 410, Body: "CHANGE-3222 - Functionality has been deprecated"}, fault.Removed, "this endpoint: CHANGE-3222 (410)", 1},
		{"removed, with the number in an address", bitbuckettest.Reply{Status: 410, Body: `{"error":{"message":"Gone","data":{"announcement_url":"https://evil.example#CHANGE-2770"}}}`}, fault.Removed, "this endpoint: CHANGE-2770 (410)", 1},
		{"removed, without a number", bitbuckettest.Reply{Status: 410}, fault.Removed, "this endpoint (410)", 1},
		{"rate limit", bitbuckettest.RateLimited(""), fault.RateLimited, "too many", 4},
		{"rate limit, with a Retry-After beyond the time", bitbuckettest.RateLimited("3600"), fault.RateLimited, "too many", 1},
		{"server error", bitbuckettest.Page(500), fault.ServerFailed, "500", 4},
		{"redirect", bitbuckettest.Redirect("https://evil.example/login"), fault.Redirected, "redirects", 1},
		{"a login page", bitbuckettest.Page(200), fault.UnexpectedReply, "isn't JSON", 1},
		{"a list", bitbuckettest.Reply{Body: "[]"}, fault.UnexpectedReply, "isn't JSON", 1},
		{"null", bitbuckettest.Reply{Body: "null"}, fault.UnexpectedReply, "isn't JSON", 1},
		{"nothing", bitbuckettest.Reply{}, fault.UnexpectedReply, "isn't JSON", 1},
		{"a teapot", bitbuckettest.Reply{Status: 418}, fault.UnexpectedReply, "418", 1},
		{"cut off", bitbuckettest.Reply{Body: `{"a": "b"}`, CutOff: true}, fault.Unreachable, "can't be reached", 4},
		{"hangs up", bitbuckettest.Reply{Hangup: true}, fault.Unreachable, "can't be reached", 4},
		{"endless", bitbuckettest.Reply{Body: strings.Repeat("x", 1<<16), Endless: true}, fault.UnexpectedReply, "larger than 1 MiB", 1},
		{"echo of the credential", bitbuckettest.Echo(403), fault.Forbidden, "doesn't let it see", 1},
		{"workflow commands", bitbuckettest.Commands(403), fault.Forbidden, "doesn't let it see", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
			cred := newCredential(t, credential.APIToken, token)
			fake.AnswerAlways(path, test.reply)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			report, err := client(t, fake, credential.APIToken, nil).Check(ctx, cred, repo)
			if code(err) != test.code || !strings.Contains(fmt.Sprint(err), test.said) {
				t.Errorf("got %v, want %s, %q", err, test.code.ID, test.said)
			}
			checkQuiet(t, err, report, token.Secret)
			if got := len(fake.Requests()); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
		})
	}
}

// checkQuiet fails the test if a fault or a remark quotes the reply.
func checkQuiet(t *testing.T, err error, report bitbucket.Report, token string) {
	t.Helper()
	text := strings.Join(report.Scopes, " ")
	if err != nil {
		f := fault.From(err)
		text += f.What + strings.Join(f.Hints, " ")
		if len(f.Hints) == 0 {
			t.Error("no hint")
		}
	}
	for _, remark := range report.Remarks {
		text += remark.What
	}
	for _, bad := range []string{token, token[20:40], "evil.example", "::add-mask::", "##[", "announcement"} {
		if strings.Contains(text, bad) {
			t.Errorf("the reply is quoted: %q in %q", bad, text)
		}
	}
}

func TestRetry(t *testing.T) {
	fake, _, cred := usual(t)
	fake.Answer("/2.0/repositories/team/repo", bitbuckettest.Page(502), bitbuckettest.RateLimited("0"))
	var said []string
	on := servertest.At(fake.URL).AsCloud()
	c := bitbucket.New(bitbucket.Options{Server: on, Say: func(line string) { said = append(said, line) }})
	if _, err := c.Check(context.Background(), cred, repo); err != nil {
		t.Errorf("got %v", err)
	}
	if len(said) != 2 || !strings.HasPrefix(said[0], on.Host()+": the server failed (502)") || len(fake.Requests()) != 3 {
		t.Errorf("%d requests, said %q", len(fake.Requests()), said)
	}
}

func TestRetryAfter(t *testing.T) {
	soon := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for text, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "90": 90 * time.Second, "172800": 48 * time.Hour, "a": 0, "-3": 0, "soon": 0, "Fri, 31 Dec 1999 23:59:59 GMT": 0, soon: time.Hour,
	} {
		got := bitbucket.RetryAfter(http.Header{"Retry-After": {text}})
		passed := map[bool]time.Duration{true: time.Minute}[text == soon] // since the date was written, at most
		if got > want || got < want-passed {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// A 401 is never repeated: Data Center locks accounts.
func TestDataCenterReplies(t *testing.T) {
	exception := func(name string) string {
		return `{"errors":[{"context":null,"message":"x","exceptionName":"com.atlassian.bitbucket.` + name + `"}]}`
	}
	for _, test := range []struct {
		reply   bitbuckettest.Reply
		code    fault.Code
		verdict bitbucket.Verdict
	}{
		{bitbuckettest.Reply{Status: 401, Body: exception("auth.IncorrectPasswordAuthenticationException")}, fault.Refused, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 401, Body: exception("AuthorisationException")}, fault.PermissionMissing, bitbucket.Denied},
		{bitbuckettest.Reply{Status: 403, Body: exception("auth.CaptchaRequiredAuthenticationException")}, fault.Refused, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 401}, fault.Refused, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 403}, fault.PermissionMissing, bitbucket.Denied},
		{bitbuckettest.Reply{Status: 404, Body: exception("project.NoSuchProjectException")}, fault.NotFound, bitbucket.NotFound},
		{bitbuckettest.Reply{Status: 404}, fault.NotFound, bitbucket.NotFound},
		{bitbuckettest.Reply{Status: 400, Body: exception("repository.NoSuchRepositoryException")}, fault.NotFound, bitbucket.NotFound},
		{bitbuckettest.Reply{Status: 400, Body: exception("project.NoSuchProjectException")}, fault.NotFound, bitbucket.NotFound},
		{bitbuckettest.Reply{Status: 302, Header: map[string]string{"Location": "/login"}}, fault.Redirected, bitbucket.Unanswered},
		{bitbuckettest.Reply{Status: 409, Body: "{"}, fault.UnexpectedReply, bitbucket.Unanswered},
	} {
		fake := newFake(t)
		cred := newCredential(t, credential.HTTPAccessToken, fake.Add(bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken}))
		fake.AnswerAlways("/ctx/rest/api/latest/projects/team/repos/repo", test.reply)
		report, err := client(t, fake, credential.HTTPAccessToken, nil).Check(context.Background(), cred, repo)
		if code(err) != test.code || report.Verdict != test.verdict || len(fake.Requests()) != 1 {
			t.Errorf("%d %s: got %v, verdict %d, %d requests", test.reply.Status, test.reply.Body, err, report.Verdict, len(fake.Requests()))
		}
	}
}

func TestTimeAndSignals(t *testing.T) {
	for name, test := range map[string]struct {
		reply bitbuckettest.Reply
		cause error
		code  fault.Code
	}{
		"slow to begin": {bitbuckettest.Reply{Delay: time.Minute}, nil, fault.TimedOut},
		"slow to end":   {bitbuckettest.Reply{Body: strings.Repeat("x", 1000), Pause: time.Second}, nil, fault.TimedOut},
		"a signal":      {bitbuckettest.Reply{Delay: time.Minute}, fault.New(fault.Terminated, "terminated"), fault.Terminated},
		"busy":          {bitbuckettest.RateLimited("60"), nil, fault.RateLimited},
	} {
		fake, c, cred := usual(t)
		fake.AnswerAlways("/2.0/repositories/team/repo", test.reply)
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		if test.cause != nil {
			time.AfterFunc(100*time.Millisecond, func() { cancel(test.cause) })
		} else {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, 200*time.Millisecond)
			defer stop()
		}
		started := time.Now()
		_, err := c.Check(ctx, cred, repo)
		if code(err) != test.code || time.Since(started) > 20*time.Second {
			t.Errorf("%s: got %v after %v", name, err, time.Since(started))
		}
	}
}

func TestTLS(t *testing.T) {
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, TLS: true})
	cred := newCredential(t, credential.AccessToken, fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}}))
	if _, err := client(t, fake, credential.AccessToken, []byte(fake.CA())).Check(context.Background(), cred, repo); err != nil {
		t.Errorf("with its CA: %v", err)
	}
	_, err := client(t, fake, credential.AccessToken, nil).Check(context.Background(), cred, repo)
	if code(err) != fault.Certificate {
		t.Errorf("without its CA: %v", err)
	}
}

// TLS 1.2 is the oldest version that is accepted.
func TestTLSVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[uint16]fault.Code{tls.VersionTLS11: fault.Unreachable, tls.VersionTLS12: fault.NotFound, tls.VersionTLS13: fault.NotFound} {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version} //nolint:gosec // an old server
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
		_, err := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL), CA: ca}).Check(t.Context(), credential.Credential{Kind: credential.HTTPAccessToken}, repo)
		s.Close()
		if code(err) != want {
			t.Errorf("%s: got %v, want %s", tls.VersionName(version), err, want.ID)
		}
	}
}

func TestPlainHTTPServer(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	c := bitbucket.New(bitbucket.Options{Server: servertest.At(strings.Replace(plain.URL, "http", "https", 1))})
	_, err := c.Check(t.Context(), credential.Credential{Kind: credential.HTTPAccessToken}, repo)
	if code(err) != fault.Unreachable || !strings.Contains(fmt.Sprint(err), "answers without TLS") {
		t.Errorf("got %v", err)
	}
}

// A connection that was never made isn't tried again: the address is most likely wrong.
func TestUnreachable(t *testing.T) {
	for address, says := range map[string]string{
		"http://127.0.0.1:1": "127.0.0.1:1 can't be reached (", "https://no-such-host.invalid:8443": "the host name no-such-host.invalid:8443 can't be resolved (",
	} {
		c := bitbucket.New(bitbucket.Options{Server: servertest.At(address), Say: func(line string) { t.Errorf("%s: %s", address, line) }})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, err := c.Check(ctx, credential.Credential{Kind: credential.AccessToken}, repo)
		cancel()
		if code(err) != fault.Unreachable || !strings.HasPrefix(fmt.Sprint(err), says) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

// Every request names the program, and the form of the answer that it can read.
func TestHeaders(t *testing.T) {
	t.Parallel()
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, fmt.Sprintf("%s %s: %s %s", r.Method, r.URL, r.UserAgent(), r.Header.Get("Accept")))
		_, _ = fmt.Fprintf(w, `{"objects": [{"actions": {"download": {"href": "http://%s/object"}}}]}`, r.Host)
	}))
	t.Cleanup(s.Close)
	c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud(), UserAgent: "us/1"})
	cred := credential.Credential{Kind: credential.AccessToken}
	_, _ = c.Check(t.Context(), cred, repo)
	_ = c.Create(t.Context(), cred, bitbucket.NewRepository{Repository: repo})
	_ = c.SetMainBranch(t.Context(), cred, repo, "refs/heads/trunk")
	_, _ = c.Mint(t.Context(), "id", secret.New("s3cret-s3cret"), now)
	_, _ = c.LostLFS(t.Context(), bitbucket.LFSServer{URL: s.URL}, []bitbucket.LFSObject{{}}, true)
	_, _ = c.Examine(t.Context(), s.URL)
	want := []string{
		"GET /2.0/repositories/team/repo: us/1 application/json", "POST /2.0/repositories/team/repo: us/1 application/json",
		"PUT /2.0/repositories/team/repo: us/1 application/json", "POST /site/oauth2/access_token: us/1 application/json",
		"POST /objects/batch: us/1 application/vnd.git-lfs+json", "GET /object: us/1 ", "HEAD /: us/1 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOtherKindIsReported(t *testing.T) {
	fake, c, cred := usual(t)
	fake.Answer("/2.0/repositories/team/repo", bitbuckettest.Reply{Body: "{}", Header: map[string]string{"x-credential-type": "api_token"}})
	report, err := c.Check(context.Background(), cred, repo)
	if err != nil || len(report.Remarks) != 1 || !strings.Contains(report.Remarks[0].What, "reports that the token is an API token, not an access token: set the input kind to api-token") {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		reply   bitbuckettest.Reply
		verdict bitbucket.Verdict
	}{
		{bitbuckettest.Reply{Body: "{}"}, bitbucket.Accepted},
		{bitbuckettest.Reply{Status: 401}, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 401, Body: `{"error": {"message": "Access token expired."}}`}, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 401, Body: "Bitbucket stopped supporting account passwords"}, bitbucket.Refused},
		{bitbuckettest.Reply{Status: 403}, bitbucket.Denied},
		{bitbuckettest.Reply{Status: 403, Body: `{"error":{"message":"not accessible by this authentication mechanism"}}`}, bitbucket.Denied},
		{bitbuckettest.Reply{Status: 403, Body: `{"error":{"message":"lack one or more required privilege scopes"}}`}, bitbucket.Denied},
		{bitbuckettest.Reply{Status: 404}, bitbucket.NotFound},
		{bitbuckettest.Reply{Status: 410}, bitbucket.Refused},
		{bitbuckettest.Page(503), bitbucket.Unanswered},
		{bitbuckettest.Page(200), bitbucket.Unanswered},
		{bitbuckettest.Reply{Hangup: true}, bitbucket.Unanswered},
	} {
		fake, c, cred := usual(t)
		fake.AnswerAlways("/2.0/repositories/team/repo", test.reply)
		report, err := c.Check(context.Background(), cred, repo)
		if report.Verdict != test.verdict {
			t.Errorf("%+v: got verdict %d, %v", test.reply, report.Verdict, err)
		}
		// The exit code says the same.
		refuses := err != nil && fault.From(err).Code.Exit == fault.ExitRefused
		if refuses != (report.Verdict != bitbucket.Accepted && report.Verdict != bitbucket.Unanswered) {
			t.Errorf("%+v: got verdict %d, but %v", test.reply, report.Verdict, err)
		}
	}
}

func code(err error) fault.Code {
	if err == nil {
		return fault.Code{}
	}
	return fault.From(err).Code
}
