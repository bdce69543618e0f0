#include "am/control/examples/etcd_process.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "am/examples/child_process.h"
#include "am/examples/temporary_folder.h"

namespace am::control::examples {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// The address in the line of the log that tells of it.
std::optional<std::string> AddressIn(const std::string& line) {
  if (line.find("serving client traffic") == std::string::npos) {
    return std::nullopt;
  }
  const std::vector<std::string> parts = absl::StrSplit(line, "\"address\":\"");
  if (parts.size() != 2) return std::nullopt;
  return parts[1].substr(0, parts[1].find('"'));
}

class ChildEtcdProcess final : public EtcdProcess {
 public:
  ChildEtcdProcess(am::examples::TemporaryFolder folder, Tls tls)
      : folder_(std::move(folder)), tls_(std::move(tls)) {}

  ~ChildEtcdProcess() override { Kill(); }

  const std::string& address() const override { return address_; }

  void Kill() override {
    if (!child_.has_value()) return;
    kill(child_->pid(), SIGKILL);
    child_->Stop(kPatience).IgnoreError();
    reader_.join();
    child_.reset();
  }

  void Wipe() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_.path() + "/data", ignored);
  }

  absl::Status Restart() override {
    auto child = am::examples::ChildProcess::Start(Command());
    if (!child.ok()) return child.status();
    child_.emplace(*std::move(child));
    absl::Status served = AwaitAddress();
    reader_ = std::thread([this] { ReadOn(); });
    return served;
  }

 private:
  std::vector<std::string> Command() const {
    const bool has_tls = !tls_.certificate.empty();
    const std::string url =
        absl::StrCat(has_tls ? "https://" : "http://", address_);
    std::vector<std::string> command = {
        "/usr/bin/env",
        "etcd",
        "--logger=zap",
        "--log-outputs=stdout",
        absl::StrCat("--data-dir=", folder_.path(), "/data"),
        absl::StrCat("--listen-client-urls=", url),
        absl::StrCat("--advertise-client-urls=", url),
        "--listen-peer-urls=http://127.0.0.1:0"};
    if (!has_tls) return command;
    command.push_back(absl::StrCat("--cert-file=", tls_.certificate));
    command.push_back(absl::StrCat("--key-file=", tls_.key));
    command.push_back(absl::StrCat("--trusted-ca-file=", tls_.client_ca));
    command.push_back("--client-cert-auth");
    return command;
  }

  absl::Status AwaitAddress() {
    for (;;) {
      const absl::StatusOr<std::string> line = child_->ReadLine(kPatience);
      if (!line.ok()) return absl::UnavailableError("etcd does not serve");
      const std::optional<std::string> address = AddressIn(*line);
      if (!address.has_value()) continue;
      address_ = *address;
      return absl::OkStatus();
    }
  }

  // So that etcd need never wait for somebody who reads.
  void ReadOn() {
    while (child_->ReadLine(absl::Hours(1)).ok()) {
    }
  }

  const am::examples::TemporaryFolder folder_;
  const Tls tls_;
  std::string address_ = "127.0.0.1:0";
  std::optional<am::examples::ChildProcess> child_;
  std::thread reader_;
};

}  // namespace

bool EtcdProcess::IsInstalled() {
  return std::system("command -v etcd >/dev/null") == 0;
}

absl::StatusOr<std::unique_ptr<EtcdProcess>> EtcdProcess::Start(
    const Tls& tls) {
  absl::StatusOr<am::examples::TemporaryFolder> folder =
      am::examples::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  auto process = std::make_unique<ChildEtcdProcess>(*std::move(folder), tls);
  absl::Status started = process->Restart();
  if (!started.ok()) return started;
  return process;
}

}  // namespace am::control::examples
