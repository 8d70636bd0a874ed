package rest

// Routes lists the table for the contract test: method, path and name.
func Routes() []string {
	var list []string
	for _, r := range (&api{}).table() {
		list = append(list, r.method+" "+r.path+" "+r.name)
	}
	return list
}
