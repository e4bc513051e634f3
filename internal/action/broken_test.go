package action_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// withoutMask is a log that accepts everything but one of the writes with masks.
type withoutMask struct{ left int } // writes with masks until then

func (w *withoutMask) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("add-mask")) {
		if w.left--; w.left == 0 {
			return 0, os.ErrClosed
		}
	}
	return len(p), nil
}

// If any of the masks can't be printed, the run hands over nothing: a later step would show
// the secret.
func TestMasksThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	client := settings(fake, fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer}))
	for _, test := range []struct {
		name string
		args []string
		more env
		want int // times that masks are printed: for the settings, …
	}{
		{"credential", nil, env{}, 3}, // … the login, and the minted token
		{"mirror", []string{"mirror"}, env{"GITHUB_SERVER_URL": "http://me:s3cret-word@127.0.0.1:1", "GITHUB_REPOSITORY": "octo/site"}, 4}, // … the source's password, too
	} {
		for n := 1; n <= test.want; n++ {
			site := hosttest.Hosts[0].Start(t)
			maps.Copy(site.Env, client.with(test.more))
			log := &withoutMask{left: n}
			w := world(site.Env, log, io.Discard)
			w.Args = test.args
			exit := action.Run(context.Background(), w)
			files := site.Written(t)
			if log.left > 0 || exit != fault.ExitHost || files["GITHUB_ENV"] != "" || strings.Contains(files["GITHUB_OUTPUT"], "token") {
				t.Errorf("%s, mask %d: exit code %d, %v", test.name, n, exit, files)
			}
		}
	}
}

// Results that can't be written fail the run, whatever they are.
func TestResultsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	skip := env{"INPUT_ON-MISSING-TOKEN": "skip"}
	for name, test := range map[string]struct {
		args []string
		env  env
	}{
		"a credential":     {nil, env{"INPUT_TOKEN": credentialtest.AccessToken()}},
		"a skipped step":   {nil, skip},
		"a skipped mirror": {[]string{"mirror"}, skip},
	} {
		site := hosttest.Hosts[0].Start(t)
		maps.Copy(site.Env, test.env)
		w := world(site.Env, nil, nil)
		w.Args = test.args
		w.IgnoreSignals = func() { _ = os.Remove(site.Env["GITHUB_OUTPUT"]) } // the last moment before they are written
		if o := runWith(t, w); o.exit != fault.ExitHost || !strings.Contains(o.stdout, "::error title=bitbucket-auth BBA30") {
			t.Errorf("%s: exit code %d\n%s", name, o.exit, o.stdout)
		}
	}
}
