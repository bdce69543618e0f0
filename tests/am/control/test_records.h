// Records of instances, made in a line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "am/control/instance_record.h"

namespace am::control {

// Instance `id` listens at a host and a port of its own.
inline v1::Instance Record(std::uint64_t id, const std::string& name = "") {
  v1::Instance record;
  record.mutable_peer()->set_id(id);
  record.mutable_peer()->set_name(name);
  record.mutable_peer()->add_addresses(
      absl::StrCat("tcp://10.0.", id / 256, ".", id % 256, ":5555"));
  return record;
}

inline v1::Instance RecordAt(std::uint64_t id, const std::string& address,
                             const std::string& boot_id = "this host") {
  v1::Instance record = Record(id);
  record.mutable_peer()->set_addresses(0, address);
  record.mutable_peer()->set_boot_id(boot_id);
  return record;
}

inline v1::Instance RecordWith(std::uint64_t id, const std::string& handler) {
  v1::Instance record = Record(id);
  record.add_handlers()->set_name(handler);
  return record;
}

inline RecordPtr Share(v1::Instance record) {
  return std::make_shared<const v1::Instance>(std::move(record));
}

}  // namespace am::control
