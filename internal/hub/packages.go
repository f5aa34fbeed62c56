package hub

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gongxin"
	"gongxin/internal/access"
)

// Packages are the signed files for departments without a network, as the hub offers
// them: cmd gives those of the room packages. Errors are a gongxin.Error where people
// are told.
type Packages interface {
	// Of lists the packages that were made for a gate, oldest first. Error:
	// PACKAGE_UNKNOWN_GATE if none was.
	Of(gate string) ([]Package, error)
	// Fetch opens one of them; the caller closes it. Error: PACKAGE_NOT_HERE.
	Fetch(gate, file string) (*os.File, error)
	// Fetched notes that it was fetched.
	Fetched(gate, file string) error
	// Receive takes a signed receipt with the gate's key, if one came with it.
	// Errors: PACKAGE_RECEIPT…, PACKAGE_UNKNOWN_GATE.
	Receive(ctx context.Context, note []byte, key string) (PackageReceipt, error)
}

// A Package is one that was made for a department without a network (2.2).
type Package struct {
	File      string      `json:"file"`
	Full      bool        `json:"full" doc:"the whole list; else what came after from"`
	From      uint64      `json:"from"`
	To        uint64      `json:"to"`
	Made      time.Time   `json:"made"`
	Sent      time.Time   `json:"sent,omitzero" doc:"delivered or fetched, the last time"`
	How       string      `json:"how,omitempty"`
	Due       gongxin.Day `json:"receipt_due"`
	Confirmed time.Time   `json:"confirmed,omitzero"`
	Here      bool        `json:"here" doc:"it lies here to be fetched; others went on a medium or by SFTP"`
}

// A PackageReceipt is one that agrees with what the hub signed.
type PackageReceipt struct {
	Gate     string `json:"gate"`
	Sequence uint64 `json:"sequence" doc:"applied up to"`
	Key      string `json:"key" doc:"of the gate"`
	First    bool   `json:"first" doc:"the key was not known before: compare it with the department"`
}

// packageRoutes registers what a department that fetches files needs (2.2).
func (a *api) packageRoutes(j huma.API, mux *http.ServeMux) {
	route(j, "packages-list", http.MethodGet, "/v1/gates/{gate}/packages", "The signed packages that were made for a department, and which are confirmed (2.2)", a.listPackages)
	route(j, "package-receipt", http.MethodPost, "/v1/gates/{gate}/package-receipts", "Hand in the signed receipt of a package (2.2)", a.packageReceipt)
	mux.Handle("GET /v1/gates/{gate}/packages/{id}", a.guard("package-fetch", a.fetchPackage))
}

type packagesOutput struct {
	Body struct {
		Gate     string    `json:"gate"`
		Packages []Package `json:"packages" doc:"oldest first"`
	}
}

// offered returns the hub's packages. Error: PACKAGE_NONE if it makes none.
func (h *Hub) offered() (Packages, error) {
	if h.Packages == nil {
		return nil, gongxin.Missing("PACKAGE_NONE")
	}
	return h.Packages, nil
}

// listPackages serves GET /v1/gates/{gate}/packages: to the department its own.
func (a *api) listPackages(ctx context.Context, in *GatePath) (*packagesOutput, error) {
	if ofDepartment(ctx) {
		if err := ownGate(ctx, in.Gate); err != nil {
			return nil, a.answer(ctx, err)
		}
	}
	out := new(packagesOutput)
	p, err := a.hub.offered()
	if err == nil {
		out.Body.Gate = in.Gate
		out.Body.Packages, err = p.Of(in.Gate)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}

// fetchPackage serves GET /v1/gates/{gate}/packages/{file}, in parts if asked to.
func (a *api) fetchPackage(w http.ResponseWriter, r *http.Request) {
	gate, file := r.PathValue("gate"), r.PathValue("id")
	p, err := a.hub.offered()
	if err == nil {
		err = ownGate(r.Context(), gate)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	f, err := p.Fetch(gate, file)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	defer f.Close() // only read
	if err := p.Fetched(gate, file); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "private, no-store") // it holds full identifiers
	http.ServeContent(w, r, "", time.Time{}, f)
}

type packageReceiptInput struct {
	GatePath
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"65536" doc:"the signed receipt, as gongxin package receipt writes it"`
		Key  string `json:"key,omitempty" maxLength:"1024" doc:"the gate's public key, with the first receipt"`
	}
}

type packageReceiptOutput struct{ Body PackageReceipt }

// packageReceipt serves POST /v1/gates/{gate}/package-receipts: from the department
// itself, or from the operator to whom it came on a medium.
func (a *api) packageReceipt(ctx context.Context, in *packageReceiptInput) (*packageReceiptOutput, error) {
	p, err := a.hub.offered()
	if err == nil && access.ActorFrom(ctx).Role != gongxin.RoleOperator {
		err = ownGate(ctx, in.Gate)
	}
	out := new(packageReceiptOutput)
	if err == nil {
		out.Body, err = p.Receive(ctx, []byte(in.Body.Note), in.Body.Key)
	}
	if err == nil && out.Body.Gate != in.Gate {
		err = gongxin.Forbidden("NOT_THIS_GATE", out.Body.Gate, in.Gate)
	}
	if err != nil {
		return nil, a.answer(ctx, err)
	}
	return out, nil
}
