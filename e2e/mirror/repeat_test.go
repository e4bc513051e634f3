//go:build linux

package mirror

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// A reason that passes by itself doesn't fail a run: reading is repeated, and so is
// a push that has changed nothing.
func TestMirrorRepeats(t *testing.T) {
	unavailable := func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	limited := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("0000"))
		_ = http.NewResponseController(w).Flush() // or curl repeats the request by itself
		panic(http.ErrAbortHandler)
	}
	for name, test := range map[string]struct {
		side    func(m *mirroring) *front
		suffix  string
		skip    int // requests that are answered as usual
		instead func(w http.ResponseWriter)
		says    string
	}{
		"the source's listing":             {sourceSide, "service=git-upload-pack", 0, unavailable, "the source: the server failed (503); trying again"},
		"Bitbucket's listing":              {bitbucketSide, "service=git-upload-pack", 0, limited, "Bitbucket: too many requests (429); trying again"},
		"a fetch that is cut off":          {sourceSide, "/git-upload-pack", 1, cut, "the source: the connection was cut; trying again"},
		"a push":                           {bitbucketSide, "/git-receive-pack", 0, unavailable, "Bitbucket: the server failed (503); trying again"},
		"a push that is cut off":           {bitbucketSide, "/git-receive-pack", 0, cut, "Bitbucket: the connection was cut; trying again"},
		"the question whether it may push": {bitbucketSide, "service=git-receive-pack", 0, unavailable, "trying again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			var seen atomic.Int32
			test.side(m).intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.RequestURI(), test.suffix) || r.Header.Get("Authorization") == "" {
					return false
				}
				if int(seen.Add(1)) != test.skip+1 {
					return false
				}
				test.instead(w)
				return true
			})
			r := m.run()
			r.wants(0, "updated refs/heads/main")
			r.says(test.says)
		})
	}
}

func sourceSide(m *mirroring) *front    { return m.github }
func bitbucketSide(m *mirroring) *front { return m.bitbucket }

// A push that was executed, but whose answer got lost, isn't repeated.
func TestMirrorDoesNotRepeatWhatArrived(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", "text")
	m.bitbucket.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
			return false
		}
		m.mirror.git("fetch", "--quiet", m.source.dir, "+refs/heads/main:refs/heads/main")
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	r := m.run()
	if pushes := len(m.bitbucket.asked("/git-receive-pack")); pushes != 1 || r.code != 5 {
		t.Errorf("%d pushes, exit code %d\n%s", pushes, r.code, r.log)
	}
}
