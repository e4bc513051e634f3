package bitbuckettest

import (
	"net/http"
	"strings"
)

// mint is the OAuth login of a client: its id and secret as Basic, and nothing
// in the body but the grant.
func (s *Server) mint(w http.ResponseWriter, r *http.Request) {
	l := readLogin(r)
	consumer := s.find(l.secret)
	switch {
	case l.scheme != basic:
		s.send(w, r, oauthError("unauthorized_client", "Requests must be authenticated using OAuth client credentials"))
		return
	case consumer == nil, consumer.Kind != OAuthConsumer, consumer.Key != l.user, consumer.ended:
		s.send(w, r, oauthError("unauthorized_client", "Invalid OAuth client credentials"))
		return
	case r.PostFormValue("grant_type") != "client_credentials":
		s.send(w, r, oauthError("unsupported_grant_type", "Unsupported grant type"))
		return
	}
	minted := s.Add(Token{Kind: OAuthToken, Username: consumer.Username, Scopes: consumer.Scopes, Reach: consumer.Reach})
	s.send(w, r, jsonReply(http.StatusOK, object{
		"access_token": minted.Secret,
		"scope":        strings.Join(consumer.Scopes, " "), // scopes until May 2026
		"expires_in":   7200,
		"token_type":   "bearer",
		"state":        "client_credentials",
	}))
}

func oauthError(code, description string) Reply {
	return jsonReply(http.StatusBadRequest, object{"error": code, "error_description": description})
}
