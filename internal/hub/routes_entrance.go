package hub

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (a *api) entranceRoutes(huma.API, *http.ServeMux) {}
