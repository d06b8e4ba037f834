#include "tls_mismatch.hpp"

#include <relay/net/fault.hpp>
#include <relay/transport/tls_error.hpp>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace relay::transport {
namespace {

constexpr int most_names = 4;
constexpr std::size_t longest_name = 80;

void free_text(void* /*parent*/, void* text, CRYPTO_EX_DATA* /*data*/, int /*index*/,
               long /*argument*/, void* /*pointer*/) {
  delete static_cast<std::string*>(text);
}

int place() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_text);
  return index;
}

std::span<const unsigned char> bytes_of(const ASN1_STRING* of) {
  return {ASN1_STRING_get0_data(of), static_cast<std::size_t>(ASN1_STRING_length(of))};
}

// The peer has written it: it must not end a line, nor fill one.
std::string shown(std::span<const unsigned char> name) {
  std::string made;
  for (const auto byte : name.first(std::min(name.size(), longest_name)))
    made += byte > ' ' && byte < 0x7f && byte != ',' ? static_cast<char>(byte) : '?';
  return name.size() > longest_name ? made + "..." : made;
}

std::string shown_address(std::span<const unsigned char> bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return "?";
  return ::inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr ? text.data() : "?";
}

// Names and addresses, which are what a client compares.
std::string names_in(const X509* certificate) {
  using names_ptr = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;
  const names_ptr names(static_cast<GENERAL_NAMES*>(
                            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                        &GENERAL_NAMES_free);
  std::string text;
  int count = 0;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* const each = sk_GENERAL_NAME_value(names.get(), i);
    if (each->type != GEN_DNS && each->type != GEN_IPADD) continue;
    if (++count > most_names) continue;
    if (count > 1) text += ", ";
    text += each->type == GEN_DNS ? shown(bytes_of(each->d.dNSName))
                                  : shown_address(bytes_of(each->d.iPAddress));
  }
  if (count == 0) return "no names at all (subjectAltName)";
  return count > most_names ? text + " and " + std::to_string(count - most_names) + " more" : text;
}

std::string wanted_by(X509_VERIFY_PARAM* rules) {
  if (const char* const host = X509_VERIFY_PARAM_get0_host(rules, 0)) return host;
  char* const address = X509_VERIFY_PARAM_get1_ip_asc(rules);
  if (address == nullptr) return {};
  std::string text(address);
  OPENSSL_free(address);
  return text;
}

int look(int accepted, X509_STORE_CTX* of) {
  const int why = X509_STORE_CTX_get_error(of);
  if (accepted == 1 ||
      (why != X509_V_ERR_HOSTNAME_MISMATCH && why != X509_V_ERR_IP_ADDRESS_MISMATCH))
    return accepted;
  auto* const session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(of, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (session == nullptr || SSL_get_ex_data(session, place()) != nullptr) return accepted;
  // Without memory it is told without names: no exception may pass OpenSSL.
  net::attempted([&] {
    auto text = std::make_unique<std::string>(describe({-why, tls_category()}) + ": wanted " +
                                              wanted_by(X509_STORE_CTX_get0_param(of)) +
                                              ", it has " + names_in(X509_STORE_CTX_get0_cert(of)));
    if (SSL_set_ex_data(session, place(), text.get()) == 1) text.release();
  });
  ERR_clear_error();  // a SAN that cannot be read
  return accepted;
}

}  // namespace

void keep_mismatches(SSL_CTX* of) { SSL_CTX_set_verify(of, SSL_CTX_get_verify_mode(of), &look); }

std::string mismatch_of(const SSL* of) {
  const auto* const text = static_cast<const std::string*>(SSL_get_ex_data(of, place()));
  return text != nullptr ? *text : std::string();
}

}  // namespace relay::transport
