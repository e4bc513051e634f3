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
	if setting, ok := contract.CalledElsewhere(contract.CredentialSettings, "force"); ok {
		t.Errorf("force is %s", setting.ID)
	}
}
