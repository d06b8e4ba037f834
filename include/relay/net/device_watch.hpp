#pragma once

#include <relay/base/error.hpp>
#include <relay/net/poller.hpp>

#include <functional>
#include <string>
#include <vector>

namespace relay::net {

/// Tells when the network devices that listeners are bound to go, and when others come under their
/// names. A socket stays bound to the very device that it was opened for, so it is deaf from then
/// on, and no call of it ever says so. Belongs to a worker; costs one socket.
class device_watch final : public waiter {
 public:
  enum class event {
    gone,      ///< nobody reaches what is bound to it
    replaced,  ///< there is a device of that name again, but another one: sockets are to be opened
               ///< anew
  };
  using handler = std::function<void(const std::string& device, event what)>;

  device_watch(poller& on, handler told);
  ~device_watch();

  /// From now on these and no others; what is known of those that it has watched before goes on.
  /// Fails where nobody can be asked for such news.
  error_code follow(const std::vector<std::string>& devices);

 private:
  struct device {
    std::string name;
    unsigned index = 0;  // 0: it has gone, as was told
  };

  void wake() override;
  error_code start();
  void look();

  watch socket_;
  handler told_;
  std::vector<device> devices_;
};

}  // namespace relay::net
