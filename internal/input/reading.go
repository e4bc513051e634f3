package input

import (
	"runtime"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// reading reads the text of settings. All settings are read by it, so that pasted text
// is treated the same way in each of them.
type reading struct {
	source  *Source
	remarks []fault.Remark
	first   *fault.Fault            // of those in wrong, in the order of the fields
	wrong   map[string]*fault.Fault // by the setting
}

// lookuper finds a setting in the host's variables, or else its default. (Left to
// itself, go-envconfig treats an empty value as set, and rejects hyphens in its
// tags.)
func (r *reading) lookuper() envconfig.LookuperFunc {
	return func(key string) (string, bool) {
		setting, _ := contract.Find(r.source.Settings, idOf(key))
		if text := r.text(setting); text != "" {
			return text, true
		}
		return setting.Default, true
	}
}

// text returns the text of a setting, or "" if it isn't set. The first variable that is
// present counts, even if its value is empty or blank, which means that the setting
// isn't set.
func (r *reading) text(setting contract.Setting) string {
	for _, name := range r.source.variables(setting) {
		raw, present := r.source.Lookup(name)
		if !present {
			continue
		}
		text, remarks := clean(setting, raw)
		if isSecret(setting.ID) && r.source.Host.LeavesUndefined && pasted.IsUndefined(text) {
			return "" // how an undefined secret looks
		}
		r.remarks = append(r.remarks, remarks...)
		r.check(setting.ID, text)
		return text
	}
	return ""
}

// isSecret reports whether a setting is a token.
func isSecret(id string) bool { return id == "token" || id == "source-token" }

// clean removes what pasting leaves around a setting, or around the items of a list.
func clean(setting contract.Setting, raw string) (string, []fault.Remark) {
	if setting.List {
		text, removed := pasted.CleanList(raw)
		removed.Space = false
		return text, removedFrom("the items of "+setting.ID, text, removed)
	}
	text, removed := pasted.Clean(raw)
	if setting.ID != "token" && setting.ID != "identity" {
		removed.Space = false // as usual around a setting, and never a part of one
	}
	return text, removedFrom(inSentence(setting.ID), text, removed)
}

// removedFrom returns remarks about what was removed around a text.
func removedFrom(what, text string, removed pasted.Removed) []fault.Remark {
	if text == "" {
		return nil // an empty value needs no remark about what was around it
	}
	var remarks []fault.Remark
	if removed.Space {
		remarks = append(remarks, fault.Noticef("white space around %s was removed", what))
	}
	if removed.Invisible {
		remarks = append(remarks, fault.Noticef("invisible characters around %s were removed", what))
	}
	if removed.Quotes {
		remarks = append(remarks, fault.Noticef("quotes around %s were removed", what))
	}
	return remarks
}

// inSentence returns a setting's name in a sentence.
func inSentence(id string) string {
	if id == "token" || id == "identity" {
		return "the " + id
	}
	return id
}

// withParts are the settings in which a part can be a reference, too: no valid value of
// theirs looks like one.
var withParts = []string{"repository", "workspace", "server-url", "token", "expires-on", "timeout", "kind", "env-prefix"}

// withInvisible are the settings in which a character may be invisible: names, paths,
// and lines that are read by another rule.
var withInvisible = []string{"branches", "tags", "avo-connection-name", "ca-certificate", "token-file", "source-token-file", "env-file"}

// withoutLogin returns the text of a setting without a password, which may look like a
// reference.
func withoutLogin(id, text string) string {
	if id == "repository" || id == "server-url" {
		return secret.NewAddress(text).Clean()
	}
	return text
}

// check keeps the fault for a setting that contains a reference or an invisible
// character. A token's own faults come first, if it is more than a reference.
func (r *reading) check(id, text string) {
	f := invisibleIn(id, text)
	what := ""
	switch percent := runtime.GOOS == "windows"; {
	case isSecret(id) && pasted.IsNameOfSecret(text):
		what = " is the name of a variable or a secret, not its value"
	case pasted.IsReference(text, percent):
		what = " is a reference that wasn't expanded"
	case slices.Contains(withParts, id) && pasted.HasReference(withoutLogin(id, text), percent):
		what = " contains a reference that wasn't expanded"
	}
	if what != "" && (!isSecret(id) || !credential.HoldsToken(text)) {
		f = fault.New(fault.TokenUnexpanded, inSentence(id)+what, r.source.Host.HintsAboutReferences(id)...)
	}
	if f == nil {
		return
	}
	if r.wrong == nil {
		r.wrong, r.first = map[string]*fault.Fault{}, f
	}
	r.wrong[id] = f
}

// invisibleIn returns the fault for a setting that contains an invisible character, or
// nil: also for a token, which is checked once it is known whether a file has it.
func invisibleIn(id, text string) *fault.Fault {
	if isSecret(id) || id == "source" && !strings.Contains(text, "://") || slices.Contains(withInvisible, id) {
		return nil
	}
	return pasted.CheckVisible(inSentence(id), text)
}
