package auth

// IsPublic is what the guard of addresses judges by.
var IsPublic = isPublic
