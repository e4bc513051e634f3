package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate/certificatetest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

var (
	expired = certificatetest.Chain{From: -2 * time.Hour, Until: -time.Hour, Sent: 2}
	future  = certificatetest.Chain{From: time.Hour, Until: 2 * time.Hour, Sent: 2}
	signed  = certificatetest.Chain{Sent: 2}
)

// problem connects to a server with such a chain.
func problem(t *testing.T, chain certificatetest.Chain, trusted bool) (certificate.Problem, bool) {
	t.Helper()
	url, root := certificatetest.Start(t, chain)
	var roots *x509.CertPool
	if trusted {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(root))
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	response, err := client.Get(url)
	if err == nil {
		response.Body.Close()
	}
	return certificate.Find(err, roots)
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name    string
		chain   certificatetest.Chain
		trusted bool // its root CA
		want    certificate.Problem
	}{
		{"expired", expired, true, certificate.Expired},
		{"expired, of an unknown CA", expired, false, certificate.Expired},
		{"not yet valid", future, true, certificate.NotYetValid},
		{"another host", certificatetest.Chain{Names: []string{"other.example.com"}, Sent: 2}, true, certificate.OtherName},
		{"a chain without the intermediate CA", certificatetest.Chain{Sent: 1}, true, certificate.Incomplete},
		{"an intermediate CA that has expired", certificatetest.Chain{CAUntil: -time.Hour, Sent: 2}, true, certificate.Expired},
		{"an intermediate CA that has expired, of an unknown CA", certificatetest.Chain{CAUntil: -time.Hour, Sent: 2}, false, certificate.Expired},
		{"an intermediate CA that isn't valid yet, of an unknown CA", certificatetest.Chain{CAFrom: time.Hour, Sent: 3}, false, certificate.NotYetValid},
		{"an unknown root CA, with nothing missing", certificatetest.Chain{OfRoot: true, Sent: 1}, false, certificate.Incomplete},
		{"an unknown CA", signed, false, certificate.UnknownCA},
		{"an unknown CA, which is sent too", certificatetest.Chain{Sent: 3}, false, certificate.UnknownCA},
		{"a certificate that signs itself", certificatetest.Chain{SignsItself: true, Sent: 1}, true, certificate.UnknownCA},
	} {
		if got, ok := problem(t, test.chain, test.trusted); got != test.want || !ok {
			t.Errorf("%s: got %d, %v, want %d", test.name, got, ok, test.want)
		}
	}
	if got, ok := problem(t, signed, true); ok {
		t.Errorf("a good certificate has problem %d", got)
	}
	if got, ok := certificate.Find(&tls.CertificateVerificationError{Err: errors.New("another reason")}, nil); got != certificate.Unclear || !ok {
		t.Errorf("another reason: got %d, %v", got, ok)
	}
	if _, ok := certificate.Find(errors.New("another error"), nil); ok {
		t.Error("another error is one of a certificate")
	}
}

// What the system's own check on Windows and macOS reports, and rare reasons.
func TestFindInErrors(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	made := func(subject, issuer string, from, until time.Duration) *x509.Certificate {
		now := time.Now()
		return &x509.Certificate{RawSubject: []byte(subject), RawIssuer: []byte(issuer), NotBefore: now.Add(from), NotAfter: now.Add(until)}
	}
	own, alone := made("server", "ca", -day, day), made("server", "server", -day, day)
	ca, root := made("ca", "root", -day, day), made("root", "root", -day, day)
	expiredOwn, expiredCA, expiredRoot := made("server", "ca", -2*day, -day), made("ca", "root", -2*day, -day), made("root", "root", -2*day, -day)
	futureOwn, futureCA := made("server", "ca", day, 2*day), made("ca", "root", day, 2*day)
	expiredOther := made("other", "root", -2*day, -day)

	roots := x509.NewCertPool()
	roots.AddCert(made("known", "known", -day, day))
	unknown, outdated := x509.UnknownAuthorityError{}, x509.CertificateInvalidError{Cert: own, Reason: x509.Expired}
	for _, test := range []struct {
		name  string
		err   error
		sent  []*x509.Certificate
		roots *x509.CertPool
		want  certificate.Problem
	}{
		{"the system's CAs can't be read", x509.SystemRootsError{}, nil, nil, certificate.NoCA},
		{"no CAs", unknown, []*x509.Certificate{expiredOwn}, x509.NewCertPool(), certificate.NoCA},
		{"a CA that may not sign for the name", x509.CertificateInvalidError{Cert: expiredOwn, Reason: x509.CANotAuthorizedForThisName}, []*x509.Certificate{expiredOwn}, roots, certificate.Unclear},
		{"another host", x509.HostnameError{Certificate: expiredOwn}, []*x509.Certificate{expiredOwn}, roots, certificate.OtherName},

		{"its own has expired", x509.CertificateInvalidError{Cert: expiredOwn, Reason: x509.Expired}, []*x509.Certificate{expiredOwn, futureCA}, roots, certificate.Expired},
		{"its own isn't valid yet", x509.CertificateInvalidError{Cert: futureOwn, Reason: x509.Expired}, []*x509.Certificate{futureOwn, expiredCA}, roots, certificate.NotYetValid},
		{"a CA's has expired", outdated, []*x509.Certificate{own, expiredCA}, roots, certificate.Expired},
		{"a CA's isn't valid yet", outdated, []*x509.Certificate{own, futureCA}, roots, certificate.NotYetValid},
		{"a CA's isn't valid yet, and another one has expired", outdated, []*x509.Certificate{own, expiredOther, futureCA}, roots, certificate.NotYetValid},
		{"one that wasn't sent has expired", outdated, []*x509.Certificate{own}, roots, certificate.Expired},
		{"nothing was sent", outdated, nil, roots, certificate.Expired},

		{"unknown, and its own has expired", unknown, []*x509.Certificate{expiredOwn, ca}, roots, certificate.Expired},
		{"unknown, and its own isn't valid yet", unknown, []*x509.Certificate{futureOwn, expiredCA}, roots, certificate.NotYetValid},
		{"unknown, and a CA's has expired", unknown, []*x509.Certificate{own, expiredCA}, roots, certificate.Expired},
		{"unknown, and the root's has expired", unknown, []*x509.Certificate{own, root, expiredRoot, ca}, roots, certificate.UnknownCA},
		{"unknown, and the only root's has expired", unknown, []*x509.Certificate{own, expiredRoot, ca}, roots, certificate.Expired},
		{"unknown, and one that it doesn't depend on has expired", unknown, []*x509.Certificate{own, expiredOther, ca}, roots, certificate.UnknownCA},
		{"only another one is sent with it", unknown, []*x509.Certificate{own, root}, roots, certificate.Incomplete},
		{"signs itself", unknown, []*x509.Certificate{alone}, roots, certificate.UnknownCA},
		{"unknown, and nothing was sent", unknown, nil, roots, certificate.UnknownCA},
	} {
		err := error(&tls.CertificateVerificationError{UnverifiedCertificates: test.sent, Err: test.err})
		if test.sent == nil {
			err = test.err
		}
		if got, ok := certificate.Find(&url.Error{Err: err}, test.roots); got != test.want || !ok {
			t.Errorf("%s: got %d, %v, want %d", test.name, got, ok, test.want)
		}
	}
}

// The system's CA certificates are read once in a process, so a second one is
// needed for a system without any.
func TestNoCA(t *testing.T) {
	const mark = "TEST_WITHOUT_CA"
	if os.Getenv(mark) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestNoCA$")
		again.Env = append(os.Environ(), mark+"=1", "SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nowhere")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if got, ok := problem(t, signed, false); got != certificate.NoCA || !ok {
		t.Errorf("got %d, %v", got, ok)
	}
	if got, _ := problem(t, expired, false); got != certificate.Expired {
		t.Errorf("an expired one: got %d", got)
	}
}

// Each problem has a sentence of its own, and next steps. The setting ca-certificate
// is one where it can help, and isn't set yet.
func TestFault(t *testing.T) {
	for p, want := range map[certificate.Problem]struct {
		helps        bool
		said, advice string
	}{
		certificate.Unclear:     {false, " isn't accepted, and the reason is unknown", "openssl s_client"},
		certificate.Expired:     {false, " has expired", "clock isn't ahead"},
		certificate.NotYetValid: {false, " isn't valid yet", "clock isn't behind"},
		certificate.OtherName:   {false, " is for another host name", "a proxy or a login page"},
		certificate.Incomplete:  {true, " was signed by a CA that isn't known here, or its chain is incomplete", "the intermediate certificates"},
		certificate.UnknownCA:   {true, " was signed by a CA that isn't known here", "ca-certificate"},
		certificate.NoCA:        {true, " can't be checked", "install the system's CA certificates"},
	} {
		for _, hasCA := range []bool{false, true} {
			for _, setting := range []string{"server-url", ""} {
				f := p.Fault(fault.Certificate, "git.example.com", setting, hasCA)
				hints := strings.Join(f.Hints, "\n")
				if f.Code != fault.Certificate || !strings.HasSuffix(f.What, "the certificate of git.example.com"+want.said) || !strings.Contains(hints, want.advice) {
					t.Errorf("problem %d: %s: %s", p, f.What, hints)
				}
				if strings.Contains(hints, "ca-certificate contains") != (want.helps && hasCA) || strings.Contains(hints, "intermediate") != (p == certificate.Incomplete) ||
					strings.Contains(hints, "set server-url") != (p == certificate.OtherName && setting != "") {
					t.Errorf("problem %d, %v, %q: %s", p, hasCA, setting, hints)
				}
				if strings.Contains(hints, "set ca-certificate") != (want.helps && !hasCA) || len(f.Hints) == 0 || strings.Contains(hints, "set  ") {
					t.Errorf("problem %d, %v: %s", p, hasCA, hints)
				}
				// A server that sends only its own certificate may lack none: so the runner's side is first.
				if p == certificate.Incomplete && (len(f.Hints) != 2 || !strings.Contains(f.Hints[0], "ca-certificate") || !strings.Contains(f.Hints[1], "administrator")) {
					t.Errorf("an incomplete chain, %v: %s", hasCA, hints)
				}
			}
		}
	}
}

// What curl says: 7.74 to 8.17, with OpenSSL, GnuTLS and Windows' Schannel.
func TestInMessage(t *testing.T) {
	for message, want := range map[string]certificate.Problem{
		"SSL certificate problem: certificate has expired":                                         certificate.Expired,
		"server certificate verification failed. CAfile: none CRLfile: none":                       certificate.Unclear,
		"server certificate expiration date has passed.":                                           certificate.Expired,
		"server verification failed: certificate has expired. (CAfile: none CRLfile: none)":        certificate.Expired,
		"schannel: SEC_E_CERT_EXPIRED (0x80090328) - Das empfangene Zertifikat ist abgelaufen.":    certificate.Expired,
		"SSL certificate problem: certificate is not yet valid":                                    certificate.NotYetValid,
		"server certificate not activated yet.":                                                    certificate.NotYetValid,
		"certificate is not yet activated":                                                         certificate.NotYetValid,
		"SSL certificate problem: unable to get issuer certificate":                                certificate.Incomplete,
		"SSL: no alternative certificate subject name matches target host name 'git.example.com'":  certificate.OtherName,
		"SSL: no alternative certificate subject name matches target ipv4 address '127.0.0.1'":     certificate.OtherName,
		"SSL: certificate subject name 'other.example.com' does not match target hostname 'x'":     certificate.OtherName,
		"SSL: certificate subject name (Test Server) does not match target host name '127.0.0.1'":  certificate.OtherName,
		"SSL: unable to obtain common name from peer certificate":                                  certificate.OtherName,
		"schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL (0x80090322)":            certificate.OtherName,
		"SSL certificate problem: unable to get local issuer certificate":                          certificate.UnknownCA,
		"SSL certificate problem: unable to verify the first certificate":                          certificate.Incomplete,
		"SSL certificate problem: self-signed certificate":                                         certificate.UnknownCA,
		"SSL certificate problem: self signed certificate in certificate chain":                    certificate.UnknownCA,
		"SSL certificate OpenSSL verify result: self-signed certificate (18)":                      certificate.UnknownCA,
		"server verification failed: certificate signer not trusted. (CAfile: none CRLfile: none)": certificate.UnknownCA,
		"schannel: SEC_E_UNTRUSTED_ROOT (0x80090325)":                                              certificate.UnknownCA,
		"SSL certificate problem: certificate revoked":                                             certificate.Unclear,
	} {
		if got := certificate.InMessage(message); got != want {
			t.Errorf("%s: got %d, want %d", message, got, want)
		}
	}
}
