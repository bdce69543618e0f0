// The monorepo's own header of a name that am has, too.
#pragma once

#define MONOREPO_TRANSPORT_ADDRESS

namespace transport {

struct Address {
  int street_number = 0;
};

}  // namespace transport
