/// The name of a tensor, equal to another only when their UTF-8 bytes are equal.
///
/// Swift's `String` also equates canonically equivalent spellings; file formats do not.
public struct TensorName: Hashable, Sendable, Comparable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  public let string: String

  public init(_ string: String) { self.string = string }
  public init(stringLiteral string: String) { self.string = string }
  public var description: String { string }

  public static func == (a: Self, b: Self) -> Bool {
    a.string.utf8.count == b.string.utf8.count && a.string.utf8.elementsEqual(b.string.utf8)
  }
  public func hash(into hasher: inout Hasher) {
    // The bytes are only read, and only during the call.
    unsafe string.utf8.span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hasher.combine(0xFF as UInt8)
  }
  /// Bytewise order, as files are sorted.
  public static func < (a: Self, b: Self) -> Bool {
    a.string.utf8.lexicographicallyPrecedes(b.string.utf8)
  }
}

extension TensorName {
  /// How the name of the scales of an INT8 tensor ends.
  private static let scaleSuffix = "_scale"

  /// The name of the scales, if this is the name of INT8 values.
  public var scales: TensorName { TensorName(string + Self.scaleSuffix) }

  /// The name of the values, if this is the name of their scales; nil if it cannot be.
  public var valuesOfScales: TensorName? {
    string.hasSuffix(Self.scaleSuffix)
      ? TensorName(String(string.dropLast(Self.scaleSuffix.count))) : nil
  }
}

/// Prefix of tensors that no forward reads, kept so that a checkpoint can be written back whole.
public let unusedPrefix = "unused."
