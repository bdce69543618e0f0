#include "am/cohort/examples/trainer.h"

namespace am::examples {

using ::examples::Vector;

absl::StatusOr<Vector> Trainer::Gradient(Context&, const Vector& weights) {
  double d0 = 0, d1 = 0;
  for (int i = 0; i < shard_.x_size(); ++i) {
    const double error =
        weights.values(0) + weights.values(1) * shard_.x(i) - shard_.y(i);
    d0 += 2 * error;
    d1 += 2 * error * shard_.x(i);
  }
  Vector gradient;
  for (const double value : {d0, d1, 1.0 * shard_.x_size()}) {
    gradient.add_values(value);
  }
  return gradient;
}

absl::StatusOr<Vector> Trainer::Add(Context&,
                                    const ::examples::Vectors& vectors) {
  Vector sum;
  for (const Vector& vector : vectors.vectors()) {
    while (sum.values_size() < vector.values_size()) sum.add_values(0);
    for (int i = 0; i < vector.values_size(); ++i) {
      sum.set_values(i, sum.values(i) + vector.values(i));
    }
  }
  return sum;
}

}  // namespace am::examples
