package bitbuckettest

import (
	"encoding/json"
	"net/http"
	"strings"
)

const (
	cloudRealm   = `Basic realm="Bitbucket.org HTTP"`
	tokenInvalid = "Token is invalid, expired, or not supported for this endpoint."
	scopeMissing = "Your credentials lack one or more required privilege scopes."
)

func (s *Server) routeCloud() {
	user := endpoint{legacy: "account", granular: "read:user:bitbucket", personal: true, answer: s.cloudUser}
	repository := endpoint{legacy: "repository", granular: "read:repository:bitbucket", answer: s.cloudRepository}
	create := endpoint{legacy: "repository:admin", granular: "admin:repository:bitbucket", answer: s.createOnCloud}
	update := create
	update.answer = s.updateOnCloud
	workspace := endpoint{granular: "read:workspace:bitbucket", answer: s.cloudWorkspace}

	s.api.HandleFunc("GET /2.0/user", s.cloud(user))
	s.api.HandleFunc("GET /2.0/repositories/{owner}/{repository}", s.cloud(repository))
	s.api.HandleFunc("POST /2.0/repositories/{owner}/{repository}", s.cloud(create))
	s.api.HandleFunc("PUT /2.0/repositories/{owner}/{repository}", s.cloud(update))
	s.api.HandleFunc("GET /2.0/workspaces/{owner}", s.cloud(workspace))
	s.api.HandleFunc("/2.0/", func(w http.ResponseWriter, r *http.Request) {
		s.unexpected(w, r, jsonReply(http.StatusNotFound, object{"type": "error", "error": object{
			"message": "Resource not found", "detail": "There is no API hosted at this URL.\n\nSee the documentation.",
		}}))
	})
	s.api.HandleFunc("POST /site/oauth2/access_token", s.mint)
	s.site.HandleFunc("/{owner}/{repository}/{service...}", s.git(gitSide{admit: s.admitToCloud, storage: cloudStorage}))
	s.api.HandleFunc(cloudStorage+"/{owner}/{repository}/{oid}", s.storage)
}

// endpoint is an endpoint of Cloud's REST API.
type endpoint struct {
	legacy   string // the scope that access tokens and OAuth tokens need
	granular string // the scopes that API tokens need, separated by spaces
	personal bool   // access tokens are refused
	answer   func(t *Token, r *http.Request) Reply
}

func (e endpoint) needs(t *Token) []string {
	switch {
	case t.Kind == APIToken:
		return strings.Fields(e.granular)
	case e.legacy != "":
		return []string{e.legacy}
	}
	return nil
}

func (s *Server) cloud(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.identify(w.Header(), r)
		s.send(w, r, s.answerCloud(e, r))
	}
}

func (s *Server) answerCloud(e endpoint, r *http.Request) Reply {
	l := readLogin(r)
	t := s.find(l.secret)
	switch {
	case l.scheme == "":
		if e.personal || r.PathValue("repository") == "" {
			return cloudError(http.StatusUnauthorized, tokenInvalid)
		}
		return noRepository() // as for a repository that is private
	case t == nil, !l.onCloudREST(t):
		return cloudError(http.StatusUnauthorized, tokenInvalid)
	case t.ended && t.Kind == OAuthToken:
		return cloudError(http.StatusUnauthorized, "Access token expired.")
	case t.ended:
		return cloudError(http.StatusUnauthorized, tokenInvalid)
	case e.personal && t.Kind.isAccessToken():
		return cloudError(http.StatusForbidden, "This API is not accessible by this authentication mechanism")
	case !t.may(e.needs(t)...):
		return jsonReply(http.StatusForbidden, object{"type": "error", "error": object{
			"message": scopeMissing, "detail": object{"required": e.needs(t), "granted": t.Scopes},
		}})
	}
	return e.answer(t, r)
}

// identify sets the headers in which Cloud reports the kind of a credential and
// its scopes, whatever the status.
func (s *Server) identify(header http.Header, r *http.Request) {
	l := readLogin(r)
	t := s.find(l.secret)
	if t == nil || t.ended || !l.onCloudREST(t) {
		header.Set("x-credential-type", "unauthenticated_identity") // published once
		return
	}
	header.Set("x-credential-type", credentialTypes[t.Kind])
	header.Set("x-oauth-scopes", strings.Join(t.Scopes, ", "))
}

func cloudError(status int, message string) Reply {
	reply := jsonReply(status, object{"type": "error", "error": object{"message": message}})
	if status == http.StatusUnauthorized {
		reply.Header = map[string]string{"WWW-Authenticate": cloudRealm}
	}
	return reply
}

func noRepository() Reply {
	return cloudError(http.StatusNotFound, "The requested repository either does not exist or you do not have access. "+
		"If you believe this repository exists and you have access, make sure you're authenticated.")
}

func (s *Server) cloudUser(t *Token, _ *http.Request) Reply {
	return jsonReply(http.StatusOK, object{"type": "user", "username": t.Username})
}

func (s *Server) cloudRepository(t *Token, r *http.Request) Reply {
	repository, ok := s.repository(r)
	if !ok || !t.sees(repository.Name) {
		return noRepository()
	}
	return cloudRepositoryReply(repository)
}

func cloudRepositoryReply(r Repository) Reply {
	return jsonReply(http.StatusOK, object{"type": "repository", "full_name": r.Name, "scm": "git", "is_private": r.Private})
}

// createOnCloud creates a repository, by Cloud's OpenAPI document, and refuses
// a name that is taken in the words of Cloud's replies.
func (s *Server) createOnCloud(t *Token, r *http.Request) Reply {
	var wanted struct {
		SCM     string `json:"scm"`
		Private bool   `json:"is_private"`
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.SCM != "git" {
		return cloudError(http.StatusBadRequest, "Bad request")
	}
	owner, ok := s.owner(r)
	if !ok || !t.sees(owner) {
		return noWorkspace(r)
	}
	if _, ok := s.repository(r); ok {
		return cloudError(http.StatusBadRequest, "Repository with this Slug and Owner already exists.")
	}
	repository := Repository{Name: owner + "/" + strings.ToLower(r.PathValue("repository")), Private: wanted.Private, Project: wanted.Project.Key}
	if err := s.create(repository); err != nil {
		return textReply(http.StatusInternalServerError, err.Error())
	}
	return cloudRepositoryReply(repository)
}

func noWorkspace(r *http.Request) Reply {
	return cloudError(http.StatusNotFound, "No workspace with identifier '"+r.PathValue("owner")+"'.")
}

func (s *Server) cloudWorkspace(t *Token, r *http.Request) Reply {
	owner, ok := s.owner(r)
	if !ok || !t.sees(owner) {
		return noWorkspace(r)
	}
	return jsonReply(http.StatusOK, object{"type": "workspace", "slug": owner})
}
