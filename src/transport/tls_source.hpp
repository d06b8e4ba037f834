#pragma once

#include "tls_files.hpp"
#include "validity.hpp"

#include <relay/transport/tls_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace relay::transport {

/// Shared with every connection made of it, so it goes when the last of them does.
using context_ptr = std::shared_ptr<ssl_ctx_st>;

/// The current context of an endpoint, made anew when its files change. What cannot be used leaves
/// the old one in place.
class tls_source {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using maker = std::function<parsed<context_ptr>()>;
  static constexpr std::chrono::seconds recheck{1};

  static parsed<std::shared_ptr<tls_source>> open(std::vector<std::string> files, maker make);

  context_ptr current() const;
  tls_refresh refresh(time_point now);

 private:
  tls_refresh look();
  std::string remind(std::chrono::system_clock::time_point now);

  std::vector<std::string> files_;
  maker make_;
  mutable std::mutex current_mutex_;
  context_ptr current_;
  // Of whoever looks; the others do not wait for them.
  std::mutex looking_;
  time_point next_look_ = time_point::min();
  std::vector<file_stamp> seen_;
  expiry_reminder reminder_;
  int failures_ = 0;  // of what was seen
};

}  // namespace relay::transport
