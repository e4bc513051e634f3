package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// checkRounds are fewer: a check takes longer.
const checkRounds = 50

// check measures `verify: strict` against the fake Bitbucket on this machine, so
// without the way to Bitbucket and back.
func (b bench) check(r *report) error {
	t := table{
		title: "A check",
		head:  []string{"what", "time", "beside", "its time", "ratio", "budget", "verdict"},
	}
	offline, err := b.newStep(nil)
	if err != nil {
		return err
	}
	if offline.inputs, err = documentedSample(); err != nil {
		return err
	}
	alone, err := offline.program("the offline run", b.product)
	if err != nil {
		return err
	}
	for _, tls := range []bool{false, true} {
		if err := b.checkBeside(&t, alone, tls); err != nil {
			return err
		}
	}
	t.note("`verify: strict` against the fake Bitbucket of the tests on this machine, %d rounds in turns. There is no budget of time for it: with the real Bitbucket, the way there and back decides.", checkRounds)
	r.tables = append(r.tables, t)
	return nil
}

// certificates adds to an environment that the system's CA certificates are in
// one file, as in the image. Other systems keep them twice over, and reading
// them is most of what TLS takes.
func (b bench) certificates(env []string) ([]string, error) {
	const system = "/etc/ssl/certs/ca-certificates.crt"
	dir, err := os.MkdirTemp(b.scratch, "certificates")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "ca-certificates.crt")
	return append(env, "SSL_CERT_FILE="+file, "SSL_CERT_DIR="+dir), os.Symlink(system, file)
}

func (b bench) checkBeside(t *table, alone program, tls bool) error {
	server, err := bitbuckettest.Start(bitbuckettest.Options{Root: b.scratch, TLS: tls})
	if err != nil {
		return err
	}
	defer server.Close()
	token := server.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:user:bitbucket"}})
	s, err := b.newStep(map[string]string{
		"token": token.Secret, "identity": token.Email,
		"server-url": server.URL, "verify": "strict", "ca-certificate": server.CA(),
	})
	if err != nil {
		return err
	}
	what := "check over HTTP"
	if tls {
		what = "check over TLS"
	}
	own, err := s.program(what, b.product)
	if err != nil {
		return err
	}
	if own.env, err = b.certificates(own.env); err != nil {
		return err
	}
	programs := []program{own, alone}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.note("There is no curl here to measure beside.")
	} else {
		settings := filepath.Join(s.dir, "curl")
		text := fmt.Sprintf("url = %q\nuser = %q\n", server.URL+"/2.0/user", token.Email+":"+token.Secret)
		if tls {
			ca := filepath.Join(s.dir, "ca.pem")
			text += fmt.Sprintf("cacert = %q\n", ca)
			if err := os.WriteFile(ca, []byte(server.CA()), 0o600); err != nil {
				return err
			}
		}
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			return err
		}
		programs = append(programs, program{name: "the same request by `curl`", args: []string{curl, "--silent", "--fail", "--config", settings}})
	}
	laps, err := race(checkRounds, programs...)
	if err != nil {
		return err
	}
	for i := range programs[1:] {
		t.add(what, milliseconds(laps[0].wall()), programs[i+1].name, milliseconds(laps[i+1].wall()), laps[0].over(laps[i+1]).String(), "", "")
	}
	return nil
}
