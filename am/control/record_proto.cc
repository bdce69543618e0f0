#include "am/control/record_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <utility>

#include "am/handler_id.h"
#include "am/peer_info.h"
#include "am/wire/wire.h"

namespace am::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

// The texts of a type and of those it refers to, by their full names.
void Collect(const Descriptor& type, std::set<std::string>& seen,
             std::string& text) {
  if (!seen.insert(type.full_name()).second) return;
  google::protobuf::DescriptorProto proto;
  type.CopyTo(&proto);
  text += type.full_name() + proto.ShortDebugString();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() != nullptr) {
      Collect(*field.message_type(), seen, text);
    } else if (field.enum_type() != nullptr &&
               seen.insert(field.enum_type()->full_name()).second) {
      google::protobuf::EnumDescriptorProto values;
      field.enum_type()->CopyTo(&values);
      text += field.enum_type()->full_name() + values.ShortDebugString();
    }
  }
}

bool CollectNamed(const std::string& name, std::string& text) {
  if (name.empty()) return true;
  const Descriptor* const type =
      DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (type == nullptr) return false;
  std::set<std::string> seen;
  Collect(*type, seen, text);
  return true;
}

}  // namespace

std::uint64_t SchemaFingerprint(const std::string& input_type,
                                const std::string& output_type) {
  std::string text;
  if (!CollectNamed(input_type, text)) return 0;
  text += " -> ";
  return CollectNamed(output_type, text) ? HandlerId(text) : 0;
}

void ToProto(const InstanceRecord& record, v1::Instance& proto) {
  am::ToProto(record.peer, *proto.mutable_peer());
  proto.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  for (const HandlerRecord& handler : record.handlers) {
    v1::HandlerInfo& info = *proto.add_handlers();
    info.set_name(handler.name);
    // The same numbers by construction of both enums.
    info.set_pattern(static_cast<v1::HandlerPattern>(handler.pattern));
    info.set_input_type(handler.input_type);
    info.set_output_type(handler.output_type);
    info.set_schema_fingerprint(
        SchemaFingerprint(handler.input_type, handler.output_type));
  }
  proto.set_state(record.draining ? v1::Instance::DRAINING
                                  : v1::Instance::SERVING);
  proto.set_control_address(record.control_address);
  proto.set_min_protocol(kWireMajor);
  proto.set_max_protocol(kWireMajor);
  proto.set_epoch(record.epoch);
}

absl::StatusOr<InstanceRecord> FromProto(const v1::Instance& proto) {
  absl::StatusOr<PeerInfo> peer = am::FromProto(proto.peer());
  if (!peer.ok()) return peer.status();
  InstanceRecord record;
  record.peer = *std::move(peer);
  record.labels.insert(proto.labels().begin(), proto.labels().end());
  for (const v1::HandlerInfo& info : proto.handlers()) {
    record.handlers.push_back({info.name(),
                               static_cast<Pattern>(info.pattern()),
                               info.input_type(), info.output_type()});
  }
  record.draining = proto.state() == v1::Instance::DRAINING;
  record.control_address = proto.control_address();
  record.epoch = proto.epoch();
  return record;
}

}  // namespace am::control
