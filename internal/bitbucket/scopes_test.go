package bitbucket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestMissing(t *testing.T) {
	for _, test := range []struct{ required, granted, want string }{
		{"", "repository", ""},
		// Legacy scopes bring others along.
		{"repository", "repository:write", ""},
		{"repository", "pullrequest", ""},
		{"repository", "pullrequest:write", ""}, // by way of both pullrequest and repository:write
		{"repository:write", "pullrequest:write", ""},
		{"repository", "project", ""},
		{"issue", "issue:write", ""},
		{"repository", "repository:admin", "repository"},
		{"repository", "project:admin", "repository"},
		{"repository:write", "repository", "repository:write"},
		{"webhook repository:write", "repository", "repository:write webhook"},
		// Granular ones include no others.
		{"read:repository:bitbucket", "write:repository:bitbucket", "read:repository:bitbucket"},
		{"read:repository:bitbucket", "admin:repository:bitbucket", "read:repository:bitbucket"},
		{"read:repository:bitbucket", "read:pullrequest:bitbucket", "read:repository:bitbucket"},
		{"write:repository:bitbucket", "read:repository:bitbucket write:repository:bitbucket", ""},
		// Either vocabulary asks for either.
		{"read:repository:bitbucket", "repository:write", ""},
		{"write:repository:bitbucket", "repository", "repository:write"},
		{"delete:repository:bitbucket", "repository:admin", "repository:delete"},
		{"read:user:bitbucket", "email", ""},
		{"read:workspace:bitbucket", "repository", "account"},
		{"repository", "read:repository:bitbucket", ""},
		{"repository:write", "write:repository:bitbucket", "read:repository:bitbucket"},
		{"repository:write", "read:repository:bitbucket write:repository:bitbucket", ""},
		{"pullrequest:write", "read:repository:bitbucket", "read:pullrequest:bitbucket write:pullrequest:bitbucket"},
		{"account", "read:workspace:bitbucket", ""},
		{"read:account read:me", "read:me read:account read:repository:bitbucket", ""},
		{"read:account read:me", "read:me read:repository:bitbucket", "read:account"},
		{"account", "read:repository:bitbucket", "read:user:bitbucket"},
		{"repository repository", "read:issue:bitbucket", "read:repository:bitbucket"},
	} {
		got := bitbucket.Missing(strings.Fields(test.required), strings.Fields(test.granted))
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s of %s: got %q, want %q", test.required, test.granted, got, test.want)
		}
	}
}

func TestParseScopes(t *testing.T) {
	const list = "repository, read:user:bitbucket\n\trepository:write,,write:package:bitbucket"
	got, err := bitbucket.ParseScopes(list, credential.APIToken)
	if want := []string{"repository", "read:user:bitbucket", "repository:write", "write:package:bitbucket"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for list, want := range map[string][]string{
		"read:repository:bitbucket read:user:bitbucket":              {"read:repository:bitbucket", "read:user:bitbucket"},
		"read:account, read:me\nread:repository:bitbucket":           {"read:account", "read:me", "read:repository:bitbucket"},
		"account pullrequest:write":                                  {"account", "pullrequest:write"},
		"read:user:bitbucket  write:package:bitbucket":               {"read:user:bitbucket", "write:package:bitbucket"},
		"- read:repository:bitbucket\n- write:pullrequest:bitbucket": {"read:repository:bitbucket", "write:pullrequest:bitbucket"},
		"- Repositories: Write\n- Pull requests: Read":               {"repository:write", "pullrequest"},
		"  - Repositories: Write\n  - read:user:bitbucket":           {"repository:write", "read:user:bitbucket"},
		"Repositories: Write\rread:user:bitbucket\twebhook":          {"repository:write", "read:user:bitbucket", "webhook"},
		"webhook\raccount": {"webhook", "account"},
	} {
		if got, err := bitbucket.ParseScopes(list, credential.AccessToken); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v", list, got, err)
		}
	}
	const asListed = "write scopes as Bitbucket lists them"
	for name, hint := range map[string]string{
		"repositry":                    "did you mean repository?",
		"read:repositry:bitbucket":     "did you mean read:repository:bitbucket?",
		"REPOSITORY":                   "did you mean repository?",
		"write:repositories:bitbucket": "did you mean write:repository:bitbucket?",
		"read:repo:bitbucket":          "did you mean read:repository:bitbucket?",
		"read:pull-request:bitbucket":  "did you mean read:pullrequest:bitbucket?",
		"read:repositories":            "did you mean read:repository:bitbucket?",
		"repository:read":              "did you mean read:repository:bitbucket?",
		"repo":                         "did you mean repository?",
		"repos:write":                  "did you mean repository:write?",
		"REPO_WRITE":                   "did you mean repository:write?",
		"PROJECT_ADMIN":                "did you mean project:admin?",
		"REPO-WRITE":                   "did you mean repository:write?",
		"REPO.WRITE":                   "did you mean repository:write?",
		"READING_ME":                   "did you mean read:me?",
		"READING_USERS":                "did you mean read:user:bitbucket?",
		"s3cret-s3cret-s3cret":         asListed,
		"::add-mask::x":                asListed,
		"repository;write:whatever":    asListed,
		"bitbucket":                    asListed,
		"some:bitbucket:thing":         asListed,

		"some:thing1:bitbucket": asListed,
		"writing":               asListed,

		"Repositories: Read, repositry:write": "did you mean repository:write?",
	} {
		_, err := bitbucket.ParseScopes(name, credential.AccessToken)
		if f := fault.From(err); f.Code != fault.ScopeUnknown || !strings.Contains(f.Hints[0], hint) || strings.Contains(f.What, name) {
			t.Errorf("%s: got %v, %q", name, f, f.Hints)
		}
	}
	if got, err := bitbucket.ParseScopes("", credential.HTTPAccessToken); err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := bitbucket.ParseScopes(" ,\n", credential.HTTPAccessToken); err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := bitbucket.ParseScopes("REPO_READ", credential.HTTPAccessToken); code(err) != fault.ScopesUncheckable {
		t.Errorf("got %v", err)
	}
}

// The words of the page on which access tokens are made.
func TestBoxes(t *testing.T) {
	for list, want := range map[string]string{
		"Repositories: Read":                       "repository",
		"Repositories: Write":                      "repository:write",
		"repositories:admin":                       "repository:admin",
		"  REPOSITORIES  :  delete ":               "repository:delete",
		"Repository: Write":                        "repository:write",
		"Pull requests: Read":                      "pullrequest",
		"pullrequests: WRITE":                      "pullrequest:write",
		"Pull-Requests: write":                     "pullrequest:write",
		"Projects: Read, Projects: Admin":          "project project:admin",
		"Projects: Read, Admin":                    "project project:admin",
		"Projects: Read, and Admin":                "project project:admin",
		"Projects: Read, Write and Admin":          "project project:write project:admin",
		"Projects: Read, webhook read":             "project webhook",
		"Repositories: Read and Delete":            "repository repository:delete",
		"Repositories: Read & Write":               "repository repository:write",
		"Repositories: Read + Write":               "repository repository:write",
		"repositories:write+pullrequests:read":     "repository:write pullrequest",
		"Pull_Requests: Read":                      "pullrequest",
		"pull\trequests:read":                      "pullrequest",
		"Pull request: Read":                       "pullrequest",
		"Account: Read and Email":                  "account email",
		"Account Email":                            "email",
		"Pipelines: edit Variables and read":       "pipeline:variable pipeline",
		"Pipelines: Read, Edit variables":          "pipeline pipeline:variable",
		"Pipelines (Edit variables)":               "pipeline:variable",
		"Projects Admin":                           "project:admin",
		"Repositories (Read/Delete)":               "repository repository:delete",
		"Repositories Read & Write":                "repository repository:write",
		"Repositories Read + Write":                "repository repository:write",
		"Account: Read":                            "account",
		"Account: Email":                           "email",
		"Account: Write":                           "account:write",
		"Webhooks: Read and write":                 "webhook webhook",
		"Pipelines: Read\nPipelines: Write":        "pipeline pipeline:write",
		"Pipelines: Edit variables":                "pipeline:variable",
		"Runners: Write":                           "runner:write",
		"Issues: Read":                             "issue",
		"Snippets: Write":                          "snippet:write",
		"Wikis: Read":                              "wiki",
		"Workspace membership: Read":               "team",
		"Repositories: Read/Write":                 "repository repository:write",
		"Repositories: Write Pull requests: Write": "repository:write pullrequest:write",
		"Repositories: Write, webhook pipeline":    "repository:write webhook pipeline",
		"repository:write, Pull requests: Read":    "repository:write pullrequest",
		"Repositories: Write, read:user:bitbucket": "repository:write read:user:bitbucket",
		"Repositories: Read, email":                "repository email",
		"Repositories (Write)":                     "repository:write",
		"Repositories - Write":                     "repository:write",
		"Repositories – Write":                     "repository:write",
		"Repositories-Write":                       "repository:write",
		"Repositories > Write":                     "repository:write",
		"repositories=write":                       "repository:write",
		"Repository write":                         "repository:write",
		"Pull requests → Read, Webhooks (Read)":    "pullrequest webhook",
		"Repositories Write Pull requests Read":    "repository:write pullrequest",
		"account email":                            "account email",
		"repository webhook":                       "repository webhook",
	} {
		got, err := bitbucket.ParseScopes(list, credential.AccessToken)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, %v", list, got, err)
		}
	}
	for product, scopes := range map[string]string{
		"Account": "Email=email Read=account Write=account:write", "Workspace membership": "Read=team Write=team:write", "Team membership": "Read=team Write=team:write",
		"Projects":      "Read=project Write=project:write Admin=project:admin",
		"Repositories":  "Read=repository Write=repository:write Admin=repository:admin Delete=repository:delete",
		"Pull requests": "Read=pullrequest Write=pullrequest:write", "Issues": "Read=issue Write=issue:write", "Wikis": "Read=wiki Write=wiki",
		"Snippets": "Read=snippet Write=snippet:write", "Webhooks": "Read=webhook Write=webhook Delete=webhook",
		"Pipelines": "Read=pipeline Write=pipeline:write Admin=pipeline:variable", "Runners": "Read=runner Write=runner:write",
	} {
		for _, pair := range strings.Fields(scopes) {
			level, scope, _ := strings.Cut(pair, "=")
			if got, err := bitbucket.ParseScopes(product+": "+level, credential.AccessToken); err != nil || !slices.Equal(got, []string{scope}) {
				t.Errorf("%s: %s: got %q, %v, want %s", product, level, got, err, scope)
			}
		}
	}
	for list, says := range map[string]string{
		"Repositories: Execute":                 "`Repositories: Execute`",
		"Pull requests: Admin":                  "`Pull requests: Admin`",
		"Repositoris: Write":                    "`Repositoris: Write`",
		"Deployments: Read":                     "`Deployments: Read`",
		"Deployments:Read":                      "`Deployments: Read`",
		"Deployments Read":                      "a scope that Bitbucket doesn't have",
		"Repositories Write Issues":             "a scope that Bitbucket doesn't have",
		"Repositories: Read, Execute":           "`Repositories: Execute`",
		"Projects: Read, webhook, Write":        "a scope that Bitbucket doesn't have",
		"Pipelines: Edit":                       "`Pipelines: Edit`",
		"Pipelines: Read and Edit":              "`Pipelines: Edit`",
		"Pipelines: Edit and Read":              "`Pipelines: Edit`",
		"Repository webhook":                    "a scope that Bitbucket doesn't have",
		"Repositories: Write webhook":           "a scope that Bitbucket doesn't have",
		"Repositories: Write Issues:":           "a scope that Bitbucket doesn't have",
		"Repositories: Write and Issues":        "a scope that Bitbucket doesn't have",
		"Projects: Read, Write webhook":         "a scope that Bitbucket doesn't have",
		"Repositories:":                         "a scope that Bitbucket doesn't have",
		"Repositories: Read, s3cret":            "a scope that Bitbucket doesn't have",
		"Token: " + strings.Repeat("secret", 5): "a scope that Bitbucket doesn't have",

		strings.Repeat("p", 30) + ": " + strings.Repeat("l", 15): "`" + strings.Repeat("p", 30) + ": " + strings.Repeat("l", 15) + "`",
		strings.Repeat("p", 31) + ": Read":                       "a scope that Bitbucket doesn't have",
		"Repositories: " + strings.Repeat("l", 16):               "a scope that Bitbucket doesn't have",
	} {
		_, err := bitbucket.ParseScopes(list, credential.AccessToken)
		if f := fault.From(err); err == nil || f.Code != fault.ScopeUnknown || !strings.Contains(f.What, says) || len(f.Hints) == 0 {
			t.Errorf("%q: got %v, %q", list, err, f.Hints)
		}
	}
	for list, hint := range map[string]string{
		"Repositoris: Write": "did you mean Repositories: Write?", "Pull requests: Admin": "for Pull requests, use Read or Write", "Deployments: Read": "write it as on the page",
	} {
		if _, err := bitbucket.ParseScopes(list, credential.AccessToken); !strings.HasPrefix(fault.From(err).Hints[0], hint) {
			t.Errorf("%s: got %q", list, fault.From(err).Hints)
		}
	}
	// For an API token they are checked by the scopes that it has instead.
	for list, granted := range map[string]string{
		"Repositories: Read": "read:repository:bitbucket", "Repositories: Write": "read:repository:bitbucket write:repository:bitbucket",
		"Repositories: Admin": "admin:repository:bitbucket", "Repositories: Delete": "delete:repository:bitbucket",
		"Pull requests: Write": "read:pullrequest:bitbucket write:pullrequest:bitbucket", "Projects: Admin": "admin:project:bitbucket",
		"Webhooks: Read": "read:webhook:bitbucket", "Webhooks: Write": "write:webhook:bitbucket", "Webhooks: Delete": "delete:webhook:bitbucket", "Account: Read": "read:user:bitbucket",
		"Pipelines: Edit variables": "admin:pipeline:bitbucket", "Runners: Write": "read:runner:bitbucket write:runner:bitbucket",
	} {
		required, err := bitbucket.ParseScopes(list, credential.APIToken)
		if missing := bitbucket.Missing(required, strings.Fields(granted)); err != nil || len(missing) > 0 {
			t.Errorf("%s: %v of %s, %v", list, missing, granted, err)
		}
		if missing := bitbucket.Missing(required, []string{"read:issue:bitbucket"}); !slices.Equal(missing, strings.Fields(granted)) {
			t.Errorf("%s: %v isn't what is missing", list, missing)
		}
	}
}

// A new token doesn't help with a scope that doesn't exist.
func TestMissingFault(t *testing.T) {
	for missing, hint := range map[string]string{
		"write:repository:bitbucket": "make a new token with these scopes",
		"write:package:bitbucket":    "check the spelling of write:package:bitbucket, which isn't a scope that this version knows",

		"read:user:bitbucket write:package:bitbucket": "check the spelling of write:package:bitbucket",
	} {
		f := bitbucket.MissingFault(strings.Fields(missing), credential.APIToken)
		if !strings.Contains(f.Hints[0], hint) || !strings.HasSuffix(f.What, ": "+strings.ReplaceAll(missing, " ", ", ")) {
			t.Errorf("%s: got %v, %q", missing, f, f.Hints)
		}
	}
	f := bitbucket.MissingFault([]string{"repository:write"}, credential.OAuthConsumer)
	if !strings.Contains(f.Hints[0], "add them to the scopes of the OAuth client") {
		t.Errorf("an OAuth client: got %q", f.Hints)
	}
}

// A hostile server's list must not cost more time than the timeout gives.
func TestScopesAreFew(t *testing.T) {
	var list strings.Builder
	for n := range 1000 {
		list.WriteString("repository repository:" + strings.Repeat("a", n%31+1) + string(rune('a'+n/31%26)) + " ")
	}
	if got := bitbucket.ScopesIn(list.String()); len(got) > 200 || !slices.Contains(got, "repository") {
		t.Errorf("got %d scopes", len(got))
	}
}

// What a server sends as a scope is dropped if it doesn't have the form of one.
func TestScopesHaveAForm(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 32)
	for list, want := range map[string]string{
		"repository account":            "repository account",
		"something":                     "",
		"a:b,c:d e:f\tg:h\ri:j\nk:l":    "a:b c:d e:f g:h i:j k:l",
		"a:b:c":                         "a:b:c",
		"a:b:c:d":                       "",
		"some:" + longest + " a:b":      "some:" + longest + " a:b",
		"some:" + longest + "a a:b":     "a:b",
		"read:pull-requests":            "read:pull-requests",
		"-a:b a:-b b:a":                 "b:a",
		":a a: a::b":                    "",
		"A:b a:b1 a:b_c a:b":            "a:b",
		"a:b repository a:b repository": "a:b repository",
	} {
		if got := strings.Join(bitbucket.ScopesIn(list), " "); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

// As many as Bitbucket could have are all read.
func TestScopesAreComplete(t *testing.T) {
	t.Parallel()
	var list []string
	for n := range 200 {
		list = append(list, fmt.Sprintf("read:a%c%c:bitbucket", 'a'+n/26, 'a'+n%26))
	}
	for _, end := range []string{"", ", repository"} { // one more is too much
		if got := bitbucket.ScopesIn(strings.Join(list, ", ") + end); !slices.Equal(got, list) {
			t.Errorf("got %q", got)
		}
	}
}

func TestExcess(t *testing.T) {
	for _, test := range []struct{ granted, required, want string }{
		{"repository:write", "", ""},
		{"repository repository:admin repository:delete", "repository", "repository:admin repository:delete"},
		{"repository:admin", "repository:admin", ""},
		{"repository:admin", "admin:repository:bitbucket", ""},
		{"admin:repository:bitbucket delete:issue:bitbucket", "repository:admin", "delete:issue:bitbucket"},
		{"admin:repository:bitbucket write:repository:bitbucket", "repository:write", "admin:repository:bitbucket"},
		{"project:admin pipeline:variable", "repository:admin", "project:admin"},
		{"some:admins some:deleted readmin:user undelete:user", "", ""},
	} {
		got := bitbucket.Excess(strings.Fields(test.granted), strings.Fields(test.required))
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.granted, got, test.want)
		}
	}
}

// What Bitbucket's OpenAPI document says about every scope: which others it includes, and
// which scope of access tokens allows what one of API tokens does.
func TestScopesOfBothKinds(t *testing.T) {
	t.Parallel()
	for scope, included := range map[string]string{
		"repository:write": "repository", "pullrequest": "repository", "pullrequest:write": "pullrequest repository:write repository", "project": "repository",
		"account:write": "account", "team:write": "team", "issue:write": "issue", "snippet:write": "snippet", "pipeline:write": "pipeline",
		"runner:write": "runner", "test:write": "test",
	} {
		if missing := bitbucket.Missing(strings.Fields(included), []string{scope}); len(missing) > 0 {
			t.Errorf("%s doesn't include %q", scope, missing)
		}
	}
	for scope, names := range map[string]string{
		"repository": "read:repository read:permission", "repository:write": "write:repository",
		"repository:admin": "admin:repository write:permission delete:permission", "repository:delete": "delete:repository",
		"pullrequest": "read:pullrequest", "pullrequest:write": "write:pullrequest", "project": "read:project", "project:admin": "admin:project",
		"account":       "read:workspace read:user read:ssh-key read:gpg-key",
		"account:write": "admin:workspace write:user write:ssh-key delete:ssh-key write:gpg-key delete:gpg-key",
		"pipeline":      "read:pipeline", "pipeline:write": "write:pipeline", "pipeline:variable": "admin:pipeline", "runner": "read:runner", "runner:write": "write:runner",
		"issue": "read:issue", "issue:write": "write:issue delete:issue", "webhook": "read:webhook write:webhook delete:webhook",
		"snippet": "read:snippet", "snippet:write": "write:snippet delete:snippet",
	} {
		for _, name := range strings.Fields(names) {
			if missing := bitbucket.Missing([]string{name + ":bitbucket"}, []string{"test"}); !slices.Equal(missing, []string{scope}) {
				t.Errorf("%s: an access token needs %q, want %s", name, missing, scope)
			}
		}
	}
	if !slices.Equal(bitbucket.PushScopes, []string{"repository:write"}) {
		t.Errorf("git needs %q", bitbucket.PushScopes)
	}
}

// What an access token's scope allows, an API token needs one of these sets for, by
// Bitbucket's OpenAPI document. The first is named if none is complete; without any, the
// scope itself is.
func TestScopesOfAPITokens(t *testing.T) {
	t.Parallel()
	for scope, sets := range map[string]string{
		"repository": "read:repository", "repository:write": "read:repository write:repository",
		"repository:admin": "admin:repository", "repository:delete": "delete:repository",
		"pullrequest": "read:pullrequest", "pullrequest:write": "read:pullrequest write:pullrequest",
		"project": "read:project", "project:write": "", "project:admin": "admin:project",
		"account": "read:user|read:workspace", "account:write": "write:user|write:ssh-key|write:gpg-key", "email": "read:user",
		"team": "read:workspace", "team:write": "admin:workspace",
		"issue": "read:issue", "issue:write": "read:issue write:issue", "wiki": "", "webhook": "read:webhook write:webhook",
		"snippet": "read:snippet", "snippet:write": "read:snippet write:snippet",
		"pipeline": "read:pipeline", "pipeline:write": "read:pipeline write:pipeline", "pipeline:variable": "admin:pipeline",
		"runner": "read:runner", "runner:write": "read:runner write:runner", "test": "", "test:write": "",
	} {
		first := []string{scope}
		for i, set := range strings.Split(sets, "|") {
			names := strings.Fields(set)
			for n := range names {
				names[n] += ":bitbucket"
			}
			if i == 0 && sets != "" {
				first = names
			}
			if missing := bitbucket.Missing([]string{scope}, names); sets != "" && len(missing) > 0 {
				t.Errorf("%s: %q lacks %q", scope, names, missing)
			}
		}
		if missing := bitbucket.Missing([]string{scope}, []string{"read:package:bitbucket"}); !slices.Equal(missing, first) {
			t.Errorf("%s: an API token needs %q, want %q", scope, missing, first)
		}
	}
}

// The scopes of both vocabularies, by Bitbucket's OpenAPI document and the page on which
// API tokens are made.
func TestScopeNames(t *testing.T) {
	t.Parallel()
	want := strings.Fields("project project:write project:admin repository repository:write repository:admin repository:delete pullrequest pullrequest:write " +
		"issue issue:write wiki webhook snippet snippet:write email account account:write team team:write " +
		"pipeline pipeline:write pipeline:variable runner runner:write test test:write read:account read:me")
	for _, granular := range []string{
		"read write admin delete:repository", "read write:pullrequest", "read admin:project", "read admin:workspace", "read write:user", "read write admin:pipeline", "read write:runner",
		"read write delete:issue", "read write delete:webhook", "read write delete:snippet", "read write delete:ssh-key", "read write delete:gpg-key", "read write delete:permission",
	} {
		verbs, noun, _ := strings.Cut(granular, ":")
		for _, verb := range strings.Fields(verbs) {
			want = append(want, verb+":"+noun+":bitbucket")
		}
	}
	got := bitbucket.ScopeNames()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
