// NodeMetrics: what an instance counts, in the form of Prometheus.
//
//   prometheus::Exposer exposer{"127.0.0.1:9464"};
//   auto metrics = std::make_shared<am::NodeMetrics>(*manager);
//   exposer.RegisterCollectable(metrics);
//
// Each family has the labels instance_id and instance_name:
//
//   am_one_way_total{peer, outcome}   one-way messages, by what became of them:
//                                     delivered, expired, rejected, overloaded,
//                                     draining, link_lost
//   am_one_way_accepted_total{peer}   = the sum of the former and the next two
//   am_one_way_in_doubt{peer}
//   am_one_way_in_flight{peer}
//   am_one_way_refused_total{peer}    not accepted; their senders were told
//   am_peers{state}
//   am_events_total{event}            am/counters.h
//   am_input_refused_total{reason}    am/refusals.h
//   am_calls_pending, am_handlers_active, am_handlers_queued
//
// Reading them costs a lock of each peer's, a moment each. A peer that was
// forgotten takes its ledger along.
//
// Threads: any. The manager must outlive it.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

#include "am/manager.h"

namespace am {

class NodeMetrics final : public prometheus::Collectable {
 public:
  explicit NodeMetrics(Manager& manager) : manager_(manager) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Manager& manager_;
};

}  // namespace am
