/// The extents of a tensor, outermost axis first. Rank 0 is a scalar of one element.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
  public let dimensions: [Int]
  /// The product of the extents: 1 for rank 0, 0 when any extent is 0.
  public let elementCount: Int

  /// A shape from extents that are known to be sound.
  ///
  /// - Precondition: no extent is negative and the product fits an `Int`. Extents that come from
  ///   a file go through ``init(checking:)``.
  public init(_ dimensions: [Int]) {
    guard let shape = Shape(checking: dimensions) else {
      preconditionFailure("extents \(dimensions) are negative or overflow")
    }
    self = shape
  }

  /// Nil when an extent is negative, or when no extent is 0 and the product overflows.
  /// The order of the extents does not matter.
  public init?(checking dimensions: [Int]) {
    guard dimensions.allSatisfy({ $0 >= 0 }) else { return nil }
    var count = 1
    if dimensions.contains(0) {
      count = 0
    } else {
      for extent in dimensions {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        if overflow { return nil }
        count = product
      }
    }
    self.dimensions = dimensions
    elementCount = count
  }

  public init(arrayLiteral dimensions: Int...) { self.init(dimensions) }

  public var rank: Int { dimensions.count }
  public subscript(axis: Int) -> Int { dimensions[axis] }
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }

  /// Bytes of a tensor of this shape, or nil where the count overflows or the bits do not fill
  /// whole bytes.
  public func byteCount(of dtype: DType) -> Int? {
    let (bits, overflow) = elementCount.multipliedReportingOverflow(by: dtype.bitWidth)
    return overflow || bits % 8 != 0 ? nil : bits / 8
  }
}
