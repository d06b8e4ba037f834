#pragma once

#include "openssl.hpp"

#include <relay/base/parsed.hpp>

#include <memory>
#include <string>
#include <vector>

namespace relay::transport {

/// What a server shows and what proves that it may.
struct tls_identity {
  x509_ptr certificate;
  std::vector<x509_ptr> chain;  ///< the authorities between it and a root
  key_ptr key;
};

/// Every certificate of a PEM text, or the single one of a DER file; at least one.
parsed<std::shared_ptr<std::vector<x509_ptr>>> read_certificates(const std::string& path,
                                                                 const char* what);

/// Certificate and key that belong to each other, from files of the kinds of spec 9.1.
parsed<std::shared_ptr<const tls_identity>> load_identity(const std::string& cert,
                                                          const std::string& key);

/// A fresh key and a certificate for `name` (a DNS name or an address) that it signs itself, as
/// spec 9.3 describes them. Null when OpenSSL gives none.
std::shared_ptr<const tls_identity> make_self_signed(const std::string& name);

}  // namespace relay::transport
