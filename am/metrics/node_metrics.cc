#include "am/metrics/node_metrics.h"

#include <array>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "am/node.h"

namespace am {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// A family under construction.
class Family {
 public:
  Family(const Labels& common, std::string name, std::string help,
         MetricType type)
      : common_(common) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  void Add(std::uint64_t value,
           std::initializer_list<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = common_;
    metric.label.insert(metric.label.end(), labels);
    // A family reads the one of its type.
    metric.counter.value = metric.gauge.value = static_cast<double>(value);
    family_.metric.push_back(std::move(metric));
  }

  MetricFamily Take() { return std::move(family_); }

 private:
  const Labels& common_;
  MetricFamily family_;
};

void AddControl(const Labels& common, const Ledger& ledger,
                std::vector<MetricFamily>& families) {
  Family outcomes(common, "am_control_one_way_total",
                  "One-way messages over the control plane by what became of "
                  "them; of those accepted the others are under way",
                  MetricType::Counter);
  outcomes.Add(ledger.accepted, {{"outcome", "accepted"}});
  outcomes.Add(ledger.received.delivered, {{"outcome", "delivered"}});
  outcomes.Add(ledger.received.expired, {{"outcome", "expired"}});
  outcomes.Add(ledger.received.rejected, {{"outcome", "rejected"}});
  outcomes.Add(ledger.received.overloaded, {{"outcome", "overloaded"}});
  outcomes.Add(ledger.received.draining, {{"outcome", "draining"}});
  outcomes.Add(ledger.link_lost, {{"outcome", "link_lost"}});
  outcomes.Add(ledger.in_doubt, {{"outcome", "in_doubt"}});
  outcomes.Add(ledger.refused, {{"outcome", "refused"}});
  families.push_back(outcomes.Take());
}

void AddPlanes(const Labels& common, const Counters& counters,
               std::vector<MetricFamily>& families) {
  Family family(common, "am_sent_total",
                "Messages sent by plane, each attempt of a call as one",
                MetricType::Counter);
  family.Add(counters.of(Counter::kSentOverData), {{"plane", "data"}});
  family.Add(counters.of(Counter::kSentOverControl), {{"plane", "control"}});
  families.push_back(family.Take());
}

void AddPeers(const Labels& common, const PeerTable& peers,
              std::vector<MetricFamily>& families) {
  Family outcomes(common, "am_one_way_total",
                  "One-way messages by what became of them",
                  MetricType::Counter);
  Family accepted(common, "am_one_way_accepted_total",
                  "One-way messages taken from their senders",
                  MetricType::Counter);
  Family in_doubt(common, "am_one_way_in_doubt",
                  "Sent to a peer that was lost before it told",
                  MetricType::Gauge);
  Family in_flight(common, "am_one_way_in_flight", "Under way",
                   MetricType::Gauge);
  Family refused(common, "am_one_way_refused_total",
                 "Not taken, as their senders were told", MetricType::Counter);
  for (const auto& peer : peers.List()) {
    const Ledger ledger = peer->link().ledger();
    const std::string id = peer->id().ToString();
    const auto outcome = [&](const char* name, std::uint64_t value) {
      outcomes.Add(value, {{"peer", id}, {"outcome", name}});
    };
    outcome("delivered", ledger.received.delivered);
    outcome("expired", ledger.received.expired);
    outcome("rejected", ledger.received.rejected);
    outcome("overloaded", ledger.received.overloaded);
    outcome("draining", ledger.received.draining);
    outcome("link_lost", ledger.link_lost);
    accepted.Add(ledger.accepted, {{"peer", id}});
    in_doubt.Add(ledger.in_doubt, {{"peer", id}});
    in_flight.Add(ledger.in_flight(), {{"peer", id}});
    refused.Add(ledger.refused, {{"peer", id}});
  }
  for (Family* const family :
       {&outcomes, &accepted, &in_doubt, &in_flight, &refused}) {
    families.push_back(family->Take());
  }
}

void AddPeerStates(const Labels& common, const PeerTable& peers,
                   std::vector<MetricFamily>& families) {
  std::map<PeerState, std::uint64_t> counts = {{PeerState::kConnecting, 0},
                                               {PeerState::kJoined, 0},
                                               {PeerState::kDraining, 0},
                                               {PeerState::kLost, 0}};
  for (const auto& peer : peers.List()) ++counts[peer->state()];
  Family family(common, "am_peers", "Known instances by state",
                MetricType::Gauge);
  for (const auto& [state, count] : counts) {
    family.Add(count, {{"state", std::string(PeerStateName(state))}});
  }
  families.push_back(family.Take());
}

void AddDetours(const Labels& common, const PeerTable& peers,
                std::vector<MetricFamily>& families) {
  Family family(common, "am_peer_detour",
                "1 for each peer that is not lost and with which memory is not "
                "shared, though it could be, and why",
                MetricType::Gauge);
  for (const auto& peer : peers.List()) {
    const std::string why = peer->detour();
    if (why.empty() || peer->state() == PeerState::kLost) continue;
    family.Add(1, {{"peer", peer->id().ToString()}, {"why", why}});
  }
  families.push_back(family.Take());
}

void AddGauge(const Labels& common, const char* name, const char* help,
              std::uint64_t value, std::vector<MetricFamily>& families) {
  Family family(common, name, help, MetricType::Gauge);
  family.Add(value);
  families.push_back(family.Take());
}

void AddCounts(const Labels& common, const char* name, const char* help,
               const char* label,
               const std::vector<std::pair<std::string, std::uint64_t>>& counts,
               std::vector<MetricFamily>& families) {
  Family family(common, name, help, MetricType::Counter);
  for (const auto& [value, count] : counts) family.Add(count, {{label, value}});
  families.push_back(family.Take());
}

}  // namespace

std::vector<MetricFamily> NodeMetrics::Collect() const {
  const Node& node = manager_.node();
  const Labels common = {{"instance_id", node.self().id.ToString()},
                         {"instance_name", node.self().name}};
  std::vector<MetricFamily> families;
  AddPeers(common, node.peers(), families);
  AddPeerStates(common, node.peers(), families);
  AddDetours(common, node.peers(), families);
  AddControl(common, node.control().ledger(), families);
  AddPlanes(common, node.counters(), families);
  AddCounts(common, "am_events_total", "What befell calls and messages",
            "event", node.counters().List(), families);
  AddCounts(common, "am_input_refused_total", "Input from outside not taken",
            "reason", node.refusals().List(), families);
  AddGauge(common, "am_calls_pending", "Calls made here that are not done",
           node.calls().size(), families);
  AddGauge(common, "am_handlers_active", "Messages taken and not finished",
           static_cast<std::uint64_t>(node.dispatcher().active()), families);
  AddGauge(common, "am_handlers_queued", "Of these, not begun",
           static_cast<std::uint64_t>(node.dispatcher().queued()), families);
  return families;
}

}  // namespace am
