/// What a comparison adds up, block by block, in double.
struct StageSums {
  struct Element {
    /// Row-major.
    var position = 0
    var ours: Float = 0
    var recorded = 0.0
  }

  private(set) var count = 0
  private(set) var squaredError = 0.0
  private(set) var squaredRecorded = 0.0
  private(set) var squaredOurs = 0.0
  private(set) var product = 0.0
  private(set) var maximumRecorded = 0.0
  /// The first of the largest errors.
  private(set) var worst: (error: Double, element: Element) = (0, Element())
  /// The first element that is NaN or infinite on either side.
  private(set) var firstNonFinite: Element?

  let hasUpstream: Bool
  private(set) var upstreamMaximum = 0.0
  private(set) var upstreamSquaredError = 0.0

  /// - Parameter hasUpstream: whether blocks come with upstream's float32 values.
  init(hasUpstream: Bool) { self.hasUpstream = hasUpstream }

  /// Adds the elements from `start` on.
  ///
  /// - Parameters:
  ///   - ours: all our values.
  ///   - recorded: those of the block.
  ///   - upstream: those of the block, where there are any.
  mutating func add(
    _ ours: Span<Float>, from start: Int, _ recorded: [Double], _ upstream: [Double]
  ) {
    for index in recorded.indices {
      let a = ours[start + index]
      let b = recorded[index]
      guard a.isFinite, b.isFinite else {
        firstNonFinite =
          firstNonFinite ?? Element(position: start + index, ours: a, recorded: b)
        continue
      }
      let wide = Double(a)
      let error = (wide - b).magnitude
      if count == 0 || error > worst.error {
        worst = (error, Element(position: start + index, ours: a, recorded: b))
      }
      count += 1
      squaredError += error * error
      squaredOurs += wide * wide
      squaredRecorded += b * b
      product += wide * b
      maximumRecorded = max(maximumRecorded, b.magnitude)
      if hasUpstream {
        let own = (upstream[index] - b).magnitude
        upstreamMaximum = own > upstreamMaximum || own.isNaN ? own : upstreamMaximum
        upstreamSquaredError += own * own
      }
    }
  }
}
