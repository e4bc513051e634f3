package action

import (
	"encoding/base64"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// warnAboutLaterSteps warns of settings that aren't wrong, but may cause surprises in
// later steps.
func (r *run) warnAboutLaterSteps(settings *input.Settings, cred credential.Credential) {
	r.warn(credential.CheckExpiry(cred.Kind, settings.ExpiresOn, r.world.Now()))
	if event := r.host.Event().Name; untrusted[event] && (settings.ExportEnv || settings.Git != "") {
		r.warn(fault.New(fault.UntrustedEvent,
			"on "+event+", every later step that runs the pull request's code can read the credential from its environment",
			"don't check out or run the pull request's code in this job, or move this step to a separate job",
			"or set export-env: false and git: none, and pass the outputs only to the steps that need them"))
	}
	if !r.host.HasOutputs && !settings.ExportEnv && settings.Git == "" {
		r.warn(fault.New(fault.SettingAlone,
			"export-env: false leaves nothing to hand over, since "+r.host.Name+" has no outputs",
			"leave out export-env, or set git"))
	}
	if settings.Git != "" && len(settings.CA.PEM) > 0 && laterCAFile(settings.CA) == "" {
		r.note(fault.Noticef(
			"ca-certificate applies to this step only: for git in later steps, write the certificates to a file there, and run: git config --global http.%s.sslCAInfo FILE",
			gitconfig.HostScope(settings.Server.URL())))
	}
	r.warn(r.otherCAFile(settings))
	name := variableName(settings.EnvPrefix, "credential")
	if old, _ := r.world.Lookup(name); settings.ExportEnv && replaces(cred, old) {
		r.warn(fault.New(fault.CredentialSet,
			name+" is already set to another credential, which this one replaces for all later steps",
			"set env-prefix to keep both"))
	}
}

// otherCAFile returns a warning if a variable makes git in later steps accept other CA
// certificates than this step, or nil. The variable takes precedence over sslCAInfo
// (git-config(1), http.sslCAInfo), and company images set it.
func (r *run) otherCAFile(settings *input.Settings) *fault.Fault {
	const variable = "GIT_SSL_CAINFO"
	if settings.Git == "" || len(settings.CA.PEM) == 0 && !settings.Server.DataCenter {
		return nil
	}
	if file, _ := r.world.Lookup(variable); file == "" || file == settings.CA.File {
		return nil
	}
	return fault.New(fault.GitCAFile, variable+" is set: git in later steps accepts the CA certificates in that file only, whatever this step accepts",
		"add the certificate of the CA that signed the server's certificate to the file that "+variable+" names",
		"or unset "+variable+" in the steps that run git")
}

// replaces reports whether a credential replaces another one that may still be
// needed. A minted token is renewed by minting it again, so that doesn't count.
func replaces(cred credential.Credential, old string) bool {
	if old == "" || old == cred.Basic().Reveal() {
		return false
	}
	pair, _ := base64.StdEncoding.DecodeString(old)
	return !cred.Kind.Traits().Client || !strings.HasPrefix(string(pair), cred.Identity+":")
}

// untrusted are the events that run with the repository's secrets, next to code
// that anybody may have written (docs.github.com, "Secure use reference").
var untrusted = map[string]bool{
	"pull_request_target": true,
	"workflow_run":        true,
}
