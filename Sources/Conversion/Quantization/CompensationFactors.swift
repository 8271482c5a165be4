public import DVLADiagnostics
import DVLATensors

/// How the rounding error of one input of a matrix is made up for by the inputs behind it.
///
/// With H the second moment of the inputs, the error of a row is (w - v) H (w - v)^T. When input j
/// is rounded, the least error is left if each later input k changes by (w_j - v_j) U_jk / U_jj, U
/// being the upper Cholesky factor of H^-1. H is taken in blocks of 128 inputs along its diagonal,
/// with a hundredth of their mean square added to each; in a block the inputs are rounded by
/// falling mean square, since the last ones have nobody behind them.
///
/// Source: Frantar et al., arXiv 2210.17323, sections 3 and 4.
public struct CompensationFactors: Sendable, Hashable {
  /// Inputs of a block: the largest group of scales is one.
  public static let blockColumns = 128
  /// What is added to each mean square, as a share of their mean.
  public static let damping = 0.01

  public let columns: Int
  /// In which order the inputs of each block are rounded, counted from its first.
  public let order: [UInt8]
  /// By block, the matrix U_jk / U_jj in that order, row-major; below and on its diagonal 0.
  public let factors: [Float]

  /// The inputs of a block.
  public static func columns(ofBlock block: Int, of columns: Int) -> Range<Int> {
    block * blockColumns..<min((block + 1) * blockColumns, columns)
  }

  public static func blockCount(_ columns: Int) -> Int {
    (columns + blockColumns - 1) / blockColumns
  }

  /// Elements of all matrices.
  public static func elementCount(_ columns: Int) -> Int {
    let (whole, rest) = (columns / blockColumns, columns % blockColumns)
    return whole * blockColumns * blockColumns + rest * rest
  }

  /// - Parameter moments: by block, its part of the second moment of the inputs, row-major.
  /// - Precondition: ``elementCount(_:)`` moments.
  public init(columns: Int, moments: [Float]) {
    precondition(moments.count == Self.elementCount(columns), "the blocks of that many inputs")
    self.columns = columns
    var order: [UInt8] = []
    var factors: [Float] = []
    factors.reserveCapacity(moments.count)
    for block in 0..<Self.blockCount(columns) {
      let count = Self.columns(ofBlock: block, of: columns).count
      let start = block * Self.blockColumns * Self.blockColumns
      let part = BlockFactors(moments[start..<start + count * count].map(Double.init), count)
      order += part.order.map { UInt8($0) }
      factors += part.factors
    }
    self.order = order
    self.factors = factors
  }

  /// Those of a file.
  ///
  /// - Throws: `quantization.calibration` unless they can be factors of that many inputs.
  public init(columns: Int, order: [UInt8], factors: [Float]) throws(WeightsError) {
    guard columns > 0, order.count == columns, factors.count == Self.elementCount(columns) else {
      throw WeightsError(
        .quantizationCalibration,
        "expected \(Self.elementCount(max(columns, 0))) factors of \(columns) inputs, found "
          + "\(factors.count) of \(order.count)")
    }
    for block in 0..<Self.blockCount(columns) {
      let range = Self.columns(ofBlock: block, of: columns)
      guard order[range].sorted().elementsEqual(range.indices.map { UInt8($0 - range.lowerBound) })
      else {
        throw WeightsError(
          .quantizationCalibration,
          "expected each of the inputs \(range.lowerBound) to \(range.upperBound - 1) once in the "
            + "order of block \(block)")
      }
    }
    guard let index = factors.firstIndex(where: { !($0.magnitude <= Self.largestFactor) }) else {
      self.columns = columns
      self.order = order
      self.factors = factors
      return
    }
    throw WeightsError(
      .quantizationCalibration,
      "expected factors up to \(Self.largestFactor), found \(factors[index]) at \(index)")
  }

  /// With the damping no factor comes near it.
  private static let largestFactor: Float = 1e6
}

/// The factors of one block.
private struct BlockFactors {
  let order: [Int]
  let factors: [Float]

  /// - Parameter moments: [count, count].
  init(_ moments: [Double], _ count: Int) {
    let squares = (0..<count).map { moments[$0 * count + $0] }
    let mean = squares.reduce(0, +) / Double(count)
    order = (0..<count).sorted { (squares[$1], $0) < (squares[$0], $1) }
    guard mean > 0, mean.isFinite else {
      factors = [Float](repeating: 0, count: count * count)
      return
    }
    var h = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0..<count {
        h[row * count + column] = moments[order[row] * count + order[column]] / mean
      }
      h[row * count + row] += CompensationFactors.damping
    }
    let inverse = Self.inverse(Self.upperRoot(h, count), count)
    var factors = [Float](repeating: 0, count: count * count)
    for row in 0..<count {
      let own = inverse[row * count + row]
      for column in row + 1..<max(row + 1, count) {
        factors[row * count + column] = Float(inverse[row * count + column] / own)
      }
    }
    self.factors = factors
  }

  /// The upper triangular R with H = R R^T.
  private static func upperRoot(_ h: [Double], _ count: Int) -> [Double] {
    var r = [Double](repeating: 0, count: count * count)
    for j in stride(from: count - 1, through: 0, by: -1) {
      for i in stride(from: j, through: 0, by: -1) {
        var sum = h[i * count + j]
        for k in j + 1..<max(j + 1, count) { sum -= r[i * count + k] * r[j * count + k] }
        // Rounding may bring what damping keeps positive below it.
        r[i * count + j] =
          i == j
          ? max(sum, CompensationFactors.damping / 16).squareRoot() : sum / r[j * count + j]
      }
    }
    return r
  }

  /// The inverse of an upper triangular matrix, which is U: H^-1 = R^-T R^-1 = U^T U.
  private static func inverse(_ r: [Double], _ count: Int) -> [Double] {
    var u = [Double](repeating: 0, count: count * count)
    for i in stride(from: count - 1, through: 0, by: -1) {
      u[i * count + i] = 1
      for k in i + 1..<max(i + 1, count) {
        let factor = r[i * count + k]
        for j in k..<count { u[i * count + j] -= factor * u[k * count + j] }
      }
      for j in i..<count { u[i * count + j] /= r[i * count + i] }
    }
    return u
  }
}

extension WeightsError.Code {
  /// What a calibration says of a matrix is damaged, of another matrix, or missing.
  public static let quantizationCalibration = Self("quantization.calibration")
}
