// Reads objects of the Grafana operator from stdin, a document each, into the operator's own types,
// and prints them as JSON lines. A key that a type does not have is an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-operator/v5/api/v1beta1"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct {
			Kind string `json:"kind"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return err
		}
		var object any
		switch head.Kind {
		case "GrafanaFolder":
			object = &v1beta1.GrafanaFolder{}
		case "GrafanaDashboard":
			object = &v1beta1.GrafanaDashboard{}
		case "GrafanaAlertRuleGroup":
			object = &v1beta1.GrafanaAlertRuleGroup{}
		case "GrafanaContactPoint":
			object = &v1beta1.GrafanaContactPoint{}
		default:
			return fmt.Errorf("no type for the kind %q", head.Kind)
		}
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return fmt.Errorf("%s: %w", head.Kind, err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(object); err != nil {
			return err
		}
	}
	return nil
}
