// A relying party with go-oidc: /login signs in, /cb shows the claims.
// HOST=127.0.0.21 PORT=5000 ISSUER=http://localhost:8080 CLIENT_ID=sample CLIENT_SECRET=... go run .
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // in a handler: this sign-in fails, the server goes on
	}
	return value
}

func main() {
	issuer, at := os.Getenv("ISSUER"), os.Getenv("HOST")+":"+os.Getenv("PORT")
	provider := must(oidc.NewProvider(context.Background(), issuer))
	config := oauth2.Config{ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: "http://" + at + "/cb", Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
	http.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier() // this browser keeps them; over https add Secure
		http.SetCookie(w, &http.Cookie{Name: "login", Value: state + "." + nonce + "." + verifier, Path: "/cb", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusFound)
	})
	http.HandleFunc("GET /cb", func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if why := recover(); why != nil {
				http.Error(w, "sign-in failed", http.StatusBadRequest)
				log.Print(why)
			}
		}()
		kept, begun := strings.CutPrefix(must(r.Cookie("login")).Value, r.FormValue("state")+".")
		nonce, verifier, _ := strings.Cut(kept, ".")
		if !begun || r.FormValue("iss") != issuer { // RFC 9207 2.4
			panic("another browser began it, or another issuer answers")
		}
		token := must(config.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier)))
		check := provider.Verifier(&oidc.Config{ClientID: config.ClientID}) // signature, iss, aud, exp
		found := must(check.Verify(r.Context(), token.Extra("id_token").(string)))
		if found.Nonce != nonce || found.VerifyAccessToken(token.AccessToken) != nil {
			panic("the ID token belongs to another sign-in")
		}
		var claims json.RawMessage
		must(0, found.Claims(&claims))
		w.Header().Set("Content-Type", "application/json")
		must(w.Write(claims))
	})
	log.Fatal(http.ListenAndServe(at, nil))
}
