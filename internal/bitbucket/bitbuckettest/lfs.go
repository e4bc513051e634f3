package bitbuckettest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// cloudStorage is the path under which Cloud has LFS objects.
const cloudStorage = "/lfs-storage"

const lfsType = "application/vnd.git-lfs+json"

// lfsReply is a JSON reply of LFS's own media type.
func lfsReply(status int, body any) Reply {
	reply := jsonReply(status, body)
	reply.Header = map[string]string{"Content-Type": lfsType}
	return reply
}

// batch returns the addresses for downloads and uploads: on the same host,
// outside the repository, each with its own Authorization header, as
// Bitbucket does. A client that adds another header sends two, and fails
// (git-lfs/git-lfs#5373).
func (s *Server) batch(side gitSide, w http.ResponseWriter, r *http.Request) {
	var request struct {
		Operation string
		Objects   []struct {
			OID  string
			Size int64
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		s.send(w, r, lfsReply(http.StatusBadRequest, object{"message": "no batch request"}))
		return
	}
	upload := request.Operation == "upload"
	if refusal := side.admit(r, upload); refusal.Status != 0 {
		s.refuseLFS(w, r, refusal)
		return
	}
	repository, _ := s.repository(r)
	objects := []object{} // never null
	for _, o := range request.Objects {
		path := side.storage + "/" + strings.ToLower(repository.Name) + "/" + o.OID
		entry := object{"oid": o.OID, "size": o.Size}
		switch stored := s.stored(path) != nil; {
		case upload && !stored:
			entry["actions"] = object{"upload": s.grant(r, http.MethodPut, path)}
		case !upload && stored:
			entry["actions"] = object{"download": s.grant(r, http.MethodGet, path)}
		case !upload:
			entry["error"] = object{"code": http.StatusNotFound, "message": "object does not exist"}
		}
		objects = append(objects, entry)
	}
	s.send(w, r, lfsReply(http.StatusOK, object{"transfer": "basic", "objects": objects}))
}

// locks replies that locking isn't supported, as on Cloud (BCLOUD-14454). git-lfs
// then continues silently; after a 403 it would warn.
func (s *Server) locks(side gitSide, w http.ResponseWriter, r *http.Request) {
	if refusal := side.admit(r, true); refusal.Status != 0 {
		s.refuseLFS(w, r, refusal)
		return
	}
	s.send(w, r, lfsReply(http.StatusNotFound, object{"message": "locking is not supported"}))
}

// refuseLFS sends a refusal of git in the form of LFS.
func (s *Server) refuseLFS(w http.ResponseWriter, r *http.Request, refusal Reply) {
	reply := lfsReply(refusal.Status, object{"message": refusal.Body})
	if realm, ok := refusal.Header["WWW-Authenticate"]; ok {
		reply.Header["WWW-Authenticate"] = realm
	}
	s.send(w, r, reply)
}

// grant is an action in a batch reply: an address, and the header that allows
// its use.
func (s *Server) grant(r *http.Request, method, path string) object {
	authorization := "JWT " + credentialtest.Letters(120)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants[authorization] = method + " " + path
	return object{
		"href":       baseURL(r) + path,
		"header":     object{"Authorization": authorization},
		"expires_in": 3600,
	}
}

// storage stores LFS objects. It accepts only the header that batch issued for
// this very request.
func (s *Server) storage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	granted := s.grants[r.Header.Get("Authorization")]
	s.mu.Unlock()
	if granted != r.Method+" "+r.URL.Path {
		s.send(w, r, lfsReply(http.StatusUnauthorized, object{"message": "not the Authorization that was issued"}))
		return
	}
	if r.Method == http.MethodGet {
		s.send(w, r, Reply{Header: map[string]string{"Content-Type": "application/octet-stream"}, Body: string(s.stored(r.URL.Path))})
		return
	}
	content, err := io.ReadAll(r.Body)
	if sum := sha256.Sum256(content); err != nil || hex.EncodeToString(sum[:]) != r.PathValue("oid") {
		s.send(w, r, lfsReply(http.StatusUnprocessableEntity, object{"message": "not the object of this id"}))
		return
	}
	s.mu.Lock()
	s.objects[r.URL.Path] = content
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}

// stored returns an object, or nil.
func (s *Server) stored(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[path]
}

// cloudObject is where Cloud stores an object of a repository.
func cloudObject(repository, content string) (path, oid string) {
	sum := sha256.Sum256([]byte(content))
	oid = hex.EncodeToString(sum[:])
	return cloudStorage + "/" + strings.ToLower(repository) + "/" + oid, oid
}

// AddObject stores an LFS object in a repository of Cloud, and returns its pointer.
func (s *Server) AddObject(repository, content string) string {
	path, oid := cloudObject(repository, content)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[path] = []byte(content)
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(content))
}

// HasObject reports whether a repository of Cloud has an LFS object.
func (s *Server) HasObject(repository, content string) bool {
	path, _ := cloudObject(repository, content)
	return s.stored(path) != nil
}

// baseURL is the fake's address as the client knows it.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
