package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCmd struct {
	JSON bool `name:"json" help:"Print one JSON object." env:"-"`
}

// versionInfo is what the binary knows of itself.
type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a changed checkout
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readVersion() versionInfo {
	info := versionInfo{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	if build.Main.Version != "" {
		info.Version = build.Main.Version
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Commit = setting.Value
		case "vcs.modified":
			info.Modified = setting.Value == "true"
		}
	}
	return info
}

// Run prints the version.
func (c *versionCmd) Run(io streams) error {
	info := readVersion()
	if c.JSON {
		return json.NewEncoder(io.out).Encode(info)
	}
	fmt.Fprintf(io.out, "parley %s %s %s\n", info.Version, info.Go, info.Platform)
	if info.Commit != "" {
		fmt.Fprintf(io.out, "commit %s\n", info.Commit)
	}
	return nil
}
