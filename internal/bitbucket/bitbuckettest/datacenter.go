package bitbuckettest

import (
	"cmp"
	"net/http"
	"strings"
)

const dataCenterRealm = `Basic realm="Atlassian Bitbucket"`

func (s *Server) routeDataCenter(context string) {
	s.api.HandleFunc("GET "+context+"/rest/api/{version}/application-properties", s.applicationProperties)
	api := "GET " + context + "/rest/api/{version}/"
	s.api.HandleFunc(api+"users", s.dataCenter(s.dataCenterUsers))
	s.api.HandleFunc(api+"projects/{owner}", s.dataCenter(s.dataCenterProject))
	s.api.HandleFunc(api+"projects/{owner}/repos/{repository}", s.dataCenter(s.dataCenterRepository))
	s.api.HandleFunc(context+"/rest/", func(w http.ResponseWriter, r *http.Request) {
		s.unexpected(w, r, dataCenterError(http.StatusNotFound, "", "HTTP 404 Not Found"))
	})
	storage := context + "/rest/git-lfs/storage"
	s.api.HandleFunc(storage+"/{owner}/{repository}/{oid}", s.storage)
	s.api.HandleFunc(context+"/scm/{owner}/{repository}/{service...}", s.git(gitSide{admit: s.admitToDataCenter, storage: storage}))
}

// dataCenterUser is who a token acts as: those of projects and repositories
// act as a user that the system made.
func (t *Token) dataCenterUser() string {
	if t.Kind == PersonalHTTPToken {
		return t.Username
	}
	return "access-token-user-" + strings.ToLower(t.id)
}

// dataCenter asks for a login, then lets answer.
func (s *Server) dataCenter(answer func(t *Token, r *http.Request) Reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.identify(w.Header(), r)
		l := readLogin(r)
		t := s.find(l.secret)
		switch {
		case l.scheme == "":
			s.send(w, r, notPermitted())
		case t == nil, t.ended, !l.onDataCenter(t):
			s.send(w, r, dataCenterError(http.StatusUnauthorized, "auth.IncorrectPasswordAuthenticationException",
				"Authentication failed. Please check your credentials and try again."))
		default:
			s.send(w, r, answer(t, r))
		}
	}
}

// applicationProperties proves the server, and nothing of a credential.
func (s *Server) applicationProperties(w http.ResponseWriter, r *http.Request) {
	s.identify(w.Header(), r)
	s.send(w, r, jsonReply(http.StatusOK, object{"version": "9.4.2", "buildNumber": "9004002", "displayName": "Bitbucket"}))
}

func (s *Server) dataCenterUsers(t *Token, _ *http.Request) Reply {
	return jsonReply(http.StatusOK, object{
		"size": 1, "limit": 1, "start": 0, "isLastPage": true,
		"values": []object{{"name": t.Username, "slug": t.Username, "type": "NORMAL", "active": true}},
	})
}

func (s *Server) dataCenterProject(t *Token, r *http.Request) Reply {
	key, ok := s.owner(r)
	switch {
	case !ok:
		return dataCenterError(http.StatusNotFound, "project.NoSuchProjectException", "Project "+r.PathValue("owner")+" does not exist.")
	case !t.sees(key), !t.may("REPO_READ"):
		return notPermitted()
	}
	return jsonReply(http.StatusOK, project(key))
}

func (s *Server) dataCenterRepository(t *Token, r *http.Request) Reply {
	name, ok := s.repository(r)
	switch {
	case !ok:
		if refusal := s.dataCenterProject(t, r); refusal.Status != http.StatusOK {
			return refusal
		}
		return dataCenterError(http.StatusNotFound, "repository.NoSuchRepositoryException",
			"Repository "+r.PathValue("owner")+"/"+r.PathValue("repository")+" does not exist.")
	case !t.sees(name), !t.may("REPO_READ"):
		return notPermitted()
	}
	key, slug, _ := strings.Cut(name, "/")
	return jsonReply(http.StatusOK, object{
		"slug": slug, "name": slug, "scmId": "git", "state": "AVAILABLE", "public": false, "project": project(key),
		"links": object{"clone": []object{
			{"name": "http", "href": baseURL(r) + s.options.ContextPath + "/scm/" + strings.ToLower(name) + ".git"},
		}},
	})
}

func project(key string) object {
	return object{"key": strings.ToUpper(key), "name": key, "type": "NORMAL", "public": false}
}

// notPermitted is how Data Center says 403: with 401. The exception's name
// alone tells it from a wrong password.
func notPermitted() Reply {
	return dataCenterError(http.StatusUnauthorized, "AuthorisationException", "You are not permitted to access this resource")
}

func dataCenterError(status int, exception, message string) Reply {
	reply := jsonReply(status, object{"errors": []object{{
		"context": nil, "message": message, "exceptionName": "com.atlassian.bitbucket." + cmp.Or(exception, "NoSuchEntityException"),
	}}})
	if status == http.StatusUnauthorized {
		reply.Header = map[string]string{"WWW-Authenticate": dataCenterRealm}
	}
	return reply
}
