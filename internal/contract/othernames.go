package contract

import (
	"slices"
	"strings"
)

// otherNames are the names that other actions and tools use for our settings. A list of
// texts needs no code to run before each run.
var otherNames = []struct{ id, names string }{
	{"token", "password app-password pat api-token api-key access-token auth-token personal-access-token secret " +
		"client-secret bitbucket-token bitbucket-password bitbucket-app-password bitbucket-api-token git-token " +
		"git-password repo-token ssh-private-key ssh-key private-key deploy-key"},
	{"identity", "username user user-name user-email email login account client-id bitbucket-username bitbucket-user " +
		"bitbucket-email git-username git-user git-email"},
	{"kind", "type token-type auth-type auth-method"},
	{"repository", "repo repo-url repo-name repo-slug repository-url repository-name bitbucket-repo bitbucket-repository " +
		"clone-url git-url target target-url target-repo target-repository target-repo-url target-repository-url " +
		"destination destination-url destination-repo destination-repository destination-repo-url dest dest-repo " +
		"remote remote-url remote-repo remote-repository mirror mirror-url mirror-repo mirror-repository"},
	{"workspace", "team owner organization org bitbucket-workspace workspace-id workspace-slug workspace-name"},
	{"server-url", "server base-url host-url api-url endpoint instance-url bitbucket-url bitbucket-server-url"},
	{"verify", "check validate"},
	{"required-scopes", "scopes permissions"},
	{"expires-on", "expires expires-at expiry expiry-date expiration expiration-date"},
	{"git", "configure-git setup-git git-config"},
	{"env-prefix", "prefix variable-prefix"},
	{"ca-certificate", "ca ca-cert ca-file ca-bundle certificate ssl-cert"},
	{"source", "src from origin source-url source-repo source-repository source-repo-url"},
	{"source-token", "github-token gh-token source-password src-token"},
	{"source-username", "source-user src-username"},
	{"branches", "branch branch-filter"},
	{"tags", "tag"},
	{"prune", "delete remove-deleted push-prune"},
	{"overwrite", "force force-push push-force"},
	{"create", "create-repo create-repository"},
}

// CalledElsewhere returns the one of some settings that other actions call by this
// ID, with or without hyphens.
func CalledElsewhere(settings []Setting, id string) (Setting, bool) {
	for _, other := range otherNames {
		if slices.ContainsFunc(strings.Fields(other.names), func(name string) bool { return SameWithoutHyphens(name, id) }) {
			if setting, ok := Find(settings, other.id); ok {
				return setting, true
			}
		}
	}
	return Setting{}, false
}

// IsAboutCertificates reports whether a setting with this ID, such as verify-ssl or insecure,
// would say how certificates are verified.
func IsAboutCertificates(id string) bool {
	return slices.ContainsFunc(strings.Fields("ssl tls cert insecure self-signed unauthorized"), func(word string) bool { return strings.Contains(id, word) })
}

// SameWithoutHyphens reports whether two IDs differ in hyphens only.
func SameWithoutHyphens(a, b string) bool {
	return strings.ReplaceAll(a, "-", "") == strings.ReplaceAll(b, "-", "")
}
