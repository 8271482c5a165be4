internal import DVLACKernels

/// How two sets of values differ, x being the exact ones and y those that replace them.
///
/// A row is summed in float64 in a fixed order, and the rows are added without rounding: the sums
/// are the same bits on every instruction set, for every number of threads, and however the rows
/// were divided and in whichever order they came.
public struct ErrorSums: Equatable, Sendable {
  /// Pairs that were compared.
  public private(set) var count = 0
  /// Pairs left out because one of the two is a NaN or an infinity.
  public private(set) var skippedCount = 0
  /// The largest |x - y|.
  public private(set) var maximumError = 0.0

  private var exactSquaredError = ExactSum()
  private var exactSquaredSource = ExactSum()
  private var exactSquaredResult = ExactSum()
  private var exactProduct = ExactSum()

  /// The sum over nothing.
  public init() {}

  /// The sum of (x - y)^2.
  public var squaredError: Double { exactSquaredError.value }
  /// The sum of x^2.
  public var squaredSource: Double { exactSquaredSource.value }
  /// The sum of y^2.
  public var squaredResult: Double { exactSquaredResult.value }
  /// The sum of x y.
  public var product: Double { exactProduct.value }

  /// Adds the pairs that another sum is over.
  public mutating func add(_ other: ErrorSums) {
    count += other.count
    skippedCount += other.skippedCount
    maximumError = max(maximumError, other.maximumError)
    exactSquaredError.add(other.exactSquaredError)
    exactSquaredSource.add(other.exactSquaredSource)
    exactSquaredResult.add(other.exactSquaredResult)
    exactProduct.add(other.exactProduct)
  }

  /// How many ``words`` there are.
  public static let wordCount = 3 + 4 * ExactSum.limbCount

  /// All that the sums hold, to be written down and read again.
  public var words: [Int64] {
    [Int64(count), Int64(skippedCount), Int64(bitPattern: maximumError.bitPattern)]
      + [exactSquaredError, exactSquaredSource, exactSquaredResult, exactProduct].flatMap(\.words)
  }

  /// The sums that have those ``words``; nil where no sums have.
  public init?(words: [Int64]) {
    guard words.count == Self.wordCount else { return nil }
    let sums = (0..<4).compactMap { index in
      let start = 3 + index * ExactSum.limbCount
      return ExactSum(words: words[start..<start + ExactSum.limbCount])
    }
    let maximum = Double(bitPattern: UInt64(bitPattern: words[2]))
    // Bounds that leave room to add to the counts.
    guard sums.count == 4, 0...(1 << 40) ~= words[0], 0...(1 << 40) ~= words[1], maximum >= 0,
      maximum.isFinite
    else { return nil }
    (count, skippedCount, maximumError) = (Int(words[0]), Int(words[1]), maximum)
    (exactSquaredError, exactSquaredSource) = (sums[0], sums[1])
    (exactSquaredResult, exactProduct) = (sums[2], sums[3])
  }

  mutating func add(_ row: dvla_row_sums, columns: Int) {
    count += columns - Int(row.skipped)
    skippedCount += Int(row.skipped)
    maximumError = max(maximumError, row.maximum_error)
    exactSquaredError.add(row.squared_error)
    exactSquaredSource.add(row.squared_source)
    exactSquaredResult.add(row.squared_result)
    exactProduct.add(row.product)
  }

  /// Adds rows of float32 values and those that replace them.
  ///
  /// - Precondition: both spans hold `rows` times `columns` elements.
  public mutating func addRows(
    _ exact: RawSpan, _ replaced: RawSpan, rows: Int, columns: Int,
    using set: InstructionSet = .best
  ) {
    precondition(rows >= 0 && columns >= 0, "sizes are not negative")
    let byteCount = checkedProduct(checkedProduct(rows, columns), 4)
    precondition(exact.byteCount == byteCount && replaced.byteCount == byteCount, "whole rows")
    guard byteCount > 0 else { return }
    var sums = [dvla_row_sums](repeating: dvla_row_sums(), count: rows)
    let kernel = unsafe set.kernels.compare_rows
    unsafe exact.withUnsafeBytes { exact in
      unsafe replaced.withUnsafeBytes { replaced in
        // The invariants of KernelCall.swift hold; `sums` has an element for each row.
        guard let x = exact.baseAddress, let y = replaced.baseAddress else { return }
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          guard let sums = sums.baseAddress else { return }
          unsafe kernel(x, y, rows, columns, sums)
        }
      }
    }
    for row in sums { add(row, columns: columns) }
  }
}
