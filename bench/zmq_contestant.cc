#include "bench/zmq_contestant.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "absl/strings/str_cat.h"
#include "bench/function_contestant.h"
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

// Answers come in the order of the messages.
class ZmqCaller final : public Caller {
 public:
  ZmqCaller(const Setting& setting, ZmqLoop loop, ZmqAnswer answer,
            const std::string& address)
      : answer_(answer),
        payloads_(setting.payload_bytes),
        expected_(setting.payload_bytes),
        begun_(static_cast<std::size_t>(setting.in_flight)),
        sockets_(context_, setting, loop) {
    sockets_.Introduce(address);
  }

  absl::Status Run(Recorder& recorder) override {
    return Guarded([&] { return Exchange(recorder); });
  }

 private:
  absl::Status Exchange(Recorder& recorder) {
    std::size_t sent = 0, received = 0;
    zmq::message_t message;
    do {
      while (sent - received < begun_.size() && !recorder.enough()) {
        const std::string& payload = payloads_.Next();
        begun_[sent++ % begun_.size()] = recorder.Begin();
        message.rebuild(payload.data(), payload.size());
        if (!sockets_.Send(message)) return NoAnswer();
      }
      if (!sockets_.Receive(message)) return NoAnswer();
      recorder.End(begun_[received++ % begun_.size()]);
      const std::string& payload = expected_.Next();
      if (BytesOf(message) !=
          (answer_ == ZmqAnswer::kVerdict ? kIntact : payload)) {
        return absl::DataLossError("libzmq: not the answer");
      }
    } while (received < sent || !recorder.enough());
    return absl::OkStatus();
  }

  const ZmqAnswer answer_;
  PayloadMaker payloads_;
  PayloadMaker expected_;
  std::vector<Recorder::Moment> begun_;  // a ring of those under way
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
