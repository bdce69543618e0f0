#include "am/control/channel_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/control/pem.h"

namespace am::control {
namespace {

constexpr unsigned kLookEverySeconds = 1;

absl::StatusOr<std::string> Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad() || text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  }
  return text;
}

absl::Status In(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
}

absl::Status ReadIdentity(const TlsClientFiles& files,
                          grpc::SslCredentialsOptions& ssl) {
  if (files.certificate.empty() && files.key.empty()) return absl::OkStatus();
  if (files.certificate.empty() || files.key.empty()) {
    return absl::InvalidArgumentError(
        "a client's certificate and its key come together");
  }
  absl::StatusOr<std::string> certificate = Read(files.certificate);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = Read(files.key);
  if (!key.ok()) return key.status();
  ssl.pem_cert_chain = *std::move(certificate);
  ssl.pem_private_key = *std::move(key);
  return In(files.certificate,
            CheckKeyPair(ssl.pem_cert_chain, ssl.pem_private_key));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MakeChannelCredentials(const TlsClientFiles& files,
                       grpc::ChannelArguments& arguments) {
  if (files.ca.empty()) {
    if (files.certificate.empty() && files.key.empty() &&
        files.server_name.empty()) {
      return grpc::InsecureChannelCredentials();
    }
    return absl::InvalidArgumentError(
        "TLS needs the certificates of who signs servers (ca)");
  }
  grpc::SslCredentialsOptions ssl;
  absl::StatusOr<std::string> ca = Read(files.ca);
  if (!ca.ok()) return ca.status();
  absl::Status checked = In(files.ca, CheckAuthorities(*ca));
  if (checked.ok()) checked = ReadIdentity(files, ssl);
  if (!checked.ok()) return checked;
  ssl.pem_root_certs = *std::move(ca);
  if (!files.server_name.empty()) {
    arguments.SetSslTargetNameOverride(files.server_name);
  }
  return grpc::SslCredentials(ssl);
}

std::shared_ptr<grpc::ChannelCredentials> FollowChannelCredentials(
    const TlsClientFiles& files, grpc::ChannelArguments& arguments) {
  using Provider = grpc::experimental::FileWatcherCertificateProvider;
  const bool is_mutual = !files.certificate.empty();
  if (is_mutual == files.key.empty()) return nullptr;
  if (files.ca.empty()) {
    if (is_mutual || !files.server_name.empty()) return nullptr;
    return grpc::InsecureChannelCredentials();
  }
  grpc::experimental::TlsChannelCredentialsOptions options;
  if (is_mutual) {
    options.set_certificate_provider(std::make_shared<Provider>(
        files.key, files.certificate, files.ca, kLookEverySeconds));
    options.watch_identity_key_cert_pairs();
  } else {
    options.set_certificate_provider(
        std::make_shared<Provider>(files.ca, kLookEverySeconds));
  }
  options.watch_root_certs();
  if (!files.server_name.empty()) {
    arguments.SetSslTargetNameOverride(files.server_name);
  }
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace am::control
