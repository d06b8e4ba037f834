/* A pre-connect hook: one port for HTTPS and SSH.
 *
 *   cc -shared -fPIC -O2 -Wall -o hook.so hook.c
 *   relay -j ./hook.so -c hook.toml
 *
 * relay calls both functions for every TCP client, before it dials anything, one client after the
 * other on a thread of their own: what takes long here keeps all new clients waiting. The bytes
 * that are looked at are still delivered. What a hook may do is in docs/operations.md. */
#include <stdint.h>
#include <string.h>

/* How many of a client's first bytes the decision needs; at most 32768. A client that does not send
 * so many within `handshake_timeout` is turned away. */
uint32_t realm_first_pkt_len(void) { return 4; }

/* Below 0: turn the client away. 0: `remote`. From 1 to max_remote_idx: that one of
 * `extra_remotes`. `pkt` is not a C string: it has exactly the bytes asked for. */
int32_t realm_decide_remote_idx(int32_t max_remote_idx, const char *pkt) {
  static const char tls_handshake[] = {0x16, 0x03};

  if (memcmp(pkt, tls_handshake, sizeof tls_handshake) == 0) return 0;
  if (memcmp(pkt, "SSH-", 4) == 0 && max_remote_idx >= 1) return 1;
  return -1;
}
