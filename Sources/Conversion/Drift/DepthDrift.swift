public import DVLATensors
import Glibc

/// How far a depth map c is from the reference's, r, over the pixels at which r > 0.
///
/// Source: the measures of Eigen et al., arXiv 1406.2283, section 4; those at edges are ours.
public struct DepthDrift: Sendable, Hashable {
  /// mean |c - r| / r.
  public let absRel: Double
  /// sqrt(mean (c - r)^2), in the unit of the depth.
  public let rmse: Double
  /// sqrt(mean g^2 - mean(g)^2), g = log c - log r; a c that is not positive counts as 1e-30.
  public let silog: Double
  /// The share of pixels with max(c / r, r / c) < 1.25.
  public let delta: Double
  /// ``absRel`` over the pixels of edges; nil where the reference has no edge.
  public let edgeAbsRel: Double?
  /// The share of edges whose step in log c is less than half or more than twice that in log r; nil
  /// where the reference has no edge.
  public let edgeBreaks: Double?
  public let pixelCount: Int
  public let edgeCount: Int

  /// An edge lies between two neighbours, in a row or in a column, whose depths differ by more: a
  /// factor of 1.105.
  public static let edgeStep = 0.1

  /// - Parameters:
  ///   - reference: [H, W].
  ///   - candidate: of the same shape.
  /// - Returns: nil where no pixel of the reference is above 0.
  /// - Precondition: equal shapes of two axes.
  public init?(reference: Tensor, candidate: Tensor) {
    precondition(reference.shape.rank == 2 && reference.shape == candidate.shape, "[H, W]")
    var sums = PixelSums()
    for (r, c) in zip(reference.values, candidate.values) where r > 0 {
      sums.add(Double(r), Double(c))
    }
    guard sums.count > 0 else { return nil }
    let count = Double(sums.count)
    absRel = sums.relative / count
    rmse = (sums.squares / count).squareRoot()
    let mean = sums.logs / count
    // Rounding may bring a variance of nothing below 0.
    silog = max(0, sums.squaredLogs / count - mean * mean).squareRoot()
    delta = Double(sums.near) / count
    pixelCount = sums.count
    let edges = EdgeSums(reference, candidate)
    edgeCount = edges.count
    edgeAbsRel = edges.pixelCount > 0 ? edges.relative / Double(edges.pixelCount) : nil
    edgeBreaks = edges.count > 0 ? Double(edges.broken) / Double(edges.count) : nil
  }
}

private struct PixelSums {
  var count = 0
  var relative = 0.0
  var squares = 0.0
  var logs = 0.0
  var squaredLogs = 0.0
  var near = 0

  mutating func add(_ r: Double, _ c: Double) {
    count += 1
    relative += abs(c - r) / r
    squares += (c - r) * (c - r)
    let g = log(max(c, 1e-30)) - log(r)
    logs += g
    squaredLogs += g * g
    if c > 0, max(c / r, r / c) < 1.25 { near += 1 }
  }
}

private struct EdgeSums {
  var count = 0
  var broken = 0
  var relative = 0.0
  var pixelCount = 0

  init(_ reference: Tensor, _ candidate: Tensor) {
    let (height, width) = (reference.shape[0], reference.shape[1])
    var isAtEdge = [Bool](repeating: false, count: height * width)
    for row in 0..<height {
      for column in 0..<width {
        let pixel = row * width + column
        if column + 1 < width { add(pixel, pixel + 1, reference, candidate, &isAtEdge) }
        if row + 1 < height { add(pixel, pixel + width, reference, candidate, &isAtEdge) }
      }
    }
    for pixel in isAtEdge.indices where isAtEdge[pixel] {
      let (r, c) = (Double(reference.values[pixel]), Double(candidate.values[pixel]))
      relative += abs(c - r) / r
      pixelCount += 1
    }
  }

  private mutating func add(
    _ first: Int, _ second: Int, _ reference: Tensor, _ candidate: Tensor, _ isAtEdge: inout [Bool]
  ) {
    let (r1, r2) = (Double(reference.values[first]), Double(reference.values[second]))
    guard r1 > 0, r2 > 0 else { return }
    let step = log(r2) - log(r1)
    guard abs(step) > DepthDrift.edgeStep else { return }
    count += 1
    isAtEdge[first] = true
    isAtEdge[second] = true
    let (c1, c2) = (Double(candidate.values[first]), Double(candidate.values[second]))
    guard c1 > 0, c2 > 0 else {
      broken += 1
      return
    }
    let ratio = (log(c2) - log(c1)) / step
    if ratio < 0.5 || ratio > 2 { broken += 1 }
  }
}
