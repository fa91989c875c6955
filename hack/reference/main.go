package main

import (
	"fmt"
	"os"
)

const page = "docs/reference.md"

func main() {
	if err := os.WriteFile(page, []byte(render()), 0o644); err != nil {
		fmt.Fprintf(os.Stderr, "reference: run it in the top directory: %v\n", err)
		os.Exit(1)
	}
}
