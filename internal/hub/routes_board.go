package hub

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (a *api) boardRoutes(huma.API, *http.ServeMux) {}
