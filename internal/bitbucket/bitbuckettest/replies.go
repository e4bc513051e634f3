package bitbuckettest

import (
	"encoding/json"
	"net/http"
)

// object is a JSON object.
type object map[string]any

// jsonReply is a reply with a JSON body.
func jsonReply(status int, body any) Reply {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body consists of maps and slices
	}
	return Reply{Status: status, Body: string(text)}
}

func textReply(status int, body string) Reply {
	return Reply{Status: status, Header: map[string]string{"Content-Type": "text/plain"}, Body: body}
}

// RateLimited is Cloud's answer to too many requests: plain text of 46 bytes.
// Cloud sends no Retry-After; Data Center and proxies do.
func RateLimited(retryAfter string) Reply {
	reply := textReply(http.StatusTooManyRequests, "Rate limit for this resource has been exceeded")
	if retryAfter != "" {
		reply.Header["Retry-After"] = retryAfter
	}
	return reply
}

// Page is an HTML page instead of the API's reply, as proxies, gateways and
// sign-on portals send it.
func Page(status int) Reply {
	return Reply{
		Status: status,
		Header: map[string]string{"Content-Type": "text/html"},
		Body:   "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n",
	}
}

// Redirect is a redirect to another address.
func Redirect(location string) Reply {
	return Reply{Status: http.StatusFound, Header: map[string]string{"Location": location}}
}

// Echo is an error that sends the credential back: in the body, in headers, and
// in the address of a redirect where status is one.
func Echo(status int) Reply {
	return Reply{
		Status: status,
		Header: map[string]string{
			"Location":          "/login?token={secret}",
			"WWW-Authenticate":  `Basic realm="{authorization}"`,
			"x-oauth-scopes":    "repository, {secret}",
			"x-credential-type": "{secret}",
			"X-AUSERNAME":       "{authorization}",
			"X-AREQUESTID":      "{secret}",
		},
		Body: `{"type":"error","error":{"message":"{authorization}","detail":"{secret}"},` +
			`"errors":[{"message":"{authorization}","exceptionName":"{secret}"}]}`,
	}
}

// Commands is an error with workflow commands of several hosts, line breaks and
// escape sequences in every place that a client may print.
func Commands(status int) Reply {
	const text = "x\n::add-mask::e\r\n::set-output name=verified::true\n##[error]owned\n##vso[task.setvariable variable=a]b\n" +
		"##teamcity[buildStatus status='SUCCESS']\n::stop-commands::x\n%0A::error::owned\x1b[31m\u2028::error::owned"
	reply := jsonReply(status, object{
		"type":   "error",
		"error":  object{"message": text, "detail": object{"required": []string{text}, "granted": []string{text}}},
		"errors": []object{{"context": text, "message": text, "exceptionName": text}},
		"scopes": text, "error_description": text, "access_token": text,
	})
	reply.Header = map[string]string{
		"x-credential-type": "::error::owned",
		"x-oauth-scopes":    "repository, ::add-mask::e, ##[error]owned",
		"X-AUSERNAME":       "::error::owned",
	}
	return reply
}
