#include "am/control/tls_identity.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "am/control/pem.h"
#include "am/mutex.h"
#include "am/own_folder.h"

namespace am::control {
namespace {

namespace fs = std::filesystem;

// How often we look at the user's files, and gRPC at ours.
constexpr int kSeconds = 1;

struct Contents {
  std::string certificate;
  std::string key;
  std::string client_ca;

  bool operator==(const Contents&) const = default;
};

// Empty if it cannot be read.
std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Contents ReadAll(const TlsFiles& files) {
  Contents contents{ReadFile(files.certificate), ReadFile(files.key), ""};
  if (!files.client_ca.empty()) contents.client_ca = ReadFile(files.client_ca);
  return contents;
}

absl::Status Check(const TlsFiles& files, const Contents& contents) {
  if (files.certificate.empty() || files.key.empty()) {
    return absl::InvalidArgumentError("TLS needs a certificate and its key");
  }
  const absl::Status pair = CheckKeyPair(contents.certificate, contents.key);
  if (!pair.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.certificate, ", ", files.key, ": ", pair.message()));
  }
  if (files.client_ca.empty()) return absl::OkStatus();
  const absl::Status authorities = CheckAuthorities(contents.client_ca);
  if (authorities.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(files.client_ca, ": ", authorities.message()));
}

// The copy that gRPC watches: "current" is a link to one folder after another,
// so that it never sees files of two.
class Copy {
 public:
  Copy() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    if (error) return;
    auto own = OwnFolder::Make(parent.string(), "am-tls-");
    if (!own.ok()) return;
    folder_ = own->path();
    own_.emplace(*std::move(own));
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  std::string Path(const char* name) const {
    return (folder_ / "current" / name).string();
  }

  absl::Status Replace(const Contents& contents) {
    if (folder_.empty()) {
      return absl::UnavailableError(
          "TLS: cannot make a folder for temporary files; see TMPDIR");
    }
    const fs::path next = folder_ / absl::StrCat(++number_);
    std::error_code error;
    fs::create_directory(next, error);
    const bool written = Write(next / "certificate", contents.certificate) &&
                         Write(next / "key", contents.key) &&
                         Write(next / "client_ca", contents.client_ca);
    if (written) fs::create_directory_symlink(next, folder_ / "next", error);
    if (written && !error) {
      fs::rename(folder_ / "next", folder_ / "current", error);
    }
    if (!written || error) {
      return absl::UnavailableError(
          absl::StrCat("cannot write to ", folder_.string()));
    }
    fs::remove_all(folder_ / absl::StrCat(number_ - 1), error);
    return absl::OkStatus();
  }

 private:
  static bool Write(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    return static_cast<bool>(file.flush());
  }

  std::optional<OwnFolder> own_;  // has keys in it
  fs::path folder_;               // empty: there is none
  int number_ = 0;
};

class FileTlsIdentity final : public TlsIdentity {
 public:
  FileTlsIdentity(const TlsFiles& files, Log log,
                  std::function<void()> on_change)
      : files_(files), log_(std::move(log)), on_change_(std::move(on_change)) {}

  ~FileTlsIdentity() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      stop_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    seen_ = ReadAll(files_);
    absl::Status checked = Check(files_, seen_);
    if (!checked.ok()) return checked;
    absl::Status copied = copy_.Replace(seen_);
    if (!copied.ok()) return copied;
    thread_ = std::thread([this] { Follow(); });
    return absl::OkStatus();
  }

  std::shared_ptr<grpc::ServerCredentials> credentials() const override {
    const bool mutual = !files_.client_ca.empty();
    const auto provider =
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
            copy_.Path("key"), copy_.Path("certificate"),
            mutual ? copy_.Path("client_ca") : std::string(), kSeconds);
    grpc::experimental::TlsServerCredentialsOptions options(provider);
    options.watch_identity_key_cert_pairs();
    if (mutual) {
      options.watch_root_certs();
      options.set_cert_request_type(
          GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    }
    return grpc::experimental::TlsServerCredentials(options);
  }

  absl::Status status() const override {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  void Follow() {
    while (!WaitForStop()) Look();
  }

  // True once it has come; false after a while.
  bool WaitForStop() {
    MutexLock lock(mutex_);
    if (!stopping_) stop_.WaitFor(mutex_, absl::Seconds(kSeconds));
    return stopping_;
  }

  void Look() {
    Contents now = ReadAll(files_);
    if (now == seen_) return;
    seen_ = std::move(now);
    absl::Status status = Check(files_, seen_);
    if (status.ok()) status = copy_.Replace(seen_);
    if (log_) {
      log_(status.ok() ? std::string("TLS: took over files that have changed")
                       : absl::StrCat("TLS: files have changed, and those "
                                      "before stay in use: ",
                                      status.message()));
    }
    {
      MutexLock lock(mutex_);
      status_ = std::move(status);
    }
    on_change_();
  }

  const TlsFiles files_;
  const Log log_;
  const std::function<void()> on_change_;
  Copy copy_;
  Contents seen_;  // of the thread, once it runs

  mutable Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TlsIdentity>> TlsIdentity::Make(
    const TlsFiles& files, Log log, std::function<void()> on_change) {
  auto identity = std::make_unique<FileTlsIdentity>(files, std::move(log),
                                                    std::move(on_change));
  absl::Status started = identity->Start();
  if (!started.ok()) return started;
  return identity;
}

}  // namespace am::control
