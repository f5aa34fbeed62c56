package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
)

// writeRegions lists code and name of each division, and of the zones, which firms
// name as their place although they are no divisions.
func writeRegions(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var out strings.Builder
	for _, row := range rows[1:] {
		if code, name, kind := row[0], row[1], row[4]; kind == "division" || kind == "zone" {
			fmt.Fprintf(&out, "%s %s\n", code, name)
		}
	}
	return out.String(), nil
}
