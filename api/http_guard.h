/*
 * http_guard: which network addresses a URL that a provider named may lead to.
 *
 * A result URL must not make this machine ask its own services, its neighbours, or a cloud's
 * metadata service.  Judged by address, so spellings and names do not matter.
 */
#ifndef API_HTTP_GUARD_H
#define API_HTTP_GUARD_H

#include <sys/socket.h>

#include "base.h"

/* Whether a connection may be made.  allow_private also lets loopback, private (RFC 1918, ULA) and
 * carrier-grade NAT addresses pass; link-local, multicast, unspecified, v4-mapped, reserved and
 * metadata addresses never pass. */
bool guard_allows(const struct sockaddr *address, bool allow_private);
/* The same for an address as text; what is no address does not pass. */
bool guard_allows_text(const char *address, bool allow_private);
/* Whether a provider's own URL leads to this machine or this house, so that its results may lie there, too: by
 * its address, or `localhost`; of another name nothing is known, which is no. */
bool guard_is_near(const char *url);
/* The port of the proxy that the environment names for this URL's scheme, or 0.  Behind a proxy the
 * address that is seen is the proxy's, which the user chose. */
int guard_proxy_port(const char *url);
/* Whether the environment (no_proxy) wants that host to be asked without the proxy. */
bool guard_is_direct(const char *host);

#endif
