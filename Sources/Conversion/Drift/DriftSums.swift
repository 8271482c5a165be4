public import DVLAKernels
import Glibc

/// Sums over the elements of a reference r and a candidate c, from which the measures of stages and
/// weights are computed: the same bits however the elements are divided.
public struct DriftSums: Sendable, Equatable {
  public private(set) var sums = ErrorSums()

  public init() {}
  public init(_ sums: ErrorSums) { self.sums = sums }

  /// Adds float32 elements.
  ///
  /// - Precondition: as many of both.
  public mutating func add(reference: Span<Float>, candidate: Span<Float>) {
    precondition(reference.count == candidate.count, "as many of both")
    guard reference.count > 0 else { return }
    // Every bit of a float is initialised.
    unsafe sums.addRows(
      reference.bytes, candidate.bytes, rows: 1, columns: reference.count)
  }

  public mutating func add(_ other: DriftSums) { sums.add(other.sums) }

  /// Whether an element of either side is NaN or infinite.
  public var hasNonFinite: Bool { sums.skippedCount > 0 }
  public var isEqual: Bool { sums.squaredError == 0 && !hasNonFinite }
  public var maximumError: Double { sums.maximumError }

  /// The SQNR of equal values: more than float32 can tell apart.
  public static let greatestSQNR = 200.0

  /// 10 log10(sum r^2 / sum (c - r)^2), in dB, from -200 to 200.
  public var sqnr: Double {
    if sums.squaredError == 0 { return Self.greatestSQNR }
    let decibels = 10 * log10(sums.squaredSource / sums.squaredError)
    return max(-Self.greatestSQNR, min(Self.greatestSQNR, decibels))
  }

  /// sum c r / sqrt(sum c^2 sum r^2), from -1 to 1; 1 where nothing differs, 0 where one side alone
  /// is all zeros.
  public var cosine: Double {
    if sums.squaredError == 0 { return 1 }
    let lengths = sums.squaredSource.squareRoot() * sums.squaredResult.squareRoot()
    return lengths > 0 ? max(-1, min(1, sums.product / lengths)) : 0
  }

  /// sum c r / sum r^2: the factor by which the candidate is scaled as a whole; 1 where nothing
  /// differs, ``unbounded`` where the reference alone is all zeros.
  public var gain: Double {
    if sums.squaredError == 0 { return 1 }
    return sums.squaredSource > 0
      ? min(Self.unbounded, sums.product / sums.squaredSource) : Self.unbounded
  }

  /// What stands for infinite errors, which JSON has no number for.
  public static let unbounded = 1e6
}
