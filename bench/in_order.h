// InOrder: keeps so many messages under way, of contestants whose answers come
// in the order of the messages: each answer has another message sent.
//
// A template, so that it costs nothing beside what is measured. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/contestant.h"
#include "bench/payload.h"
#include "bench/recorder.h"

namespace am::bench {

class InOrder final {
 public:
  explicit InOrder(const Setting& setting)
      : payloads_(setting.payload_bytes),
        expected_(setting.payload_bytes),
        begun_(static_cast<std::size_t>(setting.in_flight)) {}

  // As Caller::Run. `send` sends a payload, `receive` waits for an answer; both
  // return a status. `answers` says whether what was received last is the
  // answer to a payload.
  template <typename Send, typename Receive, typename Answers>
  absl::Status Run(Recorder& recorder, Send send, Receive receive,
                   Answers answers) {
    std::size_t sent = 0, received = 0;
    do {
      while (sent - received < begun_.size() && !recorder.enough()) {
        const std::string& payload = payloads_.Next();
        begun_[sent++ % begun_.size()] = recorder.Begin();
        if (absl::Status status = send(payload); !status.ok()) return status;
      }
      if (absl::Status status = receive(); !status.ok()) return status;
      recorder.End(begun_[received++ % begun_.size()]);
      if (!answers(expected_.Next())) {
        return absl::DataLossError("it is not the answer");
      }
    } while (received < sent || !recorder.enough());
    return absl::OkStatus();
  }

 private:
  PayloadMaker payloads_;
  PayloadMaker expected_;
  std::vector<Recorder::Moment> begun_;  // a ring of those under way
};

}  // namespace am::bench
