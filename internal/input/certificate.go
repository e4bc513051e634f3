package input

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// maxCertificate is the largest size of a file of CA certificates, in bytes.
const maxCertificate = 1 << 20

// CA contains additional CA certificates.
type CA struct {
	PEM  []byte // empty: none
	File string // the absolute path they were read from; empty if the setting is the text itself
}

// certificate accepts CA certificates: PEM text, or the path of a file with it.
func (p *parser) certificate(text string) CA {
	if text == "" {
		return CA{}
	}
	if strings.Contains(text, "-----BEGIN ") {
		return p.withCertificates(CA{PEM: []byte(text)})
	}
	const hint = "set it to the PEM text itself, or to the path of a file that this step can read: a container action sees the workspace as /github/workspace"
	// Opening anything but a regular file could block forever.
	info, err := os.Stat(text)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxCertificate) {
		p.fail(fault.New(fault.CACertificate, "ca-certificate must name a regular file of at most 1 MiB", hint))
		return CA{}
	}
	var pem []byte
	if err == nil {
		pem, err = readFile(text, maxCertificate)
	}
	if err != nil {
		p.fail(fault.New(fault.CACertificate, "can't read the file that ca-certificate names: "+fault.Reason(err), hint))
		return CA{}
	}
	path, err := filepath.Abs(text)
	if err != nil {
		path = "" // the working directory is gone: nothing can use a relative path
	}
	return p.withCertificates(CA{PEM: pem, File: path})
}

// withCertificates rejects text that contains no certificate. Otherwise, only git in a
// later step would find that out.
func (p *parser) withCertificates(ca CA) CA {
	if !x509.NewCertPool().AppendCertsFromPEM(ca.PEM) {
		p.fail(fault.New(fault.CACertificate, "ca-certificate contains no certificate in PEM format",
			"set it to the text from BEGIN CERTIFICATE to END CERTIFICATE, or to the path of a file that contains it"))
	}
	return ca
}
