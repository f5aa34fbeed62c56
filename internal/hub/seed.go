package hub

import (
	"context"
	"fmt"
	"strings"

	"gongxin/internal/access"
	"gongxin/internal/courts"
	"gongxin/internal/store"
)

// Seed puts the organisations of the province into an empty tree: the province, its
// cities, the centre, and the courts as the directory has them. A tree that has
// anything in it stays as it is.
func (h *Hub) Seed(ctx context.Context) error {
	all, err := h.Organisations(ctx)
	if err != nil || len(all) > 0 {
		return err
	}
	n, err := h.LoadOrganisations(ctx)
	if err == nil {
		h.Log.InfoContext(ctx, "organisations loaded", "organisations", n)
	}
	return err
}

// LoadOrganisations adds the province, its cities, the centre and the courts as far
// as the tree lacks them, and returns how many it added. What is there stays as it is.
func (h *Hub) LoadOrganisations(ctx context.Context) (added int, err error) {
	err = h.Store.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		added = 0
		all, err := tx.Organisations(ctx)
		if err != nil {
			return err
		}
		there := map[string]bool{}
		for _, o := range all {
			there[o.ID] = true
		}
		for _, o := range province(h.Courts) {
			if there[o.ID] {
				continue
			}
			if err := tx.SaveOrganisation(ctx, o); err != nil {
				return fmt.Errorf("load organisation %s: %w", o.ID, err)
			}
			added++
		}
		return nil
	})
	h.treeChanged()
	return added, err
}

// The organisations that are no courts.
const (
	provinceID = "province"
	centreID   = "centre"
)

// province lists the organisations of Jiangsu, each after the one above it. A court
// stands under the next higher one; an intermediate court under its city, and one
// whose superior differs by kind of case under the province.
func province(d *courts.Directory) []access.Organisation {
	out := []access.Organisation{
		{ID: provinceID, Kind: access.OrgProvince, Name: "江苏省"},
		{ID: centreID, Parent: provinceID, Kind: access.OrgCentre, Name: hubActor.Organisation},
	}
	court := func(c courts.Court, parent string) {
		out = append(out, access.Organisation{ID: "court." + c.Code.String(), Parent: parent, Kind: access.OrgCourt, Name: c.Name, Court: c.Code})
	}
	all := d.All()
	for _, c := range all {
		switch c.Level {
		case "高级", "中级(专门)":
			court(c, provinceID)
		case "中级":
			city := access.Organisation{ID: "city." + c.Code.String(), Parent: provinceID, Kind: access.OrgCity,
				Name: strings.TrimSuffix(strings.TrimPrefix(c.Name, "江苏省"), "中级人民法院")}
			out = append(out, city)
			court(c, city.ID)
		}
	}
	for _, c := range all {
		if !strings.HasPrefix(c.Level, "基层") {
			continue
		}
		parent := provinceID
		if superior, known := d.ByName(c.Superior); known {
			parent = "court." + superior.Code.String()
		}
		court(c, parent)
	}
	return out
}
