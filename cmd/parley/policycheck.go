package main

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parleyhq/parley/engine"
	"github.com/parleyhq/parley/transport/rest"
)

// checkPolicy says what would be wrong with a department, written as tenants' files
// write it, in a tenant: what check-config would say. One of an id that the tenant has
// takes that one's place; without an id it stands beside the others.
func checkPolicy(tenant *engine.Tenant, text []byte) []rest.PolicyProblem {
	var file departmentFile
	dec := yaml.NewDecoder(bytes.NewReader(text)) // JSON is YAML
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return parserProblems(err)
	}
	if file.ID == "" {
		file.ID = "policy-check"
	}
	department, err := file.department()
	if err != nil {
		return []rest.PolicyProblem{problemOf(err.Error())}
	}
	whole := *tenant
	whole.Operators = slices.Clone(tenant.Operators)
	whole.Departments = slices.DeleteFunc(slices.Clone(tenant.Departments), func(d engine.Department) bool { return d.ID == department.ID })
	whole.Departments = append(whole.Departments, department)
	whole.EnsureDefaults()
	if err := whole.Validate(); err != nil {
		return []rest.PolicyProblem{problemOf(err.Error())}
	}
	return nil
}

// parserProblems are what the parser found, without lines: the text is a request's.
func parserProblems(err error) (all []rest.PolicyProblem) {
	lines := []string{"not a policy"}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		lines = types.Errors
	}
	for _, line := range lines {
		if parts := yamlLine.FindStringSubmatch(line); parts != nil {
			line = parts[2]
		}
		if key := yamlUnknown.FindStringSubmatch(line); key != nil {
			all = append(all, rest.PolicyProblem{Path: key[1], Problem: "unknown key"})
			continue
		}
		all = append(all, rest.PolicyProblem{Problem: wantedType(line)})
	}
	return all
}

var (
	policyStep    = regexp.MustCompile(`^step (\d+): (?:([a-z_]+)(?:: | is ))?`)
	policySetting = regexp.MustCompile(`^([a-z_]+)(?:: | is |, | and )`)
)

// problemOf puts a fault that the validator names in words into a path and the words.
func problemOf(text string) rest.PolicyProblem {
	for _, prefix := range []string{"tenant ", "department "} {
		if rest, is := strings.CutPrefix(text, prefix); is {
			if _, after, found := strings.Cut(rest, ": "); found {
				text = after
			}
		}
	}
	p := rest.PolicyProblem{Problem: text}
	if step := policyStep.FindStringSubmatch(text); step != nil {
		n, _ := strconv.Atoi(step[1])
		if p.Path = "steps[" + strconv.Itoa(n-1) + "]"; step[2] != "" {
			p.Path += "." + step[2]
		}
	} else if setting := policySetting.FindStringSubmatch(text); setting != nil {
		p.Path = setting[1]
	}
	return p
}
