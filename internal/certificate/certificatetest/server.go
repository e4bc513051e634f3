// Package certificatetest starts HTTPS servers with something wrong about their
// certificates.
package certificatetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Chain is a server's certificate, and those that it depends on.
type Chain struct {
	From, Until time.Duration // when the certificate is valid, from now; the default is now
	CAFrom      time.Duration // the same for the intermediate CA
	CAUntil     time.Duration
	Names       []string // for other names than the server's own
	SignsItself bool
	OfRoot      bool // signed by the root CA itself
	Sent        int  // how many certificates the server sends: 1 is its own, 2 the intermediate CA's, 3 the root CA's
}

// Start starts a server that ends with the test, and returns its URL and the
// certificate of the root CA in PEM format.
func Start(t testing.TB, c Chain) (url, root string) {
	t.Helper()
	now := time.Now()
	rootCA := sign(t, authority("Test Root CA"), nil)
	middle := authority("Test Intermediate CA")
	if c.CAFrom != 0 {
		middle.NotBefore = now.Add(c.CAFrom)
	}
	if c.CAUntil != 0 {
		middle.NotAfter = now.Add(c.CAUntil)
	}
	intermediate := sign(t, middle, rootCA)
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Test Server"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if c.From != 0 || c.Until != 0 {
		leaf.NotBefore, leaf.NotAfter = now.Add(c.From), now.Add(c.Until)
	}
	if len(c.Names) > 0 {
		leaf.IPAddresses, leaf.DNSNames = nil, c.Names
	}
	signer := intermediate
	switch {
	case c.SignsItself:
		signer = nil
	case c.OfRoot:
		signer = rootCA
	}
	own := sign(t, leaf, signer)
	chain := [][]byte{own.der, intermediate.der, rootCA.der}[:c.Sent]

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: own.key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootCA.der}))
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

type signed struct {
	der      []byte
	template *x509.Certificate
	key      *ecdsa.PrivateKey
}

// sign makes a certificate; without an issuer it signs itself.
func sign(t testing.TB, template *x509.Certificate, issuer *signed) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	issued := &signed{template: template, key: key}
	if issuer == nil {
		issuer = issued
	}
	if issued.der, err = x509.CreateCertificate(rand.Reader, template, issuer.template, &key.PublicKey, issuer.key); err != nil {
		t.Fatal(err)
	}
	return issued
}
