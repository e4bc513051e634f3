package action

import (
	"slices"
	"sort"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/proxy"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// maskSettings masks everything in the settings that may be secret, and the logins of
// proxies, which git or a server may show.
func (r *run) maskSettings(secrets []secret.String) error {
	var forms []string
	for _, login := range proxy.Logins(r.world.Lookup) {
		r.proxySecrets = append(r.proxySecrets, login.Secrets()...)
		forms = append(forms, secret.LoginForms(login.Password, login.User)...)
	}
	// The longest first: none may be cut out of a longer one.
	sort.Slice(r.proxySecrets, func(a, b int) bool {
		return len(r.proxySecrets[a].Reveal()) > len(r.proxySecrets[b].Reveal())
	})
	forms = append(forms, secret.Forms(append(secrets, r.proxySecrets...)...)...)
	return r.mask(secret.InOrder(forms))
}

// mask masks the forms that aren't masked yet.
func (r *run) mask(forms []string) error {
	forms = slices.DeleteFunc(forms, func(form string) bool { return slices.Contains(r.masked, form) })
	r.masked = append(r.masked, forms...)
	return r.host.Mask(forms)
}

// hide replaces masked forms in a text, on hosts without masks too.
func (r *run) hide(text string) string {
	for _, form := range r.masked {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}

// scrub removes secrets from the text of a server or of another program, including proxy
// passwords that are too short to be masked. In our own texts these stay: a *** instead
// of a short word would only reveal that the word is the password.
func (r *run) scrub(text string) string {
	text = r.hide(text)
	for _, s := range r.proxySecrets {
		text = strings.ReplaceAll(text, s.Reveal(), "***")
	}
	return text
}

// quote makes a sentence of the server that asked names safe to show.
func (r *run) quote(sentence, asked string, token secret.String) string {
	return secret.Quoter{Scrub: r.scrub, IsSecret: r.piecesWith(token).In}.Quote(sentence, asked)
}

// piecesWith recognises pieces of a token, and of all others of the run.
func (r *run) piecesWith(token secret.String) secret.Pieces {
	own := []secret.String{credential.OwnPart(token)}
	for _, t := range r.tokens {
		own = append(own, credential.OwnPart(t))
	}
	return secret.NewPieces(own...)
}

// hidden returns a fault without masked forms, since it may contain another program's
// text.
func (r *run) hidden(f *fault.Fault) *fault.Fault {
	without := *f
	without.What = r.hide(f.What)
	without.Hints = nil
	for _, hint := range f.Hints {
		without.Hints = append(without.Hints, r.hide(hint))
	}
	return &without
}
