package hub

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress returns who asks: the network address of the connection or, where
// that is a proxy that the operator trusts, the last address in X-Forwarded-For
// which is not such a proxy's. What a client writes into the header itself stands
// before that and is passed over. ok is false if there is none that can be read.
func clientAddress(r *http.Request, trusted []netip.Prefix) (ip netip.Addr, ok bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	ip = at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(ip, trusted); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // the proxy's own address is what is known for sure
		}
		ip = before.Unmap()
	}
	return ip, true
}

func within(ip netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip.WithZone("")) })
}
