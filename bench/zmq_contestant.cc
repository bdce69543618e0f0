#include "bench/zmq_contestant.h"

#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "absl/strings/str_cat.h"
#include "bench/function_contestant.h"
#include "bench/in_order.h"
#include "bench/payload.h"
#include "bench/zmq_sockets.h"

namespace am::bench {
namespace {

constexpr absl::string_view kIntact = "1";
constexpr absl::string_view kDamaged = "0";

bool SendVerdict(zmq::message_t& message) {
  const absl::string_view verdict =
      IsIntact(BytesOf(message)) ? kIntact : kDamaged;
  message.rebuild(verdict.data(), verdict.size());
  return true;
}

class ZmqCaller final : public Caller {
 public:
  ZmqCaller(const Setting& setting, ZmqLoop loop, ZmqAnswer answer,
            const std::string& address)
      : answer_(answer), in_order_(setting), sockets_(context_, setting, loop) {
    sockets_.Introduce(address);
  }

  absl::Status Run(Recorder& recorder) override {
    return Guarded([&] { return Exchange(recorder); });
  }

 private:
  absl::Status Exchange(Recorder& recorder) {
    zmq::message_t message;
    return in_order_.Run(
        recorder,
        [&](const std::string& payload) {
          message.rebuild(payload.data(), payload.size());
          return sockets_.Send(message) ? absl::OkStatus() : NoAnswer();
        },
        [&] {
          return sockets_.Receive(message) ? absl::OkStatus() : NoAnswer();
        },
        [&](const std::string& payload) {
          return BytesOf(message) ==
                 (answer_ == ZmqAnswer::kVerdict ? kIntact : payload);
        });
  }

  const ZmqAnswer answer_;
  InOrder in_order_;
  zmq::context_t context_;
  ZmqSockets sockets_;
};

}  // namespace

std::string ZmqContestantName(ZmqLoop loop, ZmqAnswer answer) {
  return absl::StrCat("libzmq_", NameOf(loop),
                      answer == ZmqAnswer::kEcho ? "" : "_verdict");
}

std::vector<std::string> ZmqContestantNames(ZmqAnswer answer) {
  return NamesOfLoops(
      [&](ZmqLoop loop) { return ZmqContestantName(loop, answer); });
}

std::unique_ptr<Contestant> MakeZmqContestant(ZmqLoop loop, ZmqAnswer answer) {
  return MakeContestant(
      ZmqContestantName(loop, answer),
      [=](const Setting& setting) {
        return MakeZmqServer(
            setting, loop, answer == ZmqAnswer::kEcho ? SendBack : SendVerdict);
      },
      [=](const Setting& setting, const std::string& address) {
        return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Caller>> {
          return std::make_unique<ZmqCaller>(setting, loop, answer, address);
        });
      });
}

}  // namespace am::bench
