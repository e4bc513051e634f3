// Package certificate finds out why a server's certificate isn't accepted, by the
// error of crypto/tls or the message of curl, and says what to do about it.
package certificate

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Problem is a reason not to accept a certificate.
type Problem int

// The problems.
const (
	Unclear     Problem = iota // no reason was given
	Expired                    // it, or one of a CA that it depends on
	NotYetValid                // the same
	OtherName                  // it is for another host
	Incomplete                 // the server sends only its own, and its issuer isn't known here
	UnknownCA                  // it depends on a CA that isn't known here, or signs itself
	NoCA                       // no CA is known here
)

// Find returns the problem that an error of crypto/tls reports; ok is false if it is
// another error. Roots are the CA certificates that were used, nil for the system's.
func Find(err error, roots *x509.CertPool) (p Problem, ok bool) {
	if _, unreadable := errors.AsType[x509.SystemRootsError](err); unreadable {
		return NoCA, true
	}
	var sent []*x509.Certificate
	failed, isTLS := errors.AsType[*tls.CertificateVerificationError](err)
	if isTLS {
		sent = failed.UnverifiedCertificates
	}
	if invalid, is := errors.AsType[x509.CertificateInvalidError](err); is {
		if invalid.Reason == x509.Expired {
			// Windows and macOS report the server's own certificate, even if it is a CA's.
			return cmp.Or(outdated(time.Now(), invalid.Cert), outdated(time.Now(), issuers(sent)...), Expired), true
		}
		return Unclear, true
	}
	if _, is := errors.AsType[x509.HostnameError](err); is {
		return OtherName, true
	}
	if _, is := errors.AsType[x509.UnknownAuthorityError](err); is {
		return unknown(sent, roots, time.Now()), true
	}
	return Unclear, isTLS
}

// unknown returns the reason why no known CA vouches for a certificate.
func unknown(sent []*x509.Certificate, roots *x509.CertPool, now time.Time) Problem {
	if isEmpty(roots) {
		return NoCA
	}
	path := issuers(sent)
	// Windows doesn't report that a certificate is outdated if its CA is unknown, too.
	if p := outdated(now, path...); p != Unclear {
		return p
	}
	if len(path) == 1 {
		return Incomplete
	}
	return UnknownCA
}

// issuers returns a server's own certificate, which is sent first, and those of the CAs
// that it depends on, as far as they were sent. One that signs itself depends on itself.
func issuers(sent []*x509.Certificate) []*x509.Certificate {
	if len(sent) == 0 {
		return nil
	}
	path := sent[:1:1]
	for range sent {
		last := path[len(path)-1]
		next := slices.IndexFunc(sent, func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, last.RawIssuer) })
		if next < 0 {
			break
		}
		path = append(path, sent[next])
	}
	return path
}

// outdated returns the problem of the first certificate that isn't valid now, or Unclear.
func outdated(now time.Time, certificates ...*x509.Certificate) Problem {
	for _, c := range certificates {
		switch {
		case now.After(c.NotAfter):
			return Expired
		case now.Before(c.NotBefore):
			return NotYetValid
		}
	}
	return Unclear
}

func isEmpty(roots *x509.CertPool) bool {
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			return true
		}
	}
	return roots.Equal(x509.NewCertPool())
}

// messages are parts of curl's messages: of every version since 7.68, with each TLS
// library that git is built with. Before 8.15, curl gave no reason with GnuTLS.
var messages = []struct {
	part    string
	problem Problem
}{
	{"certificate has expired", Expired},
	{"certificate expiration date has passed", Expired},
	{"SEC_E_CERT_EXPIRED", Expired},
	{"not yet valid", NotYetValid},
	{"not activated yet", NotYetValid},
	{"not yet activated", NotYetValid},
	{"does not match target", OtherName},
	{"subject name matches target", OtherName},
	{"unable to obtain common name", OtherName},
	{"SEC_E_WRONG_PRINCIPAL", OtherName},
	{"unable to verify the first certificate", Incomplete},
	{"unable to get issuer certificate", Incomplete},
	{"unable to get local issuer certificate", UnknownCA},
	{"self-signed certificate", UnknownCA},
	{"self signed certificate", UnknownCA},
	{"signer not trusted", UnknownCA},
	{"SEC_E_UNTRUSTED_ROOT", UnknownCA},
}

// InMessage returns the problem that curl reports in a message about a certificate.
func InMessage(message string) Problem {
	for _, m := range messages {
		if strings.Contains(message, m.part) {
			return m.problem
		}
	}
	return Unclear
}

// Fault returns the fault for a server's certificate. The server's name is part of a
// sentence; setting is the one that names the server, or empty; hasCA is true if
// ca-certificate is set.
func (p Problem) Fault(code fault.Code, server, setting string, hasCA bool) *fault.Fault {
	f := fault.New(code, "the certificate of "+server+" isn't accepted, and the reason is unknown",
		"look at the certificate with: openssl s_client -showcerts -connect HOST:443",
		"check the date, the host name, and the CA of the certificate")
	switch p {
	case Unclear:
		return f
	case Expired:
		f = fault.New(code, "the certificate of "+server+" has expired",
			"ask the server's administrator to renew it, and each certificate of a CA that it depends on",
			"check that the runner's clock isn't ahead")
	case NotYetValid:
		f = fault.New(code, "the certificate of "+server+" isn't valid yet",
			"check that the runner's clock isn't behind",
			"ask the server's administrator when the certificate becomes valid")
	case OtherName:
		f = fault.New(code, "the certificate of "+server+" is for another host name")
		if setting != "" {
			f = f.Hint("set " + setting + " to an address with a host name that the certificate is for")
		}
		f = f.Hint("check that nothing between the runner and the server answers in its place, such as a proxy or a login page")
	case Incomplete:
		f = fault.New(code, "the certificate of "+server+" was signed by a CA that isn't known here, or its chain is incomplete")
	case UnknownCA:
		f = fault.New(code, "the certificate of "+server+" was signed by a CA that isn't known here")
	case NoCA:
		f = fault.New(code, "there are no CA certificates on this machine, so the certificate of "+server+" can't be checked",
			"install the system's CA certificates (the package ca-certificates)")
	}
	switch {
	case p != Incomplete && p != UnknownCA && p != NoCA:
		return f
	case hasCA:
		f = f.Hint("check that ca-certificate contains the certificate of the root CA: the last one of the chain, which signs itself")
	default:
		f = f.Hint("set ca-certificate to the certificate of the CA that signed it")
	}
	if p == Incomplete {
		f = f.Hint("ask the server's administrator to configure the intermediate certificates, too")
	}
	return f
}
