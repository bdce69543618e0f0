#include "am/control/record_proto.h"

#include <gtest/gtest.h>

#include "am/peer_info.h"

namespace am::control {
namespace {

InstanceRecord Record() {
  InstanceRecord record;
  record.peer.id = InstanceId(7);
  record.peer.name = "seven";
  record.peer.host.boot_id = "host";
  record.labels = {{"zone", "a"}};
  record.handlers = {{"s/M", Pattern::kAck, "google.protobuf.Duration", ""}};
  record.draining = true;
  record.control_address = "10.0.0.7:80";
  record.epoch = 9;
  return record;
}

TEST(RecordProto, ComesBackAsItWas) {
  v1::Instance proto;
  ToProto(Record(), proto);
  EXPECT_EQ(*FromProto(proto), Record());
}

TEST(RecordProto, NobodyIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(FromProto(v1::Instance()).status()));
}

TEST(SchemaFingerprint, TellsTypesApart) {
  const std::string list = "am.v1.ListRequest";
  const std::string get = "am.v1.GetRequest";
  EXPECT_EQ(SchemaFingerprint(list, get), SchemaFingerprint(list, get));
  EXPECT_NE(SchemaFingerprint(list, get), SchemaFingerprint(get, list));
  EXPECT_NE(SchemaFingerprint(list, ""), SchemaFingerprint("", list));
  EXPECT_NE(SchemaFingerprint("", ""), 0);
}

TEST(SchemaFingerprint, EndsWithTypesThatReferToThemselves) {
  EXPECT_NE(SchemaFingerprint("google.protobuf.DescriptorProto", ""), 0);
}

TEST(SchemaFingerprint, UnknownTypesHaveNone) {
  EXPECT_EQ(SchemaFingerprint("no.such.Type", ""), 0);
}

}  // namespace
}  // namespace am::control
