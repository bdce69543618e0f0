#include "am/control/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace am::control {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

Bio Open(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate Next(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

// A key under a password is not asked for one.
int NoPassword(char*, int, int, void*) { return 0; }

// Reads the certificates to their end; the first goes to `first`.
absl::Status ReadAll(const std::string& text, Certificate& first) {
  ERR_clear_error();
  const Bio bio = Open(text);
  first = Next(bio.get());
  if (first == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError("no whole certificate");
  }
  while (Next(bio.get()) != nullptr) continue;
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_REASON(error) == PEM_R_NO_START_LINE) return absl::OkStatus();
  return absl::InvalidArgumentError("a certificate is not whole");
}

}  // namespace

absl::Status CheckKeyPair(const std::string& certificates,
                          const std::string& key) {
  Certificate certificate;
  absl::Status read = ReadAll(certificates, certificate);
  if (!read.ok()) return read;
  const Bio bio = Open(key);
  const Key private_key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  const bool matches =
      private_key != nullptr &&
      X509_check_private_key(certificate.get(), private_key.get()) == 1;
  ERR_clear_error();
  if (private_key == nullptr) {
    return absl::InvalidArgumentError("no whole key without a password");
  }
  if (matches) return absl::OkStatus();
  return absl::InvalidArgumentError("key and certificate do not match");
}

absl::Status CheckAuthorities(const std::string& certificates) {
  Certificate first;
  return ReadAll(certificates, first);
}

}  // namespace am::control
