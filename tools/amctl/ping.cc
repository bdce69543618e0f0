// amctl ping
#include <CLI/CLI.hpp>
#include <functional>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "am/clock.h"
#include "am/histogram.h"
#include "tools/amctl/command.h"
#include "tools/amctl/data_plane.h"
#include "tools/amctl/exit_code.h"
#include "tools/amctl/instance.h"
#include "tools/amctl/pause.h"
#include "tools/amctl/plane.h"

namespace am::amctl {
namespace {

double Milliseconds(absl::Duration duration) {
  return absl::ToDoubleMilliseconds(duration);
}

// As ping(8) takes it, and as --timeout.
std::optional<absl::Duration> ReadInterval(const std::string& text) {
  absl::Duration interval;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    interval = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &interval)) {
    return std::nullopt;
  }
  const bool is_sensible =
      interval >= absl::ZeroDuration() && interval <= absl::Hours(24);
  return is_sensible ? std::optional(interval) : std::nullopt;
}

std::string CheckInterval(const std::string& text) {
  return ReadInterval(text).has_value() ? ""
                                        : text + " is not a time of up to 24h";
}

class PingCommand final : public Command {
 public:
  explicit PingCommand(CLI::App& app) {
    app.add_option("instance", instance_,
                   "an id or a name, or their beginning");
    AddPlane(app, plane_);
    app.add_option("-c,--count", count_, "how many; 0: until the interrupt")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("-i,--interval", interval_,
                   "between two: 100ms, or a number of seconds")
        ->check(CLI::Validator(&CheckInterval, "DURATION"))
        ->capture_default_str();
    app.add_flag("-q,--quiet", quiet_, "prints the last lines only");
    app.footer(
        "Calls am.v1.Node/HealthCheck, which runs on the receiving thread. The "
        "first round trip\n  over gRPC includes the connection, and is not "
        "counted.");
  }

  absl::Status Run(Session& session, Output& output) override {
    absl::StatusOr<Node> node = plane_ == "zmq"
                                    ? session.Find(instance_)
                                    : session.FindWithGrpc(instance_);
    if (!node.ok()) return node.status();
    std::unique_ptr<DataPlane> data_plane;
    std::function<absl::Status()> ping = [&] {
      return session
          .Ask<v1::HealthCheckResponse>(*node->caller, "am.v1.Node/HealthCheck",
                                        v1::HealthCheckRequest())
          .status();
    };
    if (plane_ == "zmq") {
      auto connected = DataPlane::Connect(session.flags(), node->record.peer());
      if (!connected.ok()) return connected.status();
      data_plane = *std::move(connected);
      ToProto(data_plane->peer(), *node->record.mutable_peer());
      ping = [&] { return data_plane->HealthCheck(session.flags().timeout); };
    }
    title_ = Title(node->record.peer());
    const absl::Status first = ping();
    if (!first.ok()) return first;
    RunAll(session, output, ping);
    Summarize(node->record.peer(), output);
    if (answered_ == sent_) return absl::OkStatus();
    return Fail(ExitCode::kFailed,
                absl::StrCat(sent_ - answered_,
                             " pings were lost; the last: ", lost_.message()));
  }

 private:
  void RunAll(Session& session, Output& output,
              const std::function<absl::Status()>& ping) {
    const SteadyClock clock;
    if (!output.json && !quiet_) {
      output.Line(absl::StrCat("PING ", title_, " over ", plane_));
    }
    while (!session.stop().stop_requested()) {
      const absl::Time begin = clock.Now();
      const absl::Status status = ping();
      // One that the interrupt ended tells nothing.
      if (session.stop().stop_requested()) return;
      Note(status, clock.Now() - begin, output);
      if (count_ > 0 && sent_ == count_) return;
      Pause(*ReadInterval(interval_), session.stop());
    }
  }

  void Note(const absl::Status& status, absl::Duration time, Output& output) {
    ++sent_;
    if (status.ok()) {
      ++answered_;
      times_.Record(time);
    } else {
      lost_ = status;
    }
    if (quiet_) return;
    if (output.json) {
      Json line = Json::Object().Set("sequence", sent_);
      status.ok() ? line.Set("ms", Milliseconds(time))
                  : line.Set("error", std::string(status.message()));
      output.Line(line);
    } else {
      output.Line(absl::StrCat(
          sent_, ": ",
          status.ok() ? absl::StrFormat("%.3f ms", Milliseconds(time))
                      : status.ToString()));
    }
  }

  void Summarize(const v1::PeerInfo& peer, Output& output) const {
    if (output.json) {
      Json ms = Json::Object().Set("min", Milliseconds(times_.Min()));
      for (const double percent : {50.0, 90.0, 99.0}) {
        ms.Set(absl::StrCat("p", percent),
               Milliseconds(times_.Percentile(percent)));
      }
      ms.Set("max", Milliseconds(times_.Max()));
      output.Line(ToJson(peer)
                      .Set("plane", plane_)
                      .Set("sent", sent_)
                      .Set("answered", answered_)
                      .Set("ms", ms));
      return;
    }
    output.Line(absl::StrFormat("--- %s: %d sent, %d answered, %d lost", title_,
                                sent_, answered_, sent_ - answered_));
    if (answered_ == 0) return;
    output.Line(absl::StrFormat(
        "round trip min/p50/p90/p99/max = %.3f/%.3f/%.3f/%.3f/%.3f ms",
        Milliseconds(times_.Min()), Milliseconds(times_.Percentile(50)),
        Milliseconds(times_.Percentile(90)),
        Milliseconds(times_.Percentile(99)), Milliseconds(times_.Max())));
  }

  std::string instance_;
  std::string plane_ = "grpc";
  int count_ = 10;
  std::string interval_ = "100ms";
  bool quiet_ = false;

  std::string title_;
  int sent_ = 0;
  int answered_ = 0;
  absl::Status lost_;
  Histogram times_;
};

}  // namespace

std::unique_ptr<Command> DeclarePing(CLI::App& app) {
  return std::make_unique<PingCommand>(app);
}

}  // namespace am::amctl
