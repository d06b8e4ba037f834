#include "exchange_client.hpp"
#include "measurement.hpp"
#include "stage.hpp"
#include "works.hpp"

namespace relay::bench {
namespace {

int exchange(options& given, bool lasting) {
  stage at(given);
  exchange_totals totals;
  const auto ask = static_cast<std::uint32_t>(given.number("request", 64));
  const auto answer = static_cast<std::uint32_t>(given.number("response", ask));
  std::vector<std::unique_ptr<exchange_client>> clients(given.number("connections", 1));
  measurement run(
      given, [&] { totals = {}; }, [&] { return totals.done >= clients.size(); });
  given.check();
  if (ask == 0 || answer == 0) throw usage_error("--request and --response: at least 1");
  const exchange_plan plan{ask, answer, lasting};
  for (auto& client : clients) client = std::make_unique<exchange_client>(at, plan, totals);

  while (run.goes_on(totals.done)) at.events.turn(std::chrono::milliseconds(10));
  auto told = run.results();
  told.add("units", totals.done).add("bytes", totals.done * (ask + answer));
  told.add("errors", totals.errors).add(totals.latency).print();
  return 0;
}

}  // namespace

int exchange_work(options& given) { return exchange(given, true); }
int connect_work(options& given) { return exchange(given, false); }

}  // namespace relay::bench
