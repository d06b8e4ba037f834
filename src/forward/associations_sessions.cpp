#include <relay/forward/associations.hpp>
#include <relay/net/clock.hpp>

// Associations as an operator sees them, and ends them.
namespace relay::forward {

session_info association::info() const {
  const auto path = this->path();
  session_info made;
  made.id = id_;
  made.is_association = true;
  made.is_open = socket_.fd() >= 0;
  made.client = {client_.endpoint(), {}};
  made.listen = path.listen();
  made.endpoint = path.by.endpoint_name;
  made.remote = path.to();
  made.age = std::chrono::duration_cast<std::chrono::milliseconds>(net::coarse_now() - since_);
  made.up_bytes = up_.bytes;
  made.down_bytes = down_.bytes;
  made.up_datagrams = up_.datagrams;
  made.down_datagrams = down_.datagrams;
  return made;
}

// The table is one run of memory: this looks at no association.
std::vector<flow_key> associations::keys() const {
  std::vector<flow_key> all;
  all.reserve(flows_.size());
  flows_.for_each_key([&all](const flow_key& each) { all.push_back(each); });
  return all;
}

association* associations::find(const flow_key& key) const {
  return static_cast<association*>(flows_.find(key));
}

void associations::kill(association& which) { remove(which, end_reason::killed, true); }

}  // namespace relay::forward
