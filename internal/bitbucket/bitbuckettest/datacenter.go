package bitbuckettest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

const dataCenterRealm = `Basic realm="Atlassian Bitbucket"`

func (s *Server) routeDataCenter(context string) {
	api := context + "/rest/api/{version}/"
	s.api.HandleFunc("GET "+api+"users", s.dataCenter(s.dataCenterUsers))
	s.api.HandleFunc("GET "+api+"projects/{owner}", s.dataCenter(s.dataCenterProject))
	s.api.HandleFunc("POST "+api+"projects/{owner}/repos", s.dataCenter(s.createOnDataCenter))
	s.api.HandleFunc("GET "+api+"projects/{owner}/repos/{repository}", s.dataCenter(s.dataCenterRepository))
	s.api.HandleFunc("PUT "+api+"projects/{owner}/repos/{repository}", s.dataCenter(s.publishOnDataCenter))
	if s.options.NewDefaultBranch {
		s.api.HandleFunc("PUT "+api+"projects/{owner}/repos/{repository}/default-branch", s.dataCenter(s.setDefaultOnDataCenter))
	} else {
		s.api.HandleFunc("PUT "+api+"projects/{owner}/repos/{repository}/default-branch", s.dataCenter(noEndpoint))
		s.api.HandleFunc("PUT "+api+"projects/{owner}/repos/{repository}/branches/default", s.dataCenter(s.setDefaultOnDataCenter))
	}
	s.api.HandleFunc(context+"/rest/", func(w http.ResponseWriter, r *http.Request) {
		s.unexpected(w, r, dataCenterError(http.StatusNotFound, "", "HTTP 404 Not Found"))
	})
	storage := context + "/rest/git-lfs/storage"
	s.api.HandleFunc(storage+"/{owner}/{repository}/{oid}", s.storage)
	s.api.HandleFunc(context+"/scm/{owner}/{repository}/{service...}", s.git(gitSide{admit: s.admitToDataCenter, storage: storage}))
}

// noEndpoint is the reply of a version that doesn't have an endpoint yet.
func noEndpoint(*Token, *http.Request) Reply {
	return dataCenterError(http.StatusNotFound, "", "HTTP 404 Not Found")
}

// dataCenter requires a login before an endpoint answers.
func (s *Server) dataCenter(answer func(t *Token, r *http.Request) Reply) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l := readLogin(r)
		t := s.find(l.secret)
		switch {
		case l.scheme == "":
			s.send(w, r, notPermitted())
		case t == nil, t.ended, !s.acceptsOnDataCenter(l, t):
			s.send(w, r, dataCenterError(http.StatusUnauthorized, "auth.IncorrectPasswordAuthenticationException",
				"Authentication failed. Please check your credentials and try again."))
		case r.Method != http.MethodGet && r.Header.Get("X-Atlassian-Token") != "no-check":
			s.send(w, r, textReply(http.StatusForbidden, "XSRF check failed"))
		case !sendsJSON(r):
			s.send(w, r, textReply(http.StatusUnsupportedMediaType, ""))
		default:
			reply := answer(t, r)
			if reply.Header == nil {
				reply.Header = map[string]string{}
			}
			reply.Header["X-AUSERNAME"] = t.userOnDataCenter()
			s.send(w, r, reply)
		}
	}
}

// sendsJSON reports whether a request has no body, or says that it is JSON.
func sendsJSON(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Header.Get("Content-Type") == "application/json"
}

// userOnDataCenter is a token's user: for one of a project or repository, which
// has none, Data Center makes one.
func (t *Token) userOnDataCenter() string {
	if t.Kind == PersonalHTTPToken {
		return t.Username
	}
	return "access-token-user/2/11754"
}

func (s *Server) dataCenterUsers(t *Token, _ *http.Request) Reply {
	return jsonReply(http.StatusOK, object{"size": 1, "isLastPage": true, "values": []object{{"name": t.Username}}})
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
	repository, ok := s.repository(r)
	switch {
	case !ok:
		if refusal := s.dataCenterProject(t, r); refusal.Status != http.StatusOK {
			return refusal
		}
		return dataCenterError(http.StatusNotFound, "repository.NoSuchRepositoryException",
			"Repository "+r.PathValue("owner")+"/"+r.PathValue("repository")+" does not exist.")
	case !t.sees(repository.Name), !t.may("REPO_READ"):
		return notPermitted()
	}
	return dataCenterRepositoryReply(http.StatusOK, repository)
}

func dataCenterRepositoryReply(status int, r Repository) Reply {
	key, slug, _ := strings.Cut(r.Name, "/")
	return jsonReply(status, object{"slug": slug, "scmId": "git", "public": !r.Private, "project": project(key)})
}

// createOnDataCenter creates a repository. By Data Center's OpenAPI document it
// heeds only name and scmId, so that the repository is private.
func (s *Server) createOnDataCenter(t *Token, r *http.Request) Reply {
	if refusal := s.dataCenterProject(t, r); refusal.Status != http.StatusOK {
		return refusal
	}
	if !t.may("REPO_CREATE") {
		return notPermitted()
	}
	var wanted struct {
		Name  string `json:"name"`
		SCMID string `json:"scmId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.Name == "" || wanted.SCMID != "git" {
		return dataCenterError(http.StatusBadRequest, "validation.ArgumentValidationException", "A validation error occurred.")
	}
	key, _ := s.owner(r)
	repository := Repository{Name: key + "/" + strings.ToLower(wanted.Name), Private: true}
	if _, ok := s.Repository(repository.Name); ok {
		return dataCenterError(http.StatusConflict, "DuplicateRepositoryException", "This repository URL is already taken.")
	}
	if err := s.create(repository); err != nil {
		return textReply(http.StatusInternalServerError, err.Error())
	}
	return dataCenterRepositoryReply(http.StatusCreated, repository)
}

// publishOnDataCenter changes who may see a repository.
func (s *Server) publishOnDataCenter(t *Token, r *http.Request) Reply {
	repository, ok := s.repository(r)
	if !ok || !t.sees(repository.Name) || !t.may("REPO_ADMIN") {
		return s.dataCenterRepository(t, r)
	}
	var wanted struct{ Public *bool }
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.Public == nil {
		return dataCenterError(http.StatusBadRequest, "validation.ArgumentValidationException", "A validation error occurred.")
	}
	repository.Private = !*wanted.Public
	s.mu.Lock()
	s.repos[strings.ToLower(repository.Name)] = repository
	s.mu.Unlock()
	return dataCenterRepositoryReply(http.StatusOK, repository)
}

func project(key string) object {
	return object{"key": strings.ToUpper(key), "type": "NORMAL"}
}

// notPermitted is Data Center's reply if a permission is missing: 401, which
// differs from that to a wrong password in the exception's name only.
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
