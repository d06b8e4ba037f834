#pragma once

#include "loop.hpp"
#include "options.hpp"
#include "server.hpp"

#include <memory>

namespace relay::bench {

/// The common part of the TCP works: the server at --listen (in --server-net), and clients that
/// dial
/// --to (in --client-net).
class stage {
 public:
  explicit stage(options& given);
  unique_fd dial_program() const { return dial(to_); }

  loop events;
  std::unique_ptr<server> remote;  ///< none without --listen

 private:
  address to_;
  in_network client_;  // the rest of the process's life is spent there
};

}  // namespace relay::bench
