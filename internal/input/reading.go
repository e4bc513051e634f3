package input

import (
	"runtime"
	"slices"

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
	source     Source
	remarks    []fault.Remark
	ids        []string // of the settings that hold a reference, in the order of their fields
	unexpanded map[string]*fault.Fault
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
		if isSecret(setting.ID) && r.source.LeavesUndefined && pasted.IsUndefined(text) {
			return "" // how an undefined secret looks
		}
		r.remarks = append(r.remarks, remarks...)
		r.checkExpanded(setting, text)
		return text
	}
	return ""
}

// first returns the fault for the first setting that contains a reference, or nil.
func (r *reading) first() *fault.Fault {
	if len(r.ids) == 0 {
		return nil
	}
	return r.unexpanded[r.ids[0]]
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
	if removed.Mark {
		remarks = append(remarks, fault.Noticef("a byte-order mark around %s was removed", what))
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

// withoutLogin returns the text of a setting without a password, which may look like a
// reference.
func withoutLogin(id, text string) string {
	if id == "repository" || id == "server-url" {
		return secret.NewAddress(text).Clean()
	}
	return text
}

// checkExpanded keeps the fault for a setting that contains a reference.
func (r *reading) checkExpanded(setting contract.Setting, text string) {
	what := ""
	switch percent := runtime.GOOS == "windows"; {
	case isSecret(setting.ID) && pasted.IsNameOfSecret(text):
		what = inSentence(setting.ID) + " is the name of a variable or a secret, not its value"
	case pasted.IsReference(text, percent):
		what = inSentence(setting.ID) + " is a reference that wasn't expanded"
	case slices.Contains(withParts, setting.ID) && pasted.HasReference(withoutLogin(setting.ID, text), percent):
		what = inSentence(setting.ID) + " contains a reference that wasn't expanded"
	default:
		return
	}
	if isSecret(setting.ID) && credential.HoldsToken(text) {
		return // its own fault says what the token is in, such as $env:NAME = "token"
	}
	f := fault.New(fault.TokenUnexpanded, what)
	if r.source.ReferenceHints != nil {
		f = f.Hint(r.source.ReferenceHints(setting.ID)...)
	}
	if r.unexpanded == nil {
		r.unexpanded = map[string]*fault.Fault{}
	}
	r.ids = append(r.ids, setting.ID)
	r.unexpanded[setting.ID] = f
}
