#include "tls_identity.hpp"
#include "tls_memory.hpp"
#include "tls_mismatch.hpp"
#include "tls_rules.hpp"
#include "tls_sessions.hpp"
#include "tls_trust.hpp"

#include <relay/net/fault.hpp>
#include <relay/transport/tls_context.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <utility>

namespace relay::transport {
namespace {

using config::tls_dial_options;

// A name that ends with a dot is looked up as it is, but neither sent nor compared with it.
std::string without_dot(const std::string& name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

// Where a connection's sessions go: the place of its remote.
int place_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

tls_sessions* sessions_of(const SSL_CTX* context) {
  return static_cast<tls_sessions*>(attached(context, attachment::sessions));
}

// A ticket has come, in TLS 1.3 at any time. 0: OpenSSL keeps its own reference, which an exception
// on its way through OpenSSL would leak; without memory the next connection does without.
int session_came(SSL* from, SSL_SESSION* newest) {
  auto* const place = static_cast<tls_sessions::place*>(SSL_get_ex_data(from, place_index()));
  auto* const into = sessions_of(SSL_get_SSL_CTX(from));
  if (into != nullptr && place != nullptr) net::attempted([&] { into->keep(*place, newest); });
  return 0;
}

// A server may hand out a new session at each resumption, and nothing of its certificate is looked
// at then: the last one must not outlive what was verified.
bool can_be_resumed(const SSL_CTX* by, SSL_SESSION* session) {
  if (SSL_CTX_get_verify_mode(by) == SSL_VERIFY_NONE) return true;
  return is_still_valid(SSL_SESSION_get0_peer(session));
}

int accept_any_certificate(X509_STORE_CTX* of, void* /*unused*/) {
  X509_STORE_CTX_set_error(of, X509_V_OK);
  return 1;
}

std::string set_verification(SSL_CTX* to, const tls_dial_options& options) {
  if (options.insecure) {
    SSL_CTX_set_verify(to, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_cert_verify_callback(to, &accept_any_certificate, nullptr);
    return {};
  }
  SSL_CTX_set_verify(to, SSL_VERIFY_PEER, nullptr);
  keep_mismatches(to);
  auto* const rules = SSL_CTX_get0_param(to);
  X509_VERIFY_PARAM_set_hostflags(
      rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const auto name = without_dot(options.sni);
  const bool is_address = ip_address::parse(name).has_value();
  const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str())
                             : X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size());
  if (name.empty() || set != 1) return "`" + name + "` is neither a DNS name nor an address";
  if (!options.ca.empty()) return trust_file(to, options.ca, "the trusted certificates");
  return SSL_CTX_set_default_verify_paths(to) == 1 ? std::string() : openssl_says();
}

std::string set_protocols(SSL_CTX* to, const std::vector<std::string>& protocols) {
  const auto wire = protocol_list(protocols);
  if (!wire) return wire.wrong;
  if (wire->empty()) return {};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(wire->data());
  // The one function of OpenSSL that returns 0 when all is well.
  return SSL_CTX_set_alpn_protos(to, bytes, static_cast<unsigned>(wire->size())) == 0
             ? std::string()
             : openssl_says();
}

std::string set_own_certificate(SSL_CTX* to, const tls_dial_options& options) {
  if (options.client_cert.empty()) return {};
  auto who = load_identity(options.client_cert, options.client_key);
  if (!who) return std::move(who.wrong);
  return show_identity(to, **who, options.client_cert);
}

// Sessions belong to a context: what was verified by other rules is not resumed.
parsed<context_ptr> make_client(const tls_dial_options& options) {
  const auto made = make_context(TLS_client_method());
  if (!made) return parsed<context_ptr>::bad("OpenSSL refuses: " + openssl_says());
  set_end(made.get(), options.strict_end);
  auto wrong = set_verification(made.get(), options);
  if (wrong.empty()) wrong = set_own_certificate(made.get(), options);
  if (wrong.empty()) wrong = set_protocols(made.get(), options.alpn);
  if (wrong.empty() &&
      !attach(made.get(), attachment::sessions, std::make_shared<tls_sessions>())) {
    wrong = openssl_says();
  }
  if (!wrong.empty()) return parsed<context_ptr>::bad(std::move(wrong));
  SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(made.get(), &session_came);
  return parsed<context_ptr>::good(made);
}

}  // namespace

parsed<std::shared_ptr<tls_client>> tls_client::make(const tls_dial_options& options) {
  using answer = parsed<std::shared_ptr<tls_client>>;
  static_cast<void>(keep_record_buffers());
  std::vector<std::string> files;
  if (!options.ca.empty() && !options.insecure) files.push_back(options.ca);
  for (const auto& each : {options.client_cert, options.client_key}) {
    if (!each.empty()) files.push_back(each);
  }
  auto source = tls_source::open(std::move(files), [options] { return make_client(options); });
  if (!source) return answer::bad(std::move(source.wrong));
  const auto name = without_dot(options.sni);
  return answer::good(std::make_shared<tls_client>(*source, ip_address::parse(name) ? "" : name));
}

tls_client::tls_client(std::shared_ptr<tls_source> from, std::string name) noexcept
    : source_(std::move(from)), name_(std::move(name)) {}
tls_client::~tls_client() = default;

tls_handle tls_client::open(const ip_endpoint& to) const {
  const auto by = source_->current();
  tls_handle made(SSL_new(by.get()));
  if (!made) return made;
  SSL_set_connect_state(made.get());
  if (!name_.empty() && SSL_set_tlsext_host_name(made.get(), name_.c_str()) != 1) return nullptr;
  auto* const sessions = sessions_of(by.get());
  auto& place = sessions->place_of(to);
  SSL_set_ex_data(made.get(), place_index(), &place);
  const auto known = sessions->copy(place);
  if (known && can_be_resumed(by.get(), known.get())) SSL_set_session(made.get(), known.get());
  ERR_clear_error();
  return made;
}

tls_refresh tls_client::refresh(time_point now) { return source_->refresh(now); }

}  // namespace relay::transport
