package action

import (
	"fmt"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// warnings tells what is not wrong in this step, but will surprise in a later
// one.
func (r *run) warnings(settings input.Settings, cred credential.Credential) []fault.Remark {
	var remarks []fault.Remark
	if !settings.ExpiresOn.IsZero() {
		if f := credential.CheckExpiry(settings.ExpiresOn, r.world.Now()); f != nil {
			remarks = append(remarks, fault.Warn(f))
		}
	}
	if event := r.host.Event().Name; untrusted[event] && (settings.ExportEnv || settings.Git != "") {
		remarks = append(remarks, fault.Warn(fault.New(fault.UntrustedEvent,
			"on "+event+", every later step that runs the pull request's code can read the credential from its environment",
			"don't check out or run the pull request's code in this job, or use this step in a job of its own",
			"or set export-env: false and git: none, and give the outputs only to the steps that need them")))
	}
	if !r.host.HasOutputs() && !settings.ExportEnv && settings.Git == "" {
		remarks = append(remarks, fault.Warn(fault.New(fault.SettingAlone,
			"export-env: false leaves nothing to hand over, since "+r.host.Name()+" has no outputs",
			"leave out export-env, or set git")))
	}
	name := variableName(settings.EnvPrefix, "credential")
	if old, _ := r.world.Lookup(name); settings.ExportEnv && old != "" && old != cred.Basic().Reveal() {
		remarks = append(remarks, fault.Warn(fault.New(fault.CredentialSet,
			fmt.Sprintf("%s already holds another credential, which this one replaces for all later steps", name),
			"set the input env-prefix to keep both")))
	}
	return remarks
}

// untrusted are the events that run with the repository's secrets beside code
// that anybody may have written (docs.github.com, "Secure use reference").
var untrusted = map[string]bool{
	"pull_request_target": true,
	"workflow_run":        true,
}
