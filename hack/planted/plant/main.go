// Command plant lists the planted bugs, or writes the overlay of one and prints its
// path for go test -overlay. It is run in the top directory.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/ecs-operator/ecs-operator/hack/planted"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "plant:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	bugs, err := planted.All()
	if err != nil {
		return err
	}
	if len(args) == 0 {
		for _, b := range bugs {
			fmt.Fprintf(out, "%s\n    %s. %s\n", b.Name, b.Promise, b.Says)
		}
		return nil
	}
	for _, b := range bugs {
		if b.Name == args[0] {
			dir, err := os.MkdirTemp("", "planted-")
			if err != nil {
				return err
			}
			overlay, err := b.Overlay(".", dir)
			if err != nil {
				return fmt.Errorf("%w (run it in the top directory)", err)
			}
			fmt.Fprintln(out, overlay)
			return nil
		}
	}
	return fmt.Errorf("there is no bug %q: without a name it lists them", args[0])
}
