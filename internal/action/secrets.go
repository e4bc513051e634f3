package action

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/proxy"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// maskSettings masks what may be secret in the settings, and the logins of proxies,
// which git or a server may show.
func (r *run) maskSettings(secrets []secret.String) error {
	var forms []string
	for _, login := range proxy.Logins(r.world.Lookup) {
		r.proxySecrets = append(r.proxySecrets, login.Secrets()...)
		forms = append(forms, secret.LoginForms(login.Password, login.User)...)
	}
	forms = append(forms, secret.Forms(append(secrets, r.proxySecrets...)...)...)
	return r.mask(secret.InOrder(forms))
}

// mask masks the forms that aren't masked yet.
func (r *run) mask(forms []string) error {
	forms = slices.DeleteFunc(forms, func(form string) bool { return slices.Contains(r.masked, form) })
	r.masked = append(r.masked, forms...)
	return r.host.Mask(forms)
}

// hide removes from a text what is masked, on hosts without masks too.
func (r *run) hide(text string) string {
	for _, form := range r.masked {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}

// scrub removes the secrets from the text of a server or of another program: also the
// logins of proxies that are too short to be masked. In words of our own, a *** in
// the place of a short word would only tell that it is the password.
func (r *run) scrub(text string) string {
	text = r.hide(text)
	short := slices.SortedFunc(slices.Values(r.proxySecrets), func(a, b secret.String) int {
		return cmp.Compare(len(b.Reveal()), len(a.Reveal()))
	})
	for _, s := range short {
		if !s.IsEmpty() {
			text = strings.ReplaceAll(text, s.Reveal(), "***")
		}
	}
	return text
}

// quote makes a sentence of the server that asked names safe to show.
func (r *run) quote(sentence, asked string, token secret.String) string {
	own := []secret.String{credential.OwnPart(token)}
	for _, t := range r.tokens {
		own = append(own, credential.OwnPart(t))
	}
	return secret.Quoter{Scrub: r.scrub, IsSecret: secret.NewPieces(own...).In}.Quote(sentence, asked)
}

// hidden is a fault without what is masked: part of it may be somebody else's text.
func (r *run) hidden(f *fault.Fault) *fault.Fault {
	without := *f
	without.What = r.hide(f.What)
	without.Hints = nil
	for _, hint := range f.Hints {
		without.Hints = append(without.Hints, r.hide(hint))
	}
	return &without
}
