// Command links could make a request, so net/http is linked, and exits.
package main

import (
	"net/http"
	"os"
)

func main() {
	if len(os.Args) == 1 {
		return
	}
	if response, err := http.Get(os.Args[1]); err == nil { //nolint:gosec,noctx // never called
		_ = response.Body.Close()
	}
}
