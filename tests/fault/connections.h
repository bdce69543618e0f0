// Connections of this process, and how to break them behind its back.
#pragma once

namespace am::fault {

// Resets every tcp connection of this process (the peer gets an RST) and shuts
// down every connection over a unix socket that has a path. Listeners stay, and
// so do connections that are made meanwhile. Returns how many.
int ResetConnections();

}  // namespace am::fault
