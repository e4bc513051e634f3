package action_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

func newFake(t *testing.T) *bitbuckettest.Server {
	return bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, ContextPath: "/ctx"})
}

// settings returns a step's settings for a token of the fake.
func settings(fake *bitbuckettest.Server, token bitbuckettest.Token) env {
	e := env{"INPUT_TOKEN": token.Secret, "INPUT_SERVER-URL": fake.URL, "INPUT_REPOSITORY": "team/repo"}
	switch token.Kind {
	case bitbuckettest.APIToken:
		return e.with(env{"INPUT_KIND": "api-token", "INPUT_IDENTITY": token.Email})
	case bitbuckettest.OAuthConsumer:
		return e.with(env{"INPUT_KIND": "oauth-consumer", "INPUT_IDENTITY": token.Key})
	case bitbuckettest.AppPassword:
		return e.with(env{"INPUT_KIND": "app-password", "INPUT_IDENTITY": token.Username})
	case bitbuckettest.PersonalHTTPToken:
		return e.with(env{"INPUT_SERVER-URL": fake.URL + "/ctx"})
	}
	return e
}

func TestVerify(t *testing.T) {
	t.Parallel()
	readOnly := bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}}
	granular := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}}
	admin := bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:write", "repository:admin"}}
	app := bitbuckettest.Token{Kind: bitbuckettest.AppPassword}
	user := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:user:bitbucket"}}
	dc := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_READ"}}
	down := func(s *bitbuckettest.Server) { s.AnswerAlways("/2.0/repositories/team/repo", bitbuckettest.Page(503)) }
	ended := func(s *bitbuckettest.Server) {
		s.AnswerAlways("/2.0/repositories/team/repo", bitbuckettest.Reply{Status: 401})
	}
	ofAnotherKind := func(s *bitbuckettest.Server) {
		s.AnswerAlways("/2.0/repositories/team/repo", bitbuckettest.Reply{Status: 401, Header: map[string]string{"x-credential-type": "api_token"}})
	}
	for _, test := range []struct {
		name     string
		token    bitbuckettest.Token
		change   func(*bitbuckettest.Server)
		more     env
		exit     int
		verified string
		scopes   string
		fault    fault.Code // an error if the exit code isn't 0, else a warning; or none
		message  string
		requests int
	}{
		{name: "no request without being asked", token: readOnly},
		{
			name: "strict", token: readOnly, more: env{"INPUT_VERIFY": "strict"},
			verified: "true", scopes: "repository", requests: 1,
		},
		{
			name: "warn", token: granular, more: env{"INPUT_VERIFY": "warn"},
			verified: "true", scopes: "read:repository:bitbucket", requests: 1,
		},
		{name: "Data Center", token: dc, more: env{"INPUT_VERIFY": "strict"}, verified: "true", requests: 1},
		{
			name: "refused, strict", token: readOnly, change: ended, more: env{"INPUT_VERIFY": "strict"},
			exit: 4, fault: fault.Refused, requests: 1,
		},
		{
			name: "refused, warn", token: readOnly, change: ended, more: env{"INPUT_VERIFY": "warn"},
			verified: "false", fault: fault.Refused, requests: 1,
		},
		{
			name: "refused, as another kind, strict", token: readOnly, change: ofAnotherKind, more: env{"INPUT_VERIFY": "strict"},
			exit: 4, fault: fault.Refused, message: "set the input kind to api-token", requests: 1,
		},
		{
			name: "refused, as another kind, warn", token: readOnly, change: ofAnotherKind, more: env{"INPUT_VERIFY": "warn"},
			verified: "false", fault: fault.Refused, message: "set the input kind to api-token", requests: 1,
		},
		{
			name: "outage, strict", token: readOnly, change: down, more: env{"INPUT_VERIFY": "strict"},
			exit: 5, fault: fault.ServerFailed, requests: 4,
		},
		{
			name: "outage, warn", token: readOnly, change: down, more: env{"INPUT_VERIFY": "warn"},
			fault: fault.ServerFailed, requests: 4,
		},
		{
			name: "required scopes", token: readOnly, more: env{"INPUT_REQUIRED-SCOPES": "read:repository:bitbucket"},
			verified: "true", scopes: "repository", requests: 1,
		},
		{
			name: "a required scope is missing", token: granular, more: env{"INPUT_REQUIRED-SCOPES": "repository:write"},
			exit: 4, fault: fault.ScopesMissing, message: "need: write:repository:bitbucket (", requests: 1,
		},
		{
			name: "a required scope is missing, warn", token: readOnly, more: env{"INPUT_REQUIRED-SCOPES": "repository:write", "INPUT_VERIFY": "warn"},
			verified: "true", scopes: "repository", fault: fault.ScopesMissing, requests: 1,
		},
		{
			name: "a required scope is misspelt", token: readOnly, more: env{"INPUT_REQUIRED-SCOPES": "repositry"},
			exit: 2, fault: fault.ScopeUnknown, message: "did you mean repository?",
		},
		{
			name: "required scopes on Data Center", token: dc, more: env{"INPUT_REQUIRED-SCOPES": "repository"},
			exit: 2, fault: fault.ScopesUncheckable,
		},
		{name: "required scopes, untold", token: readOnly, change: func(s *bitbuckettest.Server) {
			s.Answer("/2.0/repositories/team/repo", bitbuckettest.Reply{Body: "{}"})
		}, more: env{"INPUT_REQUIRED-SCOPES": "repository"}, exit: 5, fault: fault.ScopesUnreported, requests: 1},
		{
			name: "git without the scope to push", token: readOnly, more: env{"INPUT_VERIFY": "strict", "INPUT_GIT": "repository"},
			verified: "true", scopes: "repository", fault: fault.ScopesMissing, message: "repository:write", requests: 1,
		},
		{
			name: "far more than asked", token: admin, more: env{"INPUT_VERIFY": "strict", "INPUT_GIT": "repository"},
			verified: "true", scopes: "repository:write repository:admin", message: "more scopes than this step asks for: repository:admin", requests: 1,
		},
		{
			name: "app password, strict", token: app, more: env{"INPUT_VERIFY": "strict"},
			exit: 4, fault: fault.AppPasswordDead,
		},
		{
			name: "app password, warn", token: app, more: env{"INPUT_VERIFY": "warn"},
			verified: "false", fault: fault.AppPassword,
		},
		{
			name: "expired, strict", token: readOnly, more: env{"INPUT_VERIFY": "strict", "INPUT_EXPIRES-ON": "2026-11-20"},
			exit: 4, fault: fault.Expired,
		},
		{
			name: "expires soon, strict", token: readOnly, more: env{"INPUT_VERIFY": "strict", "INPUT_EXPIRES-ON": "2026-11-22"},
			verified: "true", scopes: "repository", fault: fault.ExpiresSoon, requests: 1,
		},
		{
			name: "no access, warn", token: user, more: env{"INPUT_VERIFY": "warn"},
			verified: "false", scopes: "read:user:bitbucket", fault: fault.ScopeMissing, requests: 1,
		},
		{
			name: "not found, warn", token: readOnly, more: env{"INPUT_VERIFY": "warn", "INPUT_REPOSITORY": "team/other"},
			verified: "false", scopes: "repository", fault: fault.NotFound, requests: 1,
		},
		{
			name: "expired, warn", token: readOnly, more: env{"INPUT_VERIFY": "warn", "INPUT_EXPIRES-ON": "2026-11-20"},
			verified: "true", scopes: "repository", fault: fault.Expired, requests: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			token := fake.Add(test.token)
			if test.change != nil {
				test.change(fake)
			}
			o := onGitHub(t, settings(fake, token).with(test.more))
			equal(t, "exit code", o.exit, test.exit)
			equal(t, "verified", o.outputs["verified"], test.verified)
			equal(t, "scopes", o.outputs["scopes"], test.scopes)
			equal(t, "requests", len(fake.Requests()), test.requests)
			level := "::warning title=bitbucket-auth "
			if test.exit != 0 {
				level = "::error title=bitbucket-auth "
				equal(t, "outputs", o.outputs, map[string]string{"error-code": test.fault.ID})
			}
			if test.fault.ID == "" {
				equal(t, "warnings", strings.Count(o.stdout, "::warning "), 0)
			} else if !strings.Contains(o.stdout, level+test.fault.ID+"::") {
				t.Errorf("%s isn't fault: %s", test.fault.ID, o.stdout)
			}
			if !strings.Contains(o.stdout, test.message) {
				t.Errorf("%q isn't message: %s", test.message, o.stdout)
			}
			checkMasksComeFirst(t, o.stdout)
			checkNoLeak(t, hosttest.GitHub, o, token.Secret)
		})
	}
}

// The timeout is for all requests together, not anew for each of them.
func TestTimeoutIsForAllRequests(t *testing.T) {
	t.Parallel()
	const each = 400 * time.Millisecond
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(each)
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, `{"access_token": "`+bitbuckettest.OAuthToken.NewSecret()+`"}`)
			return
		}
		_, _ = io.WriteString(w, `{"type": "repository"}`)
	})
	server := httptest.NewServer(slow)
	t.Cleanup(server.Close)
	o := onGitHub(t, env{
		"INPUT_TOKEN": credentialtest.ConsumerSecret(), "INPUT_IDENTITY": "Key123", "INPUT_KIND": "oauth-consumer", "INPUT_SERVER-URL": server.URL,
		"INPUT_REPOSITORY": "team/repo", "INPUT_VERIFY": "strict", "INPUT_TIMEOUT": (each * 3 / 2).String(),
	})
	equal(t, "error code", o.outputs, map[string]string{"error-code": fault.TimedOut.ID})
	equal(t, "exit code", o.exit, fault.ExitUnavailable)
}

// The timeout ends each kind of request: the check alone, and what an OAuth client asks
// for although the step has no check.
func TestTimeoutOfEachRequest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // otherwise the end of the connection isn't noticed
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	}))
	t.Cleanup(server.Close)
	for name, e := range map[string]env{
		"a check":         {"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_VERIFY": "strict"},
		"an OAuth client": {"INPUT_TOKEN": credentialtest.ConsumerSecret(), "INPUT_IDENTITY": "Key123", "INPUT_KIND": "oauth-consumer"},
	} {
		o := onGitHub(t, e.with(env{"INPUT_SERVER-URL": server.URL, "INPUT_REPOSITORY": "team/repo", "INPUT_TIMEOUT": "50ms"}))
		equal(t, name, o.outputs, map[string]string{"error-code": fault.TimedOut.ID})
	}
}

// Requests go through the proxy of the environment, say which version asks, and accept
// the certificates that are set.
func TestHowBitbucketIsAsked(t *testing.T) {
	t.Parallel()
	fake := bitbuckettest.New(t, bitbuckettest.Options{TLS: true, Repositories: []string{"team/repo"}})
	for _, token := range []bitbuckettest.Token{
		fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}}),
		fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository"}}),
	} {
		for ca, want := range map[string]int{fake.CA(): 0, "": fault.ExitUnavailable} {
			site := hosttest.Hosts[0].Start(t)
			maps.Copy(site.Env, settings(fake, token).with(env{"INPUT_VERIFY": "strict", "INPUT_CA-CERTIFICATE": ca}))
			w := world(site.Env, nil, nil)
			proxied := 0
			w.Proxy = func(*http.Request) (*url.URL, error) { proxied++; return nil, nil }
			before := len(fake.Requests())
			o := runWith(t, w)
			if o.exit != want || proxied == 0 {
				t.Errorf("exit code %d, want %d; asked for a proxy %d times\n%s", o.exit, want, proxied, o.stdout)
			}
			for _, r := range fake.Requests()[before:] {
				equal(t, "user agent", r.Agent, "bitbucket-auth/test")
			}
		}
	}
}

// An app password is refused without a request, and one that has no prefix may be the
// secret of an OAuth client.
func TestHintsAboutAppPasswords(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]bool{
		credentialtest.AppPassword(): false, credentialtest.ConsumerSecret(): true, credentialtest.Letters(10) + "ATBB" + credentialtest.Letters(18): true,
	} {
		o := onGitHub(t, env{"INPUT_TOKEN": token, "INPUT_IDENTITY": "me", "INPUT_KIND": "app-password", "INPUT_VERIFY": "strict"})
		_, refusal, _ := strings.Cut(answers(o), "error: ") // a warning before it may say the same
		if got := strings.Contains(refusal, "kind to oauth-consumer"); got != want || o.outputs["error-code"] != fault.AppPasswordDead.ID {
			t.Errorf("of a client: %t; got %s", want, answers(o))
		}
	}
}

// A signal during the check ends the run with nothing handed over, also if a failed check
// would only be a warning.
func TestSignalDuringTheCheck(t *testing.T) {
	t.Parallel()
	for _, verify := range []string{"warn", "strict"} {
		for _, code := range []fault.Code{fault.Interrupted, fault.Terminated, fault.HungUp, fault.Quit} {
			ctx, cancel := context.WithCancelCause(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				cancel(fault.New(code, "ended for a test"))
				<-r.Context().Done()
			}))
			t.Cleanup(server.Close)
			site := hosttest.Hosts[0].Start(t)
			maps.Copy(site.Env, env{
				"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_SERVER-URL": server.URL, "INPUT_REPOSITORY": "team/repo", "INPUT_VERIFY": verify,
			})
			var stdout bytes.Buffer
			exit := action.Run(ctx, world(site.Env, &stdout, io.Discard))
			files := site.Written(t)
			equal(t, verify+": exit code", exit, code.Exit)
			equal(t, verify+": outputs", commandFile(t, files["GITHUB_OUTPUT"]), map[string]string{"error-code": code.ID})
			equal(t, verify+": variables", files["GITHUB_ENV"], "")
			if log := stdout.String(); !strings.Contains(log, "ended for a test: nothing was handed over") || strings.Count(log, "ended for a test") != 1 {
				t.Errorf("%s: the log is %s", verify, stdout.String())
			}
		}
	}
}

func TestOAuthConsumer(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"}})
	o := onGitHub(t, settings(fake, consumer).with(env{"INPUT_GIT": "repository"}))
	equal(t, "exit code", o.exit, 0)
	minted := o.outputs["token"]
	if len(minted) < 1000 || minted == consumer.Secret {
		t.Fatalf("a token of %d characters", len(minted))
	}
	equal(t, "authorization", o.outputs["authorization"], "Bearer "+minted)
	equal(t, "identity", o.outputs["identity"], "x-token-auth")
	equal(t, "git-username", o.outputs["git-username"], "x-token-auth")
	equal(t, "token-expires-at", o.outputs["token-expires-at"], "2026-11-21T14:00:00Z")
	equal(t, "scopes", o.outputs["scopes"], "repository:write")
	equal(t, "the password of git", o.vars["BITBUCKET_GIT_0_PASSWORD"], minted)
	equal(t, "requests", len(fake.Requests()), 1)
	checkMasksComeFirst(t, o.stdout)
	for _, runner := range hosttest.Runners {
		checkNoLeak(t, runner, o, minted)
		checkNoLeak(t, runner, o, consumer.Secret)
	}

	o = onGitHub(t, settings(fake, consumer).with(env{"INPUT_VERIFY": "strict", "INPUT_REQUIRED-SCOPES": "repository"}))
	equal(t, "exit code with a check", o.exit, 0)
	equal(t, "verified", o.outputs["verified"], "true")
	equal(t, "requests with a check", len(fake.Requests()), 3)

	// The scopes of the minted token are those of the check's reply, or else those that
	// came with it.
	for reported, want := range map[string]string{"": "repository:write", "repository:admin, repository:write": "repository:admin repository:write"} {
		reply := bitbuckettest.Reply{Body: "{}"}
		if reported != "" {
			reply.Header = map[string]string{"x-oauth-scopes": reported}
		}
		fake.Answer("/2.0/repositories/team/repo", reply)
		o = onGitHub(t, settings(fake, consumer).with(env{"INPUT_VERIFY": "strict", "INPUT_REQUIRED-SCOPES": "repository:write"}))
		if o.exit != 0 || o.outputs["scopes"] != want {
			t.Errorf("with %q in the reply: exit code %d, scopes %q\n%s", reported, o.exit, o.outputs["scopes"], o.stdout)
		}
	}

	o = onGitHub(t, settings(fake, consumer).with(env{"INPUT_IDENTITY": "another-key"}))
	equal(t, "exit code of a wrong key", o.exit, 4)
	equal(t, "outputs of a wrong key", o.outputs, map[string]string{"error-code": "BBA213"})
}

// A server that sends everything back, or commands the runner, gets nothing out
// of it.
func TestHostileServer(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]bitbuckettest.Reply{
		"echo, 200": bitbuckettest.Echo(200), "echo, 302": bitbuckettest.Echo(302), "echo, 401": bitbuckettest.Echo(401), "echo, 403": bitbuckettest.Echo(403),
		"echo, 410": bitbuckettest.Echo(410), "commands, 200": bitbuckettest.Commands(200), "commands, 403": bitbuckettest.Commands(403), "commands, 410": bitbuckettest.Commands(410),
	} {
		for _, verify := range []string{"warn", "strict"} {
			fake := newFake(t)
			token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
			fake.AnswerAlways("/2.0/repositories/team/repo", reply)
			o := onGitHub(t, settings(fake, token).with(env{"INPUT_VERIFY": verify}))
			checkMasksComeFirst(t, o.stdout)
			for _, runner := range hosttest.Runners {
				checkNoLeak(t, runner, o, token.Secret)
			}
			if strings.Contains(o.outputs["scopes"], "owned") || strings.Contains(o.outputs["scopes"], "add-mask") {
				t.Errorf("%s: the server's text is an output: %s", name, o.outputs["scopes"])
			}
			// Its sentence is a part of a message of ours, and none of it is a command.
			for line := range strings.Lines(o.stdout) {
				ours := strings.HasPrefix(line, "::error title=bitbucket-auth ") || strings.HasPrefix(line, "::warning title=bitbucket-auth ")
				if strings.Contains(line, "owned") && !ours || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") || strings.Contains(line, "##teamcity[") || strings.Contains(line, "%0A::") {
					t.Errorf("%s: the server's text is a command: %s", name, line)
				}
			}
		}

		fake := newFake(t)
		consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
		fake.AnswerAlways("POST /site/oauth2/access_token", reply)
		o := onGitHub(t, settings(fake, consumer))
		if o.exit == 0 {
			t.Errorf("%s: a token was minted", name)
		}
		checkNoLeak(t, hosttest.GitHub, o, consumer.Secret)
	}
}

// A server's sentence that holds a piece of a token isn't quoted: neither of the one that is
// set nor of the one that an OAuth client gets.
func TestPiecesOfTokensAreNotQuoted(t *testing.T) {
	t.Parallel()
	minted := bitbuckettest.OAuthToken.NewSecret()
	access, client := credentialtest.AccessToken(), credentialtest.ConsumerSecret()
	var said string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, `{"access_token": "`+minted+`"}`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"type": "error", "error": {"message": "no access for `+said+` here"}}`)
	}))
	t.Cleanup(server.Close)
	for _, test := range []struct{ name, piece, token, kind string }{
		{"nothing secret", "this-user", access, "access-token"},
		{"an access token", access[30:60], access, "access-token"},
		{"a minted token", minted[30:60], client, "oauth-consumer"},
		{"the secret of a client", client[3:15], client, "oauth-consumer"},
	} {
		said = test.piece
		o := onGitHub(t, env{
			"INPUT_TOKEN": test.token, "INPUT_IDENTITY": "Key123", "INPUT_KIND": test.kind, "INPUT_SERVER-URL": server.URL,
			"INPUT_REPOSITORY": "team/repo", "INPUT_VERIFY": "warn",
		})
		shown := strings.Contains(answers(o)+o.summary, test.piece)
		if o.exit != 0 || o.outputs["verified"] != "false" || shown != (test.name == "nothing secret") {
			t.Errorf("%s: exit code %d, shown %t: %s", test.name, o.exit, shown, answers(o))
		}
	}
}

// A token of a project has no user, so git gets the Bearer header even if an
// identity is set: the check, which sends no user name, accepts the token.
func TestVerifyTokenWithoutUser(t *testing.T) {
	t.Parallel()
	for kind, want := range map[bitbuckettest.Kind]string{bitbuckettest.ProjectHTTPToken: "Bearer", bitbuckettest.PersonalHTTPToken: "Basic"} {
		fake := newFake(t)
		token := fake.Add(bitbuckettest.Token{Kind: kind, Scopes: []string{"PROJECT_READ"}})
		step := settings(fake, token).with(env{"INPUT_SERVER-URL": fake.URL + "/ctx", "INPUT_IDENTITY": token.Username, "INPUT_GIT": "repository"})
		o := onGitHub(t, step.with(env{"INPUT_VERIFY": "strict"}))
		equal(t, "verified", o.outputs["verified"], "true")
		scheme, _, _ := strings.Cut(o.outputs["git-authorization"], " ")
		equal(t, "git's scheme", scheme, want)
		equal(t, "a header for git", strings.Contains(o.env, "\nAuthorization: Bearer "+token.Secret+"\n"), want == "Bearer")
		equal(t, "a notice", strings.Contains(o.stdout, "identity isn't used for git"), want == "Bearer")
		scheme, _, _ = strings.Cut(onGitHub(t, step).outputs["git-authorization"], " ")
		equal(t, "git's scheme without a check", scheme, "Basic")
		o = onGitHub(t, step.with(env{"INPUT_VERIFY": "strict", "INPUT_IDENTITY": ""}))
		equal(t, "a notice without an identity", strings.Contains(o.stdout, "identity isn't used for git"), false)
		equal(t, "git's header without an identity", o.outputs["git-authorization"], "Bearer "+token.Secret)
	}
}

// The check sends no user name, so it says if git's is another than the token's.
func TestVerifyAnotherUser(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_READ"}, Username: "dev"})
	for identity, want := range map[string]bool{"dev": false, "Dev": false, "": false, "dev@example.com": true} {
		o := onGitHub(t, settings(fake, token).with(env{"INPUT_IDENTITY": identity, "INPUT_VERIFY": "strict"}))
		equal(t, "verified", o.outputs["verified"], "true")
		equal(t, identity, strings.Contains(o.stdout, "by another name than identity"), want)
	}
}
