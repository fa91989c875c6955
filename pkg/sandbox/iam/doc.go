// Package iam reads IAM policy documents and decides by them: the evaluator
// behind the embedded AWS' authoriser.
//
// It knows what identity-based policies are made of: Effect, Action and
// NotAction, Resource and NotResource, and the condition operators on strings,
// ARNs, booleans and Null, with IfExists, ForAllValues, ForAnyValue and policy
// variables. What it does not know (numbers, dates, addresses, principals) is an
// error of Parse: a policy is never enforced in part.
//
// Sources, all of the IAM User Guide: "Policy evaluation logic" (an explicit
// deny wins, the default is a denial), "IAM JSON policy elements: Condition
// operators", "Set operators for multi-valued context keys", "IAM policy elements:
// Variables and tags".
package iam
