package main

import (
	"runtime/debug"
	"time"
)

var someTime = time.Date(2026, 11, 27, 21, 0, 0, 0, time.FixedZone("", 3600))

// buildOfSomething is what a linker may write.
func buildOfSomething() *debug.BuildInfo {
	return &debug.BuildInfo{GoVersion: "go1.26.8", Path: "example.com/program/cmd", Main: debug.Module{Path: "example.com/program"},
		Settings: []debug.BuildSetting{{Key: "-trimpath", Value: "true"}, {Key: "GOARCH", Value: "arm64"}, {Key: "GOOS", Value: "linux"}},
		Deps: []*debug.Module{
			{Path: "example.com/Lib", Version: "v2.0.0+incompatible", Sum: "h1:abc="},
			{Path: "example.com/original", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.0.1", Sum: "h1:def="}},
		}}
}
