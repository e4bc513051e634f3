package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
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
	said := map[string]bool{}
	for p, helps := range map[certificate.Problem]bool{
		certificate.Unclear: false, certificate.Expired: false, certificate.NotYetValid: false, certificate.OtherName: false,
		certificate.Incomplete: true, certificate.UnknownCA: true, certificate.NoCA: true,
	} {
		for _, hasCA := range []bool{false, true} {
			for _, setting := range []string{"server-url", ""} {
				f := p.Fault(fault.Certificate, "git.example.com", setting, hasCA)
				hints := strings.Join(f.Hints, "\n")
				if strings.Contains(hints, "set ca-certificate") != (helps && !hasCA) || len(f.Hints) == 0 || strings.Contains(hints, "set  ") {
					t.Errorf("problem %d, %v: %s", p, hasCA, hints)
				}
				// A server that sends only its own certificate may lack none: so the runner's side is first.
				if p == certificate.Incomplete && (len(f.Hints) != 2 || !strings.Contains(f.Hints[0], "ca-certificate") || !strings.Contains(f.Hints[1], "administrator")) {
					t.Errorf("an incomplete chain, %v: %s", hasCA, hints)
				}
				said[f.What] = true
			}
		}
	}
	if len(said) != 7 {
		t.Errorf("there are %d sentences", len(said))
	}
}

// What curl says: 7.74 to 8.17, with OpenSSL, GnuTLS and Windows' Schannel.
func TestInMessage(t *testing.T) {
	for message, want := range map[string]certificate.Problem{
		"SSL certificate problem: certificate has expired":                                         certificate.Expired,
		"server certificate verification failed. CAfile: none CRLfile: none":                       certificate.Unclear,
		"server certificate expiration date has passed.":                                           certificate.Expired,
		"server verification failed: certificate has expired. (CAfile: none CRLfile: none)":        certificate.Expired,
		"schannel: SEC_E_CERT_EXPIRED (0x80090328) - The received certificate has expired.":        certificate.Expired,
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
