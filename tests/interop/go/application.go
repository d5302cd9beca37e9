package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// application is a relying party as go-oidc's documentation shows it: /login, /cb, /refresh. ISSUER, CLIENT_ID, CLIENT_SECRET.
func application(address string) (http.Handler, error) {
	type visit struct{ verifier, nonce string }
	var (
		lock    sync.Mutex
		visits  = map[string]visit{}
		last    *oauth2.Token
		context = context.Background()
	)
	provide := sync.OnceValues(func() (*oidc.Provider, error) { return oidc.NewProvider(context, os.Getenv("ISSUER")) })
	config := func(provider *oidc.Provider) *oauth2.Config {
		return &oauth2.Config{
			ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: provider.Endpoint(),
			RedirectURL: address + "/cb", Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
		}
	}
	say := func(w http.ResponseWriter, value any, err error) {
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			value = map[string]any{"ok": false, "error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(value)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		provider, err := provide()
		if err != nil {
			say(w, nil, err)
			return
		}
		state, found := rand.Text(), visit{oauth2.GenerateVerifier(), rand.Text()}
		lock.Lock()
		visits[state] = found
		lock.Unlock()
		address := config(provider).AuthCodeURL(state, oidc.Nonce(found.nonce), oauth2.S256ChallengeOption(found.verifier))
		http.Redirect(w, r, address, http.StatusFound)
	})
	mux.HandleFunc("GET /cb", func(w http.ResponseWriter, r *http.Request) {
		provider, err := provide()
		if err != nil {
			say(w, nil, err)
			return
		}
		lock.Lock()
		known, expected := visits[r.FormValue("state")]
		delete(visits, r.FormValue("state"))
		lock.Unlock()
		if !expected || r.FormValue("code") == "" {
			say(w, map[string]any{"ok": false, "error": r.FormValue("error")}, nil)
			return
		}
		token, err := config(provider).Exchange(context, r.FormValue("code"), oauth2.VerifierOption(known.verifier))
		if err != nil {
			say(w, nil, err)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		verified, err := provider.Verifier(&oidc.Config{ClientID: os.Getenv("CLIENT_ID")}).Verify(context, raw)
		if err != nil {
			say(w, nil, err)
			return
		}
		claims := map[string]any{}
		_ = verified.Claims(&claims)
		info, err := provider.UserInfo(context, oauth2.StaticTokenSource(token))
		if err != nil {
			say(w, nil, err)
			return
		}
		last = token
		ok := verified.Nonce == known.nonce && verified.VerifyAccessToken(token.AccessToken) == nil
		say(w, map[string]any{"ok": ok, "claims": claims, "userinfo": map[string]any{"sub": info.Subject, "email": info.Email}}, nil)
	})
	mux.HandleFunc("GET /refresh", func(w http.ResponseWriter, _ *http.Request) {
		provider, err := provide()
		if err != nil {
			say(w, nil, err)
			return
		}
		fresh, err := config(provider).TokenSource(context, &oauth2.Token{RefreshToken: last.RefreshToken}).Token()
		if err != nil {
			say(w, nil, err)
			return
		}
		say(w, map[string]any{"ok": true, "rotated": fresh.RefreshToken != last.RefreshToken}, nil)
	})
	return mux, nil
}
