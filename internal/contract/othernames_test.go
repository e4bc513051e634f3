package contract_test

import (
	"slices"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// Names that other actions have lead to one setting of ours, and none of them is a
// setting of ours itself.
func TestOtherNames(t *testing.T) {
	all := slices.Concat(contract.CredentialSettings, contract.MirrorSettings)
	seen := map[string]string{}
	for id, names := range contract.OtherNames() {
		if _, ok := contract.Find(all, id); !ok {
			t.Errorf("there is no setting %s", id)
		}
		for _, name := range names {
			if before := seen[name]; before != "" {
				t.Errorf("%s is both %s and %s", name, before, id)
			}
			seen[name] = id
			if contract.IsSetting(name) {
				t.Errorf("%s is a setting", name)
			}
		}
	}
	for name, want := range map[string]string{
		"email": "identity", "username": "identity", "user": "identity", "git-username": "identity", "password": "token", "app-password": "token",
		"apppassword": "token", "ssh-private-key": "token", "repo": "repository", "target-repo-url": "repository", "destination-repo": "repository", "remote": "repository", "force": "overwrite",
	} {
		if setting, ok := contract.CalledElsewhere(contract.MirrorSettings, name); !ok || setting.ID != want {
			t.Errorf("%s: got %q, want %s", name, setting.ID, want)
		}
	}
	for name, want := range map[string]string{
		"pat": "token", "client-secret": "token", "client-id": "identity", "type": "kind", "team": "workspace", "owner": "workspace", "workspace-id": "workspace",
		"base-url": "server-url", "bitbucket-url": "server-url", "check": "verify", "scopes": "required-scopes", "expiry": "expires-on", "setup-git": "git",
		"prefix": "env-prefix", "ca-cert": "ca-certificate", "repo-slug": "repository",
	} {
		if setting, ok := contract.CalledElsewhere(contract.CredentialSettings, name); !ok || setting.ID != want {
			t.Errorf("%s: got %q, want %s", name, setting.ID, want)
		}
	}
	for name, want := range map[string]string{
		"from": "source", "source-url": "source", "github-token": "source-token", "gh-token": "source-token", "source-user": "source-username",
		"branch": "branches", "tag": "tags", "delete": "prune", "force-push": "overwrite", "create-repo": "create",
	} {
		if setting, ok := contract.CalledElsewhere(contract.MirrorSettings, name); !ok || setting.ID != want {
			t.Errorf("the mirror's %s: got %q, want %s", name, setting.ID, want)
		}
		if setting, ok := contract.CalledElsewhere(contract.CredentialSettings, name); ok {
			t.Errorf("%s is %s without the mirror", name, setting.ID)
		}
	}
	if setting, ok := contract.CalledElsewhere(contract.CredentialSettings, "force"); ok {
		t.Errorf("force is %s", setting.ID)
	}
}
