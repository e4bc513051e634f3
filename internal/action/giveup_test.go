package action_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// stuckWriter doesn't return from the first write of a text, until it is released.
type stuckWriter struct {
	at       string
	stuck    chan struct{}
	released chan struct{}
	once     sync.Once
	lock     sync.Mutex
	text     strings.Builder
}

func (w *stuckWriter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.at) {
		w.once.Do(func() {
			close(w.stuck)
			<-w.released
		})
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.text.Write(p)
}

// A signal can come before there is anything to remove.
func TestGivingUpAtTheStart(t *testing.T) {
	t.Parallel()
	w := world(env{"BITBUCKET_AUTH_ON_MISSING_TOKEN": "skip"}, nil, nil)
	w.Args = []string{"mirror"}
	w.CatchSignals = func(giveUp func(*fault.Fault)) { giveUp(fault.New(fault.Terminated, "terminated for a test")) }
	if o := runWith(t, w); o.exit != 0 || !strings.Contains(o.stderr, "error: terminated for a test (BBA307)") {
		t.Errorf("exit code %d\n%s", o.exit, o.stderr)
	}
}

// A mirror that doesn't end by itself after a signal leaves no temporary directory behind,
// and says why it ended.
func TestAMirrorThatIsStuckIsCleanedUp(t *testing.T) {
	folder := t.TempDir()
	w := &stuckWriter{at: "reading the", stuck: make(chan struct{}), released: make(chan struct{})}
	var giveUp func(*fault.Fault)
	here := world(env{
		"PATH": os.Getenv("PATH"), "TMPDIR": folder, "BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(),
		"BITBUCKET_AUTH_REPOSITORY": "acme/site", "BITBUCKET_AUTH_SOURCE": "http://127.0.0.1:1/octo/site",
	}, w, w)
	here.Args = []string{"mirror"}
	here.CatchSignals = func(last func(*fault.Fault)) { giveUp = last }
	ended := make(chan int)
	go func() { ended <- action.Run(t.Context(), here) }()
	<-w.stuck
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Fatalf("there is %v, %v", left, err)
	}
	giveUp(fault.New(fault.Terminated, "terminated for a test"))
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	w.lock.Lock()
	text := w.text.String()
	w.lock.Unlock()
	if !strings.Contains(text, "error: terminated for a test (BBA307)") {
		t.Errorf("it says %q", text)
	}
	close(w.released)
	<-ended
}
