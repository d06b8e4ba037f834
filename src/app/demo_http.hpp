#pragma once

#include <cstdint>
#include <memory>

namespace relay::app {

/// The web server of `relay demo`, on 127.0.0.1 and a free port, on a thread of its own: `GET /`,
/// `GET /bytes/N`, `POST /echo`. Ends, connections and all, when it goes.
class demo_http {
 public:
  /// Throws boost::system::system_error when it cannot listen.
  demo_http();
  ~demo_http();

  std::uint16_t port() const;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace relay::app
