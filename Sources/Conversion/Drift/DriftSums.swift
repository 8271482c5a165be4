import Glibc

/// Sums over the elements of a reference r and a candidate c, in double, from which the measures of
/// stages and weights are computed.
public struct DriftSums: Sendable, Hashable {
  public private(set) var count = 0
  public private(set) var squaredReference = 0.0
  public private(set) var squaredCandidate = 0.0
  public private(set) var squaredError = 0.0
  public private(set) var product = 0.0
  public private(set) var maximumError = 0.0
  /// Whether an element of either side is NaN or infinite.
  public private(set) var hasNonFinite = false

  public init() {}

  /// - Precondition: as many of both.
  public mutating func add(_ reference: Span<Float>, _ candidate: Span<Float>) {
    precondition(reference.count == candidate.count, "as many of both")
    for index in reference.indices {
      let (r, c) = (Double(reference[index]), Double(candidate[index]))
      let error = c - r
      squaredReference += r * r
      squaredCandidate += c * c
      squaredError += error * error
      product += r * c
      maximumError = max(maximumError, abs(error))
    }
    count += reference.count
    if !(squaredReference + squaredCandidate).isFinite { hasNonFinite = true }
  }

  public mutating func add(_ other: DriftSums) {
    count += other.count
    squaredReference += other.squaredReference
    squaredCandidate += other.squaredCandidate
    squaredError += other.squaredError
    product += other.product
    maximumError = max(maximumError, other.maximumError)
    hasNonFinite = hasNonFinite || other.hasNonFinite
  }

  /// 10 log10(sum r^2 / sum (c - r)^2), in dB; nil where nothing differs, -infinity where the
  /// reference alone is all zeros.
  public var sqnr: Double? {
    squaredError == 0 ? nil : 10 * log10(squaredReference / squaredError)
  }

  /// sum c r / sqrt(sum c^2 sum r^2), from -1 to 1; 1 where nothing differs, 0 where one side alone
  /// is all zeros.
  public var cosine: Double {
    if squaredError == 0 { return 1 }
    let lengths = squaredReference.squareRoot() * squaredCandidate.squareRoot()
    return lengths > 0 ? max(-1, min(1, product / lengths)) : 0
  }

  /// sum c r / sum r^2: the factor by which the candidate is scaled as a whole; 1 where both are
  /// all zeros.
  public var gain: Double {
    squaredReference > 0 ? product / squaredReference : squaredCandidate > 0 ? .infinity : 1
  }
}
