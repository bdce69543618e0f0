// OwnFolder of am/transport/own_folder.h, for the rooms above am, which do not
// include transport.
#pragma once

#include "am/transport/own_folder.h"

namespace am {

using transport::OwnFolder;

}  // namespace am
