import DVLATensors
import Glibc

/// How far our values a of a stage are from the recorded ones b.
public struct StageErrors: Sendable, Equatable {
  /// One element on both sides.
  public struct Element: Sendable, Equatable {
    /// Its index along every axis.
    public let index: [Int]
    public let ours: Float
    public let recorded: Double
  }

  /// How many elements were compared.
  public let count: Int
  /// max |a - b|.
  public let maximumAbsolute: Double
  /// max |b|.
  public let maximumRecorded: Double
  /// max |a - b| / max |b|; 0 where both are 0, infinite where only b is.
  public let ofMaximum: Double
  /// sqrt(sum (a - b)^2 / sum b^2), with zeros as in ``ofMaximum``.
  public let relativeRMS: Double
  /// sum a b / sqrt(sum a^2 sum b^2), in [-1, 1]; nil where either side is all zeros.
  public let cosine: Double?
  /// 10 log10(sum b^2 / sum (a - b)^2), in dB; nil where nothing differs or b is all zeros.
  public let signalToNoiseRatio: Double?
  /// Where |a - b| is largest; the first such element.
  public let worst: Element
  /// Upstream's own float32 run against its float64 run, where the golden has both.
  public let upstream: Upstream?

  public struct Upstream: Sendable, Equatable {
    /// max |c - b|, c being upstream's float32 values.
    public let maximumAbsolute: Double
    /// sqrt(sum (c - b)^2 / sum b^2).
    public let relativeRMS: Double
    /// Our largest error as a multiple of upstream's; nil where upstream has none.
    public let ratio: Double?
  }

  /// - Precondition: something was compared, and all of it finite.
  init(_ sums: StageSums, shape: Shape) {
    precondition(sums.count > 0 && sums.firstNonFinite == nil, "finite numbers to compare")
    count = sums.count
    maximumAbsolute = sums.worst.error
    maximumRecorded = sums.maximumRecorded
    ofMaximum = Self.quotient(sums.worst.error, sums.maximumRecorded)
    relativeRMS = Self.quotient(sums.squaredError, sums.squaredRecorded).squareRoot()
    let lengths = sums.squaredOurs.squareRoot() * sums.squaredRecorded.squareRoot()
    // Equal values have 1, however the square roots are rounded.
    cosine =
      lengths > 0 ? sums.squaredError == 0 ? 1 : max(-1, min(1, sums.product / lengths)) : nil
    signalToNoiseRatio =
      sums.squaredError > 0 && sums.squaredRecorded > 0
      ? 10 * log10(sums.squaredRecorded / sums.squaredError) : nil
    worst = Element(sums.worst.element, shape)
    upstream =
      sums.hasUpstream
      ? Upstream(
        maximumAbsolute: sums.upstreamMaximum,
        relativeRMS: Self.quotient(sums.upstreamSquaredError, sums.squaredRecorded).squareRoot(),
        ratio: sums.upstreamMaximum > 0 ? sums.worst.error / sums.upstreamMaximum : nil) : nil
  }

  private static func quotient(_ error: Double, _ size: Double) -> Double {
    error == 0 ? 0 : error / size
  }
}

extension StageErrors.Element {
  init(_ element: StageSums.Element, _ shape: Shape) {
    index = shape.indices(ofElement: element.position)
    ours = element.ours
    recorded = element.recorded
  }
}

extension Shape {
  /// The index along every axis of the element at a row-major position.
  func indices(ofElement position: Int) -> [Int] {
    var rest = position
    var indices = [Int](repeating: 0, count: rank)
    for axis in (0..<rank).reversed() {
      indices[axis] = rest % self[axis]
      rest /= self[axis]
    }
    return indices
  }
}
