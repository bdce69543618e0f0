#include "tests/fault/caller.h"

#include <gtest/gtest.h>

namespace am::fault {
namespace {

TEST(Caller, AnAccountComesBackFromItsLine) {
  Account account;
  account.sender = InstanceId(1);
  account.receiver = InstanceId(2);
  account.ledger.accepted = 10;
  account.ledger.received.delivered = 7;
  account.ledger.link_lost = 2;
  account.ledger.in_doubt = 1;
  account.connected = true;
  const absl::StatusOr<Account> parsed = ParseAccount(ToLine(account));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->sender, account.sender);
  EXPECT_EQ(parsed->receiver, account.receiver);
  EXPECT_EQ(parsed->ledger.ToString(), account.ledger.ToString());
  EXPECT_TRUE(parsed->connected);
}

TEST(Caller, ALineThatIsNoAccountIsRefused) {
  for (const char* line : {"", "account", "end", "account x y 1 2 3 4"}) {
    EXPECT_FALSE(ParseAccount(line).ok()) << line;
  }
}

}  // namespace
}  // namespace am::fault
