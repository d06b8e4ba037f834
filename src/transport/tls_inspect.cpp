#include "tls_files.hpp"
#include "tls_identity.hpp"
#include "validity.hpp"

#include <relay/transport/tls_inspect.hpp>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace relay::transport {
namespace {

namespace fs = std::filesystem;
using certificates = std::vector<x509_ptr>;

std::string in_ticks(std::string_view text) { return '`' + std::string(text) + '`'; }

std::string name_of(const X509_NAME* from) {
  char text[256];
  X509_NAME_oneline(from, text, sizeof text);
  return text;
}

/// What cannot be read has been told as an error.
std::shared_ptr<certificates> read(const std::string& path) {
  const auto found = read_certificates(path, "");
  return found ? *found : std::make_shared<certificates>();
}

bool vouches(const X509* for_whom, const certificates& among) {
  return std::ranges::any_of(among, [&](const x509_ptr& each) {
    // It looks, and changes nothing but what it has cached of either.
    return X509_check_issued(each.get(), const_cast<X509*>(for_whom)) == X509_V_OK;
  });
}

bool is_known_to_system(X509* issued) {
  const std::unique_ptr<X509_STORE, freed_by<&X509_STORE_free>> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, freed_by<&X509_STORE_CTX_free>> look(X509_STORE_CTX_new());
  X509* issuer = nullptr;
  const bool found = store && look && X509_STORE_set_default_paths(store.get()) == 1 &&
                     X509_STORE_CTX_init(look.get(), store.get(), issued, nullptr) == 1 &&
                     X509_STORE_CTX_get1_issuer(&issuer, look.get(), issued) == 1;
  X509_free(issuer);
  ERR_clear_error();
  return found;
}

/// A root need not be sent, so with one intermediate in the file nobody can tell what is missing.
bool lacks_issuer(const certificates& chain, const tls_surroundings& with) {
  auto* const own = chain.front().get();
  if (X509_NAME_cmp(X509_get_subject_name(own), X509_get_issuer_name(own)) == 0) return false;
  if (vouches(own, chain)) return false;
  for (const auto& file : with.authorities)
    if (vouches(own, *read(file))) return false;
  return !is_known_to_system(own);
}

void inspect_pair(std::vector<tls_warning>& said, const char* cert_item, const std::string& cert,
                  const char* key_item, const std::string& key, const tls_surroundings& with) {
  const auto chain = read(cert);
  for (const auto& each : *chain) {
    const auto dates = validity_of(each.get());
    const auto why = dates ? trouble(*dates, with.now) : std::string();
    if (why.empty()) continue;
    const bool is_own = &each == &chain->front();
    said.push_back({cert_item,
                    is_own ? "the certificate " + in_ticks(cert) + ' ' + why
                           : "in " + in_ticks(cert) + ", the certificate of the authority " +
                                 name_of(X509_get_subject_name(each.get())) + ' ' + why,
                    "renew it; relay takes the new file while it runs"});
  }
  if (!chain->empty() && lacks_issuer(*chain, with)) {
    said.push_back({cert_item,
                    in_ticks(cert) + " holds a certificate without its issuer, " +
                        name_of(X509_get_issuer_name(chain->front().get())) +
                        ", which is no authority of this system either: peers that do not know it "
                        "cannot verify the certificate",
                    "append the issuer's certificate to the file (often: use fullchain.pem)"});
  }
  if (is_readable_by_all(key)) {
    said.push_back({key_item,
                    "the key " + in_ticks(key) + " can be read by every user of this machine",
                    "take that right away (chmod o-r), or hand it over with LoadCredential="});
  }
}

void inspect_authorities(std::vector<tls_warning>& said, const char* item, const std::string& path,
                         const tls_surroundings& with) {
  const auto all = read(path);
  if (all->empty()) return;
  std::string last;
  for (const auto& each : *all) {
    const auto dates = validity_of(each.get());
    last = dates ? trouble(*dates, with.now) : std::string();
    if (last.empty()) return;  // one that will do
  }
  said.push_back({item,
                  all->size() == 1 ? "the authority in " + in_ticks(path) + ' ' + last
                                   : "of the authorities in " + in_ticks(path) +
                                         " none is valid for another two weeks; the last " + last,
                  "add the authority that follows it"});
}

/// A response that has expired does more harm than none: clients that look at it end the handshake.
void inspect_response(std::vector<tls_warning>& said, const std::string& path,
                      const tls_surroundings& with) {
  const auto file = read_small_file(path, "");
  if (!file) return;
  const auto* bytes = reinterpret_cast<const unsigned char*>(file->view().data());
  const std::unique_ptr<OCSP_RESPONSE, freed_by<&OCSP_RESPONSE_free>> response(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(file->view().size())));
  const std::unique_ptr<OCSP_BASICRESP, freed_by<&OCSP_BASICRESP_free>> basic(
      response ? OCSP_response_get1_basic(response.get()) : nullptr);
  ERR_clear_error();
  auto* const first = basic ? OCSP_resp_get0(basic.get(), 0) : nullptr;
  if (first == nullptr) return;
  ASN1_GENERALIZEDTIME* until = nullptr;
  OCSP_single_get0_status(first, nullptr, nullptr, nullptr, &until);
  const auto end = time_of(until);
  if (!end || with.now < *end) return;
  said.push_back({"ocsp",
                  "the OCSP response " + in_ticks(path) + ' ' + trouble({{}, *end}, with.now),
                  "fetch a new one; relay takes the new file while it runs"});
}

std::string from_environment(const char* variable, const char* otherwise) {
  const char* const given = std::getenv(variable);
  return given != nullptr ? given : otherwise;
}

bool is_hashed_name(const std::string& name) {
  return name.size() > 9 && name[8] == '.' &&
         std::all_of(name.begin(), name.begin() + 8,
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

}  // namespace

bool system_has_authorities() {
  std::error_code ec;
  const auto file =
      from_environment(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  if (fs::is_regular_file(file, ec) && fs::file_size(file, ec) > 0) return true;
  const auto folders =
      from_environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  for (std::size_t at = 0; at <= folders.size();) {
    const auto end = std::min(folders.find(':', at), folders.size());
    for (fs::directory_iterator each(folders.substr(at, end - at), ec), none; !ec && each != none;
         each.increment(ec)) {
      if (is_hashed_name(each->path().filename().string())) return true;
    }
    at = end + 1;
  }
  return false;
}

std::vector<tls_warning> inspect(const config::tls_listen_options& what,
                                 const tls_surroundings& with) {
  std::vector<tls_warning> said;
  if (!what.cert.empty()) inspect_pair(said, "cert", what.cert, "key", what.key, with);
  if (!what.ocsp.empty()) inspect_response(said, what.ocsp, with);
  if (!what.client_ca.empty()) inspect_authorities(said, "client_ca", what.client_ca, with);
  return said;
}

std::vector<tls_warning> inspect(const config::tls_dial_options& what,
                                 const tls_surroundings& with) {
  std::vector<tls_warning> said;
  if (!what.client_cert.empty()) {
    inspect_pair(said, "client_cert", what.client_cert, "client_key", what.client_key, with);
  }
  if (what.insecure) return said;
  if (!what.ca.empty()) {
    inspect_authorities(said, "ca", what.ca, with);
  } else if (!system_has_authorities()) {
    said.push_back({"tls",
                    "this system has no certificates of authorities, so no remote can be verified",
                    "install the package ca-certificates, or give `ca=FILE`"});
  }
  return said;
}

}  // namespace relay::transport
