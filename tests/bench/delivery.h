// Sends what the phones have packed and measures how it is taken.  Everything costly was done
// before (phone.h); in here are only sockets, TLS and a completion queue on one thread, because
// the load shares its two cores with the server it measures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/bench/phone.h"

namespace sotay::bench {

// The parcels of one phone; each goes out when the one before it was answered.
struct Delivery {
  const Phone* phone = nullptr;
  std::vector<Parcel> parcels;
};

struct DeliveryReport {
  double seconds = 0;  // from the first call to the last answer
  size_t notes = 0;    // changes in parcels that were acknowledged whole
  size_t pushes = 0;   // acknowledged
  size_t errors = 0;   // pushes that failed, or were given up because an earlier one had
  absl::Status first_error;
  std::vector<double> push_ms;  // of acknowledged pushes

  double notes_per_second() const { return static_cast<double>(notes) / seconds; }
};

// Sends everything, with as many phones sending at a time as there are `lines`; when a phone is
// done, the next takes its place.  Every phone's own connection must stand already: a connection
// is its device's, so they cannot share one.  Answers are read after the clock has stopped.
DeliveryReport Deliver(const std::vector<Delivery>& deliveries, size_t lines);

}  // namespace sotay::bench
