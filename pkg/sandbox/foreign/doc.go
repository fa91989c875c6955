// Package foreign holds no code: its tests have clients that we did not write,
// the AWS CLI and Terraform, speak to the sandbox. They stand apart because
// they take seconds where the sandbox's own tests take milliseconds.
package foreign
