#include "ticket_keys.hpp"
#include "tls_identity.hpp"
#include "tls_memory.hpp"
#include "tls_rules.hpp"
#include "tls_trust.hpp"

#include <relay/transport/tls_context.hpp>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

#include <utility>

namespace relay::transport {
namespace {

using config::tls_listen_options;
using identity = std::shared_ptr<const tls_identity>;

struct stapled {
  std::string response;
};

int staple(SSL* to, void* what) {
  const auto& response = static_cast<const stapled*>(what)->response;
  void* const copy = OPENSSL_memdup(response.data(), response.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(to, copy, static_cast<long>(response.size()));  // takes it over
  return SSL_TLSEXT_ERR_OK;
}

std::string set_response(SSL_CTX* to, const std::string& path) {
  const auto response = read_small_file(path, "the OCSP response");
  if (!response) return response.wrong;
  const auto text = response->view();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::unique_ptr<OCSP_RESPONSE, freed_by<&OCSP_RESPONSE_free>> readable(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(text.size())));
  ERR_clear_error();
  if (!readable) return "`" + path + "` holds no OCSP response; DER is wanted";
  auto kept = std::make_shared<stapled>(stapled{std::string(text)});
  SSL_CTX_set_tlsext_status_cb(to, &staple);
  SSL_CTX_set_tlsext_status_arg(to, kept.get());
  return attach(to, attachment::response, std::move(kept)) ? std::string() : openssl_says();
}

// Called for clients that offer something only. Nothing in common is the end, as RFC 7301 (3.2)
// demands: the client would speak a protocol that nobody behind us has been asked about.
int select_protocol(SSL* /*of*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* what) {
  const auto& ours = *static_cast<const std::string*>(what);
  unsigned char* found = nullptr;  // in one of the two lists, neither of which is changed
  const auto verdict =
      SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  if (verdict != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::string set_protocols(SSL_CTX* to, const std::vector<std::string>& names) {
  auto wire = protocol_list(names);
  if (!wire) return std::move(wire.wrong);
  if (wire->empty()) return {};
  auto kept = std::make_shared<std::string>(*wire);
  SSL_CTX_set_alpn_select_cb(to, &select_protocol, kept.get());
  return attach(to, attachment::protocols, std::move(kept)) ? std::string() : openssl_says();
}

// No name is looked at; no ALPN is selected or refused unless `alpn` says so, and no certificate
// asked for unless `client_ca` does (spec 9.3).
parsed<context_ptr> make_server(const tls_listen_options& options, const identity& who) {
  const auto made = make_context(TLS_server_method());
  if (!made) return parsed<context_ptr>::bad("OpenSSL refuses: " + openssl_says());
  auto wrong = show_identity(made.get(), *who, options.cert);
  if (wrong.empty() && !options.ocsp.empty()) wrong = set_response(made.get(), options.ocsp);
  if (wrong.empty() && !options.client_ca.empty()) {
    wrong = demand_certificates(made.get(), options.client_ca);
  } else {
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_NONE, nullptr);
  }
  if (wrong.empty()) wrong = set_protocols(made.get(), options.alpn);
  if (wrong.empty()) wrong = set_ticket_keys(made.get());
  if (!wrong.empty()) return parsed<context_ptr>::bad(std::move(wrong));
  set_end(made.get(), options.strict_end);
  // Tickets hold all there is to a session: nothing is kept for clients that may never return.
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
  // Nor are they part of the handshake in TLS 1.3: the stream sends one with its first payload. A
  // client that only writes would close with an unread ticket in its socket, and its kernel then
  // resets the connection and throws away what it has not sent yet.
  SSL_CTX_set_num_tickets(made.get(), 0);
  SSL_CTX_set_max_early_data(made.get(), 0);
  return parsed<context_ptr>::good(made);
}

parsed<context_ptr> from_files(const tls_listen_options& options) {
  auto who = load_identity(options.cert, options.key);
  if (!who) return parsed<context_ptr>::bad(std::move(who.wrong));
  return make_server(options, *who);
}

bool has_files(const tls_listen_options& options) {
  return !options.cert.empty() && !options.key.empty();  // they take precedence over `servername`
}

}  // namespace

parsed<std::shared_ptr<tls_server>> tls_server::make(const tls_listen_options& options,
                                                     self_signed_certificates& self_signed) {
  using answer = parsed<std::shared_ptr<tls_server>>;
  static_cast<void>(keep_record_buffers());
  std::vector<std::string> files;
  tls_source::maker make;
  if (has_files(options)) {
    files = {options.cert, options.key};
    make = [options] { return from_files(options); };
  } else {
    auto who = self_signed.of(options.servername);
    if (!who) {
      return answer::bad("no certificate can be made for `" + options.servername + "`");
    }
    make = [options, who = std::move(who)] { return make_server(options, who); };
  }
  for (const auto& each : {options.ocsp, options.client_ca}) {
    if (!each.empty()) files.push_back(each);
  }
  auto source = tls_source::open(std::move(files), std::move(make));
  if (!source) return answer::bad(std::move(source.wrong));
  return answer::good(std::make_shared<tls_server>(*source, !options.client_ca.empty()));
}

tls_server::tls_server(std::shared_ptr<tls_source> from, bool verifies) noexcept
    : source_(std::move(from)), verifies_(verifies) {}
tls_server::~tls_server() = default;

tls_handle tls_server::open() const {
  tls_handle made(SSL_new(source_->current().get()));
  if (made) SSL_set_accept_state(made.get());
  return made;
}

tls_refresh tls_server::refresh(time_point now) { return source_->refresh(now); }

void tls_closer::operator()(ssl_st* what) const noexcept {
  // Otherwise OpenSSL takes the session for one that was broken off, and forgets it.
  SSL_set_shutdown(what, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(what);
}

}  // namespace relay::transport
