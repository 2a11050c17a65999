// What gRPC has to say, as events of ours.  By itself gRPC writes a line to stderr for every
// handshake it refuses, so that any stranger could fill the disk that holds the log.
#pragma once

namespace sotay::server {

// From now on, what gRPC says in this process is said as `transport` events: for each place in
// gRPC at most one a minute, with the number of those that were left out since.  Any thread;
// idempotent.
void TakeTransportLog();

}  // namespace sotay::server
