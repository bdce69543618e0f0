// MakeContestant: a contestant that is a name and two functions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "bench/contestant.h"

namespace am::bench {

using ServeFunction =
    std::function<absl::StatusOr<std::unique_ptr<Server>>(const Setting&)>;
using ConnectFunction = std::function<absl::StatusOr<std::unique_ptr<Caller>>(
    const Setting&, const std::string& address)>;

inline std::unique_ptr<Contestant> MakeContestant(std::string name,
                                                  ServeFunction serve,
                                                  ConnectFunction connect) {
  class FunctionContestant final : public Contestant {
   public:
    FunctionContestant(std::string name, ServeFunction serve,
                       ConnectFunction connect)
        : name_(std::move(name)),
          serve_(std::move(serve)),
          connect_(std::move(connect)) {}

    absl::string_view name() const override { return name_; }
    absl::StatusOr<std::unique_ptr<Server>> Serve(
        const Setting& setting) override {
      return serve_(setting);
    }
    absl::StatusOr<std::unique_ptr<Caller>> Connect(
        const Setting& setting, const std::string& address) override {
      return connect_(setting, address);
    }

   private:
    const std::string name_;
    const ServeFunction serve_;
    const ConnectFunction connect_;
  };
  return std::make_unique<FunctionContestant>(std::move(name), std::move(serve),
                                              std::move(connect));
}

}  // namespace am::bench
