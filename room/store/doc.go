// Package store keeps in the files of a folder what a server of rooms knows about
// access and has to outlive it: who is banned, which invitations are withdrawn or
// used up, and the secret behind the visitors' cookies.
package store
