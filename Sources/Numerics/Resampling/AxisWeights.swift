/// Along one axis: which input samples each output sample is the weighted sum of.
struct AxisWeights {
  /// The first input index of each output index.
  private(set) var first: [Int] = []
  /// Where the weights of each output index lie in `weights`; one entry more than there are.
  private(set) var offsets: [Int] = [0]
  private(set) var weights: [Double] = []

  var count: Int { first.count }

  /// The weights of output index `index`, for the inputs from `first[index]` on.
  func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  /// Cubic convolution on the four nearest samples; samples beyond an edge repeat the edge.
  ///
  /// Source: PyTorch, `ATen/native/UpSample.h`: `area_pixel_compute_source_index` with
  /// `align_corners=False`, `guard_index_and_lambda`, `get_cubic_upsample_coefficients`.
  ///
  /// - Parameter step: input samples from one output sample to the next.
  static func cubic(input: Int, output: Int, step: Double) -> AxisWeights {
    var axis = AxisWeights()
    for index in 0..<output {
      let centre = step * (Double(index) + 0.5) - 0.5
      let base = min(Int(centre.rounded(.down)), input - 1)
      let fraction = min(max(centre - Double(base), 0), 1)
      let first = clamp(base - 1, below: input)
      var weights = [Double](repeating: 0, count: clamp(base + 2, below: input) - first + 1)
      for tap in -1...2 {
        weights[clamp(base + tap, below: input) - first] +=
          cubicKernel(fraction - Double(tap), a: -0.75)
      }
      axis.append(first: first, weights)
    }
    return axis
  }

  /// Cubic convolution widened to cover all inputs where the axis shrinks; samples beyond an edge
  /// do not count, and the weights are divided by their sum. An axis that keeps its extent stays
  /// as it is for any step.
  ///
  /// Source: PyTorch, `ATen/native/cpu/UpSampleKernel.cpp`, `_compute_indices_min_size_weights_aa`
  /// with `HelperInterpCubic::aa_filter`. Pillow computes the same.
  static func cubicAntialiased(input: Int, output: Int, step: Double) -> AxisWeights {
    var axis = AxisWeights()
    let step = input == output ? 1 : step
    let widening = max(step, 1)
    let support = 2 * widening
    for index in 0..<output {
      let centre = step * (Double(index) + 0.5)
      let first = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), input)
      var weights = (first..<max(first, end)).map {
        cubicKernel((Double($0) - centre + 0.5) * (1 / widening), a: -0.5)
      }
      let sum = weights.reduce(0, +)
      for tap in weights.indices { weights[tap] /= sum }
      axis.append(first: first, weights)
    }
    return axis
  }

  private mutating func append(first: Int, _ weights: [Double]) {
    self.first.append(first)
    self.weights += weights
    offsets.append(self.weights.count)
  }
}

private func clamp(_ index: Int, below count: Int) -> Int { min(max(index, 0), count - 1) }

/// Keys' cubic convolution kernel with its free parameter `a`.
///
/// Source: R. Keys, Cubic convolution interpolation for digital image processing, 1981, equation 4.
private func cubicKernel(_ position: Double, a: Double) -> Double {
  let x = abs(position)
  if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
  if x < 2 { return ((x - 5) * x + 8) * x * a - 4 * a }
  return 0
}
